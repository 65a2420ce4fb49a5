/** A leader that is stopped for longer than its lease, between any two of its calls, writes nothing when it wakes up. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { ClusterPort } from '../../../src/fleet/operator/cluster-port.ts';
import { leadCluster } from '../../../src/fleet/operator/lead-cluster.ts';
import { leadRegion } from '../../../src/fleet/operator/lead-region.ts';
import type { FleetStore } from '../../../src/fleet/ports.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeCluster } from '../../fakes/fake-cluster.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';

const keys = new RegionKeys('west');

const release = (spec: object) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'mesh' } },
  spec: { sidecar: 'main', waves: [{ percent: 100 }], gates: [{ type: 'hosts', maxFailed: 0 }], ...spec },
});

const forPods = (version: string) =>
  release({
    pods: { selector: { mesh: 'on' } },
    version: { name: version, image: `envoy:${version}`, emptyImage: 'empty:1' },
  });

const rollout = (state: string, since: string) =>
  JSON.stringify({ release: 'mesh', region: 'west', state, wave: 0, reason: null, startedAt: since });

const gateway = (port: number) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'Gateway', metadata: { name: 'edge' } },
  spec: { listeners: [{ name: 'web', port }], routes: ['r.yaml'], replicas: 1 },
});

type Ports = { readonly store: FleetStore; readonly cluster: ClusterPort };

/** A process that is stopped behind the answer to its call with that number: nothing of it goes on until it is woken up. */
class Stopped {
  isStopped = false;
  /** Changes that it asked for since it woke up. */
  readonly late: string[] = [];
  readonly #at: number;
  readonly #woken = Promise.withResolvers<void>();
  #calls = 0;
  #isAwake = false;

  constructor(at: number) {
    this.#at = at;
  }

  wake(): void {
    this.#isAwake = true;
    this.#woken.resolve();
  }

  ports({ store, cluster }: Ports): Ports {
    return { store: this.#wrap(store, ['watch']), cluster: this.#wrap(cluster, ['watchSidecarSets']) };
  }

  #wrap<T extends object>(port: T, left: readonly string[]): T {
    const all = Object.entries(port).map(([name, method]) => {
      if (typeof method !== 'function' || left.includes(name)) return [name, method];
      const through = async (...args: unknown[]) => {
        if (this.isStopped) await this.#woken.promise;
        this.#calls += 1;
        if (this.#isAwake && /^(?:write|apply|set|remove|event)/.test(name)) this.late.push(name);
        const answer = await method(...args);
        if (this.#calls === this.#at) this.isStopped = true;
        if (this.isStopped) await this.#woken.promise;
        return answer;
      };
      return [name, through];
    });
    return Object.fromEntries(all);
  }
}

class Scene {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly cluster = new FakeCluster();
  readonly said: string[] = [];

  get own(): Ports {
    return { store: this.store.port, cluster: this.cluster.port };
  }

  lead(t: TestContext, holder: string, ports: Ports, isCluster = true): void {
    const stop = new AbortController();
    const { clock } = this;
    const say = (line: string) => this.said.push(`${holder}: ${line}`);
    const rest = { region: 'west', keys, clock, holder, pid: 1, watcher: null, tell: say, warn: say };
    const all = { ...rest, ...ports, askGate: async () => ({ value: 0, why: null }) };
    const ended = isCluster
      ? leadCluster({ ...all, namespace: 'ns', gatewayImage: 'weir:1' }, stop.signal)
      : leadRegion(all, stop.signal);
    t.after(async () => {
      stop.abort();
      await clock.pass(10_000);
      await ended;
    });
  }

  async put(key: string, value: string | object): Promise<void> {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    await this.store.port.write([], [{ key, value: text }]);
  }

  async pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds; at += 1) {
      this.cluster.work();
      await this.clock.pass(1_000);
    }
  }
}

