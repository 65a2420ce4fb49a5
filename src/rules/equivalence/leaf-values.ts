/** Candidate values of a leaf, taken from the constants of plan and documents. */
import type { LeafConstants, LeafValue } from '../models/target-model.ts';
import { boxOf, isObjectType, isPrimitive } from '../plan/java-type.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import { textWitnesses } from './languages.ts';

/** Candidate values of a leaf, at least one for every cell unless `complete` is false. */
export interface LeafCandidates {
  readonly values: readonly LeafValue[];
  readonly complete: boolean;
}

const MAX_NUMBERS = 40_000;
const FEWEST_NUMBERS = 2000;
/** Most pairs of a number and a row, about a second. */
const MAX_TESTS = 1_500_000;
const LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  'java.lang.Byte': [-128n, 127n],
  'java.lang.Short': [-32768n, 32767n],
  'java.lang.Integer': [-(2n ** 31n), 2n ** 31n - 1n],
  'java.lang.Long': [-(2n ** 63n), 2n ** 63n - 1n],
};

/** Candidate texts for a leaf that is a String, with null where it can be absent. */
export function textCandidates(constants: readonly LeafConstants[], nullable: boolean): LeafCandidates {
  const listed = constants.flatMap((side) => side.texts);
  const witnesses = textWitnesses(
    constants.flatMap((side) => side.patterns),
    constants.flatMap((side) => side.prefixes),
    new Set(listed),
  );
  const values = new Set<LeafValue>(['', ...listed, ...witnesses.texts]);
  // Neighbours of the constants: case, one letter more, one less.
  const distinct = new Set(listed);
  for (const text of distinct) {
    values.add(`${text}x`);
    if (distinct.size > 200) continue;
    for (const near of [`x${text}`, text.slice(0, -1), text.toLowerCase(), text.toUpperCase()]) values.add(near);
  }
  if (nullable) values.add(null);
  return { values: [...values], complete: witnesses.unknown.length === 0 };
}

/** Candidate values of an argument by its declared type; the more `rows` each value is put to, the fewer numbers. */
export function argumentCandidates(type: string, constants: readonly LeafConstants[], rows = 1): LeafCandidates {
  const boxed = boxOf(type);
  const nullable = !isPrimitive(type);
  const own = valuesOf(boxed, constants, Math.max(FEWEST_NUMBERS, Math.min(MAX_NUMBERS, Math.floor(MAX_TESTS / rows))));
  return nullable ? { ...own, values: [...own.values, { t: 'null' }] } : own;
}

function valuesOf(boxed: string, constants: readonly LeafConstants[], most: number): LeafCandidates {
  if (boxed === 'java.lang.Boolean') {
    return { values: [true, false].map((v) => ({ t: boxed, v })), complete: true };
  }
  if (boxed === 'java.lang.String') {
    const texts = textCandidates(constants, false);
    return { ...texts, values: texts.values.map((v) => ({ t: boxed, v: v as string })) };
  }
  if (boxed in LIMITS) return integers(boxed, constants, most);
  if (boxed === 'java.lang.Double' || boxed === 'java.lang.Float' || boxed === 'java.math.BigDecimal') {
    return reals(boxed, constants);
  }
  if (isObjectType(boxed)) {
    const empty = { t: boxed, v: boxed.endsWith('List') ? [] : {} };
    const full = { t: boxed, v: boxed.endsWith('List') ? [{ t: 'null' as const }] : { key: { t: 'null' as const } } };
    return { values: [empty, full], complete: true };
  }
  // A class that is only known by its name may hold anything: the usual ones are tried, and nothing is proved by them.
  const texts = textCandidates(constants, false).values.map((v) => ({ t: 'java.lang.String', v: v as string }));
  const numbers = ['java.lang.Integer', 'java.lang.Long'].flatMap((name) => integers(name, constants, most).values);
  const others = [
    { t: 'java.lang.Boolean', v: true },
    { t: boxed, v: {} },
  ];
  return { values: [...others, ...numbers.slice(0, 500), ...texts.slice(0, 200)], complete: false };
}

// Every residue in every interval between the cut points, and the points themselves with their neighbours.
function integers(boxed: string, constants: readonly LeafConstants[], most: number): LeafCandidates {
  const [low, high] = LIMITS[boxed] ?? [0n, 0n];
  const period = BigInt(Math.min(constants.flatMap((side) => side.moduli).reduce(leastMultiple, 1), 100_000));
  const cuts = new Set<bigint>([0n, low, high]);
  for (const number of constants.flatMap((side) => side.numbers)) {
    if (Number.isFinite(number)) cuts.add(BigInt(Math.floor(number)));
  }
  const points = [...cuts].filter((cut) => cut >= low && cut <= high).sort((a, b) => (a < b ? -1 : 1));
  const found = new Set<bigint>();
  for (const point of points) {
    for (let at = point - 1n; at <= point + period && found.size < most; at += 1n) found.add(at);
    for (let at = point - period; at < point && found.size < most; at += 1n) found.add(at);
  }
  const values = [...found].filter((value) => value >= low && value <= high);
  return {
    values: values.map((value) => ({ t: boxed, v: value.toString() })),
    complete: found.size < most && period < 100_000n,
  };
}

function leastMultiple(left: number, right: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  return Number.isInteger(right) && right > 0 ? Math.min((left / divisor(left, right)) * right, 100_000) : left;
}

function reals(boxed: string, constants: readonly LeafConstants[]): LeafCandidates {
  const cuts = new Set<number>([0, ...constants.flatMap((side) => side.numbers)]);
  const values = new Set<string>();
  const sorted = [...cuts].filter(Number.isFinite).toSorted((a, b) => a - b);
  for (const [at, cut] of sorted.entries()) values.add(String((cut + (sorted[at + 1] ?? cut)) / 2));
  for (const cut of cuts) {
    for (const near of [cut, cut - 0.5, cut + 0.5, cut - 1, cut + 1]) values.add(String(near));
  }
  const typed = [...values].map((v) => ({ t: boxed, v }));
  if (boxed !== 'java.lang.BigDecimal') typed.push({ t: boxed, v: '-0.0' });
  if (boxed === 'java.lang.Double') {
    for (const v of ['NaN', 'Infinity', '-Infinity']) typed.push({ t: boxed, v });
  }
  const moduli = constants.some((side) => side.moduli.length > 0);
  // A constant that a double holds exactly is the cut itself; a Float rounds its values away from the cuts.
  const isExact = boxed === 'java.lang.Double' || sorted.every(isShortDecimal);
  return { values: typed, complete: boxed !== 'java.lang.Float' && isExact && !moduli };
}

/** Fewer digits than a double holds: the number that was read is the decimal that was written. */
function isShortDecimal(value: number): boolean {
  return String(value).replace(/^-|\.|e.*$/g, '').length <= 15;
}

/** Whether a leaf other than an argument can be absent. */
export function isNullableLeaf(leaf: CallLeaf): boolean {
  return leaf.t === 'attachment' || leaf.t === 'callerApp' || leaf.t === 'callerHost' || leaf.t === 'callerParam';
}
