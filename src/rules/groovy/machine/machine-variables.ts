/** The layer of the machine for scopes and assignments. */
import { KNOWN_CLASSES } from '../methods/static-members.ts';
import type { ClassDeclaration, Expression, ExpressionOf } from '../syntax/ast.ts';
import { isSegment } from '../syntax/segments.ts';
import { javaInt } from '../values/java-number.ts';
import { type Cell, isKind, type Scope, type Value } from '../values/values.ts';
import { MachineOperators } from './machine-operators.ts';

/** Scopes, their variables, and assignments to them, to properties and to subscripts. */
export abstract class MachineVariables extends MachineOperators {
  protected readonly classes = new Map<string, ClassDeclaration>();
  protected readonly imports = new Map<string, string>();
  protected readonly statics = new Map<string, Cell>();
  /** `import static`: a bare name may mean a member of another class. */
  protected importsStatically = false;
  /** `import a.b.*`: a name may mean any class. */
  protected importsPackages = false;
  /** Static methods that are called by a name alone, by that name. */
  protected readonly staticImports = new Map<string, { readonly cls: string; readonly member: string }>();

  /** The value of an expression. */
  abstract eval(node: Expression, scope: Scope): Value;

  /** The full name of a class as the script writes it. */
  className(name: string): string {
    return this.imports.get(name) ?? name;
  }

  protected classValue(name: string): Value | undefined {
    if (this.classes.has(name)) return { kind: 'class', name };
    const imported = this.imports.get(name);
    if (imported !== undefined) return { kind: 'class', name: imported };
    const full = KNOWN_CLASSES.get(name);
    return full === undefined ? undefined : { kind: 'class', name: full };
  }

  /** The variable of a name, through all scopes. */
  lookUpCell(name: string, scope: Scope): Cell | undefined {
    for (let at: Scope | null = scope; at; at = at.parent) {
      const cell = at.vars.get(name);
      if (cell) return cell;
      if (isKind(at.self, 'instance') && (at.parent === null || at.parent.self !== at.self)) {
        const field = at.self.fields.get(name) ?? this.statics.get(`${at.self.cls.name}.${name}`);
        if (field) return field;
      }
    }
    return undefined;
  }

  /** The value of a `with` whose members come before what a bare name means otherwise; undefined for local variables. */
  protected delegateFor(name: string, scope: Scope): Value | undefined {
    let delegate: Value | undefined;
    for (let at: Scope | null = scope; at; at = at.parent) {
      if (at.parent !== null && at.vars.has(name)) return undefined;
      delegate ??= at.delegate;
    }
    return delegate;
  }

  protected memberName(node: Expression, scope: Scope): string {
    const name = node.kind === 'string' ? node.value : this.text(this.eval(node, scope));
    return typeof name === 'string' ? name : this.opaque('dynamic-code', 'a member whose name depends on the call');
  }

  /** A scope inside another. */
  child(parent: Scope): Scope {
    return { vars: new Map(), parent, self: parent.self, methods: parent.methods };
  }

  /** Declares a variable. */
  declare(scope: Scope, name: string, value: Value, type: string | null = null): Cell {
    const cell: Cell = { value, type, birth: this.births++ };
    const before = scope.vars.get(name);
    this.explorer.log(() => {
      if (before) scope.vars.set(name, before);
      else scope.vars.delete(name);
    });
    scope.vars.set(name, cell);
    return cell;
  }

  protected assign(node: ExpressionOf<'assign'>, scope: Scope): Value {
    if (node.op === '=') {
      const growth = this.#growth(node.target, node.value, scope);
      if (growth) return growth;
      if (node.target.kind === 'tuple') return this.#assignMany(node.target, this.eval(node.value, scope), scope);
      return this.assignTo(node.target, this.eval(node.value, scope), scope);
    }
    if (node.op === '+=' && node.target.kind === 'name') {
      const grown = this.#append(node.target.name, node.value, scope);
      if (grown) return grown;
    }
    const before = this.eval(node.target, scope);
    const value = this.eval(node.value, scope);
    this.range = node;
    return this.assignTo(node.target, this.binaryOperator(node.op.slice(0, -1), before, value), scope);
  }

