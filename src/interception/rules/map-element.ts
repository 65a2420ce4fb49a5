/** Keys and canonical texts of the elements of sets and maps. */
import { formatPortRange } from '../../mesh/port-range.ts';
import { canonicalKey } from './canonical-rule.ts';
import type { MapElement, RuleMap } from './ruleset.ts';

/** The key of an element as text: a number, `80` or `80-90`, a cgroup path, `tcp`. Equal texts are equal keys. */
export function formatElementKey(key: MapElement['key']): string {
  return typeof key === 'object' ? formatPortRange(key) : String(key);
}

/** The same for a look-up within maps of one key, where a number need not become a text first. */
export function elementKeyId(key: MapElement['key']): number | string {
  return typeof key === 'object' ? formatPortRange(key) : key;
}

/**
 * Whether two elements of one map mean the same. Remaining time does not count, and of a timeout only whole seconds do,
 * because `nft -j` prints no more.
 */
export function isSameElement(a: MapElement, b: MapElement): boolean {
  return (
    isSameValue(a.value, b.value) &&
    wholeSeconds(a) === wholeSeconds(b) &&
    a.tag?.app === b.tag?.app &&
    a.tag?.hash === b.tag?.hash &&
    a.tag?.by === b.tag?.by &&
    (a.key === b.key || formatElementKey(a.key) === formatElementKey(b.key))
  );
}

/**
 * Two lists of elements without what both begin with and what both end with. In lists of thousands a change is about few,
 * and both sides have them in the order of their keys.
 */
export function differingParts(
  one: readonly MapElement[],
  other: readonly MapElement[],
): readonly [readonly MapElement[], readonly MapElement[]] {
  const isSameAt = (at: number, otherAt: number): boolean => {
    const [a, b] = [one[at], other[otherAt]];
    return a !== undefined && b !== undefined && isSameElement(a, b);
  };
  const shorter = Math.min(one.length, other.length);
  let begin = 0;
  while (begin < shorter && isSameAt(begin, begin)) begin += 1;
  let end = 0;
  while (end < shorter - begin && isSameAt(one.length - end - 1, other.length - end - 1)) end += 1;
  return [one.slice(begin, one.length - end), other.slice(begin, other.length - end)];
}

function isSameValue(a: MapElement['value'], b: MapElement['value']): boolean {
  if (a === null || b === null) return a === b;
  return 'goto' in a ? 'goto' in b && a.goto === b.goto : 'mark' in b && a.mark === b.mark;
}

function wholeSeconds({ timeoutMs }: MapElement): number | null {
  return timeoutMs === null ? null : Math.floor(timeoutMs / 1000);
}

/** Whether two maps can hold the same elements and are declared alike. */
export function isSameMapType(a: Omit<RuleMap, 'elements'>, b: Omit<RuleMap, 'elements'>): boolean {
  return canonicalKey(a.key) === canonicalKey(b.key) && a.value === b.value && a.timeout === b.timeout;
}
