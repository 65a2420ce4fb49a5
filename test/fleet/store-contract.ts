/** What every store of the fleet has to do; run on the doubles, on a real etcd and on a real API server. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { RegionKeys } from '../../src/fleet/model/keys.ts';
import type { FleetStore, StoreEvent } from '../../src/fleet/ports.ts';

/** A store under test. `pass` lets so many milliseconds pass for it. */
export interface StoreUnderTest {
  readonly store: FleetStore;
  pass(ms: number): Promise<void>;
  /** Forgets the changes up to the present revision. */
  compact(revision: string): Promise<void>;
}

/** One case: a name and what has to hold. `region` is one that no other case uses. */
export type StoreCase = readonly [name: string, run: (under: StoreUnderTest, region: string) => Promise<void>];

/** A lease that outlasts what is done before it is to end, also where each step of that takes a second. */
const LEASE_MS = 6_000;

/** Lets time pass until something holds: a store ends a lease some time after it is over. */
async function passUntil(pass: StoreUnderTest['pass'], holds: () => Promise<boolean>): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    await pass(1_000);
    if (await holds()) return;
  }
  assert.fail('a lease did not end within a minute');
}

const put = (key: string, value: unknown, lease?: string) => ({
  key,
  value: JSON.stringify(value),
  ...(lease === undefined ? {} : { lease }),
});

const policy = (name: string, priority = 0) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name } },
  spec: { apps: ['ä'], priority, rules: [] },
});

const status = (name: string, region: string) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'HostStatus', metadata: { name, region, labels: { Unit: 'ü 1' } } },
  status: {
    ...{ at: '2030-01-01T00:00:00.000Z', weir: '1.0.0', seen: null, held: null },
    ...{ overrides: [], apps: [], sidecars: [], errors: [] },
  },
});

const rollout = (release: string, region: string, wave: number) => ({
  ...{ release, region, state: 'running', wave, reason: null },
});

const release = (name: string) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name } },
  spec: { sidecar: 'main', version: { name: '1', image: 'a:1', emptyImage: 'a:0' }, waves: [{ percent: 100 }] },
});

