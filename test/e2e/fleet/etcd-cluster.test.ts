/** A real etcd of three members, of which some are gone: what every request of weir to it comes to. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EtcdCluster } from '../../../scripts/bench/fleet/etcd-cluster.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import { type FleetStore, StoreFailure } from '../../../src/fleet/ports.ts';
import { runWeirBin } from '../../run-weir.ts';
import { until } from '../../until.ts';

const keys = new RegionKeys('east');
const LIMIT = { timeout: 180_000 };
/** What is swallowed or frozen is not waited for as long as this; a busy machine is. */
const TIMEOUT = 20_000;
/** Where nothing comes of a request, its end is waited for. */
const SHORT = 2_000;

async function openCluster(t: TestContext): Promise<EtcdCluster> {
  const cluster = await EtcdCluster.open(3);
  t.after(() => cluster.close());
  return cluster;
}

/** Every request that weir makes, all begun in one moment. Each is of a store that asks `first` first. */
async function askEverything(cluster: EtcdCluster, first: number, leases: Record<'kept' | 'ended', string>) {
  const store = () => cluster.store({ timeout: TIMEOUT, first });
  const entry = `${keys.history}1-${first}`;
  const change = { key: `${keys.root}changed-${first}`, value: 'x' };
  const [listed, found, written, granted, kept, ended] = await Promise.all([
    store().list([keys.root]),
    store().find(`${keys.root}there`),
    store().write([{ key: change.key, revision: null }], [change, { key: entry, value: 'once', isOwn: true }]),
    store().grant(60_000),
    store().keepAlive(leases.kept),
    store().revoke(leases.ended),
  ]);
  return { listed, found, written, granted, kept, ended, entry, key: change.key };
}

for (const [gone, end] of [
  ['the leader is killed', (cluster: EtcdCluster, leader: number) => cluster.kill(leader)],
  ['a follower is killed', (cluster: EtcdCluster, leader: number) => cluster.kill((leader + 1) % 3)],
  ['the leader is frozen', (cluster: EtcdCluster, leader: number) => cluster.freeze(leader)],
] as const) {
  test(`${gone}: every request is carried out, once, whichever member is asked first`, LIMIT, async (t) => {
    const cluster = await openCluster(t);
    const leader = await cluster.leader();
    const store = cluster.store();
    await store.write([], [{ key: `${keys.root}there`, value: 'x' }]);
    const leases = await Promise.all(
      [0, 1, 2].map(async () => ({ kept: await store.grant(120_000), ended: await store.grant(120_000) })),
    );
    await end(cluster, leader);
    const all = await Promise.all(
      leases.map(async (two, first) => ({ two, ...(await askEverything(cluster, first, two)) })),
    );
    const { items } = await store.list([keys.root]);
    for (const { found, written, granted, kept, entry, key, two } of all) {
      assert.equal(found?.value, 'x');
      assert.equal(kept, true);
      assert.ok(await store.keepAlive(granted));
      assert.equal(await store.keepAlive(two.ended), false);
      // One transaction, in which both were made.
      const own = items.filter((item) => item.key === entry || item.key === key);
      assert.equal(own.length, 2, entry);
      assert.ok(
        own.every(({ revision, created }) => revision === created),
        JSON.stringify(own),
      );
      assert.deepEqual(written, { kind: 'written', revision: own[0]?.revision });
    }
  });
}

test('what another one wrote meanwhile is a refusal, not a write of our own', LIMIT, async (t) => {
  const cluster = await openCluster(t);
  const key = `${keys.root}k`;
  await cluster.store().write([], [{ key, value: 'theirs' }]);
  await cluster.killLeader();
  const changes = [
    { key, value: 'ours' },
    { key: `${keys.history}1`, value: 'ours', isOwn: true },
  ];
  assert.deepEqual(await cluster.store().write([{ key, revision: null }], changes), { kind: 'refused' });
  assert.equal((await cluster.store().find(key))?.value, 'theirs');
});

