/** An operator that is gone between any two of its calls: another one goes on, and nothing happens twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FleetStore, StoreFailure } from '../../src/fleet/ports.ts';
import { controlRollout, rolloutStatus } from '../../src/fleet/usecases/control-rollout.ts';
import { readFleetHistory } from '../../src/fleet/usecases/read-fleet-history.ts';
import { FleetScene } from './fleet-scene.ts';

const RELEASE = {
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r1' } },
  spec: {
    ...{ sidecar: 'main', version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) } },
    ...{ waves: [{ names: ['host-1'] }, { percent: 100 }], gates: [{ type: 'hosts', maxFailed: 0 }] },
  },
};

/** The store until the call with that number; from then on there is no answer. `isDone`: that call is still carried out. */
function dying(store: FleetStore, at: number, isDone: boolean, died: () => void): FleetStore {
  let calls = 0;
  const through = async <T>(work: () => Promise<T>): Promise<T> => {
    calls += 1;
    if (calls < at) return await work();
    if (calls === at && isDone) await work();
    died();
    throw new StoreFailure('the operator is gone', 'unknown');
  };
  return {
    ...store,
    list: (...all) => through(() => store.list(...all)),
    write: (...all) => through(() => store.write(...all)),
    grant: (...all) => through(() => store.grant(...all)),
    keepAlive: (...all) => through(() => store.keepAlive(...all)),
    revoke: (...all) => through(() => store.revoke(...all)),
  };
}

test('whichever call is the last one of a leader, carried out or not, the rollout ends and moves each wave once', async (t) => {
  let isWhole = false;
  for (let at = 1; !isWhole; at += 1) {
    assert.ok(at < 60, 'a leader that is left alone comes to the end');
    for (const isDone of [false, true]) {
      await t.test(`call ${at}, ${isDone ? 'carried out' : 'not carried out'}`, async (sub) => {
        const scene = new FleetScene(sub, 'east');
        const hosts = [await scene.host('host-1'), await scene.host('host-2')];
        await scene.put('sidecarreleases/r1', RELEASE);
        const request = { verb: 'start', release: 'r1', regions: undefined, reason: null } as const;
        await controlRollout(scene.ports, request);
        let hasDied = false;
        const meter = (store: FleetStore) =>
          dying(store, at, isDone, () => {
            hasDied = true;
          });
        await scene.leader('op-1', 'east', { meter, watcher: null });
        await scene.clock.pass(3_000);
        await scene.leader('op-2');
        await scene.clock.pass(30_000);
        const { result } = await rolloutStatus(scene.ports, 'r1', undefined);
        assert.equal(result.rollouts[0]?.state, 'done');
        for (const host of hosts) assert.deepEqual(host.calls, ['upgrade main /opt/envoy']);
        const { entries } = await readFleetHistory(scene.ports, undefined);
        assert.deepEqual(
          entries.filter(({ verb }) => verb === 'wave').map(({ from, to }) => [from, to]),
          [
            [0, 1],
            [1, 2],
          ],
        );
        assert.equal(entries.filter(({ verb }) => verb === 'done').length, 1);
        isWhole = !hasDied;
      });
    }
  }
});
