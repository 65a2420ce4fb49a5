/** List and set methods that leave the list as it is. */
import type { MachineCalls } from '../machine/machine-calls.ts';
import { anyOf } from '../machine/predicates.ts';
import { isSegment, mergeSegments } from '../syntax/segments.ts';
import { classMask, NULL_CLASS } from '../values/class-mask.ts';
import { keyOf } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import { walkNested } from '../values/nested-walk.ts';
import { isKind, type ListItem, type ListValue, type RangeValue, type Value } from '../values/values.ts';
import { minusEqual, withinByNumber } from './list-comparison.ts';
import { changeList, distinct, ordered, plain, sortItems } from './methods-list-change.ts';
import { streamOf } from './methods-stream.ts';
import { type Found, MISSING } from './missing.ts';

/** Classes of arguments that may be collections. */
const OBJECTS = classMask(['java.util.List', 'java.util.Map', 'other']);

/** Methods of lists and sets as Groovy extends them. */
export function callListMethod(m: MachineCalls, self: ListValue, name: string, args: readonly Value[]): Found {
  const changed = changeList(m, self, name, args);
  return changed === undefined ? queryList(m, self, name, args) : changed;
}

/** A set with the order that a set which it was made of has. */
function alike(made: ListValue, { hashed }: ListValue): ListValue {
  return hashed === true ? { ...made, hashed } : made;
}

