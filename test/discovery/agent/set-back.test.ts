/** The agent's machine while a registry is in an older state than it was, as from yesterday's backup. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentStatus } from '../../../src/discovery/agent/agent-status.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { instanceEvent, listing, MachineStage } from './machine-stage.ts';

const heldOf = (stage: MachineStage, app: string) => {
  const now = { wallMs: 1_000_000, monotonicMs: stage.nowMs };
  const { apps } = agentStatus(stage.machine, { pid: 1, sockets: [] }, now);
  const held = apps.find(({ name }) => name === app)?.held ?? null;
  return held === null ? null : [held.reason, held.wouldRemove];
};

/** A listing of the state that the registry was set back to. */
function olderListing(app: string, hosts: readonly number[]): readonly RegistryEvent[] {
  return listing(app, hosts).map((event) =>
    event.kind === 'instances' ? { ...event, isOlder: true as const } : event,
  );
}

/** Pay has the hosts 1 to 4 and stock has 9; then the registry lists yesterday's hosts of pay. */
function setBack(yesterday: readonly number[]): MachineStage {
  const stage = new MachineStage();
  stage.tell(...listing('pay', [1, 2, 3, 4]), ...listing('stock', [9]));
  stage.synced();
  stage.connect();
  stage.pass(60_000);
  stage.tell(...olderListing('pay', yesterday), ...olderListing('stock', [9]));
  stage.synced();
  stage.pass(60_000);
  return stage;
}

test('as many other hosts of an older state take nobody away and get no call, however long it lasts', () => {
  const stage = setBack([5, 6, 7, 8]);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 3, 4]);
  assert.deepEqual([heldOf(stage, 'pay'), heldOf(stage, 'stock')], [['older', 4], null]);
  assert.deepEqual(stage.looks, [], 'the older state would confirm itself');
  const told = stage.news.filter(({ event }) => event === 'held');
  assert.equal(told.length, 1);
  assert.match(told[0]?.text ?? '', /pay is held \(older\): 4 endpoints went and stay until they register again/);
});

test('what registers or leaves in an older state counts, and when nothing of it is left, nothing is held', () => {
  const stage = setBack([4, 5]);
  stage.tell(instanceEvent('pay', 1), instanceEvent('pay', 6));
  stage.pass(2_000);
  assert.deepEqual(
    [stage.hosts('pay'), heldOf(stage, 'pay')],
    [
      [1, 2, 3, 4, 6],
      ['older', 2],
    ],
  );
  stage.tell(instanceEvent('pay', 4, false), instanceEvent('pay', 2), instanceEvent('pay', 3));
  // The session of yesterday's host ends.
  stage.tell(instanceEvent('pay', 5, false));
  stage.pass(2_000);
  assert.deepEqual([stage.hosts('pay'), heldOf(stage, 'pay')], [[1, 2, 3, 6], null]);
  assert.equal(stage.news.filter(({ event }) => event === 'back').length, 1);
});

test('confirm believes the older state, and what follows is judged as ever', () => {
  const stage = setBack([4, 5]);
  assert.equal(stage.confirm('pay'), true);
  assert.deepEqual([stage.hosts('pay'), heldOf(stage, 'pay')], [[4, 5], null]);
  assert.equal(stage.confirm('pay'), false);
  stage.tell(instanceEvent('pay', 4, false), instanceEvent('pay', 5, false));
  stage.pass(2_000);
  assert.deepEqual(heldOf(stage, 'pay'), ['empty', 2]);
});

test('an older state that lists what is known already holds nothing', () => {
  const stage = setBack([1, 2, 3, 4]);
  assert.deepEqual([heldOf(stage, 'pay'), stage.news.filter(({ event }) => event === 'held')], [null, []]);
});

test('a list that was held before its registry was set back is not believed by a look at the older state', () => {
  const stage = new MachineStage();
  stage.tell(...listing('pay', [1, 2, 3, 4]), ...listing('stock', [9]));
  stage.synced();
  stage.connect();
  stage.pass(60_000);
  for (const host of [1, 2, 3]) stage.tell(instanceEvent('pay', host, false));
  stage.pass(31_000);
  assert.deepEqual(stage.looks, ['pay']);
  stage.tell(...olderListing('pay', [5]));
  stage.pass(2_000);
  stage.looked('pay', 1);
  stage.pass(60_000);
  assert.deepEqual(
    [stage.hosts('pay'), heldOf(stage, 'pay')],
    [
      [1, 2, 3, 4],
      ['older', 1],
    ],
  );
});

/** An agent that starts with a snapshot of the hosts 1 to 4 of pay; its registry was set back meanwhile. */
function restartedAfter(yesterday: readonly number[]): MachineStage {
  const former = new MachineStage();
  former.tell(...listing('pay', [1, 2, 3, 4]), ...listing('stock', [9]));
  former.synced();
  former.pass(60_000);
  const stage = new MachineStage(undefined, former.machine.snapshot(1));
  stage.connect();
  stage.tell(...olderListing('pay', yesterday), ...listing('stock', [9]));
  stage.synced();
  stage.pass(60_000);
  return stage;
}

test('an older state that an agent finds at its start takes nobody of its snapshot away, and gets no call', () => {
  const stage = restartedAfter([5, 6, 7, 8]);
  assert.deepEqual(
    [stage.hosts('pay'), heldOf(stage, 'pay')],
    [
      [1, 2, 3, 4],
      ['older', 4],
    ],
  );
  assert.deepEqual(stage.looks, []);
  for (const host of [1, 2, 3]) stage.tell(instanceEvent('pay', host));
  stage.pass(60_000);
  assert.deepEqual(
    [stage.hosts('pay'), heldOf(stage, 'pay')],
    [
      [1, 2, 3, 4],
      ['older', 1],
    ],
  );
  // Who has registered again and then leaves is gone.
  stage.tell(instanceEvent('pay', 3, false));
  stage.pass(60_000);
  assert.deepEqual(stage.hosts('pay'), [1, 2, 4]);
  for (const host of [5, 6, 7, 8]) stage.tell(instanceEvent('pay', host, false));
  stage.pass(60_000);
  assert.deepEqual([stage.hosts('pay'), heldOf(stage, 'pay')], [[1, 2], null]);
});

test('confirm believes the older state that an agent found at its start', () => {
  const stage = restartedAfter([5, 6]);
  assert.equal(stage.confirm('pay'), true);
  assert.deepEqual([stage.hosts('pay'), heldOf(stage, 'pay')], [[5, 6], null]);
});
