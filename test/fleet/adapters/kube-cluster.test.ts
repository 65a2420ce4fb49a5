/** The cluster as its operator asks it: what is sent to an API server, on a double of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { KubeClient } from '../../../src/fleet/adapters/kubernetes/kube-client.ts';
import { kubeCluster } from '../../../src/fleet/adapters/kubernetes/kube-cluster.ts';
import { FakeApiServer } from '../../fakes/fake-api-server.ts';
import { until } from '../../until.ts';

const NAMESPACE = 'weir-system';
const SETS = '/apis/apps.kruise.io/v1alpha1/sidecarsets';

async function openCluster(t: TestContext) {
  const server = await FakeApiServer.open(NAMESPACE);
  const config = { name: 'west', kind: 'kubernetes' as const, namespace: NAMESPACE, timeout: 2_000 };
  const place = { kind: 'http' as const, host: '127.0.0.1', port: server.port };
  const client = new KubeClient(config, async () => ({ place, basePath: '', authorization: async () => undefined }));
  t.after(async () => {
    client.close();
    await server.close();
  });
  return { server, cluster: kubeCluster(client, config, 'op-1') };
}

test('fields of weir that others wrote are taken back, and whose they were is told; other fields stay', async (t) => {
  const { server, cluster } = await openCluster(t);
  const set = { metadata: { name: 'mesh', labels: {} }, spec: { updateStrategy: { paused: false, partition: '50%' } } };
  assert.deepEqual((await cluster.applySidecarSet(set)).taken, []);
  server.edit(`${SETS}/mesh`, 'kubectl-edit', { spec: { updateStrategy: { paused: true } } });
  server.edit(`${SETS}/mesh`, 'argocd', { spec: { updateStrategy: { partition: '0%' }, note: 'theirs' } });
  const { object, taken } = await cluster.applySidecarSet(set);
  assert.deepEqual(taken, ['kubectl-edit: .spec.updateStrategy.paused', 'argocd: .spec.updateStrategy.partition']);
  assert.deepEqual(object.spec, { ...set.spec, note: 'theirs' });
  assert.deepEqual((await cluster.applySidecarSet(set)).taken, []);
  server.refuse = (method) => (method === 'PATCH' ? { status: 409, reason: 'Conflict' } : null);
  const before = server.asked.length;
  await assert.rejects(cluster.applySidecarSet(set), /Conflict/);
  assert.equal(server.asked.length, before + 1, 'another conflict is not forced');
});

test('a cluster without OpenKruise is told as that', async (t) => {
  const { server, cluster } = await openCluster(t);
  server.refuse = (_method, path) => (path === SETS ? { status: 404, reason: '' } : null);
  await assert.rejects(cluster.sidecarSets(), /there is no OpenKruise \(no sidecarsets of apps.kruise.io\/v1alpha1\)/);
});

test('an operator writes SidecarSets, finalizers, conditions and events, and removes what is gone already', async (t) => {
  const { server, cluster } = await openCluster(t);
  const labels = { 'app.kubernetes.io/managed-by': 'weir' };
  await cluster.applySidecarSet({ metadata: { name: 'mesh', labels }, spec: { a: 1 } });
  server.put(`${SETS}/theirs`, { metadata: { name: 'theirs', labels: {} } });
  assert.deepEqual([...(await cluster.sidecarSets()).keys()], ['mesh']);

  const own = `/apis/weir.dev/v1/namespaces/${NAMESPACE}/sidecarreleases/mesh`;
  const release = (generation: number) => ({ name: 'mesh', uid: 'u', generation, finalizers: ['x/y'] });
  server.put(own, { metadata: release(1), status: { state: 'running' } });
  await cluster.setFinalizer('sidecarreleases', 'mesh', true);
  assert.deepEqual(server.object(own).metadata.finalizers, ['x/y', 'weir.dev/operator']);
  assert.deepEqual(await cluster.lives('sidecarreleases'), [
    { name: 'mesh', version: 'u/1', isDeleted: false, deletedAtMs: null, hasFinalizer: true },
  ]);
  const condition = { type: 'Synced' as const, status: false, reason: 'Refused', message: 'why' };
  // The double keeps the status where the patch of a status goes.
  await cluster.setCondition('sidecarreleases', 'mesh', condition);
  const before = server.asked.length;
  await cluster.setCondition('sidecarreleases', 'mesh', condition);
  assert.deepEqual(server.asked.slice(before), [`GET ${own}`]);
  assert.equal(server.object(own).status.state, 'running');
  // The same of what the release wants now.
  server.put(own, { ...server.object(own), metadata: release(2) });
  await cluster.setCondition('sidecarreleases', 'mesh', condition);
  assert.equal(server.object(own).status.conditions[0].observedGeneration, 2);
  await cluster.event({ kind: 'SidecarRelease', name: 'mesh' }, { type: 'Warning', reason: 'Refused', message: 'why' });
  assert.equal(server.asked.at(-1), `POST /apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`);

  server.put('/api/v1/namespaces/prod/pods/p', { metadata: { name: 'p', labels: { mesh: 'on' } } });
  server.put('/api/v1/namespaces/prod/pods/q', { metadata: { name: 'q', labels: {} } });
  assert.deepEqual(
    (await cluster.pods({ mesh: 'on' }, ['prod'])).map(({ metadata }) => metadata.name),
    ['p'],
  );
  assert.equal((await cluster.apply({ kind: 'Service', metadata: { name: 's' } })).object.kind, 'Service');
  server.put(`/api/v1/namespaces/${NAMESPACE}/configmaps/c`, { metadata: { name: 'c' } });
  assert.deepEqual([await cluster.hasConfigMap('c'), await cluster.hasConfigMap('d')], [true, false]);
  await cluster.removeOwn('Service', 's');
  await cluster.removeOwn('Service', 's');
  await cluster.removeSidecarSet('mesh');
  assert.equal(server.object(`${SETS}/mesh`), undefined);

  const stop = new AbortController();
  let changes = 0;
  const changed = Promise.withResolvers<void>();
  const watching = cluster.watchSidecarSets(() => {
    changes += 1;
    changed.resolve();
  }, stop.signal);
  const isWatching = () => server.asked.filter((line) => line === `GET ${SETS}`).length >= 3;
  await until('the watch', async () => isWatching());
  server.put(`${SETS}/mesh`, { metadata: { name: 'mesh', labels } });
  await changed.promise;
  stop.abort();
  await watching;
  assert.ok(changes >= 1);
});
