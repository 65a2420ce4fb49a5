import type { Argument, ClassDeclaration, Expression, ExpressionOf, MethodDeclaration } from './ast.ts';
import { classMask, NUMBER_CLASSES, TEXT_CLASS } from './class-mask.ts';
import { concreteCompare, isText, keyOf } from './concrete.ts';
import { parseDecimal } from './decimal.ts';
import { decimal, floating, integral, type JavaNumber, javaInt, toDouble, toIntegral } from './java-number.ts';
import { isSegment } from './machine-calls.ts';
import { MachineMembers } from './machine-members.ts';
import { matchText } from './methods-text.ts';
import { MISSING } from './missing.ts';
import { construct, KNOWN_CLASSES } from './static-members.ts';
import { type Cell, isKind, type ListItem, type Scope, type Value } from './values.ts';

const ARITHMETIC = {
  '-': 'minus',
  '*': 'multiply',
  '/': 'divide',
  '%': 'mod',
  '&': 'bitAnd',
  '|': 'bitOr',
  '^': 'bitXor',
  '<<': 'shiftLeft',
  '>>': 'shiftRight',
  '>>>': 'shiftRightUnsigned',
} as const; // prettier-ignore

/** Methods that printing scripts use; what they write is dropped. */
const PRINTERS = new Set(['println', 'print', 'printf', 'sprintf']);
const LOGGERS = new Set(['log', 'logger', 'LOG', 'LOGGER', 'out']);

/** The value of a number literal. */
export function literalNumber(node: ExpressionOf<'number'>): JavaNumber {
  if (node.cls === 'Double' || node.cls === 'Float') return floating(node.cls, Number(node.text));
  if (node.cls === 'BigDecimal') return decimal(parseDecimal(node.text) ?? { unscaled: 0n, scale: 0 });
  return integral(node.cls, BigInt(node.text));
}

