/** One host that follows a real store, with real packets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertRoute } from '../interception/stage.ts';
import { LAB_UIDS } from '../lab/lab.ts';
import { FleetLab, HOST, policy } from './fleet-lab.ts';

test('a policy switches on, the red button off, and an override of the host beats the fleet', async (t) => {
  const lab = await FleetLab.open(t, 'fleet');
  const daemon = await lab.startHost();
  await lab.hostWhen('its first word', ({ apps }) => apps.length === 2);
  assert.equal((await lab.apply(policy('payment', 'payment', { state: 'on' }))).code, 0);
  const on = await lab.hostWhen('on', ({ apps }) => apps[0].state === 'on');
  assert.deepEqual([on.state, on.apps[0].desired], ['ok', 'on']);
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');

  const off = await lab.fleet('off', '--all', '--wait', '--reason', 'INC-1');
  assert.equal(off.code, 0, off.output);
  const [region] = off.json.result.regions;
  assert.deepEqual([region.selected, region.confirmed, region.hosts], [1, 1, [HOST]]);
  await assertRoute(lab.stage, LAB_UIDS.app, 'direct');
  const refused = await lab.fleet('on', 'payment');
  assert.equal(refused.code, 3);
  assert.equal((await lab.fleet('on', '--all', '--wait')).code, 0);
  await lab.hostWhen('on again', ({ apps }) => apps[0].state === 'on');
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');

  const local = await lab.stage.weir.json(['off', 'payment', '--existing', 'keep', '--reason', 'local trouble']);
  assert.equal(local.code, 0);
  // The kernel knows of it first, the state file a moment later says why.
  await lab.hostWhen('an override', ({ state, reason }) => state === 'override' && /local trouble/.test(reason));
  assert.equal((await lab.fleet('on', 'payment', '--wait', '--timeout', '3s')).code, 6);
  await assertRoute(lab.stage, LAB_UIDS.app, 'direct');
  const explained = await lab.fleet('explain', HOST);
  assert.equal(explained.json.result.next, `on ${HOST}: weir host follow payment`);
  assert.equal((await lab.stage.weir.json(['host', 'follow', 'payment'])).code, 0);
  await lab.hostWhen('followed', ({ state, apps }) => state === 'ok' && apps[0].state === 'on');
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');

  const { entries } = (await lab.fleet('history')).json.result;
  assert.deepEqual(
    entries.map(({ verb, by, name }: { verb: string; by: string; name: string }) => [verb, by, name]),
    [
      ['apply', 'ops@station', 'payment'],
      ['off', 'ops@station', 'switch-all'],
      ['on', 'ops@station', 'switch-all'],
      ['on', 'ops@station', 'switch-payment'],
    ],
  );

  daemon.signal('SIGTERM');
  assert.equal((await daemon.ended).code, 0);
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');
  await lab.hostWhen('stopped', ({ state }) => state === 'stopped');
});

test('a store that is killed or comes back as another one switches nothing; an off that is written into it does', async (t) => {
  const lab = await FleetLab.open(t, 'held');
  await lab.startHost();
  await lab.hostWhen('its first word', ({ apps }) => apps.length === 2);
  assert.equal((await lab.apply(policy('payment', 'payment', { state: 'on' }))).code, 0);
  await lab.hostWhen('on', ({ apps }) => apps[0].state === 'on');

  await lab.killStore();
  const gone = await lab.fleet('off', 'payment');
  assert.deepEqual([gone.code, gone.json.error.code], [3, 'WEIR1603']);
  assert.match(gone.json.error.hint, /weir off/);
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');

  await lab.startStore('another');
  const held = await lab.hostWhen('a hold', ({ state }) => state === 'held');
  assert.match(held.reason, /other-store: 1 objects before, 0 now/);
  await assertRoute(lab.stage, LAB_UIDS.app, 'proxy');
  assert.equal((await lab.fleet('off', 'payment', '--reason', 'INC-2')).code, 0);
  await lab.hostWhen('off although held', ({ apps }) => apps[0].state === 'off');
  await assertRoute(lab.stage, LAB_UIDS.app, 'direct');
  assert.equal((await lab.fleet('confirm', '--region', 'east')).code, 0);
  await lab.hostWhen('believed', ({ state }) => state === 'ok');
});
