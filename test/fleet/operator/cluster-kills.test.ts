/** An operator of a cluster that is gone between any two of its calls: another one goes on, and nothing happens twice or is left. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { ClusterPort } from '../../../src/fleet/operator/cluster-port.ts';
import { leadCluster } from '../../../src/fleet/operator/lead-cluster.ts';
import { type FleetStore, StoreFailure } from '../../../src/fleet/ports.ts';
import { controlRollout } from '../../../src/fleet/usecases/control-rollout.ts';
import { readFleetHistory } from '../../../src/fleet/usecases/read-fleet-history.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeCluster } from '../../fakes/fake-cluster.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';

const keys = new RegionKeys('west');

const release = (name: string, version: string) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name } },
  spec: {
    ...{ sidecar: 'main', pods: { selector: { mesh: name } }, gates: [{ type: 'hosts', maxFailed: 0 }] },
    version: { name: version, image: `envoy:${version}`, emptyImage: 'empty:1' },
    waves: [{ labels: { wave: 'a' } }, { percent: 100 }],
  },
});

const gateway = (name: string) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'Gateway', metadata: { name } },
  spec: { listeners: [{ name: 'web', port: 8080 }], routes: ['r.yaml'], replicas: 1 },
});

const life = (name: string, deletedAtMs: number | null) => ({
  ...{ name, version: 'u/1', isDeleted: deletedAtMs !== null, deletedAtMs, hasFinalizer: deletedAtMs !== null },
});

type Ports = { readonly store: FleetStore; readonly cluster: ClusterPort };

/** Both ports until the call with that number; from then on there is no answer. `isDone`: that call is still carried out. */
function dying({ store, cluster }: Ports, at: number, isDone: boolean, died: () => void): Ports {
  let calls = 0;
  const wrap = <T extends object>(port: T, left: readonly string[]): T => {
    const all = Object.entries(port).map(([name, method]) => {
      if (typeof method !== 'function' || left.includes(name)) return [name, method];
      const through = async (...args: unknown[]) => {
        calls += 1;
        if (calls < at) return await method(...args);
        if (calls === at && isDone) await method(...args);
        died();
        throw new StoreFailure('the operator is gone', 'unknown');
      };
      return [name, through];
    });
    return Object.fromEntries(all);
  };
  return { store: wrap(store, ['watch']), cluster: wrap(cluster, ['watchSidecarSets']) };
}

class Scene {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly cluster = new FakeCluster();

  lead(t: TestContext, holder: string, ports: Ports): void {
    const stop = new AbortController();
    const { clock } = this;
    const rest = { region: 'west', keys, clock, holder, pid: 1, watcher: null };
    const asked = { askGate: async () => ({ value: 0, why: null }), tell: () => {}, warn: () => {} };
    const ended = leadCluster({ ...rest, ...ports, namespace: 'ns', gatewayImage: 'weir:1', ...asked }, stop.signal);
    t.after(async () => {
      stop.abort();
      await clock.pass(10_000);
      await ended;
    });
  }

  get own(): Ports {
    return { store: this.store.port, cluster: this.cluster.port };
  }

  async put(key: string, value: object): Promise<void> {
    await this.store.port.write([], [{ key, value: JSON.stringify(value) }]);
  }

  async pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds; at += 1) {
      this.cluster.work();
      await this.clock.pass(1_000);
    }
  }

  get ports() {
    const region = { name: 'west', keys, kind: 'kubernetes' as const, store: this.store.port };
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
}

test('whichever call is the last one of a leader, waves move once, gateways are served, what is removed goes whole', async (t) => {
  let isWhole = false;
  let last = 0;
  for (let at = 1; !isWhole; at += 1) {
    assert.ok(at < 120, 'a leader that is left alone comes to the end');
    last = at;
    for (const isDone of [false, true]) {
      await t.test(`call ${at}, ${isDone ? 'carried out' : 'not carried out'}`, async (sub) => {
        const scene = new Scene();
        const { cluster } = scene;
        const deletedAtMs = scene.clock.now();
        cluster.lives = [life('mesh', null), life('gone', deletedAtMs)];
        cluster.gatewayLives = [life('edge', null), life('old', deletedAtMs)];
        cluster.hasConfigMap = true;
        cluster.deployment = {
          metadata: { generation: 1 },
          status: { observedGeneration: 1, readyReplicas: 1, updatedReplicas: 1 },
        };
        cluster.sets.set('gone', { metadata: { name: 'gone', generation: 1 }, spec: { updateStrategy: {} } });
        for (const name of ['mesh', 'gone']) await scene.put(keys.object('SidecarRelease', name), release(name, '1.0'));
        for (const name of ['edge', 'old']) await scene.put(keys.object('Gateway', name), gateway(name));
        const request = { verb: 'start', release: 'mesh', regions: undefined, reason: null } as const;
        await controlRollout(scene.ports, request);
        for (let pod = 0; pod < 4; pod += 1)
          cluster.addPod(`p${pod}`, { mesh: 'mesh', ...(pod === 0 && { wave: 'a' }) }, 'mesh');
        let hasDied = false;
        scene.lead(
          sub,
          'op-1',
          dying(scene.own, at, isDone, () => {
            hasDied = true;
          }),
        );
        await scene.pass(10);
        scene.lead(sub, 'op-2', scene.own);
        await scene.pass(60);

        assert.equal(scene.store.value(`${keys.rollouts}mesh`)?.state, 'done');
        const { entries } = await readFleetHistory(scene.ports, undefined);
        const told = entries.flatMap(({ verb, to }) => (verb === 'wave' ? [to] : verb === 'done' ? [verb] : []));
        assert.deepEqual(told, [1, 2, 'done']);
        assert.equal(cluster.sets.get('mesh').spec.updateStrategy.partition, '0%');
        assert.deepEqual(
          [cluster.sets.has('gone'), cluster.lives.map(({ hasFinalizer }) => hasFinalizer)],
          [false, [true, false]],
        );
        assert.deepEqual(
          cluster.gatewayLives.map(({ hasFinalizer }) => hasFinalizer),
          [true, false],
        );
        for (const kind of ['Deployment', 'Service', 'ConfigMap']) {
          assert.ok(cluster.removed.includes(`${kind}/weir-gateway-old`));
          assert.ok(!cluster.removed.includes(`${kind}/weir-gateway-edge`));
        }
        assert.ok(
          cluster.applied.every(({ metadata }) => metadata.name === 'weir-gateway-edge'),
          'nothing is made anew',
        );
        assert.equal(cluster.conditions.get('gateways/edge')?.reason, 'Serving');
        assert.equal(cluster.conditions.get('sidecarreleases/mesh')?.reason, 'Applied');
        isWhole = !hasDied;
      });
    }
  }
  assert.ok(last > 20, `${last} calls`);
});
