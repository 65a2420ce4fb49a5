import { evaluateTerm } from '../evaluate-term.ts';
import { readsProvider, type Term, type TermFunction } from '../plan-term.ts';
import type { PlanTest } from '../route-plan.ts';
import {
  ALL_CLASSES,
  classesOfMask,
  classMask,
  NULL_CLASS,
  NUMBER_CLASSES,
  TEXT_CLASS,
  WHOLE_CLASSES,
} from './class-mask.ts';
import {
  concreteCompare,
  concreteEquals,
  concreteLooseEquals,
  concreteText,
  concreteTruth,
  isText,
} from './concrete.ts';
import { GroovyThrow } from './exceptions.ts';
import { javaInt } from './java-number.ts';
import { MachineCore } from './machine-core.ts';
import { anyOf } from './predicates.ts';
import { applyTermFunction } from './term-functions.ts';
import { typedOfValue } from './typed-values.ts';
import {
  isKind,
  type ListItem,
  type RandomValue,
  type SegmentValue,
  type SizeValue,
  type SymbolValue,
  type Value,
} from './values.ts';

const OTHER = classMask(['other']);
/** Most whole numbers that a symbol is taken apart into. */
const ENUMERATION_LIMIT = 64;

/** Functions that are undefined for some values of the right classes, and what they throw then. */
const PARTIAL: Partial<Record<TermFunction, string>> = {
  toInteger: 'java.lang.NumberFormatException',
  toLong: 'java.lang.NumberFormatException',
  toDouble: 'java.lang.NumberFormatException',
  toBigDecimal: 'java.lang.NumberFormatException',
  parseInt: 'java.lang.NumberFormatException',
  parseLong: 'java.lang.NumberFormatException',
  substring: 'java.lang.StringIndexOutOfBoundsException',
  charAt: 'java.lang.StringIndexOutOfBoundsException',
  splitAt: 'java.lang.ArrayIndexOutOfBoundsException',
};

/** Functions on numbers. */
const NUMERIC = new Set<TermFunction>([
  'plus',
  'minus',
  'multiply',
  'divide',
  'intdiv',
  'mod',
  'negative',
  'abs',
  'bitAnd',
  'bitOr',
  'bitXor',
  'shiftLeft',
  'shiftRight',
  'shiftRightUnsigned',
  'intValue',
  'longValue',
  'doubleValue',
]); // prettier-ignore

/** Operations on values, the same for one call and for every call: where a value is not known, the path splits. */
export abstract class MachineValues extends MachineCore {
  /** The value a symbol must have here, if it is known. */
  resolve(value: Value): Value {
    if (!isKind(value, 'symbol')) return value;
    const facts = this.facts(value.term);
    const known = facts.equal(value.term);
    if (known === undefined) return value;
    if (!isKind(known, 'number')) return known;
    const classes = facts.classes(value.term);
    if ((classes & (classes - 1)) !== 0) return value;
    const [name = ''] = classesOfMask(classes);
    // The constant was compared by value: 1 == 1L. Take it over only where its class is the symbol's.
    return name.endsWith(`.${known.cls}`) ? known : value;
  }

  /** Decides a test on a symbol. */
  test(symbol: SymbolValue, test: PlanTest): boolean {
    return this.decide({ term: symbol.term, test });
  }

  /** Whether the symbol is of one of the classes. */
  isOf(symbol: SymbolValue, mask: number): boolean {
    const possible = this.facts(symbol.term).classes(symbol.term);
    if ((possible & mask) === 0) return false;
    if ((possible & ~mask) === 0) return true;
    return this.test(symbol, { op: 'is', classes: classesOfMask(possible & mask) });
  }

  /** Makes sure of the classes; null and other classes throw what Groovy throws for a method that is not there. */
  require(symbol: SymbolValue, mask: number, method: string): void {
    if (this.isOf(symbol, mask)) return;
    if (this.isOf(symbol, NULL_CLASS))
      this.fail('java.lang.NullPointerException', `Cannot invoke method ${method}() on null object`);
    if (this.isOf(symbol, OTHER))
      this.opaque('object-field', `${method}() of an object whose class weir does not know`);
    const lists = classMask(['java.util.List', 'java.util.Map']);
    if (NUMERIC.has(method as TermFunction) || method === 'toInteger') {
      if (this.isOf(symbol, lists)) this.opaque('object-field', `${method}() of a list or map argument`);
    } else if (this.isOf(symbol, ALL_CLASSES & ~OTHER & ~TEXT_CLASS & ~NULL_CLASS & lists)) {
      this.opaque('object-field', `${method}() of a list or map argument`);
    }
    this.fail('groovy.lang.MissingMethodException', `No signature of method: ${method}()`);
  }

