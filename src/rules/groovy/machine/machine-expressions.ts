/** The layer of the machine for expressions. */
import { lacksMethod } from '../knowledge/member-names.ts';
import { knowsProperty, methodRows } from '../knowledge/member-table.ts';
import { NEED_IMPORT } from '../knowledge/needed-imports.ts';
import { kindOf } from '../knowledge/value-kinds.ts';
import { MISSING } from '../methods/missing.ts';
import { construct, refused } from '../methods/static-members.ts';
import type { Argument, ClassDeclaration, Expression, ExpressionOf, MethodDeclaration } from '../syntax/ast.ts';
import { isSegment } from '../syntax/segments.ts';
import { NUMBER_CLASSES } from '../values/class-mask.ts';
import { isText, keyOf } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import { isKind, type ListItem, type Scope, type Value } from '../values/values.ts';
import { throwableName } from './exceptions.ts';
import { simpleName } from './machine-types.ts';
import { MachineVariables } from './machine-variables.ts';
import { bare, isSystemStream, literalNumber, OWN_PROPERTIES, PRINTERS, ROUTER_BINDING } from './script-words.ts';

/** Evaluates expressions. */
export abstract class MachineExpressions extends MachineVariables {
  readonly literals = new WeakMap<object, Value>();
  protected depth = 0;

  /** Calls a method of the script or of a class of it. */
  abstract callMethod(method: MethodDeclaration, args: readonly Value[], self: Value, scope: Scope): Value;

  protected abstract instantiate(cls: ClassDeclaration, args: readonly Value[]): Value;

  protected abstract pickMethod(
    methods: readonly MethodDeclaration[],
    name: string,
    args: readonly Value[],
  ): MethodDeclaration | undefined;

  protected abstract superProperty(scope: Scope, name: string): Value | typeof MISSING;

  /** The value of an expression. */
  eval(node: Expression, scope: Scope): Value {
    this.explorer.tick();
    switch (node.kind) {
      case 'null':
        return null;
      case 'boolean':
      case 'string':
        return node.value;
      case 'number': {
        let value = this.literals.get(node);
        if (value === undefined) {
          value = literalNumber(node);
          this.literals.set(node, value);
        }
        return value;
      }
      case 'gstring':
        return this.#gstring(node, scope);
      case 'paren':
        return this.eval(node.value, scope);
      case 'name':
        return this.#name(node, scope);
      case 'this':
        return scope.self;
      case 'list':
        return this.list(this.#items(node.items, scope));
      case 'map':
        return this.#map(node, scope);
      case 'range': {
        const [from, to] = [this.resolve(this.eval(node.from, scope)), this.resolve(this.eval(node.to, scope))];
        if (isKind(to, 'size')) return this.#sizeRange(from, to.items, node.inclusive);
        if (isKind(from, 'symbol') || isKind(to, 'symbol'))
          this.opaque('unsupported', 'a range whose ends depend on the call');
        return { kind: 'range', from, to, inclusive: node.inclusive };
      }
      case 'closure':
        return { kind: 'closure', params: node.params, body: node.body, scope };
      case 'property':
        return this.#property(node, scope);
      case 'method-pointer': {
        const object = this.eval(node.object, scope);
        const name = this.memberName(node.name, scope);
        const body = (args: readonly Value[]): Value =>
          object === scope.self ? this.#scriptCall(name, args, scope) : this.invoke(object, name, args);
        return { kind: 'closure', params: null, body, scope };
      }
      case 'index': {
        const object = this.eval(node.object, scope);
        const args = this.#items(node.args, scope);
        this.range = node;
        return this.subscript(object, args.length === 1 ? (args[0] as Value) : this.list(args));
      }
      case 'call':
        return this.#call(node, scope);
      case 'new':
        return this.#new(node, scope);
      case 'new-array': {
        const [size] = node.sizes.map((item) => this.resolve(this.eval(item, scope)));
        if (!isKind(size, 'number')) return this.opaque('unsupported', 'an array whose size depends on the call');
        if (Number(size.value) > 10_000) return this.opaque('size-limit', 'an array of more than 10,000 values');
        const fill: Value = ['int', 'short', 'byte'].includes(node.type.name)
          ? javaInt(0)
          : node.type.name === 'boolean'
            ? false
            : null;
        return this.list(
          Array.from({ length: Number(size.value) }, () => fill),
          'array',
        );
      }
      case 'unary':
        return this.#unary(node, scope);
      case 'increment':
        return this.#increment(node, scope);
      case 'binary':
        return this.#binary(node, scope);
      case 'instanceof':
        return this.instanceOf(this.eval(node.value, scope), this.className(node.type.name));
      case 'as':
        return this.asType(this.eval(node.value, scope), node.type.name, node.type.dims);
      case 'cast':
        return this.coerce(this.eval(node.value, scope), node.type.name, node.type.dims);
      case 'ternary':
        this.#sameNumbers(node.then, node.otherwise);
        return this.truth(this.eval(node.test, scope)) ? this.eval(node.then, scope) : this.eval(node.otherwise, scope);
      case 'elvis': {
        this.#sameNumbers(node.value, node.otherwise);
        const value = this.eval(node.value, scope);
        return this.truth(value) ? value : this.eval(node.otherwise, scope);
      }
      case 'assign':
        return this.assign(node, scope);
      case 'tuple':
      case 'spread':
        return this.opaque('unsupported', 'a spread outside of a list or call');
      case 'super':
        return this.opaque('unsupported', 'super');
    }
  }

  /** Two literals of different classes are made one class by the compiler. */
  #sameNumbers(a: Expression, b: Expression): void {
    const [left, right] = [bare(a), bare(b)];
    if (left.kind === 'number' && right.kind === 'number' && left.cls !== right.cls)
      this.opaque('unknown-call', 'a choice between two number literals of different classes');
  }

