/** The guard: what is believed of a list that changes, by properties over generated histories. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Admission,
  admissionOf,
  admit,
  believe,
  type GuardPolicy,
  nothingAdmitted,
  takeJoins,
  wouldRemove,
} from '../../../src/discovery/guard/admit.ts';

const POLICY: GuardPolicy = { shrinkPercent: 50, holdMs: 30_000 };

function set(...addresses: readonly number[]): ReadonlyMap<string, string> {
  return new Map(addresses.map((address) => [`10.0.0.${address}:20880`, `v${address}`]));
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

const keys = ({ published }: Admission<string>) => [...published.keys()].toSorted();

test('exactly the share gone is believed, one more is held with what would go', () => {
  const ten = admissionOf(set(...range(0, 10)), 0);
  const half = admit(ten, set(...range(0, 5)), 100, POLICY);
  assert.deepEqual([half.hold, half.published.size], [null, 5]);
  const fewer = admit(ten, set(...range(0, 4)), 100, POLICY);
  assert.deepEqual(fewer.hold, { sinceMs: 100, reason: 'shrink', largest: 10 });
  assert.deepEqual([fewer.published.size, wouldRemove(fewer, set(...range(0, 4)))], [10, 6]);
});

test('removals one after the other count together within the hold time, and not beyond it', () => {
  const step = (gap: number) => {
    let state = admissionOf(set(...range(0, 10)), 0);
    for (let left = 9; left >= 1; left -= 1) {
      state = admit(state, set(...range(0, left)), (10 - left) * gap, POLICY);
      if (state.hold !== null) return left;
    }
    return null;
  };
  assert.equal(step(100), 4);
  // One each 20 s: the largest set of the last 30 s is one or two larger.
  assert.equal(step(20_000), 1);
});

test('a rolling release keeps its count: new addresses in place of old ones are no shrinking', () => {
  let state = admissionOf(set(...range(0, 4)), 0);
  for (let moved = 1; moved <= 4; moved += 1) {
    state = admit(state, set(...range(moved, 4 + moved)), moved * 1000, POLICY);
    assert.equal(state.hold, null);
  }
  assert.deepEqual(keys(state), [...set(...range(4, 8)).keys()]);
});

test('an empty list is held whatever the share, with its own reason', () => {
  const one = admissionOf(set(1), 0);
  const lenient = { ...POLICY, shrinkPercent: 100 };
  assert.equal(admit(one, set(), 10, lenient).hold?.reason, 'empty');
  assert.equal(admit(one, set(), 10, lenient, true).hold?.reason, 'registry-empty');
  assert.equal(admit(nothingAdmitted<string>(), set(), 10, POLICY).hold, null);
});

test('a hold takes what joins at once, and ends at once when enough are back', () => {
  const held = admit(admissionOf(set(...range(0, 10)), 0), set(0), 100, POLICY);
  const joined = takeJoins(held, set(0, 77), 150);
  assert.ok(joined.published.has('10.0.0.77:20880'));
  assert.equal(joined.published.size, 11);
  const back = admit(joined, set(...range(0, 5)), 200, POLICY);
  assert.deepEqual([back.hold, keys(back)], [null, [...set(...range(0, 5)).keys()]]);
});

/** A history: sizes are small, so that holds, returns and beliefs all happen. */
const history = fc.array(
  fc.record({
    waitMs: fc.constantFrom(0, 50, 200, 5_000, 29_999, 30_001, 90_000),
    members: fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { maxLength: 12 }),
    act: fc.constantFrom('list', 'list', 'list', 'join', 'believe'),
  }),
  { maxLength: 25 },
);

test('whatever happens: joins are published, nothing listed is missing, a hold loses nobody, and a belief loses the rest', () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 100 }), (steps, shrinkPercent) => {
      const policy = { shrinkPercent, holdMs: 30_000 };
      let state: Admission<string> = nothingAdmitted<string>();
      let now = 0;
      for (const { waitMs, members, act } of steps) {
        now += waitMs;
        const listed = set(...members);
        const before = state;
        if (act === 'join') state = takeJoins(before, listed, now);
        else if (act === 'believe') state = believe(listed, now);
        else state = admit(before, listed, now, policy);
        for (const [address, value] of listed) assert.equal(state.published.get(address), value);
        if (act === 'believe') assert.deepEqual([state.hold, state.published.size], [null, listed.size]);
        if (act === 'join' || state.hold !== null)
          for (const address of before.published.keys()) assert.ok(state.published.has(address));
        // Nobody is left without endpoints by a list alone.
        if (act === 'list' && before.published.size > 0 && before.sizes.some(({ size }) => size > 0))
          assert.ok(state.published.size > 0);
      }
    }),
  );
});

test('what joined a moment ago counts when it goes again', () => {
  const joined = takeJoins(nothingAdmitted<string>(), set(1, 2, 3), 0);
  const gone = admit(joined, set(), 50, POLICY);
  assert.deepEqual([gone.hold?.reason, gone.published.size], ['empty', 3]);
});

test('a set that went and came back within the hold was never away', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1 }),
      fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 10 }),
      (members, waits) => {
        const whole = set(...members);
        let state = admissionOf(whole, 0);
        let now = 0;
        for (const wait of waits) {
          now += wait;
          state = admit(state, new Map(), now, POLICY);
          assert.deepEqual(keys(state), [...whole.keys()].toSorted());
        }
        state = admit(state, whole, now + 1, POLICY);
        assert.deepEqual([state.hold, keys(state)], [null, [...whole.keys()].toSorted()]);
      },
    ),
  );
});