  /** A symbol as a whole number, path by path, where it can only be one of a few. */
  enumerate(value: Value): Value {
    const resolved = this.resolve(value);
    if (!isKind(resolved, 'symbol')) return resolved;
    const facts = this.facts(resolved.term);
    const candidates = facts.candidates(resolved.term, ENUMERATION_LIMIT);
    if (!candidates || candidates.length === 0) return resolved;
    for (const candidate of candidates.slice(0, -1)) {
      if (this.test(resolved, { op: 'eq', values: [typedOfValue(javaInt(candidate))] })) return javaInt(candidate);
    }
    return javaInt(candidates.at(-1) ?? 0);
  }

  /** A term function on any values. */
  apply(fn: TermFunction, args: readonly Value[]): Value {
    const values = args.map((arg) => this.#plain(arg));
    const random = values.find((value) => isKind(value, 'random'));
    if (isKind(random, 'random'))
      return this.overDraw(random, (drawn) =>
        this.apply(
          fn,
          values.map((value) => (value === random ? drawn : value)),
        ),
      );
    if (!values.some((value) => isKind(value, 'symbol'))) return applyTermFunction(fn, values);
    if (fn === 'hashCode') return this.opaque('hash', 'a hash code decides: no target computes it');
    if (NUMERIC.has(fn)) this.#requireNumbers(fn, values);
    else if (fn === 'toInteger' || fn === 'toLong' || fn === 'toDouble' || fn === 'toBigDecimal')
      this.#requireConvertible(fn, values[0] ?? null);
    else if (fn !== 'concat' && fn !== 'toText') this.#requireText(fn, values);
    const term: Term = { t: 'fn', fn, args: values.map((value) => this.termOf(value)) };
    const exception = PARTIAL[fn] ?? this.#divisionFailure(fn, values[1]);
    if (exception !== undefined && !this.decide({ term, test: { op: 'defined' } })) this.fail(exception, `${fn}`);
    const made: SymbolValue = { kind: 'symbol', term };
    return this.resolve(made);
  }

  /** Values that stand for others are looked up; those that no function takes end the path. */
  #plain(value: Value): Value {
    if (isKind(value, 'gstring')) return this.text(value);
    if (isKind(value, 'size')) return this.opaque('provider-count', 'the number of providers decides here');
    if (isKind(value, 'index')) return this.opaque('provider-order', 'the position of a provider decides here');
    if (isKind(value, 'poison')) return this.opaque(value.code, value.reason);
    return this.resolve(value);
  }

