/** The leader of a cluster: waves by partition and selector, gates, hangs, undo, and what never happens by itself. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { OperatorMetrics } from '../../../src/fleet/metrics/operator-metrics.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { Rollout } from '../../../src/fleet/model/records.ts';
import { leadCluster } from '../../../src/fleet/operator/lead-cluster.ts';
import { StoreFailure } from '../../../src/fleet/ports.ts';
import { controlRollout, type RolloutVerb, rolloutStatus } from '../../../src/fleet/usecases/control-rollout.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeCluster } from '../../fakes/fake-cluster.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';

const keys = new RegionKeys('west');

function release(version: string, spec: object = {}): string {
  return JSON.stringify({
    ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'mesh' } },
    spec: {
      sidecar: 'main',
      pods: { selector: { mesh: 'on' } },
      version: { name: version, image: `envoy:${version}`, emptyImage: 'empty:1' },
      waves: [{ labels: { wave: 'a' } }, { percent: 50 }, { percent: 100 }],
      gates: [{ type: 'hosts', maxFailed: 0 }],
      ...spec,
    },
  });
}

class Scene {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly cluster = new FakeCluster();
  readonly said: string[] = [];
  metrics: OperatorMetrics | null = null;
  readonly region = { name: 'west', keys, kind: 'kubernetes' as const, store: this.store.port };

  lead(t: TestContext, holder = 'op-1'): AbortController {
    const stop = new AbortController();
    const { clock, cluster, said } = this;
    const ended = leadCluster(
      {
        ...{
          region: 'west',
          keys,
          store: this.store.port,
          clock,
          holder,
          pid: 1,
          watcher: this.metrics?.watcher ?? null,
          cluster: cluster.port,
        },
        ...{ namespace: 'weir-system', gatewayImage: 'weir:1', askGate: async () => ({ value: 0, why: null }) },
        tell: (line) => said.push(line),
        warn: (line) => said.push(line),
      },
      stop.signal,
    );
    t.after(async () => {
      stop.abort();
      await clock.pass(10_000);
      await ended;
    });
    return stop;
  }

  async apply(text: string): Promise<void> {
    await this.store.port.write([], [{ key: keys.object('SidecarRelease', 'mesh'), value: text }]);
  }

  async verb(verb: RolloutVerb): Promise<void> {
    await controlRollout(this.ports, { verb, release: 'mesh', regions: undefined, reason: null });
  }

  get ports() {
    const [now, monotonic] = [() => this.clock.now(), () => this.clock.monotonic()];
    return { regions: [this.region], file: 'f', by: 'me', now, monotonic, sleep: async () => {}, writer: 'w' };
  }

  /** Seconds in which OpenKruise works too. */
  async pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds * 2; at += 1) {
      this.cluster.work();
      await this.clock.pass(500);
    }
  }

  get rollout(): Rollout | undefined {
    return this.store.value(`${keys.rollouts}mesh`);
  }

  /** The images of all pods, by the version in their hash. */
  versions(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const pod of this.cluster.podList) {
      const hash = pod.metadata.annotations['kruise.io/sidecarset-hash'] ?? 'none';
      counts[hash] = (counts[hash] ?? 0) + 1;
    }
    return counts;
  }

  /** A first version on ten pods, two of them of wave a. */
  async first(t: TestContext): Promise<void> {
    await this.apply(release('1.0'));
    this.lead(t);
    await this.verb('start');
    await this.pass(6);
    for (let at = 0; at < 10; at += 1) {
      this.cluster.addPod(`p${at}`, { mesh: 'on', ...(at < 2 && { wave: 'a' }) }, 'mesh');
    }
    await this.pass(40);
    assert.equal(this.rollout?.state, 'done', JSON.stringify([this.rollout, this.said, [...this.cluster.conditions]]));
  }
}

