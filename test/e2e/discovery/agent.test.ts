/** The agent between a real registry, real Dubbo and a real Envoy: calls of a stock consumer while parts of it fail. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentLab } from './agent-lab.ts';

const [A, B, C] = [20_881, 20_882, 20_883];

test('calls of a stock consumer go on while instances come and go, and while agent and registry are killed, frozen and emptied', {
  timeout: 280_000,
}, async (t) => {
  const lab = await AgentLab.open('agent', t);
  await Promise.all([lab.provider(A), lab.provider(B)]);
  await lab.startAgent();
  await lab.status(({ serving }) => serving);
  await lab.startSidecar();
  const on = await lab.weir.json(['on', 'shop']);
  assert.equal(on.code, 0, JSON.stringify(on.json));
  await lab.startConsumer();

  await t.test('both providers answer, whichever the consumer picked', () => lab.untilAnswering([A, B]));

  await t.test('an instance that joins takes calls, one that leaves gets none', async () => {
    const third = await lab.provider(C);
    await lab.untilAnswering([A, B, C]);
    await third.stop();
    await lab.untilAnswering([A, B]);
  });

  await t.test('the agent is killed and comes back', async () => {
    await lab.calls();
    await lab.killAgent();
    await sleep(2_000);
    assert.deepEqual(await lab.answering(), [A, B]);
    await lab.startAgent();
    await lab.status(({ streams }) => streams.length === 1);
    assert.deepEqual(await lab.answering(), [A, B]);
  });

  await t.test('the agent is frozen for longer than its pings', async () => {
    await lab.calls();
    lab.agent?.signal('SIGSTOP');
    await sleep(5_000);
    lab.agent?.signal('SIGCONT');
    await lab.status(({ streams }) => streams.length >= 1);
    assert.deepEqual(await lab.answering(), [A, B]);
  });

  await t.test('the registry is killed and comes back', async () => {
    await lab.calls();
    const startAgain = await lab.killZooKeeper();
    await lab.status(({ registries }) => registries[0].state === 'lost');
    assert.deepEqual(await lab.answering(2_000), [A, B]);
    await startAgain();
    await lab.status(
      ({ registries, apps }) =>
        registries[0].state === 'synced' && apps[0].held === null && apps[0].endpoints.total === 2,
    );
    await lab.untilAnswering([A, B]);
  });

  await t.test('the agent starts without its snapshot and without its registry', async () => {
    await lab.calls();
    await lab.killAgent();
    rmSync(join(lab.weir.stateDir, 'discovery'), { recursive: true });
    const startAgain = await lab.killZooKeeper();
    await lab.startAgent();
    await sleep(3_000);
    assert.equal((await lab.status()).serving, false);
    assert.deepEqual(await lab.answering(), [A, B]);
    await startAgain();
    await lab.status(({ serving, streams, apps }) => serving && streams.length === 1 && apps[0].endpoints.total === 2);
    await lab.untilAnswering([A, B]);
  });

  await t.test(
    'without the agent an upgrade of Envoy ends before the hand-over; with it the new one is served',
    async () => {
      await lab.calls();
      await lab.killAgent();
      const refused = await lab.weir.json(['sidecar', 'upgrade', 'main', '--force', '--init-timeout', '5s']);
      assert.ok([3, 4].includes(refused.code ?? 0), JSON.stringify(refused.json));
      assert.deepEqual(await lab.answering(), [A, B]);
      await lab.startAgent();
      await lab.status(({ streams }) => streams.length === 1);
    },
  );

  await t.test(
    'a stock consumer with a parameter of its registry’s URL loses no call to an upgrade of Envoy',
    async () => {
      // Without it, and without weir-dubbo.jar, calls fail until Dubbo has connected anew, which may take a minute.
      await lab.startConsumer('?cluster.availablecheck=false');
      await lab.untilAnswering([A, B]);
      await lab.calls();
      const upgraded = await lab.weir.json(['sidecar', 'upgrade', 'main', '--force']);
      assert.equal(upgraded.code, 0, JSON.stringify(upgraded.json));
      assert.equal(upgraded.json.result.outcome, 'settled');
      await lab.status(({ streams }) => streams.length === 1);
      await sleep(2_000);
      const { failed, from, last } = await lab.calls();
      assert.equal(failed, 0, last);
      assert.deepEqual(Object.keys(from), [`a from ${A}`, `a from ${B}`]);
    },
  );
});