  #requireNumbers(fn: TermFunction, values: readonly Value[]): void {
    const failing = fn === 'mod' || fn === 'intdiv' || fn.startsWith('bit') || fn.startsWith('shift');
    const whole = fn === 'intdiv' || fn.startsWith('bit') || fn.startsWith('shift');
    values.forEach((value, i) => {
      if (!isKind(value, 'symbol')) {
        if (i === 0 && value === null) this.fail('java.lang.NullPointerException', `Cannot execute null+${fn}`);
        if (!isKind(value, 'number') && !isKind(value, 'char')) {
          if (value === null) this.fail('groovy.lang.GroovyRuntimeException', 'Ambiguous method overloading');
          this.fail('groovy.lang.MissingMethodException', `No signature of method: ${fn}()`);
        }
        return;
      }
      if (failing) {
        const taken = whole ? WHOLE_CLASSES : NUMBER_CLASSES & ~classMask(['java.math.BigDecimal']);
        if (this.isOf(value, taken)) return;
        if (this.isOf(value, NUMBER_CLASSES))
          this.fail('java.lang.UnsupportedOperationException', `Cannot use ${fn}() on this number type`);
      }
      if (i > 0 && !this.isOf(value, NUMBER_CLASSES)) {
        if (this.isOf(value, OTHER | NULL_CLASS | classMask(['java.lang.Character'])))
          this.opaque('unsupported', `${fn} with a value that is no number`);
        this.fail('groovy.lang.MissingMethodException', `No signature of method: ${fn}()`);
      }
      this.require(value, NUMBER_CLASSES, fn);
    });
  }

  #requireConvertible(fn: TermFunction, value: Value): void {
    if (isKind(value, 'symbol') && !this.isOf(value, TEXT_CLASS)) this.require(value, NUMBER_CLASSES, fn);
  }

  #requireText(fn: TermFunction, values: readonly Value[]): void {
    values.forEach((value, i) => {
      if (!isKind(value, 'symbol')) {
        if (i === 0 && value === null && fn !== 'parseInt' && fn !== 'parseLong') {
          this.fail('java.lang.NullPointerException', `Cannot invoke method ${fn}() on null object`);
        }
        return;
      }
      const position = (fn === 'substring' && i > 0) || (fn === 'charAt' && i > 0) || (fn === 'indexOf' && i > 1);
      if (position) {
        if (!this.isOf(value, classMask(['java.lang.Integer'])))
          this.opaque('unsupported', `a position that is no Integer in ${fn}()`);
        return;
      }
      // parseInt(null) is a NumberFormatException of its own, not a call on null.
      if ((fn === 'parseInt' || fn === 'parseLong') && this.isOf(value, NULL_CLASS))
        this.fail('java.lang.NumberFormatException', 'null');
      if (i === 0) this.require(value, TEXT_CLASS, fn);
      else if (!this.isOf(value, TEXT_CLASS)) this.opaque('unsupported', `${fn}() with a value that may be no text`);
    });
  }

  #divisionFailure(fn: TermFunction, divisor: Value | undefined): string | undefined {
    if (fn !== 'divide' && fn !== 'intdiv' && fn !== 'mod') return undefined;
    const safe = isKind(divisor, 'number') && concreteTruth(divisor) && concreteCompare(divisor, javaInt(0)) > 0;
    return safe ? undefined : 'java.lang.ArithmeticException';
  }

  /** A value as a term of the plan. */
  termOf(value: Value): Term {
    if (isKind(value, 'symbol')) return value.term;
    if (isKind(value, 'list') || isKind(value, 'map') || isKind(value, 'host'))
      return this.opaque('unsupported', 'an object in a computed value');
    return { t: 'const', value: typedOfValue(value) };
  }

  /** Splits the path by which of two sides a draw falls on; `compute` must not depend on the call. */
  overDraw(random: RandomValue, compute: (drawn: Value) => Value): Value {
    return { ...random, values: random.values.map(compute) };
  }

  /** Truth of a drawn value: the draw is narrowed to the side that was taken. */
  #drawTruth(random: RandomValue, holds: (drawn: Value) => boolean): boolean {
    if (this.inEach) this.opaque('random', 'a random number decides for each provider');
    const alive = this.drawState(random);
    const yes = alive.filter((i) => holds(random.values[i] ?? null));
    const no = alive.filter((i) => !yes.includes(i));
    const side = this.explorer.decideDraw(yes.length, no.length);
    this.narrowDraw(random, side ? yes : no);
    return side;
  }

  /** Which values of a draw are still possible, by index. */
  protected abstract drawState(random: RandomValue): readonly number[];
  protected abstract narrowDraw(random: RandomValue, alive: readonly number[]): void;

  /** Groovy truth. */
  truth(given: Value): boolean {
    const value = this.resolve(given);
    if (isKind(value, 'symbol')) return this.test(value, { op: 'truthy' });
    if (isKind(value, 'gstring')) return this.truth(this.text(value));
    if (isKind(value, 'list')) return this.hasItems(this.itemsOf(value));
    if (isKind(value, 'size')) return this.hasItems(value.items);
    if (isKind(value, 'random')) return this.#drawTruth(value, concreteTruth);
    if (isKind(value, 'lazy-list'))
      return this.truth(this.read({ t: value.of === 'args' ? 'argCount' : 'paramCount' }));
    if (isKind(value, 'groups')) return this.hasItems(value.segments.map((entry) => entry.segment));
    if (isKind(value, 'poison')) return this.opaque(value.code, value.reason);
    if (isKind(value, 'index')) return this.opaque('provider-order', 'the position of a provider decides here');
    return this.truthOfObject(value);
  }

  /** Truth of iterators and matchers, which move; else that of plain values. */
  protected abstract truthOfObject(value: Value): boolean;

  /** Whether a list has items; where all of them stand for providers, the path splits on whether there are any. */
  hasItems(items: readonly ListItem[]): boolean {
    const segments = items.filter((item): item is SegmentValue => isKind(item as Value, 'segment' as never));
    if (items.length > segments.length) return true;
    return this.explorer.decideGroup(anyOf(segments.map((segment) => segment.where)));
  }

  /** Java's equals. */
  equals(a: Value, b: Value): boolean {
    const left = this.#comparable(a);
    const right = this.#comparable(b);
    if (isKind(left, 'random') || isKind(right, 'random')) return this.#drawPair(left, right, concreteEquals);
    if (isKind(left, 'symbol') && isKind(right, 'symbol')) {
      if (this.#onlyText(left) && this.#onlyText(right)) return this.#equalSymbols(left, right);
      return this.opaque('unsupported', 'equals of two values whose classes may differ');
    }
    if (isKind(left, 'symbol')) return this.#equalsConstant(left, right);
    if (isKind(right, 'symbol')) return this.#equalsConstant(right, left);
    return concreteEquals(left, right);
  }

  #onlyText(symbol: SymbolValue): boolean {
    return (this.facts(symbol.term).classes(symbol.term) & ~(TEXT_CLASS | NULL_CLASS)) === 0;
  }

  #equalsConstant(symbol: SymbolValue, value: Value): boolean {
    if (value === null) return this.isOf(symbol, NULL_CLASS);
    if (isKind(value, 'number')) {
      const name = value.cls.startsWith('Big') ? `java.math.${value.cls}` : `java.lang.${value.cls}`;
      return this.isOf(symbol, classMask([name as 'java.lang.Integer'])) && this.looseEquals(symbol, value);
    }
    if (typeof value === 'string') return this.isOf(symbol, TEXT_CLASS) && this.looseEquals(symbol, value);
    if (typeof value === 'boolean') return this.looseEquals(symbol, value);
    if (isKind(value, 'char'))
      return this.isOf(symbol, classMask(['java.lang.Character'])) && this.looseEquals(symbol, value);
    const classes = this.facts(symbol.term).classes(symbol.term);
    if ((classes & (OTHER | classMask(['java.util.List', 'java.util.Map']))) === 0) return false;
    return this.opaque('object-field', 'an argument compared with an object');
  }

  /** Sizes and positions end the path; GStrings stay what they are for equals, so they are marked. */
  #comparable(value: Value): Value {
    if (isKind(value, 'gstring')) return value;
    return this.#plain(value);
  }

  #drawPair(a: Value, b: Value, test: (x: Value, y: Value) => boolean): boolean {
    if (isKind(a, 'random') && isKind(b, 'random')) return this.opaque('random', 'two random numbers compared');
    if (isKind(a, 'random')) return this.#drawTruth(a, (drawn) => test(drawn, b));
    if (isKind(b, 'random')) return this.#drawTruth(b, (drawn) => test(a, drawn));
    return test(a, b);
  }

  /** Groovy's `==`. */
  looseEquals(a: Value, b: Value): boolean {
    if (isKind(a, 'size') || isKind(b, 'size')) return this.#sizeTest(a, b, (order) => order === 0);
    const left = isKind(a, 'gstring') ? this.text(a) : this.#plain(a);
    const right = isKind(b, 'gstring') ? this.text(b) : this.#plain(b);
    // A GString equals texts only; a number equals a String of one letter by its code, but no GString.
    if (isKind(a, 'gstring') !== isKind(b, 'gstring')) {
      const other = isKind(a, 'gstring') ? right : left;
      if (isKind(other, 'symbol') ? !this.isOf(other, TEXT_CLASS) : !isText(other) && !isKind(other, 'random'))
        return false;
    }
    if (isKind(left, 'random') || isKind(right, 'random')) return this.#drawPair(left, right, concreteLooseEquals);
    if (isKind(left, 'symbol') && isKind(right, 'symbol')) return this.#equalSymbols(left, right);
    if (isKind(left, 'symbol')) return this.#equalConstant(left, right);
    if (isKind(right, 'symbol')) return this.#equalConstant(right, left);
    return this.looseEqualObjects(left, right);
  }

  /** `==` of values without symbols at the top: lists may hold some. */
  protected abstract looseEqualObjects(a: Value, b: Value): boolean;

  #equalConstant(symbol: SymbolValue, value: Value): boolean {
    if (value === null) return this.isOf(symbol, NULL_CLASS);
    if (typeof value === 'string' && symbol.term.t === 'fn' && symbol.term.fn === 'concat')
      return this.#equalConcat(symbol.term, value);
    if (typeof value === 'string' && symbol.term.t === 'fn' && symbol.term.fn === 'toText') {
      const inner = symbol.term.args[0];
      const classes = inner ? this.facts(inner).classes(inner) : 0;
      if (inner && (classes & ~WHOLE_CLASSES) === 0) {
        if (!/^(?:0|-?[1-9]\d*)$/.test(value)) return false;
        return this.looseEquals({ kind: 'symbol', term: inner }, this.#wholeNumber(value));
      }
    }
    if (isText(value) || typeof value === 'boolean' || isKind(value, 'number') || isKind(value, 'char')) {
      return this.test(
        symbol,
        typeof value === 'string' ? this.#textTest(value) : { op: 'eq', values: [typedOfValue(value)] },
      );
    }
    const classes = this.facts(symbol.term).classes(symbol.term);
    if ((classes & (OTHER | classMask(['java.util.List', 'java.util.Map']))) === 0) return false;
    return this.opaque('object-field', 'an argument compared with an object');
  }

  /** One test object for each text, so that long lists do not spell the same keys again. */
  #textTest(value: string): PlanTest {
    let test = this.#textTests.get(value);
    if (!test) {
      test = { op: 'eq', values: [typedOfValue(value)] };
      this.#textTests.set(value, test);
    }
    return test;
  }

  readonly #textTests = new Map<string, PlanTest>();

  #wholeNumber(text: string): Value {
    return applyTermFunction(text.length < 10 ? 'toInteger' : 'toBigDecimal', [text]);
  }

  /** Equality of a concatenation with a text: constant ends are cut off both. */
  #equalConcat(term: Extract<Term, { t: 'fn' }>, value: string): boolean {
    let rest = value;
    const parts = [...term.args];
    while (parts[0]?.t === 'const') {
      const head = concreteText(evaluateTerm(parts[0], {}));
      if (!rest.startsWith(head)) return false;
      rest = rest.slice(head.length);
      parts.shift();
    }
    for (let last = parts.at(-1); last?.t === 'const'; last = parts.at(-1)) {
      const tail = concreteText(evaluateTerm(last, {}));
      if (!rest.endsWith(tail)) return false;
      rest = rest.slice(0, rest.length - tail.length);
      parts.pop();
    }
    const [only] = parts;
    if (parts.length === 1 && only) return this.#equalConstant({ kind: 'symbol', term: only }, rest);
    return this.decide({ term: { ...term, args: parts }, test: { op: 'eq', values: [typedOfValue(rest)] } });
  }

  #equalSymbols(a: SymbolValue, b: SymbolValue): boolean {
    if (JSON.stringify(a.term) === JSON.stringify(b.term)) return true;
    const [providerSide, callSide] = readsProvider(a.term) ? [a, b] : [b, a];
    if (!readsProvider(providerSide.term))
      return this.decide({ term: a.term, test: { op: 'relation', rel: 'eq', other: b.term } });
    if (readsProvider(callSide.term))
      return this.decide({ term: a.term, test: { op: 'relation', rel: 'eq', other: b.term } });
    const few = this.enumerate(callSide);
    if (!isKind(few, 'symbol')) return this.looseEquals(providerSide, few);
    return this.#equalInSnapshot(providerSide, callSide);
  }

  /** A relation between provider and call, expanded over the values that the known providers have. */
  #equalInSnapshot(provider: SymbolValue, call: SymbolValue): boolean {
    if (!this.world.snapshot) {
      this.opaque(
        'provider-relation',
        'which providers are meant depends on a value of the call: give the registry snapshot to expand it',
      );
    }
    this.note(
      'closed-world',
      'expanded over the providers of the snapshot; a provider with a new value needs a new conversion',
    );
    const values = new Map<string, Value>();
    for (const known of this.world.providers) {
      try {
        const value = evaluateTerm(provider.term, { provider: known });
        if (value !== null) values.set(concreteText(value), value);
      } catch (error) {
        if (!(error instanceof GroovyThrow)) throw error;
      }
    }
    if (this.isOf(call, NULL_CLASS)) return this.isOf(provider, NULL_CLASS);
    for (const [, value] of [...values].sort(([x], [y]) => (x < y ? -1 : 1))) {
      if (this.looseEquals(call, value)) return this.looseEquals(provider, value);
    }
    return false;
  }

  /** A comparison of a size with a whole number: only what tells none from some is known. */
  #sizeTest(a: Value, b: Value, holds: (order: number) => boolean): boolean {
    const [size, other, sign] = isKind(a, 'size') ? [a, b, 1] : [b as SizeValue, a, -1];
    const limit = this.resolve(other);
    if (isKind(limit, 'size')) {
      if (limit.items === (size as SizeValue).items) return holds(0);
      return this.opaque('provider-count', 'two numbers of providers are compared');
    }
    if (!isKind(limit, 'number')) return this.opaque('provider-count', 'the number of providers decides here');
    const atNone = holds(sign * concreteCompare(javaInt(0), limit));
    const one = holds(sign * concreteCompare(javaInt(1), limit));
    const many = holds(sign * concreteCompare(javaInt(1_000_000_000), limit));
    if (one !== many || !isKind(size, 'size'))
      return this.opaque('provider-count', 'the number of providers decides here');
    if (atNone === one) return one;
    return this.hasItems(size.items) ? one : atNone;
  }

  /** `<`, `<=`, `>`, `>=` and, through `holds`, anything that follows from the order. */
  compare(op: '<' | '<=' | '>' | '>=', a: Value, b: Value): boolean {
    const holds = (order: number): boolean =>
      op === '<' ? order < 0 : op === '<=' ? order <= 0 : op === '>' ? order > 0 : order >= 0;
    if (isKind(a, 'size') || isKind(b, 'size')) return this.#sizeTest(a, b, holds);
    const left = this.#plain(a);
    let right = this.#plain(b);
    if (isKind(a, 'gstring')) {
      // GString.compareTo takes the text of whatever it meets.
      if (isKind(right, 'symbol') ? this.isOf(right, NULL_CLASS) : right === null) return holds(1);
      right = this.text(right);
    } else if (isKind(b, 'gstring') && !isText(left) && left !== null) {
      if (isKind(left, 'symbol')) {
        if (!this.isOf(left, TEXT_CLASS | NULL_CLASS))
          this.opaque('unsupported', 'a value of the call is compared with a GString');
      } else this.fail('java.lang.ClassCastException', 'a GString cannot be compared with this');
    }
    if (isKind(left, 'random') || isKind(right, 'random'))
      return this.#drawPair(left, right, (x, y) => holds(concreteCompare(x, y)));
    if (isKind(left, 'symbol') && isKind(right, 'symbol')) return this.#compareSymbols(op, left, right);
    if (isKind(left, 'symbol')) return this.#compareConstant(op, left, right, holds);
    if (isKind(right, 'symbol')) {
      const mirrored = op.startsWith('<') ? op.replace('<', '>') : op.replace('>', '<');
      return this.#compareConstant(mirrored as '<', right, left, (order) => holds(-order));
    }
    return holds(concreteCompare(left, right));
  }

  #compareSymbols(op: '<' | '<=' | '>' | '>=', a: SymbolValue, b: SymbolValue): boolean {
    if (readsProvider(a.term) !== readsProvider(b.term)) {
      return this.opaque('provider-relation', 'an order between a value of the call and one of each provider');
    }
    const both = (mask: number): boolean => this.isOf(a, mask) && this.isOf(b, mask);
    if (!both(NUMBER_CLASSES) && !both(TEXT_CLASS))
      return this.opaque('unsupported', 'an order of two values of different classes');
    const rel = ({ '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const)[op];
    return this.decide({ term: a.term, test: { op: 'relation', rel, other: b.term } });
  }

  #compareConstant(
    op: '<' | '<=' | '>' | '>=',
    symbol: SymbolValue,
    value: Value,
    holds: (order: number) => boolean,
  ): boolean {
    if (value === null) return holds(this.isOf(symbol, NULL_CLASS) ? 0 : 1);
    if (isKind(value, 'number')) {
      if (this.isOf(symbol, NUMBER_CLASSES)) return this.test(symbol, rangeOf(op, value));
      if (this.isOf(symbol, NULL_CLASS)) return holds(-1);
      if (this.isOf(symbol, TEXT_CLASS)) {
        const length = this.apply('length', [symbol]);
        if (this.looseEquals(length, javaInt(1)))
          return this.opaque('unsupported', 'a text of one letter is compared with a number as its character code');
        this.fail('java.lang.ClassCastException', 'java.lang.String cannot be cast to java.lang.Number');
      }
      if (this.isOf(symbol, classMask(['java.lang.Character'])))
        return this.opaque('unsupported', 'a character compared with a number');
      this.fail('java.lang.ClassCastException', 'cannot compare with a number');
    }
    if (isText(value)) {
      if (this.isOf(symbol, TEXT_CLASS)) {
        const rel = ({ '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const)[op];
        return this.test(symbol, { op: 'relation', rel, other: this.termOf(value) });
      }
      if (this.isOf(symbol, NULL_CLASS)) return holds(-1);
    }
    return this.opaque('unsupported', 'an order of values of different classes');
  }

  /** Text of any value: a String, or a symbol that is one. */
  text(given: Value): Value {
    const value = this.resolve(given);
    if (isKind(value, 'gstring')) return this.concat(value.parts.map((part) => this.text(part)));
    if (isKind(value, 'random')) return this.overDraw(value, concreteText);
    // Printing a count changes nothing; only using its text would.
    if (isKind(value, 'size'))
      return { kind: 'poison', code: 'provider-count', reason: 'the number of providers decides here' };
    if (isKind(value, 'poison')) return value;
    if (!isKind(value, 'symbol')) return this.textOfObject(value);
    if (this.isOf(value, TEXT_CLASS)) return value;
    if (this.isOf(value, NULL_CLASS)) return 'null';
    if (this.isOf(value, NUMBER_CLASSES)) {
      const few = this.enumerate(value);
      return isKind(few, 'symbol')
        ? { kind: 'symbol', term: { t: 'fn', fn: 'toText', args: [few.term] } }
        : concreteText(few);
    }
    if (this.isOf(value, classMask(['java.lang.Boolean'])))
      return this.test(value, { op: 'truthy' }) ? 'true' : 'false';
    return this.opaque('object-field', 'the text of an argument whose class weir does not know');
  }

  protected abstract textOfObject(value: Value): Value;

  /** Texts joined. */
  concat(parts: readonly Value[]): Value {
    const unknown = parts.find((part) => isKind(part, 'poison'));
    if (unknown !== undefined) return unknown;
    const flat: Value[] = [];
    for (const part of parts) {
      const last = flat.at(-1);
      if (typeof part === 'string' && typeof last === 'string') flat[flat.length - 1] = last + part;
      else if (part !== '') flat.push(part);
    }
    if (flat.length === 0) return '';
    if (flat.length === 1 && flat[0] !== undefined) return flat[0];
    const length = flat.reduce<number>((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
    if (length > 1_000_000) return this.opaque('size-limit', 'a text of more than a million characters');
    const random = flat.find((part) => isKind(part, 'random'));
    if (random) return this.apply('concat', flat);
    const args = flat.flatMap((part) => {
      const term = this.termOf(part);
      return term.t === 'fn' && term.fn === 'concat' ? term.args : [term];
    });
    return { kind: 'symbol', term: { t: 'fn', fn: 'concat', args } };
  }
}

function rangeOf(op: '<' | '<=' | '>' | '>=', value: Value): PlanTest {
  const at = concreteText(value);
  if (op.startsWith('>')) return { op: 'range', min: at, minOpen: op === '>', max: null, maxOpen: false };
  return { op: 'range', min: null, minOpen: false, max: at, maxOpen: op === '<' };
}
