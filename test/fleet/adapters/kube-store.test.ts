/** The store on Kubernetes keeps the contract of a store, on a double of the API server; and what its failures mean. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { KubeClient } from '../../../src/fleet/adapters/kubernetes/kube-client.ts';
import { kubeStore } from '../../../src/fleet/adapters/kubernetes/kube-store.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import { type FleetStore, StoreFailure } from '../../../src/fleet/ports.ts';
import { FakeApiServer } from '../../fakes/fake-api-server.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { freePorts } from '../../free-ports.ts';
import { STORE_CASES } from '../store-contract.ts';

const NAMESPACE = 'weir-system';

interface Scene {
  readonly server: FakeApiServer;
  readonly store: FleetStore;
  readonly clock: FakeClock;
  /** What the store has warned of. */
  readonly warnings: readonly string[];
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
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const store = kubeStore(config, warn, client, () => clock.monotonic());
  return { server, store, clock, warnings };
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
  const { server, store, warnings } = await scene(t);
  server.refuse = (method, at) =>
    method === 'POST' && at.endsWith('/historyentries') ? { status: 0, reason: '' } : null;
  const entry = { key: `${keys.history}00000000000000000001-s`, value: JSON.stringify({ verb: 'apply' }) };
  assert.equal((await store.write([], [policy('a'), entry])).kind, 'written');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /whether its entry of history could be written is not known .*weir fleet history/);
  const { items } = await store.list([keys.history]);
  assert.deepEqual(
    items.map(({ key, value }) => [key, value]),
    [[entry.key, entry.value]],
  );
});

/** Nobody may write entries of history. */
const noHistory: FakeApiServer['refuse'] = (method, at) =>
  method === 'POST' && at.endsWith('/historyentries') ? { status: 403, reason: 'Forbidden' } : null;

test('a change that is made without its entry of history is told, with what keeps it and which right is missing', async (t) => {
  const { server, store, warnings } = await scene(t);
  server.refuse = noHistory;
  const entry = (count: number) => ({
    ...{ key: `${keys.history}0000000000000000000${count}-s`, value: JSON.stringify({ verb: 'apply' }) },
  });
  const made = await store.write([], [policy('a'), entry(1), policy('b'), entry(2)]);
  assert.equal(made.kind, 'written');
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(
    warnings[0] ?? '',
    /: the change is made, and 2 entries of history could not be written \(.*\): the changed object keeps it until its next change; allow `create` on historyentries\.weir\.dev/,
  );
  // What is removed keeps nothing. That nothing was changed would be wrong.
  const removed = await store.write([], [{ key: policy('a').key, value: null }, entry(3)]);
  assert.equal(removed.kind, 'written');
  assert.equal(await store.find(policy('a').key), null);
  assert.match(warnings[1] ?? '', /its entry of history could not be written .*nobody else keeps it/);
  // Where the entry is all that was asked for, nothing was done.
  await assert.rejects(
    store.write([], [entry(4)]),
    (error) => error instanceof StoreFailure && error.fate === 'refused',
  );
  assert.equal(warnings.length, 2);
});

