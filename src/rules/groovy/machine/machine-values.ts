/** The layer of the machine for equality, order and text of values. */
import { evaluateTerm } from '../../plan/evaluate-term.ts';
import { readsProvider, type Term } from '../../plan/plan-term.ts';
import type { PlanTest } from '../../plan/route-plan.ts';
import { classMask, NULL_CLASS, NUMBER_CLASSES, TEXT_CLASS, WHOLE_CLASSES } from '../values/class-mask.ts';
import { concreteCompare, concreteEquals, concreteLooseEquals, concreteText, isText } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import { typedOfValue } from '../values/typed-values.ts';
import { isKind, type SizeValue, type SymbolValue, type Value } from '../values/values.ts';
import { GroovyThrow } from './exceptions.ts';
import { MachineTerms } from './machine-terms.ts';
import { termKey } from './path-knowledge.ts';
import { applyTermFunction } from './term-functions.ts';

const OTHER = classMask(['other']);
/** Longest text that is put together, in UTF-16 units. */
const TEXT_LIMIT = 100_000;

/** Most texts of providers that one test of a call is expanded over. */
const MOST_TEXTS = 12;

/** Equality, order and text of values, the same for one call and for every call. */
export abstract class MachineValues extends MachineTerms {
  /** Java's equals. */
  equals(a: Value, b: Value): boolean {
    const left = this.#comparable(a);
    const right = this.#comparable(b);
    if (isKind(left, 'random') || isKind(right, 'random')) return this.#drawPair(left, right, concreteEquals);
    if (isKind(left, 'symbol') && isKind(right, 'symbol')) {
      // Whatever it is, a value equals itself.
      if (termKey(left.term) === termKey(right.term)) return true;
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
    return this.plain(value);
  }

  #drawPair(a: Value, b: Value, test: (x: Value, y: Value) => boolean): boolean {
    if (isKind(a, 'random') && isKind(b, 'random')) return this.opaque('random', 'two random numbers compared');
    if (isKind(a, 'random')) return this.drawTruth(a, (drawn) => test(drawn, b));
    if (isKind(b, 'random')) return this.drawTruth(b, (drawn) => test(a, drawn));
    return test(a, b);
  }

