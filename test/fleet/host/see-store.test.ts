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

const see = (memory: HostMemory, revision: string, items: StoredItem[], clusterId = 'one') =>
  seeStore(memory, KEYS, { items, revision, clusterId }, AT);

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
