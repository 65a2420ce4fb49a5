/** Why a pod is as it is, on a cluster in memory: what waits, what failed, what hangs, and what cannot be told. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RegionKeys } from '../../src/fleet/model/keys.ts';
import type { ClusterPort } from '../../src/fleet/operator/cluster-port.ts';
import { leadCluster } from '../../src/fleet/operator/lead-cluster.ts';
import { StoreFailure } from '../../src/fleet/ports.ts';
import { explainedText } from '../../src/fleet/text/explained-text.ts';
import { controlRollout, type RolloutVerb } from '../../src/fleet/usecases/control-rollout.ts';
import { explainFleet } from '../../src/fleet/usecases/explain-fleet.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeCluster } from '../fakes/fake-cluster.ts';
import { MemoryStore } from '../fakes/memory-store.ts';
import { PLAIN_PAINT } from '../mesh/mistakes/mistake-golden.ts';

const keys = new RegionKeys('west');
const HASH = 'kruise.io/sidecarset-hash';

/** A release on ten pods, two of them of wave a; its first version is everywhere. */
class Scene {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly cluster = new FakeCluster();

  static async begin(t: TestContext): Promise<Scene> {
    const scene = new Scene();
    await scene.apply('1.0');
    const stop = new AbortController();
    const { clock, cluster } = scene;
    const ended = leadCluster(
      {
        ...{ region: 'west', keys, store: scene.store.port, clock, holder: 'op-1', pid: 1, watcher: null },
        ...{ cluster: scene.leaderCluster, namespace: 'weir-system', gatewayImage: 'weir:1' },
        ...{ askGate: async () => ({ value: 0, why: null }), tell: () => {}, warn: () => {} },
      },
      stop.signal,
    );
    t.after(async () => {
      stop.abort();
      await clock.pass(10_000);
      await ended;
    });
    await scene.verb('start');
    await scene.pass(6);
    for (let at = 0; at < 10; at += 1) cluster.addPod(`p${at}`, { mesh: 'on', ...(at < 2 && { wave: 'a' }) }, 'mesh');
    await scene.pass(40);
    return scene;
  }

  /** Set: what the leader writes is refused. */
  refusal: StoreFailure | null = null;

  get leaderCluster(): ClusterPort {
    const { port } = this.cluster;
    const applySidecarSet: ClusterPort['applySidecarSet'] = async (document) => {
      if (this.refusal !== null) throw this.refusal;
      return await port.applySidecarSet(document);
    };
    return { ...port, applySidecarSet };
  }

  async apply(version: string): Promise<void> {
    const object = {
      ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'mesh' } },
      spec: {
        ...{ sidecar: 'main', pods: { selector: { mesh: 'on' } }, timeout: '1h' },
        version: { name: version, image: `envoy:${version}`, emptyImage: 'empty:1' },
        waves: [{ labels: { wave: 'a' } }, { percent: 100 }],
        gates: [{ type: 'hosts', maxFailed: 9 }],
      },
    };
    await this.put(keys.object('SidecarRelease', 'mesh'), object);
  }

  async put(key: string, value: object): Promise<void> {
    await this.store.port.write([], [{ key, value: JSON.stringify(value) }]);
  }

  async verb(verb: RolloutVerb): Promise<void> {
    await controlRollout(this.ports(), { verb, release: 'mesh', regions: undefined, reason: null });
  }

  async pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds * 2; at += 1) {
      this.cluster.work();
      await this.clock.pass(500);
    }
  }

  ports(cluster = this.cluster.port) {
    const region = { name: 'west', keys, kind: 'kubernetes' as const, store: this.store.port, cluster };
    return {
      regions: [region],
      file: 'f',
      by: 'me',
      now: () => this.clock.now(),
      monotonic: () => this.clock.monotonic(),
      sleep: async () => {},
      writer: 'w',
    };
  }

  async explain(name: string) {
    const { result, isGood } = await explainFleet(this.ports(), name, undefined);
    assert.equal(result.subject.kind, 'pod');
    assert.ok('reason' in result);
    const [sidecar] = result.sidecars;
    return { ...result, isGood, sidecar };
  }
}

