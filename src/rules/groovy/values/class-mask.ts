/** Sets of value classes as bits. */
import type { Term, TermFunction } from '../../plan/plan-term.ts';
import type { ValueClass } from '../../plan/route-plan.ts';
import { GroovyThrow, OpaqueSignal } from '../machine/exceptions.ts';
import { applyTermFunction } from '../machine/term-functions.ts';
import { valueClassOf } from './concrete.ts';
import { valueOfTyped } from './typed-values.ts';
import { VALUE_CLASSES, type Value } from './values.ts';

const BIT = new Map<ValueClass, number>(VALUE_CLASSES.map((name, i) => [name, 1 << i]));

/** Classes as a set of bits. */
export function classMask(classes: readonly ValueClass[]): number {
  return classes.reduce((mask, name) => mask | (BIT.get(name) ?? 0), 0);
}

/** The classes of a set of bits, in the order of VALUE_CLASSES. */
export function classesOfMask(mask: number): ValueClass[] {
  return VALUE_CLASSES.filter((name) => (mask & (BIT.get(name) ?? 0)) !== 0);
}

/** Every class. */
export const ALL_CLASSES = (1 << VALUE_CLASSES.length) - 1;
/** null. */
export const NULL_CLASS = classMask(['null']);
/** String. */
export const TEXT_CLASS = classMask(['java.lang.String']);
/** Boolean. */
export const BOOLEAN_CLASS = classMask(['java.lang.Boolean']);
/** Byte, Short, Integer, Long and BigInteger. */
export const WHOLE_CLASSES = classMask([
  'java.lang.Integer',
  'java.lang.Long',
  'java.lang.Short',
  'java.lang.Byte',
  'java.math.BigInteger',
]);
/** Every subclass of Number that a plan distinguishes. */
export const NUMBER_CLASSES =
  WHOLE_CLASSES | classMask(['java.lang.Double', 'java.lang.Float', 'java.math.BigDecimal']);

const INTEGER = classMask(['java.lang.Integer']);

/** Classes that the results of functions on text have. */
const FUNCTION_CLASSES: Partial<Record<TermFunction, number>> = {
  toInteger: INTEGER,
  toLong: classMask(['java.lang.Long']),
  toDouble: classMask(['java.lang.Double']),
  toBigDecimal: classMask(['java.math.BigDecimal']),
  parseInt: INTEGER,
  parseLong: classMask(['java.lang.Long']),
  intValue: INTEGER,
  longValue: classMask(['java.lang.Long']),
  doubleValue: classMask(['java.lang.Double']),
  toText: TEXT_CLASS,
  concat: TEXT_CLASS,
  length: INTEGER,
  toLowerCase: TEXT_CLASS,
  toUpperCase: TEXT_CLASS,
  trim: TEXT_CLASS,
  reverse: TEXT_CLASS,
  substring: TEXT_CLASS,
  indexOf: INTEGER,
  lastIndexOf: INTEGER,
  charAt: classMask(['java.lang.Character']),
  replace: TEXT_CLASS,
  tokenAt: TEXT_CLASS | NULL_CLASS,
  tokenCount: INTEGER,
  splitAt: TEXT_CLASS,
  splitCount: INTEGER,
  hashCode: INTEGER,
};

/** One value of each number class, to see what arithmetic makes of the classes. */
const SAMPLES: readonly (readonly [number, Value])[] = VALUE_CLASSES.filter((name) => name.startsWith('java.')).flatMap(
  (name) => {
    if (!(classMask([name]) & NUMBER_CLASSES)) return [];
    return [[classMask([name]), valueOfTyped({ t: name, v: '3' })] as const];
  },
);

/** Classes that a term may have before a path has decided anything. `classesOf` gives those of its parts. */
export function initialClasses(term: Term, classesOf: (part: Term) => number): number {
  switch (term.t) {
    case 'const':
      return classMask([valueClassOf(valueOfTyped(term.value))]);
    case 'arg':
      return ALL_CLASSES;
    case 'port':
    case 'paramCount':
    case 'argCount':
      return INTEGER;
    case 'available':
      return BOOLEAN_CLASS;
    case 'param':
      return term.fallback !== undefined ? TEXT_CLASS : TEXT_CLASS | NULL_CLASS;
    case 'attachment':
    case 'callerApp':
    case 'callerParam':
      return TEXT_CLASS | NULL_CLASS;
    case 'fn':
      return FUNCTION_CLASSES[term.fn] ?? arithmeticClasses(term.fn, term.args.map(classesOf));
    default:
      return TEXT_CLASS;
  }
}

function arithmeticClasses(fn: TermFunction, masks: readonly number[]): number {
  const samples = (mask: number): Value[] => SAMPLES.filter(([bit]) => (mask & bit) !== 0).map(([, value]) => value);
  let result = 0;
  const [first = 0, second] = masks;
  for (const left of samples(first)) {
    for (const right of second === undefined ? [null] : samples(second)) {
      try {
        result |= classMask([valueClassOf(applyTermFunction(fn, second === undefined ? [left] : [left, right]))]);
      } catch (error) {
        if (!(error instanceof GroovyThrow) && !(error instanceof OpaqueSignal)) throw error;
      }
    }
  }
  // No sample had a value: the class is not known, which is not the same as none.
  return result === 0 ? classMask(['other']) : result;
}