test('its metrics say that it leads, how long a look took, and how many pods of a wave have moved', async (t) => {
  const scene = new Scene();
  scene.metrics = new OperatorMetrics('west', scene.clock);
  await scene.first(t);
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(60);
  const text = scene.metrics.print(1);
  assert.match(text, /^weir_operator_leading\{region="west"\} 1$/m);
  assert.match(text, /^weir_operator_step_seconds_count\{region="west"\} [1-9]/m);
  assert.match(text, /^weir_rollout_hosts\{region="west",release="mesh",progress="done"\} 10$/m);
  // A store that is away is no leadership, and what was seen before is not what is.
  scene.store.failure = new StoreFailure('away', 'not-sent');
  await scene.pass(70);
  const away = scene.metrics.print(1);
  assert.match(away, /^weir_operator_leading\{region="west"\} 0$/m);
  assert.doesNotMatch(away, /^weir_rollout_hosts\{/m);
});

test('a look at twenty releases lists the SidecarSets once', async (t) => {
  const scene = new Scene();
  let lists = 0;
  const { port } = scene.cluster;
  Object.defineProperty(scene.cluster, 'port', {
    value: {
      ...port,
      sidecarSets: async () => {
        lists += 1;
        return await port.sidecarSets();
      },
    },
  });
  await scene.first(t);
  for (let at = 0; at < 20; at += 1) {
    const name = `r${at}`;
    const own = JSON.parse(release('1.0', { pods: { selector: { mesh: name } } }));
    const value = JSON.stringify({ ...own, metadata: { name } });
    await scene.store.port.write([], [{ key: keys.object('SidecarRelease', name), value }]);
    const record = { release: name, region: 'west', state: 'done', wave: 3, reason: null };
    await scene.store.port.write([], [{ key: `${keys.rollouts}${name}`, value: JSON.stringify(record) }]);
  }
  await scene.pass(10);
  lists = 0;
  // At rest it looks once a minute.
  await scene.pass(300);
  assert.ok(lists > 0 && lists <= 6, `${lists} lists in five minutes`);
});

test('a version moves nothing before it is started, then wave by wave, and is undone with partition 0', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const [old] = Object.keys(scene.versions());
  await scene.apply(release('2.0'));
  await scene.pass(70);
  assert.deepEqual(scene.versions(), { [old ?? '']: 10 });
  assert.equal(scene.cluster.sets.get('mesh').spec.containers[0].image, 'envoy:1.0');
  await scene.verb('start');
  await scene.pass(2);
  await scene.verb('pause');
  await scene.pass(1);
  const paused = scene.versions()[old ?? ''] ?? 0;
  await scene.pass(20);
  assert.equal(scene.versions()[old ?? ''], paused);
  assert.ok(paused >= 5 && paused < 10, `${paused} pods are not moved`);
  assert.equal(scene.cluster.sets.get('mesh').spec.updateStrategy.paused, true);
  assert.equal(scene.cluster.sets.get('mesh').spec.injectionStrategy.revision.customVersion, '1.0');
  await scene.verb('resume');
  await scene.pass(60);
  assert.equal(scene.rollout?.state, 'done');
  assert.equal(scene.versions()[old ?? ''], undefined);
  const { result } = await rolloutStatus(scene.ports, 'mesh', undefined);
  assert.deepEqual(
    result.rollouts[0]?.waves.map(({ index, done, pending }) => [index, done, pending]),
    [
      [1, 2, 0],
      [2, 5, 0],
      [3, 10, 0],
    ],
  );
  await scene.verb('undo');
  await scene.pass(30);
  assert.deepEqual([scene.rollout?.state, scene.versions()], ['undone', { [old ?? '']: 10 }]);
  const { spec } = scene.cluster.sets.get('mesh');
  assert.deepEqual([spec.containers[0].image, spec.updateStrategy.partition], ['envoy:1.0', '0%']);
});

