/** The leader of a cluster: waves by partition and selector, gates, hangs, undo, and what never happens by itself. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
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
          watcher: null,
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
    const now = () => this.clock.now();
    return { regions: [this.region], file: 'f', by: 'me', now, sleep: async () => {}, writer: 'w' };
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
  scene.cluster.lives = [{ name: 'mesh', isDeleted: true, deletedAtMs, hasFinalizer: true }];
  await scene.pass(70);
  assert.deepEqual([scene.cluster.removed, scene.cluster.lives[0]?.hasFinalizer], [['mesh'], false]);
});

test('what was made of a removed release cannot be removed: it is let go after a minute all the same', async (t) => {
  const scene = new Scene();
  scene.cluster.denied = new StoreFailure('denied', 'refused');
  await scene.first(t);
  scene.cluster.lives = [{ name: 'mesh', isDeleted: true, deletedAtMs: scene.clock.now(), hasFinalizer: true }];
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
