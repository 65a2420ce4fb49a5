/** Port ranges of mesh.yaml. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PortRange } from '../../src/mesh/mesh-config.ts';
import {
  formatPortRange,
  mergePortRanges,
  PORT_RANGE_PATTERN,
  readPortRange,
  subtractPortRanges,
} from '../../src/mesh/port-range.ts';
import { isRead } from '../../src/mesh/yaml/field-value.ts';

const SMALL = 40;
const ranges = fc.array(
  fc.tuple(fc.integer({ min: 1, max: SMALL }), fc.nat(6)).map(([from, more]) => ({ from, to: from + more })),
  { maxLength: 8 },
);

/** The ports of some ranges, one by one. */
function portsOf(list: readonly PortRange[]): number[] {
  const ports = list.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
  return [...new Set(ports)].toSorted((a, b) => a - b);
}

test('merging keeps every port and leaves no two ranges that touch', () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const merged = mergePortRanges(list);
      assert.deepEqual(portsOf(merged), portsOf(list));
      for (const [index, { from }] of merged.entries()) assert.ok(from > (merged[index - 1]?.to ?? -1) + 1);
    }),
  );
});

test('subtracting removes exactly the ports that are taken out', () => {
  fc.assert(
    fc.property(ranges, ranges, (list, holes) => {
      const left = subtractPortRanges(mergePortRanges(list), mergePortRanges(holes));
      const removed = new Set(portsOf(holes));
      assert.deepEqual(
        portsOf(left),
        portsOf(list).filter((port) => !removed.has(port)),
      );
    }),
  );
});

test('a formatted range is read as the same range', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(port, port, (a, b) => {
      const range = { from: Math.min(a, b), to: Math.max(a, b) };
      const text = formatPortRange(range);
      assert.deepEqual(readPortRange(text), { value: range });
      assert.match(text, new RegExp(PORT_RANGE_PATTERN));
    }),
  );
});

test('a port is the same as number and as text, and nothing else is one', () => {
  assert.deepEqual(readPortRange(80), readPortRange('80'));
  for (const value of [
    0,
    65_536,
    1.5,
    Number.NaN,
    -1,
    '',
    '0',
    '80-',
    '-80',
    '80-90-100',
    ' 80',
    '８０',
    true,
    null,
    {},
    [],
  ]) {
    assert.equal(isRead(readPortRange(value)), false, String(value));
  }
});

test('a range is refused when only one of its ends is a port', () => {
  for (const text of ['0-80', '80-65536']) assert.ok(!isRead(readPortRange(text)), text);
  assert.deepEqual(readPortRange('1-65535'), { value: { from: 1, to: 65_535 } });
});