test(
  'two of three are killed: reads are not carried out, a write may be later, and each member is named',
  LIMIT,
  async (t) => {
    const cluster = await openCluster(t);
    const leader = await cluster.leader();
    await Promise.all([cluster.kill(leader), cluster.kill((leader + 1) % 3)]);
    const store = cluster.store({ timeout: SHORT });
    const says = (fate: StoreFailure['fate']) => (error: unknown) =>
      error instanceof StoreFailure &&
      error.fate === fate &&
      cluster.endpoints.every((endpoint) => error.message.includes(endpoint)) &&
      error.message.match(/ECONNREFUSED/g)?.length === 2;
    await assert.rejects(store.list(['/']), says('not-sent'));
    const own = [{ key: '/a', value: '1', isOwn: true }];
    await assert.rejects(store.write([{ key: '/a', revision: null }], own), says('unknown'));
    let said = '';
    const isLeaderless = async () => {
      said = String(await store.list(['/']).catch((failure: Error) => failure));
      return said.includes('no leader');
    };
    await until('the member that lives to notice that nobody leads it', isLeaderless, { tell: () => said });
    const config = cluster.fleetFile('10s');
    const { code, stdout } = await runWeirBin(['fleet', 'off', '--all', '--fleet-config', config, '--json']);
    const { error } = JSON.parse(stdout);
    assert.equal(code, 3, stdout);
    assert.match(error.message, /east/);
    // The member that lives says why it does nothing.
    assert.match(error.why, /etcdserver: no leader/);
    assert.match(error.hint, /off\.sh/);
  },
);

test('a watch on a frozen member ends, as soon as another one answers in its place', LIMIT, async (t) => {
  const cluster = await openCluster(t);
  const leader = await cluster.leader();
  const store = cluster.store({ timeout: SHORT, first: leader });
  const { revision } = await store.list([keys.root]);
  const watch = store.watch([keys.root], revision, () => {}, AbortSignal.timeout(120_000));
  await cluster.freeze(leader);
  await until('another member to answer', async () => await follow(store));
  const end = await watch;
  assert.ok(
    end.kind === 'lost' && end.why.includes(`${cluster.endpoints[leader]} does not answer`),
    JSON.stringify(end),
  );
  // And the next one is told of changes again.
  const seen = Promise.withResolvers<void>();
  const ended = new AbortController();
  const next = store.watch([keys.root], revision, () => seen.resolve(), ended.signal);
  await cluster.store().write([], [{ key: `${keys.root}new`, value: '1', isOwn: true }]);
  await seen.promise;
  ended.abort();
  await next;
});

/** What a daemon does now and then; false while those that live elect their leader. */
async function follow(store: FleetStore): Promise<boolean> {
  try {
    return (await store.keepAlive(await store.grant(60_000))) === true;
  } catch (error) {
    if (error instanceof StoreFailure) return false;
    throw error;
  }
}

test('the leader is killed: every command of the fleet goes on', LIMIT, async (t) => {
  const cluster = await openCluster(t);
  const config = cluster.fleetFile('20s');
  const file = join(cluster.folder, 'objects.yaml');
  const spec = {
    sidecar: 'main',
    version: { name: '1', binary: '/e', sha256: 'ab'.repeat(32) },
    waves: [{ percent: 100 }],
  };
  const object = (kind: string, name: string, own: object) =>
    JSON.stringify({ apiVersion: 'weir.dev/v1', kind, metadata: { name }, spec: own });
  writeFileSync(file, object('SidecarRelease', 'r', spec));
  const fleet = async (...args: readonly string[]) => {
    const { code, stdout } = await runWeirBin(['fleet', ...args, '--fleet-config', config, '--json']);
    return { code, json: JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') };
  };
  assert.equal((await fleet('apply', file)).code, 0);
  writeFileSync(file, object('MeshPolicy', 'p', { apps: ['payment'], rules: [{ state: 'on' }] }));
  await cluster.killLeader();
  const ends = await Promise.all([
    fleet('off', '--all'),
    fleet('apply', file),
    fleet('diff', file),
    fleet('rollout', 'start', 'r'),
    fleet('rollout', 'status', 'r'),
    fleet('confirm'),
    fleet('history'),
    fleet('status'),
  ]);
  for (const { json } of ends.slice(0, -1)) assert.equal(json.error, undefined, JSON.stringify(json));
  assert.equal(ends.at(-1)?.json.result.regions[0].reachable, true);
  const { json } = await fleet('history');
  const verbs = json.result.entries.map(({ verb }: { verb: string }) => verb).sort();
  assert.deepEqual(verbs, ['apply', 'apply', 'confirm', 'off', 'rollout-start']);
});