test('a guard on a key that is not written holds the write back, and one that cannot be kept is refused', async (t) => {
  const { store } = await scene(t);
  const made = await store.write([], [policy('a')]);
  assert.ok(made.kind === 'written');
  const own = { key: policy('a').key, revision: made.revision };
  const written = await store.write([own], [policy('b')]);
  assert.equal(written.kind, 'written');
  for (const guard of [
    { ...own, revision: '1' },
    { ...own, revision: null },
    { key: policy('c').key, revision: '1' },
  ]) {
    assert.equal((await store.write([guard], [policy('d')])).kind, 'refused', JSON.stringify(guard));
    assert.equal((await store.write([guard], [policy('b'), policy('d')])).kind, 'refused', JSON.stringify(guard));
  }
  assert.equal((await store.write([{ key: policy('c').key, revision: null }], [policy('e')])).kind, 'written');
  const lease = await store.grant(15_000);
  const leader = { key: keys.leader, value: JSON.stringify({ holder: 'op-1', pid: 1, since: '2030-01-01T00:00:00Z' }) };
  const entry = { key: `${keys.history}00000000000000000001-s`, value: JSON.stringify({ verb: 'apply' }) };
  for (const [guards, changes] of [
    [[{ key: keys.leader, revision: '1' }], [policy('d')]],
    [[{ key: '/elsewhere', revision: null }], [policy('d')]],
    [[{ key: entry.key, revision: '1' }], [policy('d'), entry]],
    [[{ key: keys.leader, revision: '1' }], [{ ...leader, lease }]],
    [[own], [{ ...leader, lease }]],
    [[], [policy('d'), { ...leader, lease }]],
  ] as const)
    await assert.rejects(
      store.write(guards, changes),
      (error) => error instanceof StoreFailure && error.fate === 'refused',
      JSON.stringify(guards),
    );
  assert.equal(await store.find(policy('d').key), null);
  assert.equal((await store.list([keys.leader])).items.length, 0);
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

/** Refuses the first requests of each kind, so many, and lets the others through. */
function firstOnes(count: number, status: number): FakeApiServer['refuse'] {
  const seen = new Map<string, number>();
  return (method, at) => {
    const before = seen.get(`${method} ${at}`) ?? 0;
    seen.set(`${method} ${at}`, before + 1);
    return before < count ? { status, reason: 'Passing' } : null;
  };
}

for (const [status, what] of [
  [0, 'that ends connections'],
  [429, 'that has too many requests'],
  [502, 'behind a gateway that does not find it'],
  [503, 'that is not ready'],
  [504, 'that gave up'],
] as const) {
  test(`a server ${what} is asked again until it does: once is what comes of it`, async (t) => {
    const { server, store } = await scene(t);
    server.refuse = firstOnes(2, status);
    const entry = { key: `${keys.history}00000000000000000001-s`, value: JSON.stringify({ verb: 'apply' }) };
    const outcome = await store.write([{ key: policy('a').key, revision: null }], [policy('a'), entry]);
    assert.equal(outcome.kind, 'written');
    const { items } = await store.list([keys.objects('MeshPolicy'), keys.history]);
    assert.deepEqual(
      items.map(({ key }) => key),
      [policy('a').key, entry.key],
    );
  });
}

test('a refusal that is no matter of time is told at once', async (t) => {
  const { server, store } = await scene(t);
  for (const status of [400, 401, 403, 422, 500]) {
    server.refuse = () => ({ status, reason: 'Final' });
    server.asked.length = 0;
    await assert.rejects(store.list([keys.objects('MeshPolicy')]), /Final/);
    assert.ok(server.asked.length <= 2, server.asked.join());
  }
});

test('a server that starts anew is waited for', async (t) => {
  const [port = 0] = await freePorts(1);
  const config = { name: 'west', kind: 'kubernetes' as const, namespace: NAMESPACE, timeout: 20_000 };
  const place = { kind: 'http' as const, host: '127.0.0.1', port };
  const client = new KubeClient(config, async () => ({ place, basePath: '', authorization: async () => undefined }));
  const written = kubeStore(config, assert.fail, client).write([], [policy('a')]);
  for (const before = client.requests; client.requests < before + 2; ) await new Promise((r) => setTimeout(r, 10));
  const server = await FakeApiServer.open(NAMESPACE, Date.now, port);
  t.after(async () => {
    client.close();
    await server.close();
  });
  assert.equal((await written).kind, 'written');
});

test('a write that was carried out and not answered is not done twice, and is no conflict of its own making', async (t) => {
  const { server, store } = await scene(t);
  const hidden = new Set<string>();
  server.hides = (method, at) => {
    const isFirst = method !== 'GET' && !hidden.has(`${method} ${at}`);
    if (isFirst) hidden.add(`${method} ${at}`);
    return isFirst;
  };
  const [{ key }] = [policy('a')];
  const made = await store.write([{ key, revision: null }], [policy('a')]);
  assert.ok(made.kind === 'written');
  const changed = await store.write([{ key, revision: made.revision }], [{ ...policy('a') }]);
  assert.ok(changed.kind === 'written' && BigInt(changed.revision) > BigInt(made.revision));
  await store.write([{ key, revision: changed.revision }], [{ key, value: null }]);
  assert.equal(await store.find(key), null);
  assert.deepEqual([...hidden].map((one) => one.split(' ')[0]).sort(), ['DELETE', 'POST', 'PUT']);
});

test('a write without an answer, over which somebody else wrote, is not called one that never was', async (t) => {
  const { server, store } = await scene(t);
  const made = await store.write([], [policy('a')]);
  assert.ok(made.kind === 'written');
  const own = path('meshpolicies', 'a');
  let puts = 0;
  server.hides = (method) => {
    if (method !== 'PUT' || ++puts > 1) return false;
    const theirs = server.object(own);
    setImmediate(() => server.put(own, { ...theirs, spec: { ...theirs.spec, priority: 7 } }));
    return true;
  };
  const guards = [{ key: policy('a').key, revision: made.revision }];
  await assert.rejects(
    store.write(guards, [policy('a')]),
    (error) => error instanceof StoreFailure && error.fate === 'unknown' && /is not known/.test(error.message),
  );
});

test('an answer that is no list is not an empty one', async (t) => {
  for (const body of ['{}', '{"metadata":{"resourceVersion":"3"}}', '{"status":"ok"}', 'null', '[]']) {
    const server = createServer((_request, response) => void response.end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const config = { name: 'west', kind: 'kubernetes' as const, namespace: NAMESPACE, timeout: 2_000 };
    const place = { kind: 'http' as const, host: '127.0.0.1', port };
    const client = new KubeClient(config, async () => ({ place, basePath: '', authorization: async () => 'Bearer t' }));
    t.after(() => {
      client.close();
      server.close();
    });
    await assert.rejects(
      client.list('/api/v1/pods'),
      (error) => error instanceof StoreFailure && error.fate === 'not-sent' && /no list/.test(error.message),
      body,
    );
  }
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
