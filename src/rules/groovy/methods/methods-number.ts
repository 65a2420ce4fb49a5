/** Methods of numbers, ranges and matchers. */
import type { TermFunction } from '../../plan/plan-term.ts';
import { runJavaRegex } from '../../regex/run-pattern.ts';
import type { MachineCalls } from '../machine/machine-calls.ts';
import { TEXT_CLASS } from '../values/class-mask.ts';
import { concreteCompare, concreteText, isText, rangeItems } from '../values/concrete.ts';
import { integral, isIntegral, javaInt, numberToText } from '../values/java-number.ts';
import { isKind, type MatcherValue, type RangeValue, type Value } from '../values/values.ts';
import { matchText } from './methods-text.ts';
import { type Found, MISSING } from './missing.ts';

const FUNCTIONS: Readonly<Record<string, TermFunction>> = {
  plus: 'plus',
  minus: 'minus',
  multiply: 'multiply',
  div: 'divide',
  mod: 'mod',
  intdiv: 'intdiv',
  abs: 'abs',
  intValue: 'intValue',
  longValue: 'longValue',
  doubleValue: 'doubleValue',
  toInteger: 'toInteger',
  toLong: 'toLong',
  toDouble: 'toDouble',
  toBigDecimal: 'toBigDecimal',
  hashCode: 'hashCode',
  negative: 'negative',
  and: 'bitAnd',
  or: 'bitOr',
  xor: 'bitXor',
};

/** Methods of numbers; the receiver is a number or a symbol that is one. */
export function callNumberMethod(m: MachineCalls, self: Value, name: string, args: readonly Value[]): Found {
  const [first = null] = args;
  if (Object.hasOwn(FUNCTIONS, name) && args.length <= 1) {
    const fn = FUNCTIONS[name] ?? 'plus';
    if (name === 'plus' && isKind(first, 'symbol') && m.isOf(first, TEXT_CLASS)) return m.concat([m.text(self), first]);
    if (name === 'plus' && isText(first)) return m.concat([m.text(self), m.text(first)]);
    return m.apply(fn, [self, ...args]);
  }
  switch (name) {
    case 'toString':
      return m.text(self);
    case 'equals':
      return m.equals(self, first);
    case 'compareTo':
      return isKind(self, 'symbol') || isKind(first, 'symbol') ? MISSING : javaInt(concreteCompare(self, first));
    case 'asBoolean':
      return m.truth(self);
    case 'times': {
      const count = m.enumerate(self);
      if (!isKind(count, 'number')) return MISSING;
      for (let i = 0; i < Number(count.value); i++) {
        if (i >= 1_000) return m.opaque('loop-limit', 'a loop of more than 1,000 turns');
        m.call(m.closureOf(first), [javaInt(i)]);
      }
      return null;
    }
    case 'upto':
    case 'downto': {
      if (!isKind(self, 'number') || !isKind(first, 'number') || !isIntegral(self)) return MISSING;
      const range: RangeValue = { kind: 'range', from: self, to: first, inclusive: true };
      const empty = name === 'upto' ? concreteCompare(self, first) > 0 : concreteCompare(self, first) < 0;
      if (empty) return m.fail('groovy.lang.GroovyRuntimeException', 'Infinite loop in upto() or downto()');
      for (const item of rangeItems(range)) m.call(m.closureOf(args[1]), [item]);
      return null;
    }
    case 'isNaN':
      return isKind(self, 'number') && Number.isNaN(self.value);
    default:
      return MISSING;
  }
}

/** Methods of ranges; all others are those of a list. */
export function callRangeMethod(m: MachineCalls, self: RangeValue, name: string, args: readonly Value[]): Found {
  const [first = null] = args;
  switch (name) {
    case 'contains':
    case 'isCase':
      return m.isCase(self, first);
    case 'each':
      m.invoke(m.list(rangeItems(self)), name, args);
      return self;
    default:
      return m.invoke(m.list(rangeItems(self)), name, args);
  }
}