/** All cases. */
export const STORE_CASES: readonly StoreCase[] = [
  [
    'a list has the keys of each prefix, in their order, at one revision',
    async ({ store }, region) => {
      const keys = new RegionKeys(region);
      const objects = keys.objects('MeshPolicy');
      await store.write([], [put(`${objects}two`, policy('two')), put(`${objects}one`, policy('one'))]);
      await store.write(
        [],
        [
          put(`${keys.hosts}h`, {
            kind: 'Host',
            metadata: { name: 'h', region, labels: { A: 'b c' } },
            apps: ['x'],
            lastSeen: 'now',
            stopped: null,
          }),
        ],
      );
      await store.write([], [put(keys.object('SidecarRelease', 'other'), release('other'))]);
      const { items, revision, clusterId } = await store.list([keys.hosts, objects]);
      assert.deepEqual(
        items.map(({ key }) => key),
        [`${keys.hosts}h`, `${objects}one`, `${objects}two`],
      );
      assert.deepEqual(JSON.parse(items[1]?.value ?? ''), policy('one'));
      assert.deepEqual(JSON.parse(items[0]?.value ?? '').metadata, { name: 'h', region, labels: { A: 'b c' } });
      assert.ok(items.every((item) => BigInt(item.revision) <= BigInt(revision)) && clusterId !== '');
      assert.deepEqual((await store.list([objects])).clusterId, clusterId);
    },
  ],
  [
    'a list of more than a page is whole',
    async ({ store }, region) => {
      const { hosts } = new RegionKeys(region);
      const host = (name: string) => ({
        kind: 'Host',
        metadata: { name, region, labels: {} },
        apps: [],
        lastSeen: '',
        stopped: null,
      });
      for (let at = 0; at < 1_150; at += 115) {
        const names = Array.from({ length: 115 }, (_, index) => `h${String(at + index).padStart(5, '0')}`);
        await store.write(
          [],
          names.map((name) => put(`${hosts}${name}`, host(name))),
        );
      }
      const { items } = await store.list([hosts]);
      assert.equal(new Set(items.map(({ key }) => key)).size, 1_150);
    },
  ],
  [
    'a guard that does not hold lets nothing be written',
    async ({ store }, region) => {
      const keys = new RegionKeys(region);
      const [key, other] = [keys.object('MeshPolicy', 'k'), keys.object('MeshPolicy', 'other')];
      const first = await store.write([{ key, revision: null }], [put(key, policy('k', 1))]);
      assert.ok(first.kind === 'written');
      const changes = [put(other, policy('other')), put(key, policy('k', 2))];
      for (const revision of [null, '1']) {
        assert.deepEqual(await store.write([{ key, revision }], changes), { kind: 'refused' });
      }
      assert.deepEqual(
        (await store.list([keys.objects('MeshPolicy')])).items.map((item) => JSON.parse(item.value)),
        [policy('k', 1)],
      );
      const second = await store.write([{ key, revision: first.revision }], changes);
      assert.ok(second.kind === 'written' && BigInt(second.revision) > BigInt(first.revision));
      await store.write([], [{ key, value: null }]);
      assert.deepEqual(
        (await store.list([keys.objects('MeshPolicy')])).items.map((item) => item.key),
        [other],
      );
    },
  ],
  [
    'the entry of the last change of a key is found without the others',
    async ({ store }, region) => {
      const keys = new RegionKeys(region);
      const key = keys.object('MeshPolicy', 'k');
      for (const turn of [1, 2, 3]) {
        const entry = {
          ...{ at: '2030-01-01T00:00:00.000Z', by: `ops-${turn}`, why: null, verb: 'apply', kind: 'MeshPolicy' },
          ...{ name: 'k', region, from: null, to: null },
        };
        const history = put(`${keys.history}0000000000000000000${turn}-station`, entry);
        assert.equal((await store.write([], [put(key, policy('k', turn)), history])).kind, 'written');
      }
      await store.write([], [put(keys.object('MeshPolicy', 'other'), policy('other'))]);
      const [item] = (await store.list([keys.objects('MeshPolicy')])).items;
      assert.equal(item?.key, key);
      const made = await store.madeWith(key, item.revision, keys.history);
      assert.deepEqual(
        made.map(({ value }) => JSON.parse(value).by),
        ['ops-3'],
      );
    },
  ],
  [
    'a change and its entry of history are there together, oldest entry first',
    async ({ store }, region) => {
      const keys = new RegionKeys(region);
      const key = keys.object('MeshPolicy', 'k');
      for (const turn of [1, 2]) {
        const entry = {
          at: '',
          by: 'a',
          why: null,
          verb: 'apply',
          kind: 'MeshPolicy',
          name: 'k',
          region,
          from: null,
          to: turn,
        };
        await store.write(
          [],
          [put(key, policy('k', turn)), put(`${keys.history}0000000000000000000${turn}-Station_1`, entry)],
        );
      }
      const { items } = await store.list([keys.history]);
      const order = items.toSorted((a, b) => Number(BigInt(a.created) - BigInt(b.created)));
      assert.deepEqual(
        order.map((item) => JSON.parse(item.value).to),
        [1, 2],
      );
      assert.deepEqual(
        JSON.parse((await store.list([keys.objects('MeshPolicy')])).items[0]?.value ?? ''),
        policy('k', 2),
      );
    },
  ],
  [
    'of writers that race with the same guard exactly one wins',
    async ({ store }, region) => {
      const key = new RegionKeys(region).object('MeshPolicy', 'k');
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) => store.write([{ key, revision: null }], [put(key, policy('k', index))])),
      );
      assert.equal(outcomes.filter(({ kind }) => kind === 'written').length, 1);
    },
  ],
  [
    'the record of a rollout has its own guard, and its release stays',
    async ({ store }, region) => {
      const keys = new RegionKeys(region);
      const key = `${keys.rollouts}r`;
      await store.write([], [put(keys.object('SidecarRelease', 'r'), release('r'))]);
      assert.equal((await store.write([{ key, revision: null }], [put(key, rollout('r', region, 0))])).kind, 'written');
      assert.equal((await store.write([{ key, revision: null }], [put(key, rollout('r', region, 9))])).kind, 'refused');
      const before = (await store.list([keys.rollouts])).items[0];
      assert.deepEqual(JSON.parse(before?.value ?? ''), rollout('r', region, 0));
      const guard = { key, revision: before?.revision ?? '' };
      assert.equal((await store.write([guard], [put(key, rollout('r', region, 1))])).kind, 'written');
      assert.equal((await store.write([guard], [put(key, rollout('r', region, 2))])).kind, 'refused');
      const { items } = await store.list([keys.rollouts, keys.objects('SidecarRelease')]);
      assert.deepEqual(
        items.map((item) => JSON.parse(item.value)),
        [rollout('r', region, 1), release('r')],
      );
    },
  ],
  [
    'a watch tells every change after its revision, those that came before it too, and only its prefixes',
    async ({ store }, region) => {
      const keys = new RegionKeys(region);
      const objects = keys.objects('MeshPolicy');
      const { revision } = await store.list([keys.root]);
      await store.write(
        [],
        [
          put(`${objects}a`, policy('a')),
          put(keys.object('Gateway', 'between'), {
            kind: 'Gateway',
            metadata: { name: 'between' },
            spec: { listeners: [{ name: 'x', port: 1 }], routes: ['x'] },
          }),
        ],
      );
      const seen: StoreEvent[] = [];
      let told = 0n;
      const ended = new AbortController();
      const watch = store.watch(
        [objects, keys.objects('SidecarRelease')],
        revision,
        (events, at) => {
          assert.ok(BigInt(at) >= told, 'revisions never fall');
          told = BigInt(at);
          seen.push(...events);
        },
        ended.signal,
      );
      await store.write([], [put(keys.object('SidecarRelease', 'r'), release('r'))]);
      await store.write([], [put(`${objects}b`, policy('b'))]);
      await store.write([], [{ key: `${objects}a`, value: null }]);
      for (let tries = 0; seen.length < 4 && tries < 200; tries += 1) await sleep(20);
      ended.abort();
      assert.equal((await watch).kind, 'lost');
      const ofPolicies = seen.filter(({ key }) => key.startsWith(objects));
      assert.deepEqual(
        ofPolicies.map(({ key, value }) => [key.slice(objects.length), value !== null]),
        [
          ['a', true],
          ['b', true],
          ['a', false],
        ],
      );
      assert.deepEqual(JSON.parse(ofPolicies[1]?.value ?? ''), policy('b'));
      assert.equal(seen.length, 4);
      assert.ok(seen.every(({ revision: at }) => BigInt(at) > BigInt(revision)));
    },
  ],
  [
    'a watch from a revision that was compacted says so',
    async ({ store, compact }, region) => {
      const keys = new RegionKeys(region);
      const key = keys.object('MeshPolicy', 'k');
      const { revision } = await store.list([keys.root]);
      for (let index = 0; index < 3; index += 1) await store.write([], [put(key, policy('k', index))]);
      await compact((await store.list([keys.root])).revision);
      const limit = AbortSignal.timeout(60_000);
      assert.deepEqual(await store.watch([keys.objects('MeshPolicy')], revision, () => {}, limit), {
        kind: 'compacted',
      });
    },
  ],
  [
    'keys go with their lease: revoked, or not kept alive',
    async ({ store, pass }, region) => {
      const { hostStatuses } = new RegionKeys(region);
      const [kept, lost, revoked] = [
        await store.grant(LEASE_MS),
        await store.grant(LEASE_MS),
        await store.grant(60_000),
      ];
      await store.write(
        [],
        [
          put(`${hostStatuses}kept`, status('kept', region), kept),
          put(`${hostStatuses}lost`, status('lost', region), lost),
          put(`${hostStatuses}revoked`, status('revoked', region), revoked),
        ],
      );
      assert.equal((await store.list([hostStatuses])).items.length, 3);
      await store.revoke(revoked);
      const isGone = async () => {
        assert.equal(await store.keepAlive(kept), true);
        return (await store.find(`${hostStatuses}lost`)) === null;
      };
      await passUntil(pass, isGone);
      const { items } = await store.list([hostStatuses]);
      assert.deepEqual(
        items.map((item) => JSON.parse(item.value)),
        [status('kept', region)],
      );
      assert.equal(await store.keepAlive(lost), false);
    },
  ],
  [
    'one key is found by itself, as long as its lease lives, and can be taken by whoever finds it gone',
    async ({ store, pass }, region) => {
      const { hostStatuses } = new RegionKeys(region);
      const [key, longer] = [`${hostStatuses}h`, `${hostStatuses}h-2`];
      assert.equal(await store.find(key), null);
      const [first, second] = [await store.grant(LEASE_MS), await store.grant(60_000)];
      await store.write([], [put(longer, status('h-2', region), second)]);
      assert.equal(await store.find(key), null);
      const written = await store.write([{ key, revision: null }], [put(key, status('h', region), first)]);
      const found = await store.find(key);
      assert.deepEqual(JSON.parse(found?.value ?? ''), status('h', region));
      assert.deepEqual({ kind: 'written', revision: found?.revision }, written);
      const take = [put(key, status('h', region), second)];
      assert.equal((await store.write([{ key, revision: null }], take)).kind, 'refused');
      await passUntil(pass, async () => (await store.find(key)) === null);
      assert.equal((await store.write([{ key, revision: null }], take)).kind, 'written');
      assert.notEqual(await store.find(key), null);
    },
  ],
  [
    'one leader at a time, until its lease ends',
    async ({ store, pass }, region) => {
      const { leader } = new RegionKeys(region);
      const [first, second] = [await store.grant(LEASE_MS), await store.grant(60_000)];
      const lead = (holder: string, lease: string) =>
        store.write(
          [{ key: leader, revision: null }],
          [put(leader, { holder, pid: 7, since: '2030-01-01T00:00:00.000Z' }, lease)],
        );
      const holder = async () =>
        (await store.list([leader])).items.map(({ value }) => JSON.parse(value)).map((one) => [one.holder, one.pid]);
      assert.equal((await lead('first', first)).kind, 'written');
      assert.equal((await lead('second', second)).kind, 'refused');
      assert.deepEqual(await holder(), [['first', 7]]);
      await passUntil(pass, async () => (await holder()).length === 0);
      assert.equal((await lead('second', second)).kind, 'written');
      assert.equal(await store.keepAlive(first), false);
      await store.revoke(second);
      assert.deepEqual(await holder(), []);
    },
  ],
];
