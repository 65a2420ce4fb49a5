/** Operators of a JavaScript rule. */
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { MOST_TERMS, readsProvider, type Term, termSize } from '../plan/plan-term.ts';
import type { PlanTest } from '../plan/route-plan.ts';
import { equalsConstant, foundTest, mirrored, orderTest } from './js-compare.ts';
import { ASCII, baseOf, numberOfText, parseIntOf } from './js-constants.ts';
import { JsCore } from './js-core.ts';
import { hexPattern, numberPattern, type Reading, unreadPattern } from './js-numbers.ts';
import { partIs, type TextPart } from './js-parts.ts';
import { JsUnread, type JsValue, jsBool, jsText, NOT_A_NUMBER, type ProviderList } from './js-value.ts';

/** Comparisons and `+` on values of the call, of the provider under test, and of the script. */
export abstract class JsOperators extends JsCore {
  /** A binary operator. */
  protected operate(operator: string, left: JsValue, right: JsValue): JsValue {
    if (EQUALITIES.has(operator)) {
      const strict = operator.length === 3;
      return jsBool(this.equal(left, right, strict, operator) !== operator.startsWith('!'));
    }
    if (ORDERS.has(operator)) return jsBool(this.order(operator, left, right));
    return this.arithmetic(operator, left, right);
  }

  private equal(left: JsValue, right: JsValue, strict: boolean, operator: string): boolean {
    const what = `the comparison ${operator}`;
    if (left.k === 'found' && right.k === 'number')
      return this.found(left, operator, right.value) !== operator.startsWith('!');
    if (right.k === 'found' && left.k === 'number')
      return this.found(right, operator, left.value) !== operator.startsWith('!');
    if (!strict && isReadable(left) && right.k === 'number') return this.textIs(left, right.value);
    if (!strict && isReadable(right) && left.k === 'number') return this.textIs(right, left.value);
    if (left.k === 'part' || right.k === 'part') return this.partEquals(left, right);
    if (left.k === 'parsed' && right.k === 'number') return this.parsedIs(left, '==', right.value);
    if (right.k === 'parsed' && left.k === 'number') return this.parsedIs(right, '==', left.value);
    if (left.k === 'parsed' || right.k === 'parsed') return this.opaque(what);
    if (left.k === 'size' && right.k === 'number') return this.sizeIs(left.of, right.value);
    if (right.k === 'size' && left.k === 'number') return this.sizeIs(right.of, left.value);
    if (left.k === 'term' && right.k !== 'term') return this.termEquals(left, right, strict, what);
    if (right.k === 'term' && left.k !== 'term') return this.termEquals(right, left, strict, what);
    return this.equalConstants(left, right, strict);
  }

  /** `===`, as `switch` compares. */
  protected strictlyEqual(left: JsValue, right: JsValue): boolean {
    return this.equal(left, right, true, '===');
  }

  /** A part of a text beside a constant text. */
  protected partEquals(left: JsValue, right: JsValue): boolean {
    const [part, constant] = left.k === 'part' ? [left, right] : [right, left];
    if (part.k !== 'part' || constant.k !== 'text')
      return this.opaque('a part of a text compared with what is no constant text');
    return this.holdsFor(part.term, partIs(part.part, constant.value));
  }

  /** `text == number`: the text is read as one, but null is like no number. */
  private textIs(text: Readable, bound: number): boolean {
    if (text.k === 'term' && text.type === 'text?' && this.isNull(text.term)) return false;
    return this.numberIs(this.numberOf(text), bound);
  }

  private numberIs(number: JsValue, bound: number): boolean {
    if (number.k === 'number') return number.value === bound;
    return number.k === 'parsed' ? this.parsedIs(number, '==', bound) : this.opaque('the number of a text');
  }

  protected isNull(term: Term): boolean {
    return this.decide({ term, test: { op: 'is', classes: ['null'] } });
  }

  protected parsedIs({ term, reading }: Parsed, operator: string, bound: number): boolean {
    if (Number.isNaN(bound)) return false;
    if (operator === '==' && reading.by !== 'Number' && reading.by !== 'parseFloat' && !Number.isInteger(bound))
      return false;
    const pattern = numberPattern(reading, operator, bound);
    return pattern === null ? this.opaque('a number that is read from a text') : this.holdsFor(term, pattern);
  }

  protected override parsedTruth(number: Parsed): boolean {
    // Nashorn 15.6 cuts what the operator + gives to 32 bits where that itself is a condition: +'0.5' is false there.
    if (number.plus) return this.opaque('the truth of what + makes of a text');
    return this.parsedIs(number, '<', 0) || this.parsedIs(number, '>', 0);
  }

