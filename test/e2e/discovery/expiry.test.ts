/** A registry that freezes for longer than the sessions last, while a stock consumer calls. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentLab } from './agent-lab.ts';

const [A, B] = [20_881, 20_882];
/** Longer than the agent's session of 10 s, and than those that this server grants. */
const FROZEN_MS = 14_000;

test('no call fails while the sessions of agent, providers and consumer expire at once', {
  timeout: 280_000,
}, async (t) => {
  const lab = await AgentLab.open('expiry', t);
  await Promise.all([lab.provider(A), lab.provider(B)]);
  await lab.startAgent();
  await lab.status(({ serving }) => serving);
  await lab.startSidecar();
  const on = await lab.weir.json(['on', 'shop']);
  assert.equal(on.code, 0, JSON.stringify(on.json));
  await lab.startConsumer();
  await lab.untilAnswering([A, B]);
  await lab.calls();
  lab.zookeeper.signal('SIGSTOP');
  await lab.status(({ registries }) => registries[0].state === 'lost');
  await sleep(FROZEN_MS);
  lab.zookeeper.signal('SIGCONT');
  await lab.status(
    ({ registries, apps }) =>
      registries[0].state === 'synced' && apps[0].held === null && apps[0].endpoints.total === 2,
  );
  const { failed, from, last } = await lab.calls();
  assert.equal(failed, 0, last);
  assert.deepEqual(Object.keys(from), [`a from ${A}`, `a from ${B}`]);
  t.diagnostic(`${Object.values(from).reduce((sum, count) => sum + count, 0)} calls, 0 failed`);
});