  /** `x = x + y` in a loop over providers, with a list in x: the same as appending. */
  #growth(target: Expression, value: Expression, scope: Scope): Value | undefined {
    const grows =
      target.kind === 'name' &&
      value.kind === 'binary' &&
      value.op === '+' &&
      value.left.kind === 'name' &&
      value.left.name === target.name;
    return grows ? this.#append(target.name, value.right, scope) : undefined;
  }

  #append(name: string, added: Expression, scope: Scope): Value | undefined {
    const cell = this.lookUpCell(name, scope);
    if (!cell || !this.inEach || !isKind(cell.value, 'list')) return undefined;
    const value = this.eval(added, scope);
    const items = isKind(value, 'list') ? value.items : [value];
    if (items.some(isSegment)) return this.opaque('provider-relation', 'all providers are added for each provider');
    const before = cell.value;
    let outer = false;
    for (const item of items) outer = this.noteEffect(cell, { on: 'cell-append', cell, item: item as Value });
    if (!outer && items.length > 0)
      return this.assignTo(
        { kind: 'name', name, start: added.start, end: added.end },
        this.list([...before.items, ...items]),
        scope,
      );
    return before;
  }

  #assignMany(target: ExpressionOf<'tuple'>, value: Value, scope: Scope): Value {
    target.names.forEach((item, i) => {
      this.assignTo(item, this.subscript(value, javaInt(i)), scope);
    });
    return value;
  }

  /** Assigns to a variable, property or subscript. */
  assignTo(target: Expression, value: Value, scope: Scope): Value {
    this.range = target;
    if (target.kind === 'name') {
      if (this.delegateFor(target.name, scope) !== undefined)
        return this.opaque('unsupported', 'an assignment inside of with { }');
      const cell = this.lookUpCell(target.name, scope);
      if (cell) {
        const stored = cell.type === null ? value : this.coerce(value, cell.type, 0);
        this.#guardStatic(cell);
        this.setCell(cell, stored);
        return stored;
      }
      this.declareGlobal(target.name, value, scope);
      return value;
    }
    if (target.kind === 'index') {
      const object = this.eval(target.object, scope);
      const [index] = target.args.map((item) => this.eval(item, scope));
      if (isKind(object, 'map')) {
        const key = index ?? null;
        this.invoke(object, 'put', [isKind(key, 'gstring') ? this.text(key) : key, value]);
        return value;
      }
      if (isKind(object, 'list')) return this.#setAt(object, this.resolve(index ?? null), value);
      return this.opaque('side-effect', 'something outside of the script is changed');
    }
    if (target.kind === 'property') {
      const object = this.eval(target.object, scope);
      const name = this.memberName(target.name, scope);
      if (isKind(object, 'map')) {
        this.invoke(object, 'put', [name, value]);
        return value;
      }
      if (isKind(object, 'instance')) {
        const cell = object.fields.get(name);
        if (cell) {
          this.setCell(cell, value);
          return value;
        }
      }
      if (isKind(object, 'host') && object.type === 'script')
        return this.assignTo({ ...target, kind: 'name', name }, value, scope);
      if (isKind(object, 'class')) return this.opaque('state', 'a static field is written: it outlives the call');
    }
    return this.opaque('side-effect', 'something outside of the script is changed');
  }

  #guardStatic(cell: Cell): void {
    for (const known of this.statics.values()) {
      if (known === cell) this.opaque('state', 'a static field is written: it outlives the call');
    }
  }

  #setAt(list: Extract<Value, { kind: 'list' }>, index: Value, value: Value): Value {
    const items = this.itemsOf(list);
    if (!isKind(index, 'number') || items.some(isSegment))
      return this.opaque('unsupported', 'an assignment at a position that is not known');
    const at = Number(index.value) < 0 ? items.length + Number(index.value) : Number(index.value);
    if (at > 10_000 || at < 0) return this.opaque('size-limit', 'an assignment at this position');
    if (list.sort === 'array' && at >= items.length)
      return this.fail('java.lang.ArrayIndexOutOfBoundsException', `Index ${at}`);
    const copy = [...items];
    while (copy.length < at) copy.push(null);
    copy[at] = value;
    this.setItems(list, copy);
    return value;
  }

  /** A variable without a declaration: a binding of the whole script. */
  protected abstract declareGlobal(name: string, value: Value, scope: Scope): void;
}