  /** Groovy's `==`. */
  looseEquals(a: Value, b: Value): boolean {
    if (isKind(a, 'size') || isKind(b, 'size')) return this.#sizeTest(a, b, (order) => order === 0);
    const left = isKind(a, 'gstring') ? this.text(a) : this.plain(a);
    const right = isKind(b, 'gstring') ? this.text(b) : this.plain(b);
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
  abstract looseEqualObjects(a: Value, b: Value): boolean;

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

  /** Which of some different texts a value of the call equals: its index, or -1. */
  whichText(symbol: SymbolValue, texts: readonly string[]): number {
    const { term } = symbol;
    if (texts.length === 0 || !this.isOf(symbol, TEXT_CLASS)) return -1;
    const computed = term.t === 'fn' && (term.fn === 'concat' || term.fn === 'toText');
    if (computed || readsProvider(term) || this.facts(term).classes(term) !== TEXT_CLASS)
      return texts.findIndex((text) => this.equals(symbol, text));
    return this.explorer.decideFirst(texts.length, (i) => ({ term, test: this.#textTest(texts[i] ?? '') }));
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

  /** The values of a term that the known providers have, by their text; what depends on them holds for these providers only. */
  #valuesInSnapshot(provider: SymbolValue): [string, Value][] {
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
    return [...values].sort(([x], [y]) => (x < y ? -1 : 1));
  }

  /** Equality of provider and call, expanded over the values that the known providers have. */
  #equalInSnapshot(provider: SymbolValue, call: SymbolValue): boolean {
    const values = this.#valuesInSnapshot(provider);
    if (this.isOf(call, NULL_CLASS)) return this.isOf(provider, NULL_CLASS);
    for (const [, value] of values) {
      if (this.looseEquals(call, value)) return this.looseEquals(provider, value);
    }
    return false;
  }

  /** Whether a test of the call with a text of the provider holds, expanded over the texts that the known providers have. */
  testInSnapshot(provider: SymbolValue, holds: (text: string) => boolean): boolean {
    const texts = this.#valuesInSnapshot(provider).flatMap(([, value]) => (isText(value) ? [concreteText(value)] : []));
    if (texts.length > MOST_TEXTS) return this.opaque('path-limit', 'the providers have more texts than weir follows');
    // All decisions on the call come first: they are the same for each provider.
    return texts.filter(holds).some((text) => this.looseEquals(provider, text));
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
    // The number may be the limit itself.
    const exact = concreteCompare(limit, javaInt(1)) > 0 ? holds(0) : one;
    if (one !== many || exact !== one || !isKind(size, 'size'))
      return this.opaque('provider-count', 'the number of providers decides here');
    if (atNone === one) return one;
    return this.hasItems(size.items) ? one : atNone;
  }

  /** `<`, `<=`, `>`, `>=` and, through `holds`, anything that follows from the order. */
  compare(op: '<' | '<=' | '>' | '>=', a: Value, b: Value): boolean {
    const holds = (order: number): boolean =>
      op === '<' ? order < 0 : op === '<=' ? order <= 0 : op === '>' ? order > 0 : order >= 0;
    if (isKind(a, 'size') || isKind(b, 'size')) return this.#sizeTest(a, b, holds);
    const left = this.plain(a);
    let right = this.plain(b);
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
      if (this.isOf(symbol, NUMBER_CLASSES)) {
        // Double.compare puts NaN last and -0.0 before 0.0; the ends of ranges are decimals.
        if (typeof value.value === 'number' && (!Number.isFinite(value.value) || Object.is(value.value, -0)))
          return this.opaque('unsupported', 'an order beside NaN, an infinite number or -0.0');
        return this.test(symbol, rangeOf(op, value));
      }
      if (this.isOf(symbol, NULL_CLASS)) return holds(-1);
      if (this.isOf(symbol, TEXT_CLASS)) {
        const length = this.apply('length', [symbol]);
        if (this.looseEquals(length, javaInt(1)))
          return this.opaque('unsupported', 'a text of one letter is compared with a number as its character code');
        this.fail('java.lang.ClassCastException', 'java.lang.String cannot be cast to java.lang.Number');
      }
      if (this.isOf(symbol, classMask(['java.lang.Character'])))
        return this.opaque('unsupported', 'a character compared with a number');
      return this.opaque('unsupported', 'a value of this class is compared with a number');
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
    this.explorer.tick();
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
    const length = parts.reduce<number>((sum, part) => sum + (typeof part === 'string' ? part.length : 1), 0);
    if (length > TEXT_LIMIT) return this.opaque('size-limit', 'a text of more than 100,000 characters');
    this.explorer.spend(length >> 6);
    const flat: Value[] = [];
    for (const part of parts) {
      const last = flat.at(-1);
      if (typeof part === 'string' && typeof last === 'string') flat[flat.length - 1] = last + part;
      else if (part !== '') flat.push(part);
    }
    if (flat.length === 0) return '';
    if (flat.length === 1 && flat[0] !== undefined) return flat[0];
    const random = flat.find((part) => isKind(part, 'random'));
    if (random) return this.apply('concat', flat);
    const args = flat.flatMap((part) => {
      const term = this.termOf(part);
      return term.t === 'fn' && term.fn === 'concat' ? term.args : [term];
    });
    return { kind: 'symbol', term: this.sized({ t: 'fn', fn: 'concat', args }) };
  }
}

function rangeOf(op: '<' | '<=' | '>' | '>=', value: Value): PlanTest {
  const at = concreteText(value);
  if (op.startsWith('>')) return { op: 'range', min: at, minOpen: op === '>', max: null, maxOpen: false };
  return { op: 'range', min: null, minOpen: false, max: at, maxOpen: op === '<' };
}
