/** Operators of a JavaScript rule. */
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { MOST_TERMS, type Term, termSize } from '../plan/plan-term.ts';
import { equalsConstant, foundTest, mirrored, orderTest } from './js-compare.ts';
import { JsCore } from './js-core.ts';
import { parsedPattern, partIs } from './js-parts.ts';
import { type JsValue, jsBool, jsText, type ProviderList } from './js-value.ts';

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

  private parsedIs({ term, part, isHex }: Extract<JsValue, { k: 'parsed' }>, operator: string, bound: number): boolean {
    if (operator === '==' && !Number.isInteger(bound)) return false;
    const pattern = parsedPattern(part, isHex, operator, bound);
    return pattern === null ? this.opaque('a number that is read from a part of a text') : this.holdsFor(term, pattern);
  }

  /** Whether a term matches a pattern; no text matches null. */
  protected holdsFor(term: Term, pattern: string | null): boolean {
    return pattern !== null && this.decide({ term, test: { op: 'regex', pattern, mode: 'full' } });
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

const LONGEST_TEXT = 100_000;
const EQUALITIES = new Set(['==', '!=', '===', '!==']);
const ORDERS = new Set(['<', '<=', '>', '>=']);
