/** Verbs of a rollout while its leader writes the record. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RegionKeys } from '../../src/fleet/model/keys.ts';
import type { FleetStore } from '../../src/fleet/ports.ts';
import { controlRollout, type RolloutVerb } from '../../src/fleet/usecases/control-rollout.ts';
import { FleetScene } from './fleet-scene.ts';

const KEY = `${new RegionKeys('east').rollouts}r1`;
const RELEASE = {
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r1' } },
  spec: {
    sidecar: 'main',
    version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) },
    waves: [{ percent: 50 }, { percent: 100 }],
  },
};

/** A started rollout, and a leader that writes `moves` into its record, one before each write of a verb. */
async function started(t: TestContext) {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  await scene.put('sidecarreleases/r1', RELEASE);
  const store = scene.store().port;
  const moves: (object | (() => Promise<void>))[] = [];
  const record = async () => JSON.parse((await store.find(KEY))?.value ?? '{}');
  const overtaken: FleetStore = {
    ...store,
    write: async (guards, changes) => {
      const move = moves.shift();
      if (typeof move === 'function') await move();
      const now = { ...(await record()), ...(typeof move === 'function' ? pods(1) : move) };
      if (move !== undefined) await store.write([], [{ key: KEY, value: JSON.stringify(now) }]);
      return store.write(guards, changes);
    },
  };
  const ports = { ...scene.ports, regions: scene.ports.regions.map((region) => ({ ...region, store: overtaken })) };
  const control = (verb: RolloutVerb) =>
    controlRollout(ports, { verb, release: 'r1', regions: undefined, reason: null });
  await control('start');
  return { scene, moves, record, control };
}

const pods = (done: number) => ({ pods: [{ index: 0, hosts: [], done, failed: 0, pending: 0, silent: 0 }] });

test('a verb is written over a record in which only counts have moved, and keeps them', async (t) => {
  const { moves, record, control } = await started(t);
  moves.push(pods(1), pods(2), pods(3));
  assert.equal((await control('pause')).rollouts[0]?.state, 'paused');
  const { state, pods: kept } = await record();
  assert.deepEqual([state, kept], ['paused', pods(3).pods]);
});

test('a verb is not written over a rollout that went on, or over one that is of another release by now', async (t) => {
  const { scene, moves, record, control } = await started(t);
  for (const move of [
    { state: 'stopped', reason: 'gate q' },
    { state: 'running', wave: 1 },
  ]) {
    moves.push(move);
    await assert.rejects(control('promote'), { code: 'WEIR1609', exit: 3 }, JSON.stringify(move));
    assert.equal((await record()).skipGates, undefined);
  }
  const version = { ...RELEASE.spec.version, name: '1.41.0' };
  moves.push(() => scene.put('sidecarreleases/r1', { ...RELEASE, spec: { ...RELEASE.spec, version } }));
  await assert.rejects(control('pause'), { code: 'WEIR1609' });
});

test('a record that moves at each try is left alone in the end', async (t) => {
  const { moves, control } = await started(t);
  for (let done = 0; done < 20; done += 1) moves.push(pods(done));
  await assert.rejects(control('pause'), { code: 'WEIR1609', exit: 3 });
  assert.equal(moves.length, 15);
});
