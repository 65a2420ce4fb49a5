/** Java's `equals` of two lists, whose items may be values of the call. */
import { isSegment } from '../syntax/segments.ts';
import { concreteEquals } from '../values/concrete.ts';
import type { ListItem, ListValue, Value } from '../values/values.ts';

/** The part of the machine that a comparison of lists needs. */
interface ItemReader {
  itemsOf(list: ListValue): readonly ListItem[];
  opaque(code: 'provider-order', reason: string): never;
  equalsDeep(a: Value, b: Value): boolean;
}

/** Whether List.equals or Set.equals holds. Numbers of different classes differ. */
export function equalLists(m: ItemReader, a: ListValue, b: ListValue): boolean {
  const sets = [a, b].filter((list) => list.sort === 'set').length;
  if (sets > 0) return sets === 2 && concreteEquals(a, b);
  const [left, right] = [m.itemsOf(a), m.itemsOf(b)];
  if ([...left, ...right].some(isSegment)) return m.opaque('provider-order', 'lists of providers are compared');
  return (
    left.length === right.length && left.every((item, i) => m.equalsDeep(item as Value, (right[i] ?? null) as Value))
  );
}
