import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Generation, SidecarEvent } from '../../../src/upgrade/sidecar-state.ts';
import type { DrainSample, DrainTracker } from '../../../src/usecases/ports/sidecar.ts';
import { DrainWatch } from '../../../src/usecases/sidecar/drain-watch.ts';
import type { Supervised } from '../../../src/usecases/sidecar/supervised.ts';

const OLD: Generation = { id: 1, pair: 'A', variant: 0, epoch: 0 };
const BUSY: DrainSample = { old: 1, oldAny: 1, new: 0 };
const DRAINED: DrainSample = { old: 0, oldAny: 0, new: 1 };

/** Watches a drain of which the kernel shows these samples, one a look; null where it cannot be read. */
async function watch(samples: (DrainSample | null)[], trackers: ('none' | 'there')[] = ['there']) {
  const told: { event: SidecarEvent; looksLeft: number }[] = [];
  const machine = { state: { name: 'draining', serving: { ...OLD, id: 2 } } };
  const tracker: DrainTracker = {
    atStart: 1,
    sample: async () => {
      const next = samples.shift();
      if (next === undefined) machine.state.name = 'recovering';
      return next ?? null;
    },
  };
  const host = {
    nowMs: () => Date.now(),
    trackDrain: async () => {
      const next = trackers.shift();
      if (next === undefined) machine.state.name = 'recovering';
      return next === 'there' ? tracker : null;
    },
  };
  const sidecar = {
    host,
    machine,
    spec: {},
    job: null,
    isClosed: false,
    dispatch: (event: SidecarEvent) => told.push({ event, looksLeft: samples.length }),
  };
  await new DrainWatch(sidecar as unknown as Supervised).watch(OLD);
  return told;
}

test('a process is drained when a look at the kernel shows no connection of its own', async () => {
  assert.deepEqual(await watch([BUSY, DRAINED, BUSY]), [{ event: { type: 'drained', id: 1 }, looksLeft: 1 }]);
});

test('a look that fails, and a successor that listens nowhere, say nothing about the connections', async () => {
  const drained = [{ event: { type: 'drained', id: 1 }, looksLeft: 0 }];
  assert.deepEqual(await watch([null, BUSY, null, DRAINED]), drained);
  assert.deepEqual(await watch([BUSY, DRAINED], ['none', 'none', 'there']), drained);
});

test('the watch ends without a word when the successor dies meanwhile', async () => {
  assert.deepEqual(await watch([BUSY]), []);
  assert.deepEqual(await watch([], ['none']), []);
});
