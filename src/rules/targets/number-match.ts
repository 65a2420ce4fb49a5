/** Numeric matches of Dubbo's dialect: conditions on Java numbers as doubles, ranges and residues. */
import type { RoutingCall } from '../case-file.ts';
import { conditionHolds } from '../plan/evaluate-plan.ts';
import { leavesOf, type Term } from '../plan/plan-term.ts';
import type { PlanCondition } from '../plan/route-plan.ts';
import type { IntegerInterval } from './integer-regex.ts';
import { intervalsOf } from './number-text.ts';

/** One alternative of a `num_value`: doubles, half-open ranges, or a residue. */
export type NumberAlternative =
  | { readonly kind: 'exact'; readonly value: number }
  | { readonly kind: 'range'; readonly start: number | null; readonly end: number | null }
  | { readonly kind: 'residue'; readonly modulus: number; readonly value: number };

/**
 * The translation of a condition on a numeric argument: alternatives (any of them holds), true or false for every value
 * of the class, or unsupported with the reason. `rounding` says that values beyond 2^53 may fall on the wrong side.
 */
export type NumberMatch =
  | { readonly kind: 'alternatives'; readonly any: readonly NumberAlternative[]; readonly rounding: boolean }
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'unsupported'; readonly why: string };

/** Run-time classes of a numeric parameter that a Double can stand for. */
export type NumericClass =
  | 'java.lang.Integer'
  | 'java.lang.Long'
  | 'java.lang.Short'
  | 'java.lang.Byte'
  | 'java.lang.Double';

