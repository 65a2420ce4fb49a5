/** A store that is believed, held and believed again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyMemory, type HostMemory } from '../../../src/fleet/host/host-memory.ts';
import { rulesOf, seeStore } from '../../../src/fleet/host/see-store.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { StoredItem } from '../../../src/fleet/ports.ts';

const KEYS = new RegionKeys('east');
const AT = '2030-01-01T00:00:00.000Z';

function item(name: string, state: string, revision: string): StoredItem {
  const value = {
    apiVersion: 'weir.dev/v1',
    kind: 'MeshPolicy',
    metadata: { name },
    spec: { apps: [name], rules: [{ state }] },
  };
  return { key: KEYS.object('MeshPolicy', name), value: JSON.stringify(value), revision, created: revision };
}

const see = (memory: HostMemory, revision: string, items: StoredItem[], clusterId = 'one', listed?: string) => {
  const own = listed === undefined ? undefined : { known: memory.store?.own ?? null, listed };
  return seeStore(memory, KEYS, { items, revision, clusterId }, AT, own);
};

const names = (memory: HostMemory, present: StoredItem[] = []) =>
  rulesOf(memory, KEYS, present).policies.map(
    ({ metadata, spec }) => `${metadata.name}=${spec.rules.map(({ state }) => state).join('+')}`,
  );

const FIVE = ['a', 'b', 'c', 'd', 'e'].map((name) => item(name, 'on', '5'));
const FULL = see(emptyMemory('east'), '9', FIVE);

test('the first store is believed, and so is every step that takes no more than a fifth away', () => {
  assert.deepEqual([FULL.held, names(FULL).length], [null, 5]);
  const less = see(FULL, '10', FIVE.slice(1));
  assert.deepEqual([less.held, names(less).length], [null, 4]);
});

test('an empty, shrunk, older or other store is held, and the host goes on by what it remembers', () => {
  for (const [why, memory] of [
    ['empty', see(FULL, '10', [])],
    ['shrunk', see(FULL, '10', FIVE.slice(2))],
    ['backwards', see(FULL, '8', FIVE)],
    ['other-store', see(FULL, '3', [], 'two')],
    ['other-store', see(FULL, '10', FIVE, 'two')],
  ] as const) {
    assert.equal(memory.held?.why, why);
    assert.equal(names(memory).length, 5);
    assert.deepEqual(memory.store, { clusterId: 'one', revision: '9' });
  }
});

test('an off that was written after the hold began is followed; an older one and every on are not', () => {
  const held = see(FULL, '10', []);
  const present = [item('old', 'off', '10'), item('red', 'off', '11'), item('green', 'on', '12')];
  assert.deepEqual(names(held, present).slice(5), ['red=off', 'green=']);
});

test('a store that is again what it was ends the hold by itself', () => {
  const held = see(FULL, '10', []);
  assert.equal(see(held, '11', []).held?.since, AT);
  assert.equal(see(held, '12', FIVE).held, null);
});

test('a confirmation ends the hold of its store, and an older one of a store that was set back does not', () => {
  const accepted = (clusterId: string, revision: string): StoredItem => ({
    key: KEYS.accepted,
    value: JSON.stringify({ clusterId, revision, at: AT, by: 'ops', why: null }),
    revision,
    created: revision,
  });
  const held = see(FULL, '10', []);
  assert.equal(see(held, '11', [accepted('one', '7')]).held?.why, 'empty');
  assert.equal(see(held, '11', [accepted('two', '11')]).held?.why, 'empty');
  const taken = see(held, '11', [accepted('one', '11')]);
  assert.deepEqual([taken.held, names(taken)], [null, []]);
  assert.equal(see(FULL, '3', [accepted('two', '2')], 'two').held, null);
});

test('what cannot be read is left out and named', () => {
  const torn = { ...item('torn', 'on', '3'), value: '{"apiVersion":' };
  const newer = { ...item('future', 'on', '3'), value: '{"apiVersion":"weir.dev/v9","kind":"MeshPolicy"}' };
  const { errors, policies } = rulesOf(see(emptyMemory('east'), '4', [torn, newer, item('good', 'on', '4')]), KEYS, []);
  assert.deepEqual(
    policies.map(({ metadata }) => metadata.name),
    ['good'],
  );
  assert.deepEqual(
    errors.map(({ object, code }) => [object, code]),
    [
      ['MeshPolicy/torn', 'WEIR1600'],
      ['MeshPolicy/future', 'WEIR1600'],
    ],
  );
  assert.match(errors[1]?.message ?? '', /newer than this weir/);
});

test('a store that was set back is held until it is confirmed, however far it writes on', () => {
  const old = FIVE.map((one, index) => (index === 0 ? item('a', 'off', '3') : one));
  for (const items of [old, FIVE.slice(1), [...FIVE, item('f', 'on', '7')]]) {
    const held = see(FULL, '8', items);
    assert.equal(held.held?.why, 'backwards');
    for (const revision of ['9', '40', '4000']) {
      const later = see(held, revision, items);
      assert.deepEqual([later.held?.why, later.held?.since, names(later).length], ['backwards', AT, 5], revision);
    }
    const accepted = { key: KEYS.accepted, value: '', revision: '41', created: '41' };
    const value = JSON.stringify({ clusterId: 'one', revision: '41', at: AT, by: 'ops', why: null });
    assert.equal(see(held, '41', [...items, { ...accepted, value }]).held, null);
  }
  assert.equal(
    see(see(FULL, '8', FIVE), '12', [...FIVE, item('f', 'on', '11')]).held,
    null,
    'all that is known is there',
  );
});

test('a store that was set back while this host was away is known by what stands at an older revision', () => {
  const known = see(emptyMemory('east'), '50', [...FIVE, item('red', 'off', '45')], 'one', '48');
  for (const [what, items, own] of [
    ['a policy of before', [...FIVE, item('red', 'on', '20')], '60'],
    ['the same revision, another value', [...FIVE, item('red', 'on', '45')], '60'],
    ['a policy that had been removed', [...FIVE, item('red', 'off', '45'), item('gone', 'on', '30')], '60'],
    ['its own record of before, and a policy less', FIVE, '21'],
  ] as const) {
    const seen = see(known, '900', [...items], 'one', own);
    assert.equal(seen.held?.why, 'backwards', what);
    assert.ok(names(seen).includes('red=off'), what);
  }
  const on = see(known, '900', [...FIVE.slice(1), item('red', 'on', '70'), item('new', 'on', '80')], 'one', '60');
  assert.equal(on.held, null, 'the same history goes on');
  assert.equal(on.store?.own, '60');
});

test('a policy that cannot be read any more speaks as it did last; a switch that never could be read holds on back', () => {
  const torn = (name: string, revision: string) => ({ ...item(name, 'on', revision), value: '{"apiVersion":' });
  const known = see(emptyMemory('east'), '9', [...FIVE, item('switch-all', 'off', '9')]);
  const strange = [torn('switch-x', '11'), torn('other', '12')];
  const broken = see(known, '12', [...FIVE, torn('switch-all', '10'), ...strange]);
  assert.ok(names(broken).includes('switch-all=off'));
  const { errors, unreadSwitches } = rulesOf(broken, KEYS, []);
  assert.deepEqual([errors.length, unreadSwitches], [3, ['x']]);
  const again = see(broken, '13', [...FIVE, torn('switch-all', '13'), ...strange]);
  assert.ok(names(again).includes('switch-all=off'), 'torn twice');
  const mended = see(again, '14', [...FIVE, item('switch-all', 'on', '14'), ...strange]);
  assert.deepEqual([names(mended).includes('switch-all=on'), rulesOf(mended, KEYS, []).errors.length], [true, 2]);
});