  /** `parseInt`: the whole number with which a text begins, after blanks; NaN for none. */
  protected parseInt([value, base]: readonly JsValue[]): JsValue {
    const named = baseOf(base);
    if (value === undefined || named === null) return this.opaque('parseInt with such a base');
    if (value.k === 'number') {
      if (Number.isNaN(value.value)) return value;
      return Number.isInteger(value.value) && (named === 10 || named === 0)
        ? value
        : this.opaque('parseInt of such a number');
    }
    if (value.k === 'text') return parseIntOf(value.value, named) ?? this.opaque('parseInt of such a text');
    if (value.k === 'null' || value.k === 'undefined') return NOT_A_NUMBER;
    if (value.k === 'term' && value.type === 'int' && (named === 10 || named === 0)) return value;
    if (!isReadable(value)) return this.opaque('parseInt of what is no text');
    const { term } = value;
    if (value.k === 'term' && value.type === 'text?' && this.isNull(term)) return NOT_A_NUMBER;
    const part: TextPart = value.k === 'part' ? value.part : { part: 'whole' };
    const hex = hexPattern(part);
    if (hex === null) return this.opaque('parseInt of such a part of a text');
    const prefixed = (named === 0 || named === 16) && this.holdsFor(term, hex);
    return { k: 'parsed', term, reading: { by: 'parseInt', part, base: prefixed ? 16 : named || 10, prefixed } };
  }

  /** `Number(value)` and `+value`: the number that the whole text is. */
  protected numberOf(value: JsValue): JsValue {
    switch (value.k) {
      case 'number':
      case 'parsed':
      case 'size':
        return value;
      case 'bool':
        return { k: 'number', value: value.value ? 1 : 0 };
      case 'null':
        return { k: 'number', value: 0 };
      case 'undefined':
        return NOT_A_NUMBER;
      case 'text':
        return numberOfText(value.value) ?? this.opaque('the number of such a text');
      default:
        if (value.k === 'term' && value.type === 'int') return value;
        if (!isReadable(value)) return this.opaque('the number of what is no text');
        if (value.k === 'term' && value.type === 'text?' && this.isNull(value.term)) return { k: 'number', value: 0 };
        return this.readBy('Number', value);
    }
  }

  /** `parseFloat`: the number with which a text begins, after blanks; NaN for none. */
  protected parseFloat(value: JsValue): JsValue {
    if (value.k === 'number' || (value.k === 'term' && value.type === 'int')) return value;
    if (value.k === 'null' || value.k === 'undefined') return NOT_A_NUMBER;
    if (value.k === 'text' && ASCII.test(value.value)) return { k: 'number', value: Number.parseFloat(value.value) };
    if (!isReadable(value)) return this.opaque('parseFloat of what is no text');
    if (value.k === 'term' && value.type === 'text?' && this.isNull(value.term)) return NOT_A_NUMBER;
    return this.readBy('parseFloat', value);
  }

  private readBy(by: 'Number' | 'parseFloat', value: Readable): JsValue {
    const reading: Reading = { by, part: value.k === 'part' ? value.part : { part: 'whole' } };
    const unread = unreadPattern(reading);
    if (unread === null) return this.opaque('the number of such a part of a text');
    this.refuseTexts(value.term, unread, 'a number with an exponent or with more than six decimals');
    return { k: 'parsed', term: value.term, reading };
  }

  /** Whether a term matches a pattern; no text matches null. */
  protected holdsFor(term: Term, pattern: string | null): boolean {
    return pattern !== null && this.decide({ term, test: regexTest(pattern) });
  }

  /** Ends the path for texts that match a pattern: of the call, or of the provider under test. */
  protected refuseTexts(term: Term, pattern: string, why: string): void {
    if (!this.holdsFor(term, pattern)) return;
    if (this.each !== null && readsProvider(term)) throw new JsUnread(why);
    this.opaque(why);
  }

  private termEquals(
    value: Extract<JsValue, { k: 'term' }>,
    constant: JsValue,
    strict: boolean,
    what: string,
  ): boolean {
    if (constant.k !== 'text' || value.type !== 'any')
      return this.ask(equalsConstant(value.term, value.type, constant, strict), what);
    // An argument that is a String is compared as text, null is unlike any; the rest depends on its class.
    const { term } = value;
    if (this.decide({ term, test: { op: 'is', classes: ['java.lang.String'] } }))
      return this.decide({ term, test: { op: 'eq', values: [{ t: 'java.lang.String', v: constant.value }] } });
    if (this.decide({ term, test: { op: 'is', classes: ['null'] } })) return false;
    return this.opaque('an argument that is no String compared with a text');
  }

  private equalConstants(left: JsValue, right: JsValue, strict: boolean): boolean {
    const empty = (value: JsValue): boolean => value.k === 'null' || value.k === 'undefined';
    if (empty(left) && empty(right)) return !strict || left.k === right.k;
    if (empty(left) || empty(right)) {
      const other = empty(left) ? right : left;
      if (other.k === 'unknown' || other.k === 'builtin') return this.opaque('a comparison with nothing');
      return false;
    }
    const plain = (value: JsValue): string | number | boolean => {
      if (value.k === 'text' || value.k === 'number' || value.k === 'bool') return value.value;
      return this.opaque('a comparison of objects');
    };
    const [a, b] = [plain(left), plain(right)];
    if (typeof a === typeof b) return a === b;
    return strict ? false : this.opaque('a comparison of different types');
  }

