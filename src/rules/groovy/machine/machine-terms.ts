/** The layer of the machine for symbolic values: their classes, functions and truth. */
import { MOST_TERMS, type Term, type TermFunction, termSize } from '../../plan/plan-term.ts';
import type { PlanTest } from '../../plan/route-plan.ts';
import { lacksMethod } from '../knowledge/member-names.ts';
import { kindsOfClasses } from '../knowledge/value-kinds.ts';
import {
  classesOfMask,
  classMask,
  NULL_CLASS,
  NUMBER_CLASSES,
  TEXT_CLASS,
  WHOLE_CLASSES,
} from '../values/class-mask.ts';
import { concreteCompare, concreteTruth } from '../values/concrete.ts';
import { isIntegral, javaInt } from '../values/java-number.ts';
import { typedOfValue } from '../values/typed-values.ts';
import {
  isKind,
  type ListItem,
  type RandomValue,
  type SegmentValue,
  type SymbolValue,
  type Value,
} from '../values/values.ts';
import { MachineCore } from './machine-core.ts';
import { anyOf } from './predicates.ts';
import { applyTermFunction } from './term-functions.ts';

const OTHER = classMask(['other']);
const OBJECTS = classMask(['java.util.List', 'java.util.Map', 'java.lang.Character']);
/** Groovy's methods behind functions of another name. */
const METHOD_NAMES: Readonly<Record<string, string>> = {
  divide: 'div',
  bitAnd: 'and',
  bitOr: 'or',
  bitXor: 'xor',
  shiftLeft: 'leftShift',
  shiftRight: 'rightShift',
  shiftRightUnsigned: 'rightShiftUnsigned',
  negative: 'unaryMinus',
};
const FLOATING_CLASSES = classMask(['java.lang.Double', 'java.lang.Float']);
const BIG_INTEGER = classMask(['java.math.BigInteger']);
const DECIMAL_CLASS = classMask(['java.math.BigDecimal']);
/** Most whole numbers into which a path splits a symbol. */
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
/** Symbolic values and conclusions from them: classes, functions, truth. If knowledge is missing, the path splits. */
export abstract class MachineTerms extends MachineCore {
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
    if (this.isOf(symbol, OTHER | OBJECTS))
      this.opaque('object-field', `${method}() of an object whose class weir does not know`);
    // A class that has such a method all the same does something of its own with it.
    const kinds = kindsOfClasses(this.facts(symbol.term).classes(symbol.term));
    if (!kinds.every((kind) => lacksMethod(kind, METHOD_NAMES[method] ?? method)))
      this.opaque('unknown-call', `${METHOD_NAMES[method] ?? method}() of a value of this class`);
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
    const values = args.map((arg) => this.plain(arg));
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
    const term = this.sized({ t: 'fn', fn, args: values.map((value) => this.termOf(value)) });
    const exception = PARTIAL[fn] ?? this.#divisionFailure(fn, values[1]);
    if (exception !== undefined && !this.decide({ term, test: { op: 'defined' } })) this.fail(exception, `${fn}`);
    const made: SymbolValue = { kind: 'symbol', term };
    return this.resolve(made);
  }

  /** A term that was made. @throws OpaqueSignal for one that grew without end. */
  protected sized(term: Term): Term {
    if (termSize(term) > MOST_TERMS) this.opaque('size-limit', 'a value of more than 10,000 terms');
    return term;
  }

  /** Values that stand for others are looked up; those that no function takes end the path. */
  protected plain(value: Value): Value {
    if (isKind(value, 'gstring')) return this.text(value);
    if (isKind(value, 'size')) return this.opaque('provider-count', 'the number of providers decides here');
    if (isKind(value, 'index')) return this.opaque('provider-order', 'the position of a provider decides here');
    if (isKind(value, 'poison')) return this.opaque(value.code, value.reason);
    return this.resolve(value);
  }

  #requireNumbers(fn: TermFunction, values: readonly Value[]): void {
    values.forEach((value, i) => {
      if (!isKind(value, 'symbol')) {
        if (i === 0 && value === null) this.fail('java.lang.NullPointerException', `Cannot execute null+${fn}`);
        if (!isKind(value, 'number') && !isKind(value, 'char')) {
          if (value === null && ['plus', 'minus', 'multiply', 'divide'].includes(fn))
            this.fail('groovy.lang.GroovyRuntimeException', 'Ambiguous method overloading');
          this.opaque('unknown-call', `${fn} with a value that is no number`);
        }
        // Some operators take a letter as its code beside a number, others do not.
        if (isKind(value, 'char')) this.opaque('unknown-call', `${fn} with a character`);
        return;
      }
      if (i > 0 && !this.isOf(value, NUMBER_CLASSES)) {
        if (
          this.isOf(value, OTHER | NULL_CLASS | classMask(['java.lang.Character', 'java.util.List', 'java.util.Map']))
        )
          this.opaque('unsupported', `${fn} with a value that is no number`);
        this.opaque('unknown-call', `${fn} with a value that is no number`);
      }
      this.require(value, NUMBER_CLASSES, fn);
    });
    if (fn.startsWith('shift') && values.some((value) => this.#isNumberOf(value, BIG_INTEGER)))
      this.opaque('unknown-call', 'a shift of a BigInteger');
    if (this.#isUnsupported(fn, values))
      this.fail('java.lang.UnsupportedOperationException', `Cannot use ${fn}() on this number type`);
  }

  /**
   * Whether Groovy's NumberMath lacks the operation for the classes of these numbers, constants or values of the call.
   * Bits, shifts and intdiv take whole numbers alone. A remainder takes a BigDecimal only beside a floating-point
   * number.
   */
  #isUnsupported(fn: TermFunction, values: readonly Value[]): boolean {
    if (fn === 'intdiv' || fn.startsWith('bit') || fn.startsWith('shift'))
      return !values.every((value) => this.#isNumberOf(value, WHOLE_CLASSES));
    if (fn !== 'mod' || values.some((value) => this.#isNumberOf(value, FLOATING_CLASSES))) return false;
    return values.some((value) => this.#isNumberOf(value, DECIMAL_CLASS));
  }

  #isNumberOf(value: Value, classes: number): boolean {
    if (isKind(value, 'symbol')) return this.isOf(value, classes);
    if (isKind(value, 'char')) return (WHOLE_CLASSES & classes) !== 0;
    if (!isKind(value, 'number')) return false;
    if (isIntegral(value)) return (WHOLE_CLASSES & classes) !== 0;
    return ((typeof value.value === 'number' ? FLOATING_CLASSES : DECIMAL_CLASS) & classes) !== 0;
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
  protected drawTruth(random: RandomValue, holds: (drawn: Value) => boolean): boolean {
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
    if (isKind(value, 'random')) return this.drawTruth(value, concreteTruth);
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

  /** Text of any value: a String, or a symbol that is one. */
  abstract text(given: Value): Value;
}
