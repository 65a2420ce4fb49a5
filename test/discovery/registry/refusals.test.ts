/** What a registry refuses, and when it is asked for again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from '../../../src/discovery/registry/refusals.ts';

/** Refusals with a clock of their own, and what they warned of. */
function stage() {
  const warnings: string[] = [];
  const clock = { nowMs: 0 };
  const refusals = new Refusals(
    (why) => void warnings.push(why),
    () => clock.nowMs,
  );
  /** The pause until a place is asked for again; it is refused once more then. */
  const pause = (place: string, isForbidden = false) => {
    const pauseMs = (refusals.dueAtMs ?? Number.NaN) - clock.nowMs;
    clock.nowMs += pauseMs;
    assert.deepEqual([...refusals.take(false)], [place]);
    refusals.note(place, 'no', isForbidden);
    return pauseMs;
  };
  return { warnings, clock, refusals, pause };
}

test('what is refused again and again is asked for more and more seldom, and warned of once', () => {
  const { warnings, refusals, pause } = stage();
  assert.equal(refusals.dueAtMs, null);
  refusals.note('/a', 'busy', false);
  assert.deepEqual(
    Array.from({ length: 7 }, () => pause('/a')),
    [1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000],
  );
  assert.deepEqual([warnings, refusals.isBehind], [['/a: busy'], true]);
});

test('what is kept from weir is asked for every 20 s, and nobody waits for it', () => {
  const { refusals, pause } = stage();
  refusals.note('/a', 'no right', true);
  assert.equal(refusals.isBehind, false);
  assert.deepEqual([pause('/a', true), pause('/a', true)], [20_000, 20_000]);
});

test('what is refused for minutes is held and named, and nobody waits for it any more', () => {
  const { clock, refusals, pause } = stage();
  refusals.note('/a', 'busy', false);
  const waited: boolean[] = [];
  while (clock.nowMs < 200_000) {
    pause('/a');
    waited.push(refusals.isBehind);
  }
  assert.deepEqual([waited[0], waited.at(-1), waited.indexOf(false) > 5], [true, false, true]);
  assert.deepEqual([...refusals.places], [['/a', 'no']]);
});

test('what is refused is told when it is another thing than before', () => {
  const { clock, refusals } = stage();
  assert.equal(refusals.news(), null);
  refusals.note('/a', 'busy', false);
  assert.deepEqual(refusals.news(), new Map([['/a', 'busy']]));
  clock.nowMs = 1_000;
  refusals.take(false);
  refusals.note('/a', 'busy', false);
  assert.equal(refusals.news(), null);
  refusals.clear();
  assert.deepEqual(refusals.news(), new Map());
});

test('a refusal that comes twice in one reading is one', () => {
  const { warnings, clock, refusals } = stage();
  refusals.note('/a', 'busy', false);
  clock.nowMs = 500;
  refusals.note('/a', 'busy', false);
  assert.deepEqual([refusals.dueAtMs, warnings.length], [1_000, 1]);
});

test('only what is due is asked for, and what is told again is no refusal any more', () => {
  const { warnings, clock, refusals } = stage();
  refusals.note('/a', 'busy', false);
  refusals.note('/b', 'no right', true);
  clock.nowMs = 1_000;
  assert.deepEqual([...refusals.take(false)], ['/a']);
  assert.deepEqual([refusals.isBehind, [...refusals.take(false)]], [false, []]);
  assert.deepEqual([...refusals.take(true)], ['/b']);
  refusals.note('/a', 'busy', false);
  assert.equal(warnings.length, 3);
  refusals.clear();
  assert.deepEqual([refusals.dueAtMs, [...refusals.take(true)]], [null, []]);
});

test('of thousands of refused places ten are asked for in a second, and no more', () => {
  const { clock, refusals } = stage();
  const note = (places: Iterable<string>) => {
    for (const place of places) refusals.note(place, 'no right', true);
  };
  note(Array.from({ length: 2_000 }, (_, place) => `/${place}`));
  for (let round = 0; round < 8; round += 1) {
    clock.nowMs = refusals.dueAtMs ?? 0;
    note(refusals.take(true));
  }
  assert.ok((refusals.dueAtMs ?? 0) - clock.nowMs <= 200_000);
  const before = clock.nowMs;
  clock.nowMs += 150_000;
  assert.ok(refusals.take(false).size < 1_600, `${clock.nowMs - before}`);
});