  private found(value: Extract<JsValue, { k: 'found' }>, operator: string, bound: number): boolean {
    const { question, negated } = foundTest(value.term, value.text, operator, bound);
    return this.ask(question, 'a place in a text') !== negated;
  }

  private sizeIs(list: ProviderList, size: number): boolean {
    if (size === 0) return !this.notEmpty(list);
    throw new OpaqueSignal('provider-count', 'the number of providers decides', this.range);
  }

  private order(operator: string, left: JsValue, right: JsValue): boolean {
    if (left.k === 'number' && right.k === 'number') {
      const { value: a } = left;
      const { value: b } = right;
      return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b;
    }
    if (left.k === 'number' && right.k !== 'number') return this.order(mirrored(operator), right, left);
    if (right.k !== 'number') return this.opaque(`the comparison ${operator}`);
    if (left.k === 'found') return this.found(left, operator, right.value);
    if (left.k === 'parsed') return this.parsedIs(left, operator, right.value);
    if (isReadable(left) || PLAIN.has(left.k)) return this.order(operator, this.numberOf(left), right);
    if (left.k === 'size') {
      const key = `${operator} ${right.value}`;
      if (key === '> 0' || key === '>= 1') return this.notEmpty(left.of);
      if (key === '< 1' || key === '<= 0') return !this.notEmpty(left.of);
      throw new OpaqueSignal('provider-count', 'the number of providers decides', this.range);
    }
    if (left.k !== 'term') return this.opaque(`the comparison ${operator}`);
    return this.ask(orderTest(left.term, left.type, operator, right.value), `the comparison ${operator}`);
  }

  protected arithmetic(operator: string, left: JsValue, right: JsValue): JsValue {
    if (left.k === 'number' && right.k === 'number') {
      const { value: a } = left;
      const { value: b } = right;
      if (operator === '+') return { k: 'number', value: a + b };
      if (operator === '-') return { k: 'number', value: a - b };
      if (operator === '*') return { k: 'number', value: a * b };
      if (operator === '%') return { k: 'number', value: a % b };
      return this.opaque(`the operator ${operator}`);
    }
    const isText = (value: JsValue): boolean =>
      value.k === 'text' || (value.k === 'term' && (value.type === 'text' || value.type === 'text?'));
    if (operator !== '+' || !(isText(left) || isText(right))) return this.opaque(`the operator ${operator}`);
    const [a, b] = [this.textOf(left), this.textOf(right)];
    if (a.k === 'text' && b.k === 'text') {
      if (a.value.length + b.value.length > LONGEST_TEXT)
        return this.tooLarge('a text of more than 100,000 characters');
      return jsText(a.value + b.value);
    }
    const term: Term = { t: 'fn', fn: 'concat', args: [asTerm(a), asTerm(b)] };
    if (termSize(term) > MOST_TERMS) return this.tooLarge('a value of more than 10,000 terms');
    return { k: 'term', term, type: 'text' };
  }

  private tooLarge(reason: string): never {
    throw new OpaqueSignal('size-limit', reason, this.range);
  }

  /** The value as a text that `+` joins. */
  protected textOf(value: JsValue): JsValue {
    if (value.k === 'text') return value;
    if (value.k === 'number' && Number.isSafeInteger(value.value)) return jsText(String(value.value));
    if (value.k === 'null') return jsText('null');
    if (value.k !== 'term' || value.type === 'any' || value.type === 'bool')
      return this.opaque('the text of an object');
    if (value.type === 'text') return value;
    if (value.type === 'text?' && this.decide({ term: value.term, test: { op: 'is', classes: ['null'] } }))
      return jsText('null');
    const term: Term = value.type === 'int' ? { t: 'fn', fn: 'toText', args: [value.term] } : value.term;
    return { k: 'term', term, type: 'text' };
  }
}

function asTerm(value: JsValue): Term {
  if (value.k === 'term') return value.term;
  return { t: 'const', value: { t: 'java.lang.String', v: value.k === 'text' ? value.value : '' } };
}

/** The test whether a whole text matches. */
export function regexTest(pattern: string): PlanTest {
  return { op: 'regex', pattern, mode: 'full' };
}

function isReadable(value: JsValue): value is Readable {
  return value.k === 'part' || (value.k === 'term' && (value.type === 'text' || value.type === 'text?'));
}

type Parsed = Extract<JsValue, { k: 'parsed' }>;
type Readable =
  | Extract<JsValue, { k: 'part' }>
  | (Extract<JsValue, { k: 'term' }> & { readonly type: 'text' | 'text?' });
const LONGEST_TEXT = 100_000;
const PLAIN: ReadonlySet<string> = new Set(['null', 'undefined', 'bool', 'text']);
const EQUALITIES = new Set(['==', '!=', '===', '!==']);
const ORDERS = new Set(['<', '<=', '>', '>=']);
