/** The next step of a command that a store refused is another one than that of a store that is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { StoreFailure } from '../../src/fleet/ports.ts';
import { forgetHost } from '../../src/fleet/usecases/confirm-store.ts';
import { explainFleet } from '../../src/fleet/usecases/explain-fleet.ts';
import { readFleetHistory } from '../../src/fleet/usecases/read-fleet-history.ts';
import { FleetScene } from './fleet-scene.ts';

async function errorOf(work: Promise<unknown>): Promise<WeirError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof WeirError, String(error));
  return error;
}

test('a right that is missing is to be mended, a store that is away is waited for, and a place is told once', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  const commands = [
    () => readFleetHistory(scene.ports, undefined),
    () => explainFleet(scene.ports, 'host-1', undefined),
    () => forgetHost(scene.ports, 'host-1', { regions: undefined, reason: null }),
  ];
  const fail = (east: StoreFailure['fate'], west: StoreFailure['fate']) => {
    scene.store('east').failure = new StoreFailure('memory: no rights', east);
    scene.store('west').failure = new StoreFailure('memory: no rights', west);
  };
  for (const command of commands) {
    fail('refused', 'refused');
    const refused = await errorOf(command());
    assert.deepEqual([refused.code, refused.why], ['WEIR1603', 'east (memory): no rights; west (memory): no rights']);
    assert.match(refused.hint, /mend what is named there/);
    fail('refused', 'not-sent');
    assert.match((await errorOf(command())).hint, /when a region is back/);
  }
});

test('a name that was not found where one region could not be read is told as that', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('host-1');
  scene.store('west').failure = new StoreFailure('away', 'not-sent');
  const explained = await errorOf(explainFleet(scene.ports, 'host-2', undefined));
  const forgotten = await errorOf(forgetHost(scene.ports, 'host-2', { regions: undefined, reason: null }));
  for (const { what } of [explained, forgotten])
    assert.equal(what, 'host-2 was not found, and not everything could be read: west; nothing was changed');
});