test('a version that does not start is stopped in its first wave, named with its pod, and undone whole', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const before = scene.versions();
  scene.cluster.broken.add('envoy:2.0');
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(10);
  assert.equal(scene.rollout?.state, 'stopped');
  assert.match(
    scene.rollout?.reason ?? '',
    /gate hosts: 1 of 2 failed.*prod\/p0: container weir-main-1: ImagePullBackOff/,
  );
  assert.equal(scene.cluster.sets.get('mesh').spec.updateStrategy.paused, true);
  assert.ok(scene.cluster.events.some((event) => event.startsWith('mesh RolloutStopped: stopped: gate hosts')));
  await scene.verb('undo');
  await scene.pass(30);
  assert.deepEqual([scene.rollout?.state, scene.versions()], ['undone', before]);
});

test('a hang has its reason: nobody carries the SidecarSet out', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  scene.cluster.hasManager = false;
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(10);
  assert.match(scene.rollout?.reason ?? '', /OpenKruise has not looked at the SidecarSet/);
  const row = scene.rollout?.pods?.at(-1);
  assert.deepEqual([row?.pending, Object.keys(row?.reasons ?? {})], [2, ['prod/p0']]);
});

test('what somebody else changed and the release wants otherwise is said with who did, and not at each look', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const meddle = async () => {
    scene.cluster.others.set('mesh', ['kubectl-edit: .spec.updateStrategy.paused']);
    scene.cluster.sets.get('mesh').spec.updateStrategy.paused = true;
    await scene.pass(62);
  };
  await meddle();
  const said = /somebody else has changed SidecarSet mesh, .*wants it again: kubectl-edit: .spec.updateStrategy.paused/;
  assert.equal(scene.said.filter((line) => said.test(line)).length, 1, scene.said.join('\n'));
  assert.ok(scene.cluster.events.some((event) => event.startsWith('mesh TakenBack:')));
  assert.equal(scene.cluster.sets.get('mesh').spec.updateStrategy.paused, undefined);
  await meddle();
  assert.equal(scene.said.filter((line) => said.test(line)).length, 2);
});

test('an undo that hangs has one reason, and its record is written once', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(4);
  scene.cluster.hasManager = false;
  await scene.verb('undo');
  await scene.pass(4);
  const { items: before } = await scene.store.port.list([keys.rollouts]);
  assert.equal(scene.rollout?.state, 'undoing');
  assert.match(scene.rollout?.reason ?? '', /has not looked at the SidecarSet/);
  await scene.pass(10);
  assert.deepEqual((await scene.store.port.list([keys.rollouts])).items, before);
});

test('a SidecarSet that cannot be written is the reason of its rollout, which stops when its time is over', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  await scene.apply(release('2.0', { timeout: '30s' }));
  scene.cluster.refusal = new StoreFailure('the webhook denied the request', 'refused');
  await scene.verb('start');
  await scene.pass(10);
  assert.deepEqual([scene.rollout?.state, scene.rollout?.wave], ['running', 0]);
  const why = 'SidecarSet mesh cannot be written: the webhook denied the request';
  assert.equal(scene.rollout?.reason, why);
  await scene.pass(30);
  assert.deepEqual([scene.rollout?.state, scene.rollout?.reason], ['stopped', `timeout: ${why}`]);
  scene.cluster.refusal = null;
  await scene.verb('resume');
  await scene.pass(60);
  assert.deepEqual([scene.rollout?.state, scene.rollout?.reason], ['done', null]);
});

const withHost = (image: string) => ({
  version: { name: '2.0', image: 'envoy:2.0', emptyImage: 'empty:1', hostImage: image },
});

