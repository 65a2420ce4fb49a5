/** Durations as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DURATION_PATTERN, formatDuration, MAX_DURATION_MS, parseDuration } from '../../src/platform/duration.ts';

test('a duration is a whole number and a unit', () => {
  assert.deepEqual(
    ['500ms', '15s', '2m', '1h', '0s', '007s'].map(parseDuration),
    [500, 15_000, 120_000, 3_600_000, 0, 7_000],
  );
});

test('anything else is none', () => {
  const others = [
    '',
    '15',
    's',
    '15 s',
    ' 15s',
    '15s ',
    '15S',
    '1.5s',
    '-1s',
    '+1s',
    '1m30s',
    '1d',
    '15sec',
    '1e3s',
    '٣s',
    '15s\n',
  ];
  assert.deepEqual(
    others.map(parseDuration),
    others.map(() => null),
  );
});

test('a duration that a timer cannot hold is none', () => {
  assert.equal(parseDuration('576h'), MAX_DURATION_MS);
  assert.equal(parseDuration('577h'), null);
  assert.equal(parseDuration(`${'9'.repeat(400)}h`), null);
  assert.ok(MAX_DURATION_MS < 2 ** 31);
});

test('what is formatted is parsed as the same, in its largest whole unit', () => {
  fc.assert(
    fc.property(fc.nat(MAX_DURATION_MS), (ms) => {
      const text = formatDuration(ms);
      assert.equal(parseDuration(text), ms);
      assert.match(text, new RegExp(DURATION_PATTERN));
    }),
  );
  assert.deepEqual([0, 1, 1_500, 3_000, 60_000, 7_200_000].map(formatDuration), [
    '0ms',
    '1ms',
    '1500ms',
    '3s',
    '1m',
    '2h',
  ]);
});