/** Stops the leader behind each of its calls in turn, lets `meanwhile` happen under another one, and wakes it up. */
async function eachCall(
  t: TestContext,
  prepare: (scene: Scene) => Promise<void>,
  meanwhile: (scene: Scene) => Promise<void>,
): Promise<void> {
  let stopped = 0;
  for (let at = 1; ; at += 1) {
    assert.ok(at < 120, 'a leader that is left alone comes to the end');
    const process = new Stopped(at);
    await t.test(`stopped behind call ${at}`, async (sub) => {
      const scene = new Scene();
      const { cluster, store, said } = scene;
      await prepare(scene);
      sub.after(() => process.wake());
      scene.lead(sub, 'op-1', process.ports(scene.own));
      await scene.pass(8);
      if (!process.isStopped) return;
      scene.lead(sub, 'op-2', scene.own);
      await scene.pass(40);
      await meanwhile(scene);
      await scene.pass(10);
      const seen = () =>
        structuredClone({
          leader: store.value(keys.leader)?.holder,
          record: store.value(`${keys.rollouts}mesh`),
          ...{
            sets: [...cluster.sets],
            conditions: [...cluster.conditions],
            applied: Object.fromEntries(cluster.applied.map((one) => [one.kind, one])),
          },
        });
      const before = seen();
      assert.equal(before.leader, 'op-2');
      process.wake();
      await scene.clock.pass(3_000);
      assert.deepEqual(seen(), before, said.join('\n'));
      // It tries to take the lead, which is refused.
      assert.deepEqual(new Set(process.late), new Set(['write']), said.join('\n'));
      assert.equal(said.at(-1), 'op-1: op-2 leads west');
    });
    if (!process.isStopped) break;
    stopped = at;
  }
  assert.ok(stopped > 4, `${stopped} calls`);
}

test('a former leader of a cluster neither brings a version back nor a port, nor says what was', async (t) => {
  await eachCall(
    t,
    async (scene) => {
      scene.cluster.lives = [{ name: 'mesh', version: 'u/1', isDeleted: false, deletedAtMs: null, hasFinalizer: true }];
      await scene.put(keys.object('SidecarRelease', 'mesh'), forPods('1.0'));
      await scene.put(`${keys.rollouts}mesh`, rollout('running', '2026-01-01T00:00:00.000Z'));
      await scene.put(keys.object('Gateway', 'edge'), gateway(8080));
    },
    async (scene) => {
      await scene.put(keys.object('SidecarRelease', 'mesh'), forPods('2.0'));
      await scene.put(`${keys.rollouts}mesh`, rollout('running', '2026-01-02T00:00:00.000Z'));
      await scene.put(keys.object('Gateway', 'edge'), gateway(8081));
    },
  );
});

test('a former leader of plain hosts moves no wave, also where nothing was changed since it looked', async (t) => {
  const version = { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) };
  const scene = new Scene();
  await scene.put(keys.object('SidecarRelease', 'mesh'), release({ version }));
  await scene.put(`${keys.rollouts}mesh`, rollout('running', '2026-01-01T00:00:00.000Z'));
  // Stopped behind the listing by which it decides: the next thing that it asks for is the step.
  const woken = Promise.withResolvers<void>();
  let lists = 0;
  const { store } = scene.own;
  const list: FleetStore['list'] = async (prefixes) => {
    const found = await store.list(prefixes);
    lists += 1;
    if (lists === 2) await woken.promise;
    return found;
  };
  scene.lead(t, 'op-1', { ...scene.own, store: { ...store, list } }, false);
  await scene.clock.pass(8_000);
  assert.equal(lists, 2);
  // The lease has ended; nobody else has moved anything.
  const other = await store.grant(60_000);
  const [present] = (await store.list([keys.leader])).items;
  assert.equal(present, undefined);
  await store.write(
    [],
    [{ key: keys.leader, value: '{"holder":"op-2","pid":2,"since":"2026-01-01T00:00:09.000Z"}', lease: other }],
  );
  woken.resolve();
  await scene.clock.pass(3_000);
  assert.equal(scene.store.value(`${keys.rollouts}mesh`)?.wave, 0);
  assert.equal(scene.store.value(keys.leader)?.holder, 'op-2');
});