test('another set of containers is never written: the rollout stops with the reason, and is undone or aborted', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const { writes } = scene.cluster;
  const before = scene.versions();
  await scene.apply(release('2.0', withHost('weir:1')));
  await scene.verb('start');
  await scene.pass(5);
  assert.equal(scene.rollout?.state, 'stopped');
  assert.match(scene.rollout?.reason ?? '', /SidecarSet mesh cannot get .* weir-host would be new in it/);
  assert.equal(scene.cluster.conditions.get('sidecarreleases/mesh')?.reason, 'Refused');
  assert.deepEqual([scene.cluster.writes, scene.versions()], [writes, before]);
  await scene.verb('undo');
  await scene.pass(10);
  assert.deepEqual([scene.rollout?.state, scene.versions()], ['undone', before]);
  await scene.verb('start');
  await scene.pass(5);
  await scene.verb('abort');
  // Written without it, the next start takes it.
  await scene.apply(release('2.1'));
  await scene.verb('start');
  await scene.pass(60);
  assert.equal(scene.rollout?.state, 'done');
});

test('a container is not taken out either: running pods would keep it, and could not be moved', async (t) => {
  const scene = new Scene();
  await scene.apply(release('1.0', withHost('weir:1')));
  scene.lead(t);
  await scene.verb('start');
  await scene.pass(20);
  assert.equal(scene.rollout?.state, 'done');
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(5);
  assert.match(scene.rollout?.reason ?? '', /weir-host would be taken out/);
  assert.equal(scene.cluster.sets.get('mesh').spec.containers.length, 2);
});

test('a SidecarSet that somebody removed comes back with the version that was started, not with one applied since', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  await scene.apply(release('2.0'));
  const before = scene.versions();
  scene.cluster.sets.delete('mesh');
  await scene.pass(70);
  assert.equal(scene.cluster.sets.get('mesh')?.spec.containers[0].image, 'envoy:1.0');
  assert.deepEqual(scene.versions(), before);
  // While waves move: the version before is still the one that an undo goes back to.
  await scene.verb('start');
  await scene.pass(2);
  await scene.verb('pause');
  await scene.pass(2);
  await scene.apply(release('3.0'));
  scene.cluster.sets.delete('mesh');
  await scene.pass(70);
  const { spec } = scene.cluster.sets.get('mesh');
  assert.deepEqual([spec.containers[0].image, spec.injectionStrategy], ['envoy:2.0', {}]);
  await scene.verb('undo');
  await scene.pass(30);
  assert.deepEqual([scene.rollout?.state, scene.versions()], ['undone', before]);
});

test('a SidecarSet that is gone and whose version nobody knows is not written anew', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const { version: _version, former: _former, ...older } = scene.rollout ?? assert.fail();
  await scene.store.port.write([], [{ key: `${keys.rollouts}mesh`, value: JSON.stringify(older) }]);
  await scene.apply(release('2.0'));
  scene.cluster.sets.delete('mesh');
  await scene.pass(70);
  assert.equal(scene.cluster.sets.has('mesh'), false);
  assert.match(
    scene.cluster.conditions.get('sidecarreleases/mesh')?.message ?? '',
    /which version it had is not known/,
  );
  await scene.verb('start');
  await scene.pass(60);
  assert.deepEqual(
    [scene.rollout?.state, scene.cluster.sets.get('mesh')?.spec.containers[0].image],
    ['done', 'envoy:2.0'],
  );
});

test('a wave is not over before OpenKruise has looked at it, also without pods', async (t) => {
  const scene = new Scene();
  scene.cluster.hasManager = false;
  await scene.apply(release('1.0'));
  scene.lead(t);
  await scene.verb('start');
  await scene.pass(10);
  assert.deepEqual([scene.rollout?.state, scene.rollout?.wave], ['running', 1]);
  assert.match(scene.rollout?.reason ?? '', /OpenKruise has not looked at the SidecarSet/);
  scene.cluster.hasManager = true;
  await scene.pass(20);
  assert.equal(scene.rollout?.state, 'done');
});

