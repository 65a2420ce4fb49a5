/** Facts about one term on a path: classes, equal and unequal values, bounds. */
import { holdsTest } from '../../plan/holds-test.ts';
import type { PlanTest, ValueClass } from '../../plan/route-plan.ts';
import { ALL_CLASSES, classMask, NULL_CLASS, NUMBER_CLASSES, TEXT_CLASS, WHOLE_CLASSES } from '../values/class-mask.ts';
import { concreteText, valueClassOf } from '../values/concrete.ts';
import { type Decimal, parseDecimal, truncateDecimal } from '../values/decimal.ts';
import { toDecimal } from '../values/java-number.ts';
import { valueOfTyped } from '../values/typed-values.ts';
import { isKind, type Value } from '../values/values.ts';
import { GroovyThrow, OpaqueSignal } from './exceptions.ts';

/** An end of what a number may be. */
export interface Bound {
  readonly at: Decimal;
  readonly open: boolean;
}

/** Knowledge about one term. */
export interface TermFacts {
  readonly classes: number;
  readonly equal: Value | undefined;
  /** Keys of values that the term is known not to equal; shared by all facts of the term, undone through the trail. */
  readonly unequal: Set<string>;
  readonly tests: readonly (readonly [PlanTest, boolean])[];
  readonly low: Bound | undefined;
  readonly high: Bound | undefined;
}

/** The result of a computation; undefined where it throws or weir cannot tell. */
export function attempt<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof GroovyThrow || error instanceof OpaqueSignal) return undefined;
    throw error;
  }
}

/** Whether one class is left. */
export function oneClass(classes: number): boolean {
  return (classes & (classes - 1)) === 0;
}

/** A key that is the same for values that are `==`, as far as their classes are alike. */
export function equalityKey(value: Value): string {
  if (isKind(value, 'number')) {
    const number = toDecimal(value);
    if (!number) return 'nan';
    let { unscaled, scale } = number;
    while (scale > 0 && unscaled % 10n === 0n) {
      unscaled /= 10n;
      scale--;
    }
    return `n${scale < 0 ? unscaled * 10n ** BigInt(-scale) : unscaled}e${Math.max(0, scale)}`;
  }
  if (value === null || typeof value === 'boolean') return String(value);
  return `s${concreteText(value)}`;
}

/** The first whole number at or past a bound. */
export function wholeBound(bound: Bound, inward: 1n | -1n): bigint {
  const cut = truncateDecimal(bound.at);
  const exact = bound.at.scale <= 0 || cut * 10n ** BigInt(Math.max(0, bound.at.scale)) === bound.at.unscaled;
  if (exact) return bound.open ? cut + inward : cut;
  const floor = bound.at.unscaled < 0n ? cut - 1n : cut;
  return inward === 1n ? floor + 1n : floor;
}

/** Classes for which a test can hold. */
export function possibleClasses(test: PlanTest): number {
  if (test.op === 'range') return NUMBER_CLASSES;
  if (test.op === 'eq') return test.values.reduce((mask, typed) => mask | classesEqualTo(valueOfTyped(typed)), 0);
  if (test.op === 'truthy') return ALL_CLASSES & ~NULL_CLASS;
  return TEXT_CLASS;
}

/** Classes whose values can be `==` to the value. */
function classesEqualTo(value: Value): number {
  if (value === null) return NULL_CLASS;
  const letters = classMask(['java.lang.Character']);
  if (typeof value === 'string') return value.length === 1 ? TEXT_CLASS | letters | NUMBER_CLASSES : TEXT_CLASS;
  if (isKind(value, 'number') || isKind(value, 'char')) return NUMBER_CLASSES | letters | TEXT_CLASS;
  return classMask([valueClassOf(value) as ValueClass]);
}

/** Whether an equality follows from what is known; undefined where it may go either way. */
export function impliedEqual(test: Extract<PlanTest, { op: 'eq' }>, facts: TermFacts): boolean | undefined {
  for (const typed of test.values) {
    const value = valueOfTyped(typed);
    if ((classesEqualTo(value) & facts.classes) !== 0 && canEqual(value, facts)) {
      const onlyNull = value === null && facts.classes === NULL_CLASS;
      return onlyNull ? true : undefined;
    }
  }
  return false;
}

function canEqual(value: Value, facts: TermFacts): boolean {
  if (facts.unequal.has(equalityKey(value))) return false;
  if (isKind(value, 'number')) {
    for (const bound of [facts.low, facts.high]) {
      if (!bound) continue;
      const order = compareToBound(value, bound);
      if (bound === facts.low ? order < 0 : order > 0) return false;
      if (order === 0 && bound.open) return false;
    }
  }
  if (typeof value === 'string' && (facts.classes & ~(TEXT_CLASS | NULL_CLASS)) === 0) {
    return facts.tests.every(([test, wanted]) => attempt(() => holdsTest(test, value)) !== !wanted);
  }
  return true;
}

function compareToBound(value: Value, bound: Bound): number {
  const low = { op: 'range', min: decimalText(bound.at), minOpen: false, max: null, maxOpen: false } as const;
  if (!holdsTest(low, value)) return -1;
  return holdsTest({ ...low, minOpen: true }, value) ? 1 : 0;
}

function decimalText(value: Decimal): string {
  return `${value.unscaled}e${-value.scale}`;
}