/** Evaluates expressions. */
export abstract class MachineExpressions extends MachineMembers {
  readonly literals = new WeakMap<object, Value>();
  protected readonly classes = new Map<string, ClassDeclaration>();
  protected readonly imports = new Map<string, string>();
  protected readonly statics = new Map<string, Cell>();
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
        const name = this.#memberName(node.name, scope);
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
        return this.truth(this.eval(node.test, scope)) ? this.eval(node.then, scope) : this.eval(node.otherwise, scope);
      case 'elvis': {
        const value = this.eval(node.value, scope);
        return this.truth(value) ? value : this.eval(node.otherwise, scope);
      }
      case 'assign':
        return this.#assign(node, scope);
      case 'spread':
        return this.opaque('unsupported', 'a spread outside of a list or call');
      case 'super':
        return this.opaque('unsupported', 'super');
    }
  }

  #gstring(node: ExpressionOf<'gstring'>, scope: Scope): Value {
    const parts = node.parts.map((part) => {
      if (typeof part === 'string') return part;
      const value = this.eval(part, scope);
      return isKind(value, 'closure') ? this.text(this.call(value, [])) : value;
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

  /** The full name of a class as the script writes it. */
  className(name: string): string {
    return this.imports.get(name) ?? name;
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

  #name(node: ExpressionOf<'name'>, scope: Scope): Value {
    const cell = this.lookUpCell(node.name, scope);
    if (cell) {
      this.range = node;
      return this.cellValue(cell);
    }
    const known = this.classValue(node.name);
    if (known !== undefined) return known;
    const inherited = this.superProperty(scope, node.name);
    if (inherited !== MISSING) return inherited;
    return this.fail('groovy.lang.MissingPropertyException', `No such property: ${node.name}`);
  }

  protected classValue(name: string): Value | undefined {
    if (this.classes.has(name)) return { kind: 'class', name };
    const imported = this.imports.get(name);
    if (imported !== undefined) return { kind: 'class', name: imported };
    return KNOWN_CLASSES.has(name) ? { kind: 'class', name } : undefined;
  }

  #memberName(node: Expression, scope: Scope): string {
    const name = node.kind === 'string' ? node.value : this.text(this.eval(node, scope));
    return typeof name === 'string' ? name : this.opaque('dynamic-code', 'a member whose name depends on the call');
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
    const name = this.#memberName(node.name, scope);
    if (node.op === '*.') return object === null ? null : this.spreadProperty(object, name);
    return object === scope.self && isKind(object, 'host')
      ? this.#name({ ...node, kind: 'name', name }, scope)
      : this.property(object, name);
  }

  /** Whether a value is null on this path. */
  isNull(value: Value): boolean {
    const known = this.resolve(value);
    return isKind(known, 'symbol') ? this.isOf(known, classMask(['null'])) : known === null;
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
    const name = node.name.kind === 'string' ? node.name.value : this.#memberName(node.name, scope);
    // Logging through a logger or System.out changes nothing for routing.
    if (this.#isLogger(node.object, scope)) {
      this.range = node;
      this.note('WR029', 'logging is dropped');
      return null;
    }
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

  #isLogger(node: Expression, scope: Scope): boolean {
    if (node.kind === 'name') return LOGGERS.has(node.name) && !this.lookUpCell(node.name, scope);
    return (
      node.kind === 'property' &&
      node.object.kind === 'name' &&
      node.object.name === 'System' &&
      node.name.kind === 'string' &&
      ['out', 'err'].includes(node.name.value)
    );
  }

  /** `name(args)`: a variable that holds a closure, a method of the class or script, or a method that every script has. */
  #scriptCall(name: string, args: readonly Value[], scope: Scope): Value {
    const cell = this.lookUpCell(name, scope);
    if (cell && isKind(cell.value, 'closure')) return this.call(this.cellValue(cell), args);
    const method = this.pickMethod(scope.methods, name, args);
    if (method) return this.callMethod(method, args, scope.self, scope);
    if (PRINTERS.has(name)) {
      this.note('WR029', 'what the script prints is dropped');
      for (const arg of args) if (isKind(arg, 'gstring')) this.#evaluateText(arg);
      return null;
    }
    if (cell && cell.value !== null) return this.invoke(this.cellValue(cell), 'call', args);
    if (['evaluate', 'run', 'invokeMethod'].includes(name))
      return this.opaque('dynamic-code', `${name}() runs code that is made at run time`);
    if (name === 'sleep') return this.opaque('side-effect', 'sleep() delays every call');
    return this.fail('groovy.lang.MissingMethodException', `No signature of method: ${name}()`);
  }

  /** Printing a GString calls toString of its values, which may throw only for objects. */
  #evaluateText(value: Value): void {
    if (isKind(value, 'gstring')) for (const part of value.parts) this.#evaluateText(part);
  }

  #new(node: ExpressionOf<'new'>, scope: Scope): Value {
    if (node.body) return this.opaque('unsupported', 'an anonymous class');
    const args = this.#arguments(node.args, scope);
    this.range = node;
    const declared = this.classes.get(node.type.name);
    if (declared) return this.instantiate(declared, args);
    const made = construct(this, this.className(node.type.name), args);
    return made === MISSING ? this.opaque('unknown-call', `new ${node.type.name}()`) : made;
  }

  #unary(node: ExpressionOf<'unary'>, scope: Scope): Value {
    const value = this.eval(node.value, scope);
    this.range = node;
    if (node.op === '!') return !this.truth(value);
    if (node.op === '-') return this.apply('negative', [value]);
    if (node.op === '+') return value;
    const known = this.resolve(value);
    if (isText(known)) {
      const source = this.text(known);
      return typeof source === 'string'
        ? { kind: 'pattern', source }
        : this.opaque('unsupported', 'a computed pattern');
    }
    return this.apply('bitXor', [known, javaInt(-1)]);
  }

  #increment(node: ExpressionOf<'increment'>, scope: Scope): Value {
    const before = this.eval(node.target, scope);
    const step = javaInt(1);
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

  /** An operator on two values. */
  binaryOperator(op: string, left: Value, right: Value): Value {
    switch (op) {
      case '==':
      case '!=':
        return this.looseEquals(left, right) === (op === '==');
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.compare(op, left, right);
      case '<=>':
        return this.#spaceship(left, right);
      case 'in':
        return this.isCase(right, left);
      case '==~':
        if (this.isNull(left)) return false;
        return matchText(this, this.text(left), right, 'full');
      case '=~': {
        const source = isKind(right, 'pattern') ? right.source : this.text(right);
        if (typeof source !== 'string') return this.opaque('unsupported', 'a computed pattern');
        // null =~ pattern searches the text of null: ''.
        return {
          kind: 'matcher',
          pattern: source,
          subject: this.isNull(left) ? '' : this.text(left),
          at: 0,
          groups: null,
        };
      }
      case '===':
      case '!==':
        return (left === right || this.equalsDeep(left, right)) === (op === '===');
      case '+':
        return this.#plus(left, right);
      case '**': {
        const [base, exponent] = [this.resolve(left), this.resolve(right)];
        if (isKind(base, 'symbol') || isKind(exponent, 'symbol'))
          return this.opaque('unsupported', 'a power of a value of the call');
        return this.#power(base, exponent);
      }
      default:
        return this.#other(op as keyof typeof ARITHMETIC, left, right);
    }
  }

  #power(base: Value, exponent: Value): Value {
    if (!isKind(base, 'number') || !isKind(exponent, 'number')) return this.opaque('unsupported', 'a power');
    const whole =
      typeof base.value === 'bigint' &&
      typeof exponent.value === 'bigint' &&
      exponent.value >= 0n &&
      exponent.value <= 64n;
    if (!whole) return this.opaque('unsupported', 'a power of this kind');
    const value = (base.value as bigint) ** (exponent.value as bigint);
    return BigInt.asIntN(32, value) === value && base.cls === 'Integer'
      ? javaInt(value)
      : integral(BigInt.asIntN(64, value) === value ? 'Long' : 'BigInteger', value);
  }

  #spaceship(left: Value, right: Value): Value {
    const [a, b] = [this.resolve(left), this.resolve(right)];
    if (!isKind(a, 'symbol') && !isKind(b, 'symbol') && !isKind(a, 'size') && !isKind(b, 'size'))
      return javaInt(concreteCompare(a, b));
    if (this.compare('<', a, b)) return javaInt(-1);
    return this.looseEquals(a, b) ? javaInt(0) : javaInt(1);
  }

  #plus(given: Value, right: Value): Value {
    const left = this.resolve(given);
    if (isKind(left, 'poison')) return left;
    if (isText(left)) return this.#joinText(left, right);
    if (isKind(left, 'list') || isKind(left, 'map')) return this.invoke(left, 'plus', [right]);
    if (isKind(left, 'range') || isKind(left, 'lazy-list'))
      return this.invoke(this.list(this.iterable(left)), 'plus', [right]);
    const text =
      isText(right) || (isKind(right, 'symbol') && (this.facts(right.term).classes(right.term) & ~TEXT_CLASS) === 0);
    if (isKind(left, 'symbol')) {
      if (this.isOf(left, TEXT_CLASS)) return this.#joinText(left, right);
      if (text && (this.isNull(left) || this.isOf(left, NUMBER_CLASSES))) return this.#joinText(this.text(left), right);
    } else if (text && (left === null || isKind(left, 'number') || isKind(left, 'size') || isKind(left, 'random'))) {
      return this.#joinText(this.text(left), right);
    }
    const addend = this.resolve(right);
    if (isKind(left, 'number') && isKind(addend, 'symbol') && this.isOf(addend, TEXT_CLASS))
      return this.#joinText(this.text(left), addend);
    return this.apply('plus', [left, right]);
  }

  #joinText(left: Value, right: Value): Value {
    // A GString plus anything stays a GString.
    if (isKind(left, 'gstring'))
      return { kind: 'gstring', parts: [...left.parts, isKind(right, 'gstring') ? this.text(right) : right] };
    return this.concat([this.text(left), this.text(right)]);
  }

  #other(op: keyof typeof ARITHMETIC, given: Value, right: Value): Value {
    const left = this.resolve(given);
    if (op === '<<' && !isKind(left, 'number') && !isKind(left, 'symbol')) {
      if (isKind(left, 'list') || isKind(left, 'map')) return this.invoke(left, 'leftShift', [right]);
      return this.opaque('unsupported', 'a shift into this object');
    }
    if ((op === '-' || op === '*') && isKind(left, 'symbol') && this.isOf(left, TEXT_CLASS)) {
      return this.opaque('unsupported', `${op} on a text of the call`);
    }
    if (op === '-' && isKind(left, 'list')) return this.invoke(left, 'minus', [right]);
    if (op === '-' && isText(left)) {
      const [whole, part] = [this.text(left), this.text(right)];
      if (typeof whole !== 'string' || typeof part !== 'string')
        return this.opaque('unsupported', 'a text of the call is cut');
      const at = whole.indexOf(part);
      return at < 0 ? whole : whole.slice(0, at) + whole.slice(at + part.length);
    }
    if (op === '*' && (isText(left) || isKind(left, 'list'))) {
      const times = this.resolve(right);
      if (times === null) return this.fail('groovy.lang.GroovyRuntimeException', 'Ambiguous method overloading');
      if (!isKind(times, 'number') || toDouble(times) > 1_000)
        return this.opaque('size-limit', 'a repetition of this size');
      const count = Number(toIntegral(times, 'Integer').value);
      if (count < 0)
        return this.fail(
          'java.lang.IllegalArgumentException',
          'multiply() should be called with a number of 0 or greater',
        );
      if (isKind(left, 'list')) return this.list(Array.from({ length: count }, () => left.items).flat());
      return this.concat(Array.from({ length: count }, () => this.text(left)));
    }
    if (op === '-' && isKind(left, 'map')) return this.opaque('unsupported', 'a map minus something');
    return this.apply(ARITHMETIC[op], [left, right]);
  }

  #assign(node: ExpressionOf<'assign'>, scope: Scope): Value {
    if (node.op === '=') {
      const growth = this.#growth(node.target, node.value, scope);
      if (growth) return growth;
      if (node.target.kind === 'list' || node.target.kind === 'paren')
        return this.#assignMany(node.target, this.eval(node.value, scope), scope);
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

  #assignMany(target: Expression, value: Value, scope: Scope): Value {
    const list = target.kind === 'paren' ? target.value : target;
    if (list.kind !== 'list') return this.opaque('unsupported', 'an assignment of this kind');
    list.items.forEach((item, i) => {
      this.assignTo(item, this.subscript(value, javaInt(i)), scope);
    });
    return value;
  }

  /** Assigns to a variable, property or subscript. */
  assignTo(target: Expression, value: Value, scope: Scope): Value {
    this.range = target;
    if (target.kind === 'name') {
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
        this.invoke(object, 'putAt', [index ?? null, value]);
        return value;
      }
      if (isKind(object, 'list')) return this.#setAt(object, this.resolve(index ?? null), value);
      return this.opaque('side-effect', 'something outside of the script is changed');
    }
    if (target.kind === 'property') {
      const object = this.eval(target.object, scope);
      const name = this.#memberName(target.name, scope);
      if (isKind(object, 'map')) {
        this.invoke(object, 'putAt', [name, value]);
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
