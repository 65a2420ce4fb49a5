import { keyOf } from './concrete.ts';
import { javaInt } from './java-number.ts';
import type { MachineCalls } from './machine-calls.ts';
import { changeList, distinct, plain, sortItems, within } from './methods-list-change.ts';
import { type Found, MISSING } from './missing.ts';
import { walkNested } from './nested-walk.ts';
import { anyOf } from './predicates.ts';
import { isSegment, mergeSegments } from './segments.ts';
import { isKind, type ListItem, type ListValue, type Value } from './values.ts';

/** Methods of lists and sets as Groovy extends them. */
export function callListMethod(m: MachineCalls, self: ListValue, name: string, args: readonly Value[]): Found {
  return changeList(m, self, name, args) ?? queryList(m, self, name, args);
}

/** Methods that leave the list as it is. */
function queryList(m: MachineCalls, self: ListValue, name: string, args: readonly Value[]): Found {
  const items = m.itemsOf(self);
  const [first = null, second = null] = args;
  const closure = isKind(first, 'closure') ? first : null;
  const holds = (item: Value): boolean => (closure ? m.truth(m.call(closure, [item])) : m.isCase(first, item));
  const filtered = (kept: ListItem[]): Value => m.list(kept, self.sort === 'set' ? 'set' : 'list');
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
      return m.contains(items, first);
    case 'containsAll':
      return m.iterable(first).every((item) => !isSegment(item) && m.contains(items, item));
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
      return self;
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
      const results = m.overItems(items, (item) => m.iterable(m.call(m.closureOf(first), [item])));
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
        isKind(first, 'list') || isKind(first, 'range') || isKind(first, 'lazy-list') ? m.iterable(first) : [first];
      return m.list(mergeSegments([...items, ...extra]), self.sort);
    }
    case 'minus': {
      const gone = isKind(first, 'list') || isKind(first, 'range') ? m.iterable(first) : [first];
      return filtered(
        m.filter(
          items,
          (item) => !gone.some((other) => (isSegment(other) ? m.contains([other], item) : minusEqual(m, item, other))),
        ),
      );
    }
    case 'intersect':
      return filtered(m.filter(items, within(m, first)));
    case 'disjoint':
      return !m.hasItems(m.filter(items, within(m, first)));
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
      if (name === 'take') return m.list(items.slice(0, n));
      if (name === 'drop') return m.list(items.slice(n));
      if (!isKind(to, 'number')) return MISSING;
      if (Number(to.value) > items.length || n > Number(to.value))
        return m.fail('java.lang.IndexOutOfBoundsException', `toIndex = ${Number(to.value)}`);
      return m.list(items.slice(n, Number(to.value)));
    }
    case 'tail':
      return m.list(plain(m, items).slice(1));
    case 'reverse':
      return m.list([...items].reverse());
    case 'toSet':
      return m.list(distinct(m, items), 'set');
    case 'toList':
    case 'asList':
    case 'clone':
    case 'asImmutable':
    case 'asUnmodifiable':
    case 'stream':
      return name === 'stream' ? MISSING : m.list(items, name === 'toList' ? 'list' : self.sort);
    case 'toArray':
      return m.list(items, 'array');
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
      return fold(m, plain(m, items), name, args);
    case 'max':
    case 'min':
      return extreme(m, plain(m, items), name, closure);
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

/** `list - other` compares with numbers by value, as Groovy's NumberAwareComparator does. */
function minusEqual(m: MachineCalls, item: Value, other: Value): boolean {
  return isKind(item, 'number') && isKind(other, 'number') ? m.looseEquals(item, other) : m.equalsDeep(item, other);
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
  if (isKind(index, 'range') || isKind(index, 'list')) {
    const items = plain(m, m.itemsOf(self));
    return m.list(m.iterable(index).map((at) => itemAt(m, m.list(items), at as Value, false)));
  }
  if (isKind(index, 'random') || isKind(index, 'size'))
    return m.opaque('provider-order', 'a provider is chosen by its position');
  if (isKind(index, 'symbol')) {
    if (m.itemsOf(self).some(isSegment))
      return m.opaque('provider-order', 'a provider is chosen by a value of the call');
    return m.opaque('unsupported', 'a position that depends on the call');
  }
  if (!isKind(index, 'number')) return m.fail('groovy.lang.MissingMethodException', 'getAt');
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
  return rest.reduce<Value>((sum, item) => m.invoke(sum, 'plus', [item]), first);
}

function extreme(m: MachineCalls, items: readonly Value[], name: string, by: Value): Found {
  const keyed = items.map((item) => ({ item, key: isKind(by, 'closure') ? m.call(by, [item]) : item }));
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
