/** A unit whose providers are registered and gone: Envoy's checks move calls to another unit, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LAB_UIDS } from '../lab/lab.ts';
import { startProgram } from '../lab/traffic.ts';
import { AgentLab, UPSTREAM } from './agent-lab.ts';

const [OWN, OTHER] = [20_881, 20_891];
const LIMIT_MS = 90_000;

test('calls go to another unit while no provider of the own one takes connections, though all are registered', async (t) => {
  const lab = await AgentLab.open('spill', t, { unit: { label: 'unit', own: 'a', mode: 'prefer' } });
  const { lab: hosts } = lab;
  for (const [port, unit] of [
    [OWN, 'a'],
    [OTHER, 'b'],
  ])
    await lab.register('shop.Orders', `dubbo://${UPSTREAM}:${port}/shop.Orders?application=orders&unit=${unit}`);
  const provider = async (port: number) => {
    const program = startProgram(hosts, hosts.upstream, 'dubbo-answerer', { host: UPSTREAM, ports: [port] });
    await program.line(/^LISTENING/);
    return program;
  };
  const own = await provider(OWN);
  await provider(OTHER);
  await lab.startAgent();
  await lab.status(({ apps }) => apps[0]?.endpoints.total === 2);
  await lab.startSidecar();
  const on = await lab.weir.json(['on', 'shop']);
  assert.equal(on.code, 0, JSON.stringify(on.json));

  /** Calls, a connection each, until all answers of one come from this port. */
  const untilAnswered = async (port: number) => {
    const call = { interface: 'shop.Orders', group: '', version: '', method: 'order', argument: 'a', count: 8 };
    for (const deadline = Date.now() + LIMIT_MS; ; ) {
      const caller = startProgram(
        hosts,
        hosts.client,
        'dubbo-caller',
        { host: UPSTREAM, port: OWN, ...call },
        { uid: LAB_UIDS.app },
      );
      const [, text = '[]'] = await caller.line(/^ANSWERS (.*)$/);
      if (JSON.parse(text).every((answer: string) => answer === String(port))) return;
      assert.ok(Date.now() < deadline, `the last answers were ${text}`);
    }
  };
  await untilAnswered(OWN);
  await own.stop();
  await untilAnswered(OTHER);
  await provider(OWN);
  await untilAnswered(OWN);
});
