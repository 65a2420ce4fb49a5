import { formatPortRange } from '../config/port-range.ts';
import type { MapElement, RuleMap } from './ruleset.ts';
import { formatTag } from './tag.ts';

/** The key of an element as text: a number, `80` or `80-90`, a cgroup path, `tcp`. Equal texts are equal keys. */
export function formatElementKey(key: MapElement['key']): string {
  return typeof key === 'object' ? formatPortRange(key) : String(key);
}

/**
 * A text that two elements of one map share exactly when they mean the same. Time that is left does not count, and of a
 * timeout only whole seconds do: that is all `nft -j` tells.
 */
export function canonicalElement(element: MapElement): string {
  const { key, value, timeoutMs, tag } = element;
  return JSON.stringify([
    formatElementKey(key),
    value,
    timeoutMs === null ? null : Math.floor(timeoutMs / 1000),
    tag === null ? null : formatTag(tag),
  ]);
}

/** Whether two maps can hold the same elements and are declared alike. */
export function isSameMapType(a: Omit<RuleMap, 'elements'>, b: Omit<RuleMap, 'elements'>): boolean {
  const levels = [a, b].map(({ key }) => (key.by === 'cgroup' ? key.level : null));
  return a.key.by === b.key.by && levels[0] === levels[1] && a.value === b.value && a.timeout === b.timeout;
}
