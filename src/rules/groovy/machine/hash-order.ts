/** What depends on the order of a HashSet or a HashMap, which goes by hash codes and sizes and not by what a script does. */
import { isSegment } from '../syntax/segments.ts';
import type { ListItem, Value } from '../values/values.ts';

/** Why a path ends there. */
export const HASH_ORDER = 'the order of a HashSet or HashMap';

/** Methods whose result, or whose effects, follow the order of the receiver. */
export const ORDERED_METHODS: ReadonlySet<string> = new Set([
  'find',
  'each',
  'collect',
  'toList',
  'asList',
  'join',
  'toString',
  'iterator',
  'stream',
  'sum',
  'flatten',
]);

/** Whether a value is hashed and holds several items of which the order could matter. An outcome has no order of providers. */
export function hasHashOrder(value: Value): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (value.kind === 'map') return value.hashed === true && value.entries.size > 1;
  return value.kind === 'list' && value.hashed === true && value.items.length > 1 && !value.items.every(isProvider);
}

function isProvider(item: ListItem): boolean {
  return (
    isSegment(item) || (item !== null && typeof item === 'object' && item.kind === 'host' && item.type === 'invoker')
  );
}
