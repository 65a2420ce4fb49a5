/** Conditions on a promoted argument that is a number, over its canonical decimal text. */
import { compareDecimals, parseDecimal } from '../../groovy/values/decimal.ts';
import { valueOfTyped } from '../../groovy/values/typed-values.ts';
import { isKind } from '../../groovy/values/values.ts';
import type { Term } from '../../plan/plan-term.ts';
import type { PlanCondition, PlanTest, ValueClass } from '../../plan/route-plan.ts';
import type { TypedValue } from '../../plan/typed-value.ts';
import { intervalsOf } from '../number-text.ts';
import type { ClassAnswer } from './envoy-test.ts';
import { canonicalNumber } from './promoted-arguments.ts';

const FLOATING: ReadonlySet<ValueClass> = new Set(['java.lang.Double', 'java.lang.Float']);
const INTS: ReadonlySet<ValueClass> = new Set(['java.lang.Byte', 'java.lang.Short', 'java.lang.Integer']);

/** Everything but zero, which Groovy takes as true; NaN is. */
const NOT_ZERO = '-?[0-9.]*[1-9][0-9.]*|NaN|-?Infinity';

/** Beyond this a residue would not be exact in the double arithmetic of Envoy's Lua. */
const LARGEST_MODULUS = 10n ** 12n;

const EXACT_DOUBLE = 2 ** 53;

/** What a condition on an argument says about numbers of one class. */
export function numberAnswer({ term, test }: PlanCondition, cls: ValueClass): ClassAnswer {
  const reading = readTerm(term, cls);
  if (reading === null) return 'unknown';
  if (reading.modulus !== null) return residueAnswer(test, reading.modulus);
  switch (test.op) {
    case 'eq':
      return equalAnswer(test.values, cls);
    case 'range':
      return rangeAnswer(test, cls);
    case 'truthy':
      return [{ regex: NOT_ZERO }];
    case 'defined':
      return true;
    case 'is':
    case 'relation':
      return 'unknown';
    default:
      // Tests on texts hold for texts alone.
      return false;
  }
}

/** The argument itself, or its residue; null for what Envoy cannot compute. */
function readTerm(term: Term, cls: ValueClass): { readonly modulus: bigint | null } | null {
  if (term.t === 'arg') return { modulus: null };
  const isWhole = INTS.has(cls) || cls === 'java.lang.Long';
  if (term.t !== 'fn' || !isWhole) return null;
  const [inner, by] = term.args;
  if (inner === undefined) return null;
  switch (term.fn) {
    case 'toLong':
    case 'longValue':
      return readTerm(inner, cls);
    case 'toInteger':
    case 'intValue':
      return INTS.has(cls) ? readTerm(inner, cls) : null;
    case 'parseLong':
      return inner.t === 'fn' && inner.fn === 'toText' && inner.args[0] !== undefined
        ? readTerm(inner.args[0], cls)
        : null;
    case 'mod': {
      const value = by?.t === 'const' ? valueOfTyped(by.value) : null;
      const dividend = readTerm(inner, cls);
      if (!isKind(value, 'number') || dividend === null || dividend.modulus !== null) return null;
      if (!['Byte', 'Short', 'Integer', 'Long'].includes(value.cls) || typeof value.value !== 'bigint') return null;
      const modulus = value.value < 0n ? -value.value : value.value;
      return modulus === 0n || modulus > LARGEST_MODULUS ? null : { modulus };
    }
    default:
      return null;
  }
}

function residueAnswer(test: PlanTest, modulus: bigint): ClassAnswer {
  if (test.op === 'defined') return true;
  if (test.op === 'is') return 'unknown';
  const spans = intervalsOf(test, { min: 1n - modulus, max: modulus - 1n });
  if (spans === null) return false;
  if (spans.length === 0) return false;
  const texts = spans.map(({ min, max }) => [String(min), String(max)] as const);
  return [{ residue: { modulus: String(modulus), spans: texts } }];
}

function equalAnswer(values: readonly TypedValue[], cls: ValueClass): ClassAnswer {
  const texts = new Set<string>();
  for (const typed of values) {
    const value = valueOfTyped(typed);
    if (typeof value === 'string' || isKind(value, 'char')) {
      const text = typeof value === 'string' ? value : value.text;
      if (text.length === 1) texts.add(String(text.charCodeAt(0)));
    } else if (isKind(value, 'number')) {
      const text = canonicalNumber(value);
      if (!isExact(text, cls, typeof value.value === 'number')) return 'unknown';
      // A whole number is never -0: what equals a double's -0 is a double.
      if (text !== '-0' || FLOATING.has(cls)) texts.add(text);
    } else if (value !== null && typeof value !== 'boolean') return 'unknown';
  }
  return texts.size === 0 ? false : [{ in: [...texts] }];
}

function rangeAnswer(test: Extract<PlanTest, { op: 'range' }>, cls: ValueClass): ClassAnswer {
  const bounds = [test.min, test.max].map((bound) => (bound === null ? null : canonicalBound(bound)));
  const [min = null, max = null] = bounds.map((bound) => bound ?? null);
  if (test.min !== null && min === null) return 'unknown';
  if (test.max !== null && max === null) return 'unknown';
  for (const bound of [min, max]) if (bound !== null && !isExact(bound, cls, false)) return 'unknown';
  const { minOpen, maxOpen } = test;
  return [{ number: { min, minOpen, max, maxOpen } }];
}

function canonicalBound(text: string): string | null {
  const value = parseDecimal(text);
  return value === undefined ? null : canonicalNumber({ kind: 'number', cls: 'BigDecimal', value });
}

/** Whether comparing decimal texts does what Java does: it compares as doubles where one side is a double. */
function isExact(constant: string, cls: ValueClass, isDouble: boolean): boolean {
  const value = parseDecimal(constant);
  if (FLOATING.has(cls)) {
    if (isDouble || value === undefined) return true;
    const shortest = parseDecimal(String(Number(constant)));
    return shortest !== undefined && compareDecimals(shortest, value) === 0;
  }
  if (!isDouble || INTS.has(cls)) return true;
  return cls === 'java.lang.Long' && Math.abs(Number(constant)) < EXACT_DOUBLE;
}
