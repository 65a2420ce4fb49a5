/** Comparisons of JavaScript as tests of a plan. */
import type { Term } from '../plan/plan-term.ts';
import type { PlanTest } from '../plan/route-plan.ts';
import type { JsValue, TermType } from './js-value.ts';

/** A question about a term: a test, an answer that is already known, or null where weir cannot say. */
export type Question = { readonly term: Term; readonly test: PlanTest } | boolean | null;

/** `term == constant` (`strict`: `===`) as Nashorn compares Java's values: Strings and Integers are primitives there. */
export function equalsConstant(term: Term, type: TermType, constant: JsValue, strict: boolean): Question {
  if (constant.k === 'null' || constant.k === 'undefined') {
    if (strict && constant.k === 'undefined') return type === 'any' ? null : false;
    return type === 'text?' || type === 'any' ? { term, test: { op: 'is', classes: ['null'] } } : false;
  }
  if (type === 'text' || type === 'text?') {
    if (constant.k === 'text')
      return { term, test: { op: 'eq', values: [{ t: 'java.lang.String', v: constant.value }] } };
    return strict ? false : null;
  }
  if (type === 'int') {
    const number =
      constant.k === 'number' ? constant.value : strict || constant.k !== 'text' ? null : wholeText(constant.value);
    if (number === null) return constant.k === 'text' && strict ? false : null;
    return Number.isSafeInteger(number)
      ? { term, test: { op: 'eq', values: [{ t: 'java.lang.Integer', v: String(number) }] } }
      : false;
  }
  if (type === 'bool' && constant.k === 'bool')
    return { term, test: { op: 'eq', values: [{ t: 'java.lang.Boolean', v: constant.value }] } };
  return null;
}

/** A text that is plainly a whole number. */
function wholeText(text: string): number | null {
  return /^-?(?:0|[1-9][0-9]{0,8})$/.test(text) ? Number(text) : null;
}

/** `term < number` and its kin, for whole numbers of Java. */
export function orderTest(term: Term, type: TermType, operator: string, bound: number): Question {
  if (type !== 'int' || !Number.isFinite(bound)) return null;
  const text = String(bound);
  if (/e/i.test(text)) return null;
  const open = operator === '<' || operator === '>';
  const below = operator === '<' || operator === '<=';
  const test: PlanTest = below
    ? { op: 'range', min: null, minOpen: false, max: text, maxOpen: open }
    : { op: 'range', min: text, minOpen: open, max: null, maxOpen: false };
  return { term, test };
}

/** `text.indexOf(part) operator bound`, where the bound tells only whether, or that at the start, the part was found. */
export function foundTest(
  term: Term,
  part: string,
  operator: string,
  bound: number,
): { question: Question; negated: boolean } {
  const contains = { term, test: { op: 'contains', text: part } } as const;
  const begins = { term, test: { op: 'prefix', text: part } } as const;
  const key = `${operator} ${bound}`;
  if (key === '>= 0' || key === '> -1' || key === '!= -1' || key === '!== -1')
    return { question: contains, negated: false };
  if (key === '< 0' || key === '<= -1' || key === '== -1' || key === '=== -1')
    return { question: contains, negated: true };
  if (key === '== 0' || key === '=== 0') return { question: begins, negated: false };
  if (key === '!= 0' || key === '!== 0') return { question: begins, negated: true };
  return { question: null, negated: false };
}

/** The same comparison with its sides exchanged. */
export function mirrored(operator: string): string {
  const pairs: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
  return pairs[operator] ?? operator;
}

/** A regular expression without special signs, as a test on a text; null for any other. */
export function plainPattern(pattern: string, flags: string): PlanTest | null {
  const match = /^(\^?)((?:\\[.\-/]|[\w :/-])+)(\$?)$/.exec(pattern);
  if (!match || flags !== '') return null;
  const text = (match[2] ?? '').replace(/\\(.)/g, '$1');
  if (match[1] === '^' && match[3] === '$') return { op: 'eq', values: [{ t: 'java.lang.String', v: text }] };
  if (match[1] === '^') return { op: 'prefix', text };
  return match[3] === '$' ? { op: 'suffix', text } : { op: 'contains', text };
}
