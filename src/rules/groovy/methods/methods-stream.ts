/** Methods of java.util.stream.Stream. Steps wait until the method that ends the stream, as they do in Java. */
import type { MachineCalls } from '../machine/machine-calls.ts';
import { isSegment } from '../syntax/segments.ts';
import { BOOLEAN_CLASS } from '../values/class-mask.ts';
import { integral, isIntegral } from '../values/java-number.ts';
import { type ClosureValue, isKind, type ListItem, type StreamValue, type Value } from '../values/values.ts';
import { type Found, MISSING } from './missing.ts';

/** A stream over items that were put in order. */
export function streamOf(items: readonly ListItem[]): StreamValue {
  return { kind: 'stream', items, steps: [], state: { used: false } };
}

/** A method of a stream. */
export function callStreamMethod(m: MachineCalls, self: StreamValue, name: string, args: readonly Value[]): Found {
  const [first = null] = args;
  if (!USES.has(name)) return MISSING;
  if (self.state.used) return m.fail('java.lang.IllegalStateException', 'stream has already been operated upon');
  m.explorer.log(() => {
    self.state.used = false;
  });
  self.state.used = true;
  if (name === 'filter' || name === 'map') {
    const step = { name, closure: m.closureOf(first) } as const;
    return { ...self, steps: [...self.steps, step], state: { used: false } };
  }
  // A match stops at the item that decides, before the steps of later items.
  if (name.endsWith('Match') && self.steps.length > 0)
    return m.opaque('unsupported', `${name}() behind other steps of a stream`);
  let list = m.list(self.items);
  for (const { name: step, closure } of self.steps) {
    if (step === 'filter') list = m.list(m.filter(list.items, (item) => holds(m, closure, item)));
    else {
      const mapped = m.invoke(list, 'collect', [closure]);
      if (!isKind(mapped, 'list')) return MISSING;
      list = mapped;
    }
  }
  switch (name) {
    case 'collect':
      if (!isKind(first, 'host') || first.type !== 'collector') return MISSING;
      return first.name === 'toSet' ? m.invoke(list, 'toSet', []) : list;
    case 'count': {
      const size = m.sizeOf(list);
      return isKind(size, 'number') && isIntegral(size) ? integral('Long', size.value) : size;
    }
    case 'anyMatch':
      return some(m, list.items, (item) => holds(m, m.closureOf(first), item));
    case 'noneMatch':
      return !some(m, list.items, (item) => holds(m, m.closureOf(first), item));
    case 'allMatch':
      return !some(m, list.items, (item) => !holds(m, m.closureOf(first), item));
    case 'forEach':
      m.invoke(list, 'each', [first]);
      return null;
    default:
      return MISSING;
  }
}

const USES = new Set(['filter', 'map', 'collect', 'count', 'anyMatch', 'noneMatch', 'allMatch', 'forEach']);

function some(m: MachineCalls, items: readonly ListItem[], test: (item: Value) => boolean): boolean {
  if (!items.some(isSegment)) return items.some((item) => test(item as Value));
  return m.hasItems(m.filter(items, test));
}

/** A closure that stands for a Predicate: what it gives has to be a Boolean. */
function holds(m: MachineCalls, closure: ClosureValue, item: Value): boolean {
  const given = m.resolve(m.call(closure, [item]));
  if (typeof given === 'boolean') return given;
  if (isKind(given, 'symbol') && m.isOf(given, BOOLEAN_CLASS)) return m.truth(given);
  if (given === null) return m.fail('java.lang.NullPointerException', null);
  return isKind(given, 'symbol') || isKind(given, 'poison') || isKind(given, 'random')
    ? m.opaque('unsupported', 'a filter of a stream that gives something else than true or false')
    : m.fail('java.lang.ClassCastException', null);
}