/** Methods that leave the list as it is. */
function queryList(m: MachineCalls, self: ListValue, name: string, args: readonly Value[]): Found {
  const items = m.itemsOf(self);
  const [first = null, second = null] = args;
  const closure = isKind(first, 'closure') ? first : null;
  const holds = (item: Value): boolean =>
    closure ? m.truth(m.call(closure, [item])) : args.length === 0 ? m.truth(item) : m.isCase(first, item);
  const filtered = (kept: ListItem[]): Value =>
    self.sort === 'set' ? alike(m.list(kept, 'set'), self) : m.list(kept, 'list');
  switch (name) {
    case 'size':
      return m.sizeOf(self);
    case 'isEmpty':
      return !m.hasItems(items);
    case 'asBoolean':
      return m.hasItems(items);
    case 'get':
    case 'getAt':
    case 'elementAt':
      return itemAt(m, self, first, name === 'get');
    case 'contains':
      // Of an array Groovy compares as == does.
      if (self.sort === 'array') return plain(m, items).some((item) => m.looseEquals(item, first));
      return m.contains(items, first);
    case 'containsAll':
      return m.membersOf(first).every((item) => !isSegment(item) && m.contains(items, item));
    case 'indexOf':
      return javaInt(plain(m, items).findIndex((item) => m.equalsDeep(item, first)));
    case 'findAll':
      return filtered(args.length === 0 ? m.filter(items, (item) => m.truth(item)) : m.filter(items, holds));
    case 'grep':
      return m.list(m.filter(items, holds));
    case 'find':
    case 'detect': {
      const found = m.filter(items, holds);
      if (!found.some(isSegment)) return (found[0] as Value | undefined) ?? null;
      return m.hasItems(found)
        ? { kind: 'poison', code: 'provider-order', reason: 'the first provider that fits is chosen' }
        : null;
    }
    case 'any':
      if (!items.some(isSegment))
        return items.some((item) => (args.length === 0 ? m.truth(item as Value) : holds(item as Value)));
      return m.hasItems(m.filter(items, holds));
    case 'every':
      if (!items.some(isSegment)) return items.every((item) => holds(item as Value));
      return !m.hasItems(m.filter(items, (item) => !holds(item)));
    case 'count':
      if (closure) return m.sizeOf(m.list(m.filter(items, holds)));
      return m.sizeOf(m.list(m.filter(items, (item) => m.looseEquals(item, first))));
    case 'each':
    case 'forEach':
      m.overItems(items, (item) => m.call(m.closureOf(first), [item]));
      return name === 'each' ? self : null;
    case 'eachWithIndex': {
      if (items.some(isSegment)) return m.opaque('provider-order', 'the position of a provider decides here');
      items.forEach((item, i) => {
        m.call(m.closureOf(first), [item as Value, javaInt(i)]);
      });
      return self;
    }
    case 'collect': {
      if (args.length === 0) return m.list(items);
      const results = m.overItems(items, (item) => m.call(m.closureOf(args.at(-1)), [item]));
      const made = results.map(
        ({ where, result }): ListItem => (where ? { kind: 'segment', where, item: result } : result),
      );
      return m.list(mergeSegments(made));
    }
    case 'collectMany': {
      const results = m.overItems(items, (item) => {
        const made = m.call(m.closureOf(first), [item]);
        if (!isKind(made, 'list') || made.sort === 'array')
          return m.opaque('unknown-call', 'collectMany() with a closure that gives no collection');
        return m.iterable(made);
      });
      return m.list(
        results.flatMap(({ where, result }) =>
          result.map((item): ListItem => {
            if (!where) return item;
            return isSegment(item)
              ? m.opaque('provider-relation', 'lists of lists of providers')
              : { kind: 'segment', where, item };
          }),
        ),
      );
    }
    case 'groupBy':
      return groupBy(m, self, m.closureOf(first));
    case 'split':
    case 'partition':
      if (!closure) return MISSING;
      return m.list([m.list(m.filter(items, holds)), m.list(m.filter(items, (item) => !holds(item)))]);
    case 'findIndexOf':
      return javaInt(plain(m, items).findIndex(holds));
    case 'plus': {
      const extra =
        isKind(first, 'list') || isKind(first, 'range') || isKind(first, 'lazy-list')
          ? self.hashed === true
            ? m.membersOf(first)
            : m.iterable(first)
          : [first];
      if (self.sort === 'set') return alike(m.list(distinct(m, [...items, ...extra]), 'set'), self);
      return m.list(mergeSegments([...items, ...extra]), self.sort);
    }
    case 'minus': {
      const other = m.resolve(first);
      if (isKind(other, 'symbol') && m.isOf(other, OBJECTS))
        return m.opaque('object-field', 'a list without an object of the call');
      // An array counts as one item.
      const many = (isKind(first, 'list') && first.sort !== 'array') || isKind(first, 'range');
      const gone = many ? m.membersOf(first) : [first];
      return filtered(
        m.filter(
          items,
          (item) => !gone.some((other) => (isSegment(other) ? m.contains([other], item) : minusEqual(m, item, other))),
        ),
      );
    }
    case 'intersect':
      // Groovy goes through the shorter list, or through the argument where both are as long.
      if (!items.some(isSegment) && isKind(first, 'list') && first.items.length <= items.length)
        return filtered(m.filter(m.itemsOf(first), withinByNumber(m, self)));
      return filtered(m.filter(items, withinByNumber(m, first)));
    case 'disjoint':
      return !m.hasItems(m.filter(items, withinByNumber(m, first)));
    case 'first':
    case 'head':
    case 'last':
    case 'pop': {
      if (plain(m, items).length === 0)
        return m.fail('java.util.NoSuchElementException', `Cannot access ${name}() element from an empty List`);
      if (name === 'pop') return MISSING;
      return (name === 'last' ? items.at(-1) : items[0]) as Value;
    }
    case 'take':
    case 'drop':
    case 'subList': {
      const [from, to] = [m.resolve(first), m.resolve(second)];
      if (items.some(isSegment)) return m.opaque('provider-order', 'some providers are chosen by their position');
      if (!isKind(from, 'number')) return MISSING;
      const n = Math.max(0, Number(from.value));
      const sort = self.sort === 'array' ? 'array' : 'list';
      if (name === 'take') return m.list(items.slice(0, n), sort);
      if (name === 'drop') return m.list(items.slice(n), sort);
      if (!isKind(to, 'number')) return MISSING;
      if (Number(to.value) > items.length || Number(from.value) < 0)
        return m.fail('java.lang.IndexOutOfBoundsException', `toIndex = ${Number(to.value)}`);
      if (n > Number(to.value)) return m.fail('java.lang.IllegalArgumentException', 'fromIndex > toIndex');
      // A part of a list that cannot grow cannot grow either; another one changes together with its list.
      return {
        ...m.list(items.slice(n, Number(to.value))),
        ...(self.fixed === undefined ? { shared: true } : { fixed: self.fixed }),
      };
    }
    case 'tail':
    case 'init':
      if (plain(m, items).length === 0)
        return m.fail('java.util.NoSuchElementException', `Cannot access ${name}() for an empty List`);
      return m.list(name === 'tail' ? items.slice(1) : items.slice(0, -1));
    case 'reverse':
      return m.list([...items].reverse());
    case 'toSet':
      return { ...m.list(distinct(m, items), 'set'), hashed: true };
    case 'toList':
    case 'asList':
    case 'clone':
      return m.list(items, name === 'toList' ? 'list' : self.sort);
    case 'asImmutable':
      return { ...m.list(items, self.sort), fixed: 'all' };
    case 'toArray':
      return m.list(items, 'array');
    case 'stream':
      return streamOf(items);
    case 'toSorted':
      return m.list(sortItems(m, items, first));
    case 'toUnique':
      return m.list(distinct(m, items));
    case 'flatten':
      return m.list(flatten(m, items));
    case 'iterator':
    case 'listIterator':
      return { kind: 'iterator', list: self, at: 0, birth: self.birth };
    case 'join':
      return m.concat(
        plain(m, items).flatMap((item, i) => (i === 0 ? [m.text(item)] : [m.text(first ?? ''), m.text(item)])),
      );
    case 'sum':
    case 'inject':
      // Each is added by an operation of its own.
      m.explorer.spend(items.length);
      return fold(m, plain(m, items), name, args);
    case 'max':
    case 'min':
      m.explorer.spend(items.length >> 1);
      return extreme(m, plain(m, items), name, closure);
    case 'multiply':
      return m.binaryOperator('*', self, first);
    case 'isCase':
      return m.isCase(self, first);
    case 'collectEntries':
    case 'countBy':
      if (items.some(isSegment)) return m.opaque('provider-relation', 'a map is built from providers');
      return name === 'countBy' ? MISSING : collectEntries(m, items as Value[], closure);
    case 'equals':
      return m.looseEquals(self, first);
    case 'toString':
      return m.text(self);
    case 'hashCode':
      return m.opaque('hash', 'the hash code of a list');
    case 'withIndex':
    case 'indexed':
    case 'collate':
    case 'shuffle':
      return items.some(isSegment) ? m.opaque('provider-order', 'the position of a provider decides here') : MISSING;
    default:
      return MISSING;
  }
}