/** Whether a value is in a range as `in` and `case` see it. */
export function inGroovyRange(m: MachineCalls, range: RangeValue, value: Value): boolean {
  const { from, to } = range;
  const ints = [from, to].every((end) => isKind(end, 'number') && end.cls === 'Integer');
  const subject = m.resolve(value);
  if (ints && isKind(from, 'number') && isKind(to, 'number')) {
    const items = concreteCompare(from, to) <= 0 ? [from, to] : [to, from];
    // IntRange.contains: Integers and BigIntegers only; a Long is never inside.
    if (isKind(subject, 'symbol')) m.note('WR021', 'an Integer range never holds a Long');
    const whole = { op: 'is', classes: ['java.lang.Integer', 'java.math.BigInteger'] } as const;
    if (
      isKind(subject, 'symbol')
        ? !m.test(subject, whole)
        : !(isKind(subject, 'number') && ['Integer', 'BigInteger'].includes(subject.cls))
    )
      return false;
    const [low, high] = bounds(range, items[0] ?? null, items[1] ?? null);
    return m.compare('>=', subject, low) && m.compare('<=', subject, high);
  }
  const items = rangeItems(range);
  if (isKind(subject, 'symbol') && items.length > MOST_OF_RANGE)
    return m.opaque('path-limit', 'a long range of texts with a value of the call');
  return items.some((item) => m.looseEquals(item, subject));
}

/** Most items of a range that a value of the call is compared with. */
const MOST_OF_RANGE = 100;

/** Ends of a range with an excluded end made inclusive. */
function bounds(range: RangeValue, low: Value, high: Value): [Value, Value] {
  if (range.inclusive) return [low, high];
  const items = rangeItems(range);
  if (items.length === 0) return [javaInt(1), javaInt(0)];
  const [a, b] = [items[0] ?? null, items.at(-1) ?? null];
  return concreteCompare(a, b) <= 0 ? [a, b] : [b, a];
}

/** Methods of a matcher. Groups are known for known texts only. */
export function callMatcherMethod(m: MachineCalls, self: MatcherValue, name: string, args: readonly Value[]): Found {
  const subject = m.resolve(self.subject);
  if (name === 'matches') {
    const full = matchText(m, subject, { kind: 'pattern', source: self.pattern }, 'full');
    if (typeof subject === 'string') capture(m, self, subject, 'full');
    return full;
  }
  if (isKind(subject, 'symbol')) {
    if (name === 'find' && self.at === 0)
      return matchText(m, subject, { kind: 'pattern', source: self.pattern }, 'find');
    return m.opaque('unsupported', 'groups of a pattern on a text of the call');
  }
  const [first = null] = args;
  const text = concreteText(subject);
  switch (name) {
    case 'find':
      return capture(m, self, text, 'find');
    case 'asBoolean':
      return matchText(m, text, { kind: 'pattern', source: self.pattern }, 'find');
    case 'group': {
      if (!self.groups) return m.fail('java.lang.IllegalStateException', 'No match found');
      const index = isKind(first, 'number') ? Number(first.value) : 0;
      const group = self.groups[index];
      return group === undefined ? m.fail('java.lang.IndexOutOfBoundsException', `No group ${index}`) : group;
    }
    case 'getAt': {
      if (!isKind(first, 'number') || concreteCompare(first, javaInt(0)) < 0) return MISSING;
      const found = allMatches(m, self.pattern, text);
      const match = found[Number(first.value)];
      if (!match)
        return m.fail(
          'java.lang.IndexOutOfBoundsException',
          `index is out of range 0..${found.length - 1} (index = ${numberToText(first)})`,
        );
      return match.length > 1 ? m.list(match) : (match[0] ?? null);
    }
    case 'getCount':
      return javaInt(allMatches(m, self.pattern, text).length);
    case 'size':
      return integral('Long', BigInt(allMatches(m, self.pattern, text).length));
    default:
      return MISSING;
  }
}

function capture(m: MachineCalls, self: MatcherValue, text: string, mode: 'full' | 'find'): boolean {
  const found = runJavaRegex(self.pattern, text, mode, { from: mode === 'find' ? self.at : 0, groups: true });
  if ('error' in found) return m.opaque('unsupported', `the pattern uses ${found.error}`);
  const before = { groups: self.groups, at: self.at };
  m.explorer.log(() => Object.assign(self, before));
  self.groups = found.match ? [...found.match].map((group) => group ?? null) : null;
  if (found.match && mode === 'find') self.at = found.match.index + Math.max(1, found.match[0].length);
  return found.match !== null;
}

function allMatches(m: MachineCalls, pattern: string, text: string): (string | null)[][] {
  const all: (string | null)[][] = [];
  let at = 0;
  while (at <= text.length) {
    const found = runJavaRegex(pattern, text, 'find', { from: at, groups: true });
    if ('error' in found) return m.opaque('unsupported', `the pattern uses ${found.error}`);
    if (!found.match) break;
    all.push([...found.match].map((group) => group ?? null));
    at = found.match.index + Math.max(1, found.match[0].length);
  }
  return all;
}