test('what the server refuses of one object holds up no other, and is said once', async (t) => {
  const scene = new Scene();
  const { port } = scene.cluster;
  const refuse = async () => {
    throw new StoreFailure('forbidden', 'refused');
  };
  const denied = {
    setCondition: refuse,
    podsNamed: refuse,
    setFinalizer: async (...[plural, name, isSet]: Parameters<typeof port.setFinalizer>) =>
      plural === 'gateways' ? refuse() : port.setFinalizer(plural, name, isSet),
  };
  Object.defineProperty(scene.cluster, 'port', { value: { ...port, ...denied } });
  const life = { version: 'v', isDeleted: false, deletedAtMs: null, hasFinalizer: false };
  scene.cluster.gatewayLives = [{ ...life, name: 'edge' }];
  scene.cluster.lives = [{ ...life, name: 'mesh' }];
  const record = {
    ...{ kind: 'Host', metadata: { name: 'p.prod', region: 'west', labels: {} }, apps: [] },
    ...{ lastSeen: '2020-01-01T00:00:00Z', stopped: null, pod: { name: 'p', namespace: 'prod' } },
  };
  await scene.store.port.write([], [{ key: `${keys.hosts}p.prod`, value: JSON.stringify(record) }]);
  await scene.first(t);
  assert.equal(scene.cluster.lives[0]?.hasFinalizer, true);
  await scene.pass(120);
  const troubles = scene.said.filter((line) => /forbidden/.test(line)).sort();
  assert.deepEqual(troubles, [
    'gateways/edge: forbidden',
    'hosts of pods that are gone: forbidden',
    'the condition of sidecarreleases/mesh: forbidden',
  ]);
});

test('pods that may not be read are the reason of a rollout, and its condition stays', async (t) => {
  const scene = new Scene();
  const { port } = scene.cluster;
  let isDenied = false;
  let conditions = 0;
  const pods: typeof port.pods = async (...args) => {
    if (isDenied) throw new StoreFailure('pods is forbidden', 'refused');
    return await port.pods(...args);
  };
  const setCondition: typeof port.setCondition = async (...args) => {
    conditions += 1;
    await port.setCondition(...args);
  };
  Object.defineProperty(scene.cluster, 'port', { value: { ...port, pods, setCondition } });
  await scene.first(t);
  isDenied = true;
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(5);
  conditions = 0;
  await scene.pass(40);
  assert.deepEqual([scene.rollout?.state, scene.rollout?.reason], ['running', 'pods is forbidden']);
  assert.equal(scene.cluster.conditions.get('sidecarreleases/mesh')?.reason, 'Refused');
  assert.equal(conditions, 0);
});

test('a release that cannot be read, or is for hosts, says so in its rollout, and its SidecarSet stays', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(1);
  const { writes } = scene.cluster;
  await scene.apply(release('2.0', { fromTheFuture: true }));
  await scene.pass(10);
  assert.equal(scene.rollout?.state, 'running');
  assert.match(
    scene.rollout?.reason ?? '',
    /^it cannot be read, and what was made of it stays as it is: .*fromTheFuture/,
  );
  assert.equal(scene.cluster.conditions.get('sidecarreleases/mesh')?.reason, 'Refused');
  assert.equal(scene.cluster.writes, writes);
  await scene.apply(release('2.0', { pods: undefined }));
  await scene.pass(10);
  assert.match(scene.rollout?.reason ?? '', /^it is for hosts/);
  await scene.apply(release('2.0'));
  await scene.pass(60);
  assert.deepEqual([scene.rollout?.state, scene.rollout?.reason], ['done', null]);
});

test('the version before one that was undone is not that one: the next undo does not bring it back', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const before = scene.versions();
  scene.cluster.broken.add('envoy:2.0');
  await scene.apply(release('2.0'));
  await scene.verb('start');
  await scene.pass(10);
  await scene.verb('undo');
  await scene.pass(30);
  assert.deepEqual([scene.rollout?.state, scene.versions()], ['undone', before]);
  await scene.apply(release('3.0'));
  await scene.verb('start');
  await scene.pass(2);
  const { injectionStrategy } = scene.cluster.sets.get('mesh').spec;
  assert.equal(injectionStrategy.revision.customVersion, '1.0', 'new pods get what the others have');
  await scene.verb('undo');
  await scene.pass(30);
  assert.deepEqual([scene.rollout?.state, scene.versions()], ['undone', before]);
});