const LIMITS: Readonly<Record<Exclude<NumericClass, 'java.lang.Double'>, IntegerInterval>> = {
  'java.lang.Integer': { min: -(2n ** 31n), max: 2n ** 31n - 1n },
  'java.lang.Long': { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  'java.lang.Short': { min: -32768n, max: 32767n },
  'java.lang.Byte': { min: -128n, max: 127n },
};

const EXACT_LIMIT = 2n ** 53n;
const LARGEST_MODULUS = 1000;

/** Translates a condition whose only leaf is an argument of the given class into alternatives over doubles. */
export function numberMatch(condition: PlanCondition, index: number, javaClass: NumericClass): NumberMatch {
  const { term, test } = condition;
  if (test.op === 'relation') return { kind: 'unsupported', why: 'it compares two values of the call' };
  if (term.t === 'arg') {
    if (test.op === 'is') return test.classes.includes(javaClass) ? { kind: 'always' } : { kind: 'never' };
    if (test.op === 'defined') return { kind: 'always' };
    if (javaClass === 'java.lang.Double') return realMatch(condition);
    const spans = intervalsOf(test, LIMITS[javaClass]);
    return spans === null ? { kind: 'never' } : fromIntervals(spans, LIMITS[javaClass]);
  }
  if (term.t === 'fn' && term.fn === 'toText' && term.args[0]?.t === 'arg') {
    const match = textMatch(condition, javaClass);
    if (match !== null) return match;
  }
  if (javaClass === 'java.lang.Double') return { kind: 'unsupported', why: 'it computes with a floating-point number' };
  const modulus = modulusOf(term);
  if (modulus === null)
    return { kind: 'unsupported', why: 'it computes with the argument in a way that no residue covers' };
  return residueMatch(condition, index, javaClass, modulus);
}

/** A comparison of the number's text with whole texts; null where it asks for more. */
function textMatch(condition: PlanCondition, javaClass: NumericClass): NumberMatch | null {
  const { test } = condition;
  if (test.op !== 'eq') return null;
  const texts = test.values.flatMap((value) =>
    'v' in value && value.t === 'java.lang.String' ? [String(value.v)] : [],
  );
  if (javaClass === 'java.lang.Double')
    return texts.some((text) => /^(?:-?[0-9]|-?Infinity$|NaN$)/.test(text)) ? null : { kind: 'never' };
  const limit = LIMITS[javaClass];
  const whole = texts.filter((text) => /^(?:0|-?[1-9][0-9]{0,18})$/.test(text)).map(BigInt);
  const { min: least, max: most } = limit;
  const inside = whole.filter((value) => (least === null || value >= least) && (most === null || value <= most));
  const spans = inside.map((value) => ({ min: value, max: value }));
  return fromIntervals(spans, limit);
}

function fromIntervals(spans: readonly IntegerInterval[], limit: IntegerInterval): NumberMatch {
  const any: NumberAlternative[] = [];
  let rounding = false;
  for (const { min, max } of spans) {
    if (min === limit.min && max === limit.max) return { kind: 'always' };
    const bounds = [min === limit.min ? null : min, max === limit.max ? null : max];
    if (bounds.some((bound) => bound !== null && (bound > EXACT_LIMIT || bound < -EXACT_LIMIT))) {
      return {
        kind: 'unsupported',
        why: 'it names a number beyond 2^53, which a Double cannot tell from its neighbours',
      };
    }
    const [low, high] = bounds;
    if (min !== null && min === max) {
      any.push({ kind: 'exact', value: Number(min) });
      if (min === EXACT_LIMIT || min === -EXACT_LIMIT) rounding = true;
    } else {
      const end = high === null || high === undefined ? null : Number(high + 1n);
      any.push({ kind: 'range', start: low === null || low === undefined ? null : Number(low), end });
    }
  }
  return any.length === 0 ? { kind: 'never' } : { kind: 'alternatives', any, rounding };
}

// Doubles: an open bound moves to the neighbouring double, so that half-open ranges say the same.
function realMatch(condition: PlanCondition): NumberMatch {
  const { test } = condition;
  if (test.op === 'eq') {
    const any = test.values.flatMap((value): NumberAlternative[] => {
      if (!('v' in value) || value.t === 'java.lang.String' || Number.isNaN(Number(value.v))) return [];
      const number = Number(value.v);
      return number === 0
        ? [
            { kind: 'exact', value: 0 },
            { kind: 'exact', value: -0 },
          ]
        : [{ kind: 'exact', value: number }];
    });
    return any.length === 0 ? { kind: 'never' } : { kind: 'alternatives', any, rounding: false };
  }
  if (test.op === 'range') {
    const start = test.min === null ? null : nextDouble(Number(test.min), test.minOpen);
    const end = test.max === null ? null : nextDouble(Number(test.max), !test.maxOpen);
    return { kind: 'alternatives', any: [{ kind: 'range', start, end }], rounding: false };
  }
  if (test.op === 'truthy') {
    const any: NumberAlternative[] = [
      { kind: 'range', start: null, end: -0 },
      { kind: 'range', start: Number.MIN_VALUE, end: null },
    ];
    return { kind: 'alternatives', any, rounding: false };
  }
  return { kind: 'never' };
}

function nextDouble(value: number, up: boolean): number {
  // Zero as a lower bound must let -0.0 in, for Groovy's >= 0 holds for it.
  if (value === 0) return up ? Number.MIN_VALUE : -0;
  if (!up) return value;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}

// Every occurrence of the argument must stand directly under the same `% m`: then the term depends on the residue alone.
function modulusOf(term: Term): number | null {
  let modulus: number | null = null;
  let good = true;
  const visit = (node: Term): void => {
    if (node.t !== 'fn') {
      if (node.t !== 'const') good = false;
      return;
    }
    const [left, right] = node.args;
    if (node.fn === 'mod' && isWideArgument(left) && right?.t === 'const' && 'v' in right.value) {
      const value = Math.abs(Number(right.value.v));
      const integral = Number.isInteger(value) && value > 0 && value <= LARGEST_MODULUS;
      if (!integral || (modulus !== null && modulus !== value)) good = false;
      else modulus = value;
      return;
    }
    for (const arg of node.args) visit(arg);
  };
  visit(term);
  return good ? modulus : null;
}

// `(int) x % m` wraps first; widening to Long does not change the residue.
function isWideArgument(term: Term | undefined): boolean {
  if (term?.t === 'arg') return true;
  return term?.t === 'fn' && (term.fn === 'toLong' || term.fn === 'longValue') && term.args[0]?.t === 'arg';
}

function residueMatch(condition: PlanCondition, index: number, javaClass: NumericClass, modulus: number): NumberMatch {
  const passes = (residue: number): boolean => conditionHolds(condition, probe(index, javaClass, residue));
  const residues = Array.from({ length: 2 * modulus - 1 }, (_, at) => at - modulus + 1);
  const passing = residues.filter(passes);
  if (passing.length === 0) return { kind: 'never' };
  if (passing.length === residues.length) return { kind: 'always' };
  const held = new Set(passing);
  const any: NumberAlternative[] = [];
  const negative = residues.filter((residue) => residue < 0);
  const positive = residues.filter((residue) => residue > 0);
  // A whole side is one range; zero belongs to both sides, with two signs.
  const allNegative = held.has(0) && negative.every((residue) => held.has(residue));
  const allPositive = held.has(0) && positive.every((residue) => held.has(residue));
  const rest = new Set(held);
  if (allNegative) {
    any.push({ kind: 'range', start: null, end: 1 });
    for (const residue of negative) rest.delete(residue);
  }
  if (allPositive) {
    any.push({ kind: 'range', start: 0, end: null });
    for (const residue of positive) rest.delete(residue);
  }
  for (const residue of rest) {
    any.push({ kind: 'residue', modulus, value: residue });
    if (residue === 0) any.push({ kind: 'residue', modulus, value: -0 });
  }
  const used = leavesOf(condition.term).length === 1;
  if (!used) return { kind: 'unsupported', why: 'it joins two values of the call' };
  return { kind: 'alternatives', any, rounding: javaClass === 'java.lang.Long' };
}

function probe(index: number, javaClass: NumericClass, value: number): RoutingCall {
  const args = Array.from({ length: index + 1 }, () => ({ t: 'null' as const }));
  return {
    service: '',
    method: '',
    paramTypes: args.map(() => javaClass),
    args: args.map((arg, at) => (at === index ? { t: javaClass, v: String(value) } : arg)),
    attachments: {},
    consumer: {},
  };
}