test('a pod that has the version is as desired; one that waits for its turn too, and both say where the rollout is', async (t) => {
  const scene = await Scene.begin(t);
  const before = await scene.explain('p5');
  assert.deepEqual([before.isGood, before.subject.name, before.reason], [true, 'prod/p5', null]);
  assert.deepEqual(
    [before.sidecar?.state, before.sidecar?.release, before.sidecar?.outcome],
    ['live', 'mesh', 'settled'],
  );
  await scene.apply('2.0');
  scene.cluster.broken.add('envoy:2.0');
  await scene.verb('start');
  await scene.pass(1);
  await scene.verb('pause');
  await scene.pass(6);
  const waiting = await scene.explain('prod/p5');
  assert.equal(waiting.isGood, true);
  assert.match(waiting.reason ?? '', /its rollout is paused; \d of 10 pods have moved/);
  assert.deepEqual(
    waiting.rollouts.map(({ state, ownWave }) => [state, ownWave]),
    [['paused', null]],
  );
  assert.equal((await scene.explain('p0')).rollouts[0]?.ownWave, 1);
});

test('a pod that failed says why, and the others say that the rollout hangs at it', async (t) => {
  const scene = await Scene.begin(t);
  await scene.apply('2.0');
  scene.cluster.broken.add('envoy:2.0');
  await scene.verb('start');
  await scene.pass(20);
  const moved = scene.cluster.podList.filter(({ status }) => status.containerStatuses[0].state.waiting !== undefined);
  const [failed] = moved;
  assert.ok(failed !== undefined);
  const broken = await scene.explain(failed.metadata.name);
  assert.deepEqual([broken.isGood, broken.sidecar?.state], [false, 'failed']);
  assert.match(broken.reason ?? '', /container weir-main-1: ImagePullBackOff: no envoy:2\.0/);
  assert.equal(broken.next, `kubectl describe pod -n prod ${failed.metadata.name}`);
  const other = await scene.explain('p9');
  assert.equal(other.isGood, false);
  assert.match(other.reason ?? '', new RegExp(`its rollout hangs: prod/${failed.metadata.name}: container`));
  assert.equal(other.next, 'weir fleet rollout status mesh');
  assert.match(
    explainedText(other, PLAIN_PAINT),
    /^prod\/p9 \(west\): differs: its rollout hangs.*\n {2}sidecar main: live/,
  );
  // The SidecarSet is behind the rollout for a moment, or for long: that is not what stops this pod.
  scene.refusal = new StoreFailure('the webhook is away', 'refused');
  await scene.verb('abort');
  await scene.pass(2);
  assert.match((await scene.explain('p9')).reason ?? '', /is not as wave 1 of the aborted rollout wants it/);
  assert.match((await scene.explain(failed.metadata.name)).reason ?? '', /^container weir-main-1: ImagePullBackOff/);
});

test('a SidecarSet that could not be written is told by every pod, also by those that are well', async (t) => {
  const scene = await Scene.begin(t);
  scene.refusal = new StoreFailure('failed calling webhook', 'refused');
  await scene.apply('2.0');
  await scene.verb('start');
  await scene.pass(10);
  const pod = await scene.explain('p5');
  assert.deepEqual([pod.isGood, pod.sidecar?.state], [false, 'live']);
  assert.match(
    pod.reason ?? '',
    /SidecarSet mesh is not as wave 0 of the running rollout wants it: SidecarSet mesh cannot be written: failed calling webhook/,
  );
});

