/** An application of which nobody says what it calls: the first call goes where it wanted to go, and is learned from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAB_UIDS } from '../lab/lab.ts';
import { startProgram } from '../lab/traffic.ts';
import { AgentLab, UPSTREAM } from './agent-lab.ts';

const PORTS = [20_881, 20_882];

test('what an application with auto calls is balanced a few seconds after its first call, on the same connection', async (t) => {
  const lab = await AgentLab.open('auto', t, {
    more: JSON.stringify({ apps: { shop: { select: { user: LAB_UIDS.app }, sidecar: 'main', consumes: 'auto' } } }),
  });
  for (const port of PORTS)
    await lab.register('shop.Orders', `dubbo://${UPSTREAM}:${port}/shop.Orders?application=orders`);
  await lab.register('shop.Pay', `dubbo://${UPSTREAM}:20889/shop.Pay?application=pay`);
  const providers = startProgram(lab.lab, lab.lab.upstream, 'dubbo-answerer', { host: UPSTREAM, ports: PORTS });
  await providers.line(/^LISTENING/);
  await lab.startAgent();
  assert.deepEqual((await lab.status(({ serving }) => serving)).apps, []);
  await lab.startSidecar();
  const on = await lab.weir.json(['on', 'shop']);
  assert.equal(on.code, 0, JSON.stringify(on.json));

  const call = { interface: 'shop.Orders', group: '', version: '', method: 'order', argument: 'a' };
  // Some seconds, and as many as a busy machine takes.
  const options = { host: UPSTREAM, port: PORTS[0], ...call, count: 240, pauseMs: 250, different: PORTS.length };
  const caller = startProgram(lab.lab, lab.lab.client, 'dubbo-caller', options, { uid: LAB_UIDS.app });
  const [, text = '[]'] = await caller.line(/^ANSWERS (.*)$/, 120_000);
  const answers: readonly string[] = JSON.parse(text);
  assert.deepEqual([...new Set(answers)].toSorted(), PORTS.map(String), text);
  assert.equal(answers[0], String(PORTS[0]));
  // Only what was called is consumed.
  assert.deepEqual(
    (await lab.status()).apps.map(({ name }: { name: string }) => name),
    ['orders'],
  );
  const { stdout } = await lab.run(['discovery', 'routes', 'shop', '--json']);
  assert.deepEqual(
    JSON.parse(stdout).result.routes.map((one: { interface: string }) => one.interface),
    ['shop.Orders'],
  );

  await lab.killAgent();
  await lab.startAgent();
  await lab.status(({ apps, streams }) => apps.length === 1 && streams.length === 1);
});