test('at rest nothing is written; a store that was emptied, and a second operator, change nothing', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const { writes } = scene.cluster;
  scene.lead(t, 'op-2');
  await scene.pass(130);
  scene.store.replace({ keep: () => false });
  await scene.pass(130);
  assert.equal(scene.cluster.writes, writes);
  assert.deepEqual([...scene.cluster.sets.keys()], ['mesh']);
  assert.ok(scene.said.some((line) => /op-1 leads west/.test(line)));
});

test('a removed release takes its SidecarSet along', async (t) => {
  const scene = new Scene();
  await scene.first(t);
  const deletedAtMs = scene.clock.now();
  scene.cluster.lives = [{ name: 'mesh', version: 'v', isDeleted: true, deletedAtMs, hasFinalizer: true }];
  await scene.pass(70);
  assert.deepEqual([scene.cluster.removed, scene.cluster.lives[0]?.hasFinalizer], [['mesh'], false]);
  assert.equal(scene.cluster.sets.has('mesh'), false, 'nothing is made of it anew');
});

test('what was made of a removed release cannot be removed: it is let go after a minute all the same', async (t) => {
  const scene = new Scene();
  scene.cluster.denied = new StoreFailure('denied', 'refused');
  await scene.first(t);
  scene.cluster.lives = [
    { name: 'mesh', version: 'v', isDeleted: true, deletedAtMs: scene.clock.now(), hasFinalizer: true },
  ];
  await scene.pass(30);
  assert.equal(scene.cluster.lives[0]?.hasFinalizer, true);
  await scene.pass(100);
  assert.equal(scene.cluster.lives[0]?.hasFinalizer, false);
  assert.ok(scene.said.some((line) => /could not be removed \(denied\); it is let go/.test(line)));
});

test('what cannot be done on pods is a condition of the release', async (t) => {
  const scene = new Scene();
  await scene.apply(release('1.0', { waves: [{ names: ['p0'] }] }));
  scene.lead(t);
  await scene.verb('start');
  await scene.pass(3);
  const condition = scene.cluster.conditions.get('sidecarreleases/mesh');
  assert.deepEqual([condition?.status, condition?.reason], [false, 'Refused']);
  assert.match(condition?.message ?? '', /wave 1 is not one of percent and labels/);
  assert.equal(scene.cluster.sets.size, 0);
});

