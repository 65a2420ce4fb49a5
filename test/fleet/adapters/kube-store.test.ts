/** The store on Kubernetes keeps the contract of a store, on a double of the API server; and what its failures mean. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { KubeClient } from '../../../src/fleet/adapters/kubernetes/kube-client.ts';
import { kubeStore } from '../../../src/fleet/adapters/kubernetes/kube-store.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import { type FleetStore, StoreFailure } from '../../../src/fleet/ports.ts';
import { FakeApiServer } from '../../fakes/fake-api-server.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { STORE_CASES } from '../store-contract.ts';

const NAMESPACE = 'weir-system';

interface Scene {
  readonly server: FakeApiServer;
  readonly store: FleetStore;
  readonly clock: FakeClock;
}

async function scene(t: TestContext, region = 'west'): Promise<Scene> {
  const clock = new FakeClock();
  const server = await FakeApiServer.open(NAMESPACE, () => clock.now());
  const config = { name: region, kind: 'kubernetes' as const, namespace: NAMESPACE, timeout: 2_000 };
  const place = { kind: 'http' as const, host: '127.0.0.1', port: server.port };
  const client = new KubeClient(config, async () => ({ place, basePath: '', authorization: async () => 'Bearer t' }));
  t.after(async () => {
    client.close();
    await server.close();
  });
  return { server, store: kubeStore(config, client, () => clock.monotonic()), clock };
}

for (const [name, run] of STORE_CASES) {
  test(`kubernetes: ${name}`, async (t) => {
    const { server, store, clock } = await scene(t, 'case');
    await run({ store, pass: (ms) => clock.pass(ms), compact: async () => server.compact() }, 'case');
  });
}

const keys = new RegionKeys('west');
const policy = (name: string) => ({
  key: keys.object('MeshPolicy', name),
  value: JSON.stringify({ kind: 'MeshPolicy', metadata: { name }, spec: { apps: ['a'], rules: [] } }),
});
const path = (plural: string, name: string) => `/apis/weir.dev/v1/namespaces/${NAMESPACE}/${plural}/${name}`;

test('a write of several objects that fails in the middle is taken back', async (t) => {
  const { server, store } = await scene(t);
  await store.write([], [policy('b')]);
  const before = server.object(path('meshpolicies', 'b')).spec;
  let puts = 0;
  server.refuse = (method) => (method === 'PUT' && ++puts === 2 ? { status: 403, reason: 'Forbidden' } : null);
  const revision = server.object(path('meshpolicies', 'b')).metadata.resourceVersion;
  const guards = [
    { key: policy('a').key, revision: null },
    { key: policy('b').key, revision },
  ];
  await assert.rejects(store.write(guards, [policy('a'), policy('b')]), (error) => {
    return error instanceof StoreFailure && error.fate === 'refused' && /Forbidden/.test(error.message);
  });
  assert.equal(server.object(path('meshpolicies', 'a')), undefined);
  assert.deepEqual(server.object(path('meshpolicies', 'b')).spec, before);
});

test('what others put on an object stays when weir writes it', async (t) => {
  const { server, store } = await scene(t);
  await store.write([], [policy('a')]);
  const own = path('meshpolicies', 'a');
  const object = server.object(own);
  server.put(own, { ...object, metadata: { ...object.metadata, annotations: { theirs: '1' }, finalizers: ['x/y'] } });
  await store.write([], [policy('a')]);
  assert.deepEqual(server.object(own).metadata.finalizers, ['x/y']);
  assert.equal(server.object(own).metadata.annotations.theirs, '1');
});

test('an entry of history that could not be written is read from the object that holds it', async (t) => {
  const { server, store } = await scene(t);
  server.refuse = (method, at) =>
    method === 'POST' && at.endsWith('/historyentries') ? { status: 0, reason: '' } : null;
  const entry = { key: `${keys.history}00000000000000000001-s`, value: JSON.stringify({ verb: 'apply' }) };
  assert.equal((await store.write([], [policy('a'), entry])).kind, 'written');
  const { items } = await store.list([keys.history]);
  assert.deepEqual(
    items.map(({ key, value }) => [key, value]),
    [[entry.key, entry.value]],
  );
});

test('a write whose answer did not come leaves its fate unknown, a read says that nothing was sent', async (t) => {
  const { server, store } = await scene(t);
  server.refuse = (method) => (method === 'POST' ? { status: 0, reason: '' } : null);
  await assert.rejects(
    store.write([], [policy('a')]),
    (error) => error instanceof StoreFailure && error.fate === 'unknown',
  );
  server.refuse = () => ({ status: 0, reason: '' });
  await assert.rejects(store.list([keys.root]), (error) => error instanceof StoreFailure && error.fate === 'not-sent');
});

test('a watch that the server ends by its clock goes on from where it was', async (t) => {
  const { server, store } = await scene(t);
  const { revision } = await store.list([keys.objects('MeshPolicy')]);
  const seen: string[] = [];
  const ended = new AbortController();
  const found = Promise.withResolvers<void>();
  const watch = store.watch(
    [keys.objects('MeshPolicy')],
    revision,
    (events) => {
      seen.push(...events.map(({ key }) => key));
      if (seen.length === 2) found.resolve();
    },
    ended.signal,
  );
  await store.write([], [policy('a')]);
  while (seen.length < 1) await new Promise((resolve) => setImmediate(resolve));
  server.endWatches();
  await store.write([], [policy('b')]);
  await found.promise;
  ended.abort();
  assert.deepEqual(await watch, { kind: 'lost', why: 'it was ended' });
  assert.deepEqual(seen, [policy('a').key, policy('b').key]);
});

test('kinds that the cluster does not know, and a namespace that is not there, are told as that', async (t) => {
  const { server, store } = await scene(t);
  server.refuse = (_method, at) => (at.includes('weir.dev') ? { status: 404, reason: 'NotFound' } : null);
  await assert.rejects(store.list([keys.root]), /weir operator install/);
  server.refuse = (_method, at) => (at.endsWith(NAMESPACE) ? { status: 404, reason: 'NotFound' } : null);
  await assert.rejects(store.list([keys.objects('Gateway')]), /there is no namespace weir-system/);
});

test('without the Date of the server a lease is taken for nothing: not for ended, and not for one that lives', async (t) => {
  const { server, store } = await scene(t);
  const lease = await store.grant(15_000);
  const leader = { key: keys.leader, value: JSON.stringify({ holder: 'op-1', pid: 1, since: '2030-01-01T00:00:00Z' }) };
  assert.equal((await store.write([{ key: keys.leader, revision: null }], [{ ...leader, lease }])).kind, 'written');
  server.saysDate = false;
  const cannotTell = (error: unknown) =>
    error instanceof StoreFailure && /whether the Lease weir-leader has ended cannot be told/.test(error.message);
  await assert.rejects(store.list([keys.leader]), cannotTell);
  const other = await store.grant(15_000);
  await assert.rejects(store.write([{ key: keys.leader, revision: null }], [{ ...leader, lease: other }]), cannotTell);
  assert.equal((await store.list([keys.objects('MeshPolicy')])).items.length, 0, 'what needs no lease is read');
  server.saysDate = true;
  assert.equal((await store.list([keys.leader])).items.length, 1);
});
