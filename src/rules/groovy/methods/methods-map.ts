/** Methods of maps, and of the map that groupBy makes. */
import { hasHashOrder } from '../machine/hash-order.ts';
import type { MachineCalls } from '../machine/machine-calls.ts';
import { concreteText, keyOf } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import { type GroupsValue, isKind, type ListValue, type MapValue, mapEntry, type Value } from '../values/values.ts';
import { type Found, MISSING } from './missing.ts';

/** The value under a key; where the key depends on the call, the path splits over the map's keys. `looseKeys`: `map["${x}"]` finds a String. */
export function lookUp(m: MachineCalls, map: MapValue, key: Value, looseKeys: boolean): Value | undefined {
  const wanted = m.resolve(looseKeys && isKind(key, 'gstring') ? m.text(key) : key);
  if (
    isKind(wanted, 'symbol') ||
    isKind(wanted, 'random') ||
    (isKind(wanted, 'gstring') && wanted.parts.some((part) => isKind(part, 'symbol')))
  ) {
    if (isKind(wanted, 'gstring')) return undefined;
    const texts = isKind(wanted, 'symbol') ? textKeys(map) : undefined;
    if (isKind(wanted, 'symbol') && texts) {
      const text = texts[m.whichText(wanted, texts)];
      return text === undefined ? undefined : map.entries.get(keyOf(text))?.[1];
    }
    for (const [known, value] of map.entries.values()) if (m.equals(wanted, known)) return value;
    return undefined;
  }
  return map.entries.get(keyOf(wanted))?.[1];
}

/** Keys of maps whose keys are texts; entries are replaced when a map changes, so that they can stand for it. */
const keysOfEntries = new WeakMap<object, readonly string[] | null>();

function textKeys(map: MapValue): readonly string[] | undefined {
  let known = keysOfEntries.get(map.entries);
  if (known === undefined) {
    const keys = [...map.entries.values()].map(([key]) => key);
    known = keys.every((key) => typeof key === 'string') ? keys : null;
    keysOfEntries.set(map.entries, known);
  }
  return known ?? undefined;
}

/** Puts a value under a key. */
export function putInto(m: MachineCalls, map: MapValue, key: Value, value: Value): void {
  const known = m.resolve(key);
  if (isKind(known, 'symbol')) m.opaque('unsupported', 'a map is filled under a key of the call');
  m.putEntry(map, keyOf(known), [known, value]);
}

/** Methods of maps as Groovy extends them. */
export function callMapMethod(m: MachineCalls, self: MapValue, name: string, args: readonly Value[]): Found {
  const [first = null, second = null] = args;
  const entries = [...self.entries.values()];
  const holds = ([key, value]: readonly [Value, Value]): boolean => {
    const closure = m.closureOf(first);
    return m.truth(
      closure.params?.length === 2 ? m.call(closure, [key, value]) : m.call(closure, [mapEntry(key, value)]),
    );
  };
  // What is made of a hashed map has its order.
  const ordered = (made: ListValue): ListValue => (self.hashed === true ? { ...made, hashed: true } : made);
  const likeMap = (kept: MapValue['entries'] | [string, readonly [Value, Value]][]): MapValue =>
    self.hashed === true ? { ...m.map(kept), hashed: true } : m.map(kept);
  switch (name) {
    case 'get':
    case 'getAt':
    case 'getOrDefault': {
      const found = lookUp(m, self, first, name === 'getAt');
      if (found !== undefined || args.length === 1) return found ?? null;
      if (name === 'get') putInto(m, self, first, second);
      return second;
    }
    case 'containsKey':
      return lookUp(m, self, first, false) !== undefined;
    case 'containsValue':
      return m.contains(
        entries.map(([, value]) => value),
        first,
      );
    case 'put': {
      const before = lookUp(m, self, first, false) ?? null;
      putInto(m, self, first, second);
      return before;
    }
    case 'putAll':
    case 'plus':
    case 'leftShift': {
      if (!isKind(first, 'map')) return MISSING;
      if (self.hashed !== true && hasHashOrder(first)) return MISSING;
      const target = name === 'plus' ? likeMap(self.entries) : self;
      for (const [key, entry] of first.entries) m.putEntry(target, key, entry);
      return name === 'putAll' ? null : target;
    }
    case 'remove': {
      const before = lookUp(m, self, first, false) ?? null;
      m.putEntry(self, keyOf(m.resolve(first)), null);
      return before;
    }
    case 'size':
      return javaInt(entries.length);
    case 'isEmpty':
      return entries.length === 0;
    case 'keySet':
      return ordered(
        m.list(
          entries.map(([key]) => key),
          'set',
        ),
      );
    case 'asBoolean':
      return entries.length > 0;
    case 'isCase':
      return m.isCase(self, first);
    case 'values':
      return ordered({ ...m.list(entries.map(([, value]) => value)), view: true });
    case 'entrySet':
      return ordered(
        m.list(
          entries.map(([key, value]) => mapEntry(key, value)),
          'set',
        ),
      );
    case 'each':
      for (const [key, value] of entries) {
        const closure = m.closureOf(first);
        m.call(closure, closure.params?.length === 2 ? [key, value] : [mapEntry(key, value)]);
      }
      return self;
    case 'find': {
      const found = entries.find(holds);
      return found ? mapEntry(...found) : null;
    }
    case 'findAll':
      return likeMap([...self.entries].filter(([, entry]) => holds(entry)));
    case 'any':
      return entries.some(holds);
    case 'every':
      return entries.every(holds);
    case 'collect': {
      const closure = m.closureOf(first);
      return m.list(
        entries.map(([key, value]) =>
          m.call(closure, closure.params?.length === 2 ? [key, value] : [mapEntry(key, value)]),
        ),
      );
    }
    case 'toString':
      return concreteText(self);
    case 'equals':
      return m.looseEquals(self, first);
    case 'asImmutable':
    case 'clone':
      return likeMap(self.entries);
    default:
      return MISSING;
  }
}

/** Methods of the map that groupBy makes of providers. */
export function callGroupsMethod(m: MachineCalls, self: GroupsValue, name: string, args: readonly Value[]): Found {
  const [key = null] = args;
  switch (name) {
    case 'get':
    case 'getAt':
    case 'getOrDefault':
    case 'containsKey': {
      const kept = self.segments.flatMap(({ segment, key: own }) =>
        m.filter([segment], () => m.equals(own, m.resolve(key))),
      );
      const list = m.list(kept);
      const there = m.hasItems(kept);
      if (name === 'containsKey') return there;
      return there ? list : (args[1] ?? null);
    }
    default:
      return MISSING;
  }
}