test('a pod without the sidecar, one that cannot be upgraded, one of no release and one that goes', async (t) => {
  const scene = await Scene.begin(t);
  scene.cluster.addPod('early', { mesh: 'on' }, 'none');
  const early = await scene.explain('early');
  assert.deepEqual([early.isGood, early.sidecar?.state], [false, 'none']);
  assert.match(early.reason ?? '', /it has no sidecar of SidecarSet mesh/);
  assert.match(early.next ?? '', /^kubectl delete pod -n prod early: /);
  scene.cluster.podList.at(-1).metadata.deletionTimestamp = '2030-01-01T00:00:00Z';
  assert.deepEqual(
    [(await scene.explain('early')).isGood, (await scene.explain('early')).reason],
    [true, 'it is being deleted'],
  );
  scene.cluster.addPod('alone', { mesh: 'off' }, 'none');
  assert.equal((await scene.explain('alone')).reason, 'no release of this region selects it');
  const old = scene.cluster.podList.find(({ metadata }) => metadata.name === 'p3');
  old.metadata.annotations[HASH] = JSON.stringify({ mesh: { hash: 'old' } });
  old.status.conditions.push({ type: 'SidecarSetUpgradable', status: 'False', reason: 'UpdateImmutableField' });
  const stuck = await scene.explain('p3');
  assert.match(stuck.reason ?? '', /it cannot be upgraded in place: SidecarSetUpgradable=False: UpdateImmutableField/);
  scene.cluster.sets.delete('mesh');
  assert.match((await scene.explain('p4')).reason ?? '', /there is no SidecarSet mesh/);
  assert.match((await scene.explain('p4')).next ?? '', /weir operator run --region west/);
  const refused = { type: 'Synced' as const, status: false, reason: 'Refused', message: 'the webhook did not answer' };
  scene.cluster.conditions.set('sidecarreleases/mesh', refused);
  assert.match((await scene.explain('p4')).reason ?? '', /there is no SidecarSet mesh: the webhook did not answer/);
  await scene.put(keys.object('SidecarRelease', 'future'), { apiVersion: 'weir.dev/v9', kind: 'SidecarRelease' });
  const unread = await scene.explain('alone');
  assert.equal(unread.reason, 'no release that can be read selects it');
  assert.deepEqual(
    unread.errors.map(({ object }) => object),
    ['SidecarRelease/future'],
  );
});

test('a name of two pods asks for the namespace; pods that may not be read are not taken for none', async (t) => {
  const scene = await Scene.begin(t);
  scene.cluster.podList.push({
    metadata: { name: 'p1', namespace: 'test', labels: {}, annotations: {} },
    ...{ spec: {}, status: { conditions: [] } },
  });
  await assert.rejects(scene.explain('p1'), { code: 'WEIR1606', message: /there are 2 pods p1/ });
  assert.equal((await scene.explain('test/p1')).subject.name, 'test/p1');
  await assert.rejects(scene.explain('p99'), { code: 'WEIR1606', message: /there is no host, application or pod p99/ });
  const denied = {
    ...scene.cluster.port,
    podsNamed: async () => Promise.reject(new StoreFailure('Forbidden', 'refused')),
  };
  await assert.rejects(explainFleet(scene.ports(denied), 'p1', undefined), { code: 'WEIR1603' });
});

test('a pod whose container speaks is as its applications are: a sidecar that is well does not hide one that is off', async (t) => {
  const scene = await Scene.begin(t);
  const pod = { name: 'p5', namespace: 'prod' };
  const metadata = { name: 'p5.prod', region: 'west', labels: { mesh: 'on' } };
  const at = new Date(scene.clock.now()).toISOString();
  const api = { apiVersion: 'weir.dev/v1' };
  await scene.put(`${keys.hosts}p5.prod`, {
    ...{ ...api, kind: 'Host', metadata, apps: ['payment'], lastSeen: at, stopped: null, pod },
  });
  await scene.put(keys.object('MeshPolicy', 'p'), {
    ...{ ...api, kind: 'MeshPolicy', metadata: { name: 'p' } },
    spec: { apps: ['payment'], priority: 0, rules: [{ state: 'on' }] },
  });
  const silent = await scene.explain('prod/p5');
  assert.deepEqual([silent.isGood, silent.state], [false, 'silent']);
  const reason = 'the annotation weir.dev/off of the pod';
  const status = {
    ...{ at, weir: '1.0.0', seen: null, held: null, sidecars: [], errors: [] },
    overrides: [{ app: 'payment', state: 'off', since: null, by: 'annotation', reason }],
    apps: [{ name: 'payment', desired: 'on', state: 'off', reason, policy: 'MeshPolicy/p', since: null }],
  };
  await scene.put(`${keys.hostStatuses}p5.prod`, { ...api, kind: 'HostStatus', metadata, status });
  const off = await scene.explain('prod/p5');
  assert.deepEqual(
    [off.isGood, off.state, off.next],
    [false, 'override', 'kubectl annotate pod -n prod p5 weir.dev/off-'],
  );
  assert.equal(off.apps[0]?.decidedBy.by, 'annotation');
  assert.equal(off.sidecar?.state, 'live');
});
