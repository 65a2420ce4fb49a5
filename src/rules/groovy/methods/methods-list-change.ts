/** List methods that change the list. */
import type { MachineCalls } from '../machine/machine-calls.ts';
import { isSegment, mergeSegments } from '../syntax/segments.ts';
import { classMask } from '../values/class-mask.ts';
import { concreteCompare } from '../values/concrete.ts';
import { isKind, type ListItem, type ListValue, type PoisonValue, type Value } from '../values/values.ts';
import { type Found, MISSING } from './missing.ts';

/** Classes that remove() takes for a position. */
const POSITIONS = classMask(['java.lang.Integer', 'java.lang.Short', 'java.lang.Byte']);

const ORDER = 'the order or number of providers decides here';

/** The items of a list. The path is opaque if an item stands for providers. */
export function plain(m: MachineCalls, items: readonly ListItem[]): Value[] {
  if (items.some(isSegment)) return m.opaque('provider-order', ORDER);
  return items as Value[];
}

/** Methods that change the list; undefined where the name is none of them. */
export function changeList(m: MachineCalls, self: ListValue, name: string, args: readonly Value[]): Found | undefined {
  const [first = null] = args;
  switch (name) {
    case 'add':
    case 'leftShift':
    case 'push':
      if (self.sort === 'array' || (args.length !== 1 && name !== 'add')) return MISSING;
      if (args.length === 2) {
        const index = m.resolve(first);
        if (!isKind(index, 'number') || !isZero(index)) return m.opaque('provider-order', 'an insertion at a position');
        m.setItems(self, [args[1] ?? null, ...self.items]);
        return null;
      }
      {
        const added = append(m, self, first) ?? true;
        return name === 'leftShift' ? self : added;
      }
    case 'addAll':
    case 'plusAssign': {
      const extra = self.hashed === true ? m.membersOf(first) : m.iterable(first);
      const before = m.itemsOf(self);
      m.setItems(self, self.sort === 'set' ? distinct(m, [...before, ...extra]) : mergeSegments([...before, ...extra]));
      if (self.sort === 'set' && !self.items.some(isSegment)) return self.items.length > before.length;
      return extra.length > 0;
    }
    case 'clear':
      m.setItems(self, []);
      return null;
    case 'remove': {
      const value = m.resolve(first);
      if (self.sort === 'list' && isKind(value, 'symbol') && m.isOf(value, POSITIONS))
        return m.opaque('unsupported', 'an item is removed at a position of the call');
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
        isKind(first, 'closure') ? (item) => verdict(m, name, m.call(first, [item])) : within(m, first),
        false,
      );
    case 'retainAll':
      if (isKind(first, 'closure')) return removeWhere(m, self, (item) => !m.truth(m.call(first, [item])), false);
      return removeWhere(m, self, (item) => !within(m, first)(item), false);
    case 'sort': {
      const sorted = sortItems(m, m.itemsOf(self), first);
      if (first === false) return m.list(sorted);
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

/** The verdict of a closure on an item. As a Predicate of Java it must return a Boolean. */
function verdict(m: MachineCalls, method: string, value: Value): boolean {
  if (method === 'removeIf' && typeof value !== 'boolean')
    return m.opaque('unknown-call', 'removeIf() with a closure that gives no Boolean');
  return m.truth(value);
}

function isZero(value: Value): boolean {
  return isKind(value, 'number') && value.value === 0n;
}

const UNKNOWN_GROWTH: PoisonValue = {
  kind: 'poison',
  code: 'provider-order',
  reason: 'whether a set held the value before',
};

/** Adds one item; for an outer list in a loop over providers that is an effect of the turn. */
function append(m: MachineCalls, list: ListValue, item: Value): Value | undefined {
  if (list.sort === 'set' && !list.items.some(isSegment) && !isKind(item, 'symbol') && !isKind(item, 'host')) {
    if (list.items.some((known) => m.equalsDeep(known as Value, item))) return false;
  } else if (list.sort === 'set') {
    m.setItems(list, [...list.items, item], { on: 'append', list, item });
    return UNKNOWN_GROWTH;
  }
  m.setItems(list, [...list.items, item], { on: 'append', list, item });
  return undefined;
}

/** A test for items that a collection holds. */
function within(m: MachineCalls, collection: Value): (item: Value) => boolean {
  const items = m.membersOf(collection);
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

/** Comparing 16 values costs about as much as a step. */
const COMPARED_SHIFT = 4;

/** Without repeats, by equals; providers are never equal to one another. */
export function distinct(m: MachineCalls, items: readonly ListItem[]): ListItem[] {
  const kept: ListItem[] = [];
  for (const item of items) {
    // Each is compared with all that are kept.
    m.explorer.spend(kept.length >> COMPARED_SHIFT);
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
  if (!isKind(by, 'closure')) return [...ordered(m, values)].sort(concreteCompare);
  const two = by.params !== null && by.params.length === 2;
  const order = (a: Value, b: Value): number => {
    if (!two) {
      const [x = null, y = null] = ordered(m, [m.call(by, [a]), m.call(by, [b])]);
      return concreteCompare(x, y);
    }
    const result = m.resolve(m.call(by, [a, b]));
    if (!isKind(result, 'number') || result.cls !== 'Integer')
      return m.opaque('unknown-call', 'sort() with a closure that gives no Integer');
    return Number(result.value);
  };
  return [...values].sort(order);
}

/** Values that have one order: all of them numbers, or all of them texts. */
export function ordered(m: MachineCalls, values: readonly Value[]): readonly Value[] {
  const known = values.map((value) => m.resolve(value));
  const alike = [(value: Value) => isKind(value, 'number'), (value: Value) => typeof value === 'string'];
  if (alike.some((of) => known.every(of))) return known;
  return m.opaque('unknown-call', 'an order of values of different classes');
}