/** `list[i]`: null past the end, from the end for negative positions; `get` throws. */
export function itemAt(m: MachineCalls, self: ListValue, position: Value, strict: boolean): Value {
  const index = m.enumerate(position);
  if (isKind(index, 'index')) {
    const items = m.itemsOf(self);
    const only = items.length === 1 ? items[0] : undefined;
    if (!index.passed && only !== undefined && isSegment(only) && index.items === items) return only.item;
    return m.opaque('provider-order', 'a provider is chosen by its position');
  }
  if (isKind(index, 'range')) {
    const items = plain(m, m.itemsOf(self));
    const { from, to, reverse } = sliceOf(m, index, items.length);
    if (from < 0 || to > items.length) return m.fail('java.lang.IndexOutOfBoundsException', `toIndex = ${to}`);
    if (from > to) return m.fail('java.lang.IllegalArgumentException', `fromIndex(${from}) > toIndex(${to})`);
    const slice = items.slice(from, to);
    return m.list(reverse ? slice.reverse() : slice);
  }
  if (isKind(index, 'list')) return m.opaque('unknown-call', 'a subscript that is a list');
  if (isKind(index, 'random') || isKind(index, 'size'))
    return m.opaque('provider-order', 'a provider is chosen by its position');
  if (isKind(index, 'symbol')) {
    if (m.itemsOf(self).some(isSegment))
      return m.opaque('provider-order', 'a provider is chosen by a value of the call');
    return m.opaque('unsupported', 'a position that depends on the call');
  }
  if (!isKind(index, 'number') || index.cls !== 'Integer')
    return m.opaque('unknown-call', 'a subscript that is no Integer');
  const items = m.itemsOf(self);
  if (items.some(isSegment)) return m.opaque('provider-order', 'a provider is chosen by its position');
  const at = Number(index.value);
  const found = at < 0 && !strict ? items[items.length + at] : items[at];
  if (found !== undefined) return found as Value;
  if (self.sort === 'array') return m.fail('java.lang.ArrayIndexOutOfBoundsException', `Index ${at} out of bounds`);
  if (strict) return m.fail('java.lang.IndexOutOfBoundsException', `Index ${at} out of bounds`);
  if (at < 0) return m.fail('java.lang.ArrayIndexOutOfBoundsException', `Negative array index [${at}] too large`);
  return null;
}