test('a gateway is ready when its pods are, and not before; a removed one takes all of its own along', async (t) => {
  const scene = new Scene();
  const { cluster } = scene;
  const spec = { listeners: [{ name: 'web', port: 8080 }], routes: ['r.yaml'], replicas: 2 };
  const gateway = { apiVersion: 'weir.dev/v1', kind: 'Gateway', metadata: { name: 'edge.v2' }, spec };
  const key = keys.object('Gateway', 'edge.v2');
  await scene.store.port.write([], [{ key, value: JSON.stringify(gateway) }]);
  const told = async () => {
    await scene.pass(20);
    const { status, reason, message } = cluster.conditions.get('gateways/edge.v2') ?? {};
    return [status, reason, message];
  };
  cluster.deployment = { metadata: { generation: 1 } };
  scene.lead(t);
  const missing = /there is no ConfigMap weir-gateway-edge-v2: `weir fleet render/;
  const [status, reason, message] = await told();
  assert.deepEqual([status, reason], [false, 'NoConfigMap']);
  assert.match(String(message), missing);
  assert.match(cluster.events.join(), missing);
  cluster.hasConfigMap = true;
  assert.deepEqual((await told()).slice(0, 2), [false, 'Starting']);
  // The status of the generation before says nothing of this one.
  cluster.deployment = {
    metadata: { generation: 2 },
    status: { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 2 },
  };
  assert.deepEqual((await told()).slice(0, 2), [false, 'Starting']);
  cluster.deployment.status = { observedGeneration: 2, readyReplicas: 2, updatedReplicas: 1 };
  assert.deepEqual(await told(), [false, 'Starting', '1 of 2 pods are ready']);
  cluster.deployment.status.updatedReplicas = 2;
  assert.deepEqual(await told(), [true, 'Serving', '2 of 2 pods are ready']);
  const applied = cluster.applied.length;
  await scene.pass(50);
  assert.ok(cluster.applied.length - applied <= 2, 'at rest a gateway is written once a minute');

  const before = cluster.applied.length;
  cluster.gatewayLives = [
    { name: 'edge.v2', version: 'v', isDeleted: true, deletedAtMs: scene.clock.now(), hasFinalizer: true },
  ];
  await scene.pass(70);
  const own = 'weir-gateway-edge-v2';
  assert.deepEqual(cluster.removed.slice(0, 3), [`Deployment/${own}`, `Service/${own}`, `ConfigMap/${own}`]);
  // The store lists it until its finalizer is off: nothing is made of it anew.
  assert.equal(cluster.applied.length, before);
});

test('a gateway that is made anew, and one of which another leader said something else, gets its condition', async (t) => {
  const scene = new Scene();
  const { cluster } = scene;
  const spec = { listeners: [{ name: 'web', port: 8080 }], routes: ['r.yaml'], replicas: 2 };
  const gateway = { apiVersion: 'weir.dev/v1', kind: 'Gateway', metadata: { name: 'edge' }, spec };
  const change = { key: keys.object('Gateway', 'edge'), value: JSON.stringify(gateway) };
  const life = { name: 'edge', isDeleted: false, deletedAtMs: null, hasFinalizer: true };
  const reason = () => cluster.conditions.get('gateways/edge')?.reason;
  cluster.gatewayLives = [{ ...life, version: 'first/1' }];
  await scene.store.port.write([], [change]);
  scene.lead(t);
  await scene.pass(20);
  assert.equal(reason(), 'NoConfigMap');

  cluster.conditions.clear();
  cluster.gatewayLives = [{ ...life, version: 'second/1' }];
  await scene.store.port.write([], [change]);
  await scene.pass(20);
  assert.equal(reason(), 'NoConfigMap');

  await scene.store.port.revoke('1');
  cluster.conditions.set('gateways/edge', { type: 'Ready', status: true, reason: 'Serving', message: '' });
  await scene.pass(70);
  assert.equal(scene.said.filter((line) => line === 'leads west').length, 2);
  assert.equal(reason(), 'NoConfigMap');
});

test('a pod that was killed is forgotten when it is gone, and no sooner; a machine is not', async (t) => {
  const scene = new Scene();
  const pod = { name: 'pay-1', namespace: 'prod' };
  const host = (name: string, own?: object) => ({
    key: `${keys.hosts}${name}`,
    value: JSON.stringify({
      ...{ apiVersion: 'weir.dev/v1', kind: 'Host', metadata: { name, region: 'west', labels: {} } },
      ...{ apps: ['payment'], lastSeen: '2030-01-01T00:00:00Z', stopped: null, ...own },
    }),
  });
  await scene.store.port.write([], [host('pay-1.prod', { pod }), host('vm-1')]);
  scene.cluster.addPod('pay-1', {}, 'none');
  scene.lead(t);
  const names = async () => (await scene.store.port.list([keys.hosts])).items.map(({ key }) => key);
  await scene.pass(70);
  assert.equal((await names()).length, 2);
  scene.cluster.podList.length = 0;
  await scene.pass(130);
  assert.deepEqual(await names(), [`${keys.hosts}vm-1`]);
});