  #gstring(node: ExpressionOf<'gstring'>, scope: Scope): Value {
    const parts = node.parts.map((part) => {
      if (typeof part === 'string') return part;
      const value = this.eval(part, scope);
      if (!isKind(value, 'closure')) return value;
      // One with a parameter is given the writer.
      if (value.params?.length !== 0) return this.opaque('unknown-call', 'a closure with a parameter in a text');
      return this.text(this.call(value, []));
    });
    return { kind: 'gstring', parts };
  }

  /** Items of a list literal or an argument list, with spreads put in. */
  #items(nodes: readonly Expression[], scope: Scope): ListItem[] {
    return nodes.flatMap((item): readonly ListItem[] =>
      item.kind === 'spread' ? this.iterable(this.eval(item.value, scope)) : [this.eval(item, scope)],
    );
  }

  #map(node: ExpressionOf<'map'>, scope: Scope): Value {
    const entries: [string, readonly [Value, Value]][] = [];
    for (const entry of node.entries) {
      const value = this.eval(entry.value, scope);
      if (entry.key === null) {
        if (!isKind(value, 'map')) return this.opaque('unsupported', 'a spread of something that is no map');
        entries.push(...value.entries);
        continue;
      }
      const key = this.resolve(this.eval(entry.key, scope));
      if (isKind(key, 'symbol')) return this.opaque('unsupported', 'a map under keys of the call');
      entries.push([keyOf(key), [key, value]]);
    }
    return this.map(entries);
  }

  /** `0..<list.size()` over providers: a range that only a loop can use. */
  #sizeRange(from: Value, items: readonly ListItem[], inclusive: boolean): Value {
    const single = items.length === 1 && items[0] !== undefined && isSegment(items[0]);
    if (!inclusive && isKind(from, 'number') && from.value === 0n && single) {
      const [segment] = items;
      if (segment !== undefined && isSegment(segment)) {
        return this.list([{ kind: 'segment', where: segment.where, item: { kind: 'index', items, passed: false } }]);
      }
    }
    return this.opaque('provider-order', 'positions of providers');
  }

  #name(node: ExpressionOf<'name'>, scope: Scope): Value {
    const delegate = this.delegateFor(node.name, scope);
    if (delegate !== undefined) {
      // The binding of the router is behind the members of the value.
      const binding = ROUTER_BINDING.has(node.name) && !isKind(delegate, 'map');
      const known = isKind(delegate, 'map') || knowsProperty(kindOf(delegate), node.name);
      if (known) return this.property(delegate, node.name);
      if (!binding) return this.opaque('unsupported', `the name ${node.name} inside of with { }`);
    }
    const cell = this.lookUpCell(node.name, scope);
    this.range = node;
    if (cell) return this.cellValue(cell);
    const known = this.classValue(node.name);
    if (known !== undefined) return known;
    const inherited = this.superProperty(scope, node.name);
    if (inherited !== MISSING) return inherited;
    // A class of the imports that every script has, or a property of the script or of a closure.
    if (
      !(/^[a-z]/.test(node.name) || (NEED_IMPORT.has(node.name) && !this.importsPackages)) ||
      this.importsStatically ||
      OWN_PROPERTIES.has(node.name) ||
      !isKind(scope.self, 'host')
    )
      return this.opaque('unknown-call', `the name ${node.name}`);
    return this.fail('groovy.lang.MissingPropertyException', `No such property: ${node.name}`);
  }

  /** A dotted name that is a class: `java.util.Calendar`. */
  #qualifiedClass(node: Expression, scope: Scope): string | undefined {
    const parts: string[] = [];
    let at = node;
    while (at.kind === 'property' && at.op === '.' && at.name.kind === 'string') {
      parts.unshift(at.name.value);
      at = at.object;
    }
    if (at.kind !== 'name' || parts.length === 0 || this.lookUpCell(at.name, scope) || this.classValue(at.name))
      return undefined;
    const last = parts.at(-1) ?? '';
    return /^[a-z]/.test(at.name) && /^[A-Z]/.test(last) && parts.slice(0, -1).every((part) => /^[a-z]/.test(part))
      ? [at.name, ...parts].join('.')
      : undefined;
  }

  #property(node: ExpressionOf<'property'>, scope: Scope): Value {
    const cls = this.#qualifiedClass(node, scope);
    if (cls !== undefined) return { kind: 'class', name: cls };
    const object = this.eval(node.object, scope);
    this.range = node;
    if (node.op === '?.' && this.isNull(object)) return null;
    if (node.name.kind !== 'string' && isKind(object, 'map'))
      return this.subscript(object, this.eval(node.name, scope));
    const name = this.memberName(node.name, scope);
    if (node.op === '*.') return object === null ? null : this.spreadProperty(object, name);
    return object === scope.self && isKind(object, 'host')
      ? this.#name({ ...node, kind: 'name', name }, scope)
      : this.property(object, name);
  }

  #arguments(args: readonly Argument[], scope: Scope): Value[] {
    const named: (readonly [string, readonly [Value, Value]])[] = [];
    const values: Value[] = [];
    for (const argument of args) {
      const value = this.eval(argument.value, scope);
      if (argument.kind === 'positional') values.push(value);
      else if (argument.kind === 'spread') {
        for (const item of this.iterable(value))
          values.push(isSegment(item) ? this.opaque('provider-order', 'providers as arguments') : item);
      } else if (argument.key) {
        const key = this.resolve(this.eval(argument.key, scope));
        named.push([keyOf(key), [key, value]]);
      } else if (isKind(value, 'map')) named.push(...value.entries);
    }
    return named.length > 0 ? [this.map(named), ...values] : values;
  }

  #call(node: ExpressionOf<'call'>, scope: Scope): Value {
    if (node.object === null) {
      const args = this.#arguments(node.args, scope);
      this.range = node;
      if (node.name.kind !== 'name') return this.call(this.eval(node.name, scope), args);
      return this.#scriptCall(node.name.name, args, scope);
    }
    const name = node.name.kind === 'string' ? node.name.value : this.memberName(node.name, scope);
    if (isSystemStream(node.object)) return this.#printed(name, this.#arguments(node.args, scope), node);
    const qualified = this.#qualifiedClass(node.object, scope);
    const object: Value = qualified === undefined ? this.eval(node.object, scope) : { kind: 'class', name: qualified };
    if (node.op === '?.' && this.isNull(object)) return null;
    const args = this.#arguments(node.args, scope);
    this.range = node;
    if (node.op === '*.') return object === null ? null : this.spreadInvoke(object, name, args);
    if (isKind(object, 'host') && object.type === 'script') return this.#scriptCall(name, args, scope);
    if (isKind(object, 'map') && !isKind(object, 'host')) {
      const member = object.entries.get(keyOf(name))?.[1];
      if (isKind(member, 'closure')) return this.call(member, args);
    }
    return this.invoke(object, name, args);
  }

  /** System.out.println() and the like: the text of the argument is made, which may fail, and dropped. */
  #printed(name: string, args: readonly Value[], node: Expression): null {
    this.range = node;
    if (args.length > (name === 'flush' ? 0 : 1) || !['println', 'print', 'flush'].includes(name))
      return this.opaque('unknown-call', `${name}() of an output stream with such arguments`);
    this.note('WR029', 'what the script prints is dropped');
    return null;
  }

  /** `name(args)`: a variable that holds a closure, a method of the class or script, or a method that every script has. */
  #scriptCall(name: string, args: readonly Value[], scope: Scope): Value {
    const cell = this.lookUpCell(name, scope);
    if (cell && isKind(cell.value, 'closure')) return this.call(this.cellValue(cell), args);
    const delegate = this.delegateFor(name, scope);
    if (delegate !== undefined) {
      if (methodRows(kindOf(delegate), name, args.length).length > 0) return this.invoke(delegate, name, args);
      return this.opaque('unsupported', `${name}() inside of with { }`);
    }
    const method = this.pickMethod(scope.methods, name, args);
    if (method) return this.callMethod(method, args, scope.self, scope);
    if (PRINTERS.has(name) && args.length <= (name === 'printf' ? 2 : 1)) {
      this.note('WR029', 'what the script prints is dropped');
      return null;
    }
    if (cell && cell.value !== null) return this.invoke(this.cellValue(cell), 'call', args);
    if (['evaluate', 'run', 'invokeMethod'].includes(name))
      return this.opaque('dynamic-code', `${name}() runs code that is made at run time`);
    if (name === 'sleep') return this.opaque('side-effect', 'sleep() delays every call');
    // A name that a variable, a class or the script may answer to, or one that a script surely does not have.
    const imported = cell || !isKind(scope.self, 'host') ? undefined : this.staticImports.get(name);
    if (imported !== undefined) return this.invoke({ kind: 'class', name: imported.cls }, imported.member, args);
    if (cell || !lacksMethod('script', name) || !isKind(scope.self, 'host') || this.importsStatically)
      return this.opaque('unknown-call', `${name}() with such arguments`);
    return this.fail('groovy.lang.MissingMethodException', `No signature of method: ${name}()`);
  }

  #new(node: ExpressionOf<'new'>, scope: Scope): Value {
    if (node.body) return this.opaque('unsupported', 'an anonymous class');
    const args = this.#arguments(node.args, scope);
    this.range = node;
    const declared = this.classes.get(node.type.name);
    if (declared) return this.instantiate(declared, args);
    const cls = this.className(node.type.name);
    const known =
      throwableName(cls) !== undefined
        ? args.length === 0 || (args.length === 1 && isText(this.resolve(args[0] ?? null)))
        : this.coveredStatic(`new ${simpleName(cls)}`, args);
    const made = known ? construct(this, cls, args) : refused(this, cls);
    return made === MISSING ? this.opaque('unknown-call', `new ${node.type.name}()`) : made;
  }

  #unary(node: ExpressionOf<'unary'>, scope: Scope): Value {
    const value = this.eval(node.value, scope);
    this.range = node;
    if (node.op === '!') return !this.truth(value);
    if (node.op !== '~') {
      const number = this.resolve(value);
      const counts = isKind(number, 'number') || isKind(number, 'symbol') || isKind(number, 'random');
      if (!counts) return this.opaque('unknown-call', `${node.op} on a value that is no number`);
      if (node.op === '-') return this.apply('negative', [value]);
      const isNumber = !isKind(number, 'symbol') || this.isOf(number, NUMBER_CLASSES);
      return isNumber ? value : this.opaque('unknown-call', '+ on a value that is no number');
    }
    const known = this.resolve(value);
    if (isText(known)) {
      const source = this.text(known);
      return typeof source === 'string'
        ? { kind: 'pattern', source }
        : this.opaque('unsupported', 'a computed pattern');
    }
    if (!isKind(known, 'number')) return this.opaque('unknown-call', '~ on a value that is no number');
    return this.apply('bitXor', [known, javaInt(-1)]);
  }

  #increment(node: ExpressionOf<'increment'>, scope: Scope): Value {
    const before = this.eval(node.target, scope);
    const step = javaInt(1);
    const counted = this.resolve(before);
    if (
      !isKind(counted, 'number') &&
      !isKind(counted, 'index') &&
      !isKind(counted, 'symbol') &&
      !isKind(counted, 'random') &&
      !isKind(counted, 'size')
    )
      return this.opaque('unknown-call', `${node.op} on a value that is no number`);
    let after: Value;
    if (isKind(before, 'index') && node.op === '++' && !before.passed) after = { ...before, passed: true };
    else after = this.binaryOperator(node.op === '++' ? '+' : '-', before, step);
    this.assignTo(node.target, after, scope);
    return node.prefix ? after : before;
  }

  #binary(node: ExpressionOf<'binary'>, scope: Scope): Value {
    if (node.op === '&&') return this.truth(this.eval(node.left, scope)) && this.truth(this.eval(node.right, scope));
    if (node.op === '||') return this.truth(this.eval(node.left, scope)) || this.truth(this.eval(node.right, scope));
    const left = this.eval(node.left, scope);
    const right = this.eval(node.right, scope);
    this.range = node;
    return this.binaryOperator(node.op, left, right);
  }
}