/** Which part of a list or text of some size a range means; its ends count from the back where they are negative. */
export function sliceOf(
  m: MachineCalls,
  range: RangeValue,
  size: number,
): { readonly from: number; readonly to: number; readonly reverse: boolean } {
  const { inclusive } = range;
  const ends = [range.from, range.to].map((end) =>
    isKind(end, 'number') && end.cls === 'Integer'
      ? Number(end.value)
      : m.opaque('unknown-call', 'a slice of this kind'),
  );
  const [first = 0, last = 0] = ends;
  if (!inclusive && first === last) return { from: 0, to: 0, reverse: false };
  const from = first < 0 ? first + size : first;
  const to = last < 0 ? last + size : last;
  if (from > to) return { from: inclusive ? to : to + 1, to: from + 1, reverse: true };
  return { from, to: inclusive ? to + 1 : to, reverse: false };
}

function groupBy(m: MachineCalls, self: ListValue, by: Value): Value {
  const results = m.overItems(m.itemsOf(self), (item) => m.call(by, [item]));
  if (results.some(({ where }) => where !== null)) {
    return {
      kind: 'groups',
      segments: results.map(({ item, where, result }) => ({
        segment: { kind: 'segment', where: where ?? anyOf([]), item },
        key: result,
      })),
    };
  }
  const groups = new Map<string, readonly [Value, Value]>();
  for (const { item, result } of results) {
    const key = keyOf(m.resolve(result));
    const known = groups.get(key)?.[1];
    groups.set(key, [result, m.list([...(isKind(known, 'list') ? known.items : []), item])]);
  }
  return m.map(groups);
}

function flatten(m: MachineCalls, items: readonly ListItem[]): ListItem[] {
  return walkNested(items.length, () =>
    items.flatMap((item) => (isKind(item as Value, 'list') ? flatten(m, m.iterable(item as Value)) : [item])),
  );
}

function fold(m: MachineCalls, items: readonly Value[], name: string, args: readonly Value[]): Found {
  if (name === 'inject') {
    const [initial = null, body] = args;
    if (!isKind(body, 'closure')) return MISSING;
    return items.reduce<Value>((sum, item) => m.call(body, [sum, item]), initial);
  }
  const [by] = args;
  const values = isKind(by, 'closure') ? items.map((item) => m.call(by, [item])) : items;
  const [first = null, ...rest] = values;
  return rest.reduce<Value>((sum, item) => {
    // The sum so far is asked for its method: null has none.
    return isNullItem(m, sum) ? m.fail('java.lang.NullPointerException', 'sum') : m.binaryOperator('+', sum, item);
  }, first);
}

function isNullItem(m: MachineCalls, item: Value): boolean {
  const value = m.resolve(item);
  return isKind(value, 'symbol') ? m.isOf(value, NULL_CLASS) : value === null;
}

function extreme(m: MachineCalls, all: readonly Value[], name: string, by: Value): Found {
  // Without a closure null is passed over.
  const items = isKind(by, 'closure') ? all : all.filter((item) => !isNullItem(m, item));
  const keys = items.map((item) => (isKind(by, 'closure') ? m.call(by, [item]) : item));
  const sizes = keys.some((key) => isKind(key, 'symbol') || isKind(key, 'size'));
  const known = sizes ? keys : ordered(m, keys);
  const keyed = items.map((item, i) => ({ item, key: known[i] ?? null }));
  let best = keyed[0];
  for (const entry of keyed.slice(1)) {
    if (best && m.compare(name === 'max' ? '>' : '<', entry.key, best.key)) best = entry;
  }
  return best?.item ?? null;
}

function collectEntries(m: MachineCalls, items: readonly Value[], closure: Value): Found {
  const entries = new Map<string, readonly [Value, Value]>();
  for (const item of items) {
    const made = isKind(closure, 'closure') ? m.call(closure, [item]) : item;
    if (isKind(made, 'map')) for (const [key, entry] of made.entries) entries.set(key, entry);
    else if (isKind(made, 'list') && made.items.length === 2) {
      const [key, value] = made.items as Value[];
      entries.set(keyOf(m.resolve(key ?? null)), [key ?? null, value ?? null]);
    } else return MISSING;
  }
  return m.map(entries);
}