function orderOf(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = a.unscaled * 10n ** BigInt(scale - a.scale);
  const right = b.unscaled * 10n ** BigInt(scale - b.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether a range test follows from what is known; undefined where it may go either way. */
export function impliedRange(test: Extract<PlanTest, { op: 'range' }>, facts: TermFacts): boolean | undefined {
  const min = boundFrom(test.min, test.minOpen);
  const max = boundFrom(test.max, test.maxOpen);
  // An end that is no decimal, such as NaN, is no missing end.
  if ((test.min !== null && min === undefined) || (test.max !== null && max === undefined)) return undefined;
  const whole = (facts.classes & ~WHOLE_CLASSES) === 0;
  if (min && facts.high && separated(min, facts.high, whole)) return false;
  if (max && facts.low && separated(facts.low, max, whole)) return false;
  if ((facts.classes & ~NUMBER_CLASSES) !== 0) return undefined;
  // NaN is above every bound, so only an upper bound can be missed by it; low bounds then need no care.
  const aboveMin = !min || (facts.low !== undefined && atLeast(facts.low, min));
  const belowMax = !max || (facts.high !== undefined && atMost(facts.high, max));
  return aboveMin && belowMax ? true : undefined;
}

/** Whether nothing lies at or above `low` and at or below `high`. */
function separated(low: Bound, high: Bound, whole: boolean): boolean {
  if (whole) return wholeBound(low, 1n) > wholeBound(high, -1n);
  const order = orderOf(low.at, high.at);
  return order > 0 || (order === 0 && (low.open || high.open));
}

/** Whether everything past `inner` is past `outer` too (as lower ends). */
function atLeast(inner: Bound, outer: Bound): boolean {
  const order = orderOf(inner.at, outer.at);
  return order > 0 || (order === 0 && (inner.open || !outer.open));
}

/** Whether everything below `inner` is below `outer` too (as upper ends). */
function atMost(inner: Bound, outer: Bound): boolean {
  const order = orderOf(inner.at, outer.at);
  return order < 0 || (order === 0 && (inner.open || !outer.open));
}

function boundFrom(text: string | null, open: boolean): Bound | undefined {
  const at = text === null ? undefined : parseDecimal(text);
  return at ? { at, open } : undefined;
}

/** Whether a test on a text follows from earlier ones; undefined where it may go either way. */
export function impliedText(test: PlanTest, facts: TermFacts): boolean | undefined {
  for (const [known, holds] of facts.tests) {
    if (test.op === 'prefix' && known.op === 'prefix') {
      if (holds && known.text.startsWith(test.text)) return true;
      if (holds && !test.text.startsWith(known.text)) return false;
      if (!holds && test.text.startsWith(known.text)) return false;
    }
    if (test.op === 'suffix' && known.op === 'suffix') {
      if (holds && known.text.endsWith(test.text)) return true;
      if (holds && !test.text.endsWith(known.text)) return false;
      if (!holds && test.text.endsWith(known.text)) return false;
    }
    if (test.op === 'truthy' && holds && 'text' in known && known.text !== '') return true;
  }
  return undefined;
}

/** The facts after a test that holds. */
export function withTrue(facts: TermFacts, test: PlanTest): TermFacts {
  switch (test.op) {
    case 'is':
      return { ...facts, classes: facts.classes & classMask(test.classes) };
    case 'eq': {
      const classes = facts.classes & possibleClasses(test);
      const only = test.values.length === 1 ? test.values[0] : undefined;
      const value = only ? valueOfTyped(only) : undefined;
      // A letter may be a text, a character or a number that is `==` to it: then the value stays open. The class of a
      // number may stay open, for its users ask for the class too.
      const isLetter = typeof value === 'string' || isKind(value, 'char');
      const certain = value === undefined || !isLetter || classes === classMask([valueClassOf(value) as ValueClass]);
      return { ...facts, classes, equal: certain ? value : undefined };
    }
    case 'range': {
      const low = boundFrom(test.min, test.minOpen);
      const high = boundFrom(test.max, test.maxOpen);
      return {
        ...facts,
        classes: facts.classes & NUMBER_CLASSES,
        low: low && (!facts.low || atLeast(low, facts.low)) ? low : facts.low,
        high: high && (!facts.high || atLeast(facts.high, high)) ? high : facts.high,
      };
    }
    case 'defined':
      return facts;
    default:
      return { ...facts, classes: facts.classes & possibleClasses(test), tests: [...facts.tests, [test, true]] };
  }
}

/** The facts after a test that does not hold. */
export function withFalse(facts: TermFacts, test: PlanTest): TermFacts {
  switch (test.op) {
    case 'is':
      return { ...facts, classes: facts.classes & ~classMask(test.classes) };
    case 'eq': {
      const values = test.values.map(valueOfTyped);
      const classes = values.includes(null) ? facts.classes & ~NULL_CLASS : facts.classes;
      return { ...facts, classes };
    }
    case 'range': {
      if ((facts.classes & ~NUMBER_CLASSES) !== 0) return facts;
      const low = boundFrom(test.min, test.minOpen);
      const high = boundFrom(test.max, test.maxOpen);
      if (low && !high)
        return withTrue(facts, { op: 'range', min: null, minOpen: false, max: test.min, maxOpen: !test.minOpen });
      if (high && !low)
        return withTrue(facts, { op: 'range', min: test.max, minOpen: !test.maxOpen, max: null, maxOpen: false });
      return facts;
    }
    case 'truthy':
      if (facts.classes === TEXT_CLASS) return { ...facts, equal: '' };
      return { ...facts, tests: [...facts.tests, [test, false]] };
    case 'defined':
      return facts;
    default:
      return { ...facts, tests: [...facts.tests, [test, false]] };
  }
}
