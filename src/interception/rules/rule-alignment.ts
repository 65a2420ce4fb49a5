/** One difference between two lists of rules. */
export interface RuleDifference {
  readonly what:
    | 'a rule is missing'
    | 'a rule is there that should not be'
    | 'a rule is another one'
    | 'a rule stands in the wrong place';
  /** Where in the wanted list, from 0; an extra rule has the place before which it stands. */
  readonly index: number;
  /** Index in the wanted list, null when nothing should be there. */
  readonly expected: number | null;
  /** Index in the found list, null when nothing is there. */
  readonly found: number | null;
}

/**
 * The fewest differences between the wanted rules and the found ones, each given by a text that stands for all that the
 * rule does. A found rule at another place among the others counts as moved.
 */
export function alignRules(wanted: readonly string[], found: readonly string[]): RuleDifference[] {
  if (wanted.length === found.length && wanted.every((text, index) => text === found[index])) return [];
  const differences: RuleDifference[] = [];
  for (const gap of gapsBetween(wanted, found)) differences.push(...fillGap(gap));
  return joinMoves(differences, wanted, found);
}

/** Neighbouring rules without a partner on the other side. */
interface Gap {
  readonly index: number;
  readonly wanted: readonly number[];
  readonly found: readonly number[];
}

function gapsBetween(wanted: readonly string[], found: readonly string[]): Gap[] {
  const common = longestCommon(wanted, found);
  const gaps: Gap[] = [];
  let [then, now] = [0, 0];
  for (const [nextThen, nextNow] of [...common, [wanted.length, found.length] as const]) {
    if (nextThen > then || nextNow > now) {
      gaps.push({ index: then, wanted: range(then, nextThen), found: range(now, nextNow) });
    }
    [then, now] = [nextThen + 1, nextNow + 1];
  }
  return gaps;
}

/** Pairs of indices of a longest common subsequence; equal beginnings and ends need no table. */
function longestCommon(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const shorter = Math.min(a.length, b.length);
  const same = (count: number, isSame: (step: number) => boolean): number => {
    const end = range(0, count).find((step) => !isSame(step));
    return end ?? count;
  };
  const head = same(shorter, (step) => a[step] === b[step]);
  const tail = same(shorter - head, (step) => a[a.length - 1 - step] === b[b.length - 1 - step]);
  const middle = commonByTable(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [
    ...range(0, head).map((step) => [step, step] as const),
    ...middle.map(([i, j]) => [i + head, j + head] as const),
    ...range(0, tail).map((step) => [a.length - tail + step, b.length - tail + step] as const),
  ];
}

/** The textbook table: as many cells as there are pairs of rules. */
function commonByTable(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? [];
    for (let j = b.length - 1; j >= 0; j -= 1) {
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}

function fillGap({ index, wanted, found }: Gap): RuleDifference[] {
  const both = Math.min(wanted.length, found.length);
  return range(0, Math.max(wanted.length, found.length)).map((step) => {
    const [expected, there] = [wanted[step] ?? null, found[step] ?? null];
    const what =
      step < both
        ? 'a rule is another one'
        : there === null
          ? 'a rule is missing'
          : 'a rule is there that should not be';
    return { what, index: expected ?? index + wanted.length, expected, found: there };
  });
}

/** A rule that is missing in one gap and extra in another has moved: one difference instead of two. */
function joinMoves(
  differences: readonly RuleDifference[],
  wanted: readonly string[],
  found: readonly string[],
): RuleDifference[] {
  const extra = new Set(differences.flatMap((one) => one.found ?? []));
  const moves = new Map<number, number>();
  for (const { expected } of differences) {
    if (expected === null) continue;
    const from = [...extra].find((index) => found[index] === wanted[expected]);
    if (from === undefined) continue;
    extra.delete(from);
    moves.set(expected, from);
  }
  const moved = new Set(moves.values());
  return differences.flatMap((one): RuleDifference[] => {
    const from = one.expected === null ? undefined : moves.get(one.expected);
    const isFoundMoved = one.found !== null && moved.has(one.found);
    if (from !== undefined) {
      const rest: RuleDifference[] =
        one.found === null || isFoundMoved
          ? []
          : [{ ...one, what: 'a rule is there that should not be', expected: null }];
      return [{ ...one, what: 'a rule stands in the wrong place', found: from }, ...rest];
    }
    if (!isFoundMoved) return [one];
    return one.expected === null ? [] : [{ ...one, what: 'a rule is missing', found: null }];
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, step) => from + step);
}
