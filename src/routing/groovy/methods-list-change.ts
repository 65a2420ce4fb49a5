import { concreteCompare } from './concrete.ts';
import type { MachineCalls } from './machine-calls.ts';
import { type Found, MISSING } from './missing.ts';
import { isSegment, mergeSegments } from './segments.ts';
import { isKind, type ListItem, type ListValue, type Value } from './values.ts';

const ORDER = 'the order or number of providers decides here';

/** Items of a list none of which stands for providers. */
export function plain(m: MachineCalls, items: readonly ListItem[]): Value[] {
  if (items.some(isSegment)) return m.opaque('provider-order', ORDER);
  return items as Value[];
}

/** Methods that change the list; undefined where the name is none of them. */
export function changeList(m: MachineCalls, self: ListValue, name: string, args: readonly Value[]): Found | undefined {
  const [first = null] = args;
  switch (name) {
    case 'add':
    case 'addElement':
    case 'leftShift':
    case 'push':
      if (self.sort === 'array' || (args.length !== 1 && name !== 'add')) return MISSING;
      if (args.length === 2) {
        const index = m.resolve(first);
        if (!isKind(index, 'number') || !isZero(index)) return m.opaque('provider-order', 'an insertion at a position');
        m.setItems(self, [args[1] ?? null, ...self.items]);
        return null;
      }
      return append(m, self, first) ?? (name === 'leftShift' ? self : true);
    case 'addAll':
    case 'plusAssign': {
      const extra = m.iterable(first);
      const before = m.itemsOf(self);
      m.setItems(self, self.sort === 'set' ? distinct(m, [...before, ...extra]) : mergeSegments([...before, ...extra]));
      return extra.length > 0;
    }
    case 'clear':
      m.setItems(self, []);
      return null;
    case 'remove': {
      const value = m.resolve(first);
      if (self.sort === 'list' && isKind(value, 'number') && value.cls === 'Integer') {
        const items = plain(m, m.itemsOf(self));
        const index = Number(value.value);
        if (index < 0 || index >= items.length) return m.fail('java.lang.IndexOutOfBoundsException', `Index: ${index}`);
        m.setItems(
          self,
          items.filter((_, i) => i !== index),
        );
        return items[index] ?? null;
      }
      return removeWhere(m, self, (item) => m.equalsDeep(item, value), true);
    }
    case 'removeAll':
    case 'removeIf':
      return removeWhere(
        m,
        self,
        isKind(first, 'closure') ? (item) => m.truth(m.call(first, [item])) : within(m, first),
        false,
      );
    case 'retainAll':
      if (isKind(first, 'closure')) return removeWhere(m, self, (item) => !m.truth(m.call(first, [item])), false);
      return removeWhere(m, self, (item) => !within(m, first)(item), false);
    case 'sort': {
      const sorted = sortItems(m, m.itemsOf(self), first);
      if (args.length === 2 || first === false) return m.list(sorted);
      if (self.sort !== 'list') return m.list(sorted);
      m.setItems(self, sorted);
      return self;
    }
    case 'unique': {
      if (isKind(first, 'closure')) {
        if (self.items.some(isSegment)) return m.opaque('provider-order', 'one provider of several is kept');
        return MISSING;
      }
      const items = distinct(m, m.itemsOf(self));
      if (first === false) return m.list(items);
      m.setItems(self, items);
      return self;
    }
    default:
      return undefined;
  }
}

function isZero(value: Value): boolean {
  return isKind(value, 'number') && value.value === 0n;
}

/** Adds one item; for an outer list in a loop over providers that is an effect of the turn. */
function append(m: MachineCalls, list: ListValue, item: Value): undefined | boolean {
  if (list.sort === 'set' && !list.items.some(isSegment) && !isKind(item, 'symbol') && !isKind(item, 'host')) {
    if (list.items.some((known) => m.equalsDeep(known as Value, item))) return false;
  }
  m.setItems(list, [...list.items, item], { on: 'append', list, item });
  return undefined;
}

/** A test for items that a collection holds. */
export function within(m: MachineCalls, collection: Value): (item: Value) => boolean {
  const items = m.iterable(collection);
  return (item) => m.contains(items, item);
}

function removeWhere(m: MachineCalls, self: ListValue, gone: (item: Value) => boolean, firstOnly: boolean): boolean {
  const items = m.itemsOf(self);
  if (firstOnly && items.some(isSegment)) return m.opaque('provider-order', 'one provider is removed from a list');
  if (firstOnly) {
    const index = items.findIndex((item) => gone(item as Value));
    if (index >= 0)
      m.setItems(
        self,
        items.filter((_, i) => i !== index),
      );
    return index >= 0;
  }
  const kept = m.filter(items, (item) => !gone(item));
  m.setItems(self, kept);
  return !items.some(isSegment) && kept.length < items.length;
}

/** Without repeats, by equals; providers are never equal to one another. */
export function distinct(m: MachineCalls, items: readonly ListItem[]): ListItem[] {
  const kept: ListItem[] = [];
  for (const item of items) {
    if (isSegment(item) || isKind(item, 'symbol')) kept.push(item);
    else if (!kept.some((known) => !isSegment(known) && m.equalsDeep(known, item))) kept.push(item);
  }
  return mergeSegments(kept);
}

/** Sorted by natural order, by a key or by a comparison; items that stand for providers stay as they are. */
export function sortItems(m: MachineCalls, items: readonly ListItem[], by: Value): ListItem[] {
  // The set stays the same; what depends on the order is refused where it is asked for.
  if (items.some(isSegment)) return [...items];
  const values = items as Value[];
  if (!isKind(by, 'closure')) return [...values].sort(concreteCompare);
  const two = by.params !== null && by.params.length === 2;
  const order = (a: Value, b: Value): number => {
    if (!two) return concreteCompare(m.resolve(m.call(by, [a])), m.resolve(m.call(by, [b])));
    const result = m.resolve(m.call(by, [a, b]));
    return isKind(result, 'number') ? Number(result.value) : m.truth(result) ? 1 : 0;
  };
  return [...values].sort(order);
}
