/** List items that stand for many providers. */
import { readsProvider } from '../../plan/plan-term.ts';
import { anyOf } from '../machine/predicates.ts';
import { isKind, type ListItem, type SegmentValue, type Value } from '../values/values.ts';

/** Whether an item stands for providers. */
export function isSegment(item: ListItem): item is SegmentValue {
  return typeof item === 'object' && item !== null && item.kind === 'segment';
}

/** Whether a value is different for each provider. */
export function dependsOnProvider(value: Value): boolean {
  if (isKind(value, 'symbol')) return readsProvider(value.term);
  if (isKind(value, 'host')) return 'of' in value && value.of === 'each';
  if (isKind(value, 'gstring')) return value.parts.some(dependsOnProvider);
  if (isKind(value, 'list')) return value.items.some((item) => !isSegment(item) && dependsOnProvider(item));
  if (isKind(value, 'map'))
    return [...value.entries.values()].some(([key, item]) => dependsOnProvider(key) || dependsOnProvider(item));
  return false;
}

/** Segments of the same item joined into one. */
export function mergeSegments(items: readonly ListItem[]): ListItem[] {
  const merged: ListItem[] = [];
  for (const item of items) {
    const last = merged.at(-1);
    const same = isSegment(item) && last !== undefined && isSegment(last) && sameItem(last.item, item.item);
    if (same) merged[merged.length - 1] = { ...last, where: anyOf([last.where, item.where]) };
    else merged.push(item);
  }
  return merged;
}

function sameItem(a: Value, b: Value): boolean {
  return (
    a === b || (isKind(a, 'host') && isKind(b, 'host') && a.type === 'invoker' && b.type === 'invoker' && a.of === b.of)
  );
}
