/** `weir verify` of applications whose calls come in: tried from outside, or said that they were not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutsideCall } from '../../src/interception/surroundings/ports.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import { type FakeHost, listener } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, MESH, on } from './cases.ts';

const SOURCES = { ipv4: '203.0.113.242', ipv6: '2001:db8:f00d:beef::2' };

/** A neighbour whose calls are answered or not; `isDiverted` makes them show up at the sidecar. */
function openNeighbour(host: FakeHost, isAnswered: boolean, isDiverted: boolean): { closed: number } {
  const seen = { closed: 0 };
  const flowOf = ({ address, port }: OutsideCall) => ({
    mark: 0x57000120,
    state: 'CLOSE',
    source: { address: address.includes(':') ? SOURCES.ipv6 : SOURCES.ipv4, port: 40_000 },
    originalDestination: { address, port },
    answeredBy: { address, port: 15_006 },
  });
  host.surroundings.neighbour = {
    seen: {
      sources: SOURCES,
      call: async (calls) => {
        if (isDiverted) host.flows = calls.map(flowOf);
        return calls.map(() => isAnswered);
      },
      close: async () => {
        seen.closed += 1;
      },
    },
  };
  return seen;
}

for (const backend of BACKENDS) {
  test(`${backend}: a call from outside proves inbound, shows that it is not diverted, or proves nothing`, async () => {
    for (const { isAnswered, isDiverted, result, passed } of [
      { isAnswered: true, isDiverted: true, result: 'ok', passed: true },
      { isAnswered: true, isDiverted: false, result: 'failed', passed: false },
      { isAnswered: false, isDiverted: false, result: 'not proven', passed: true },
    ]) {
      const host = hostWith(backend);
      await on(host, { apps: ['payment', 'report'] });
      host.listeners = [...host.listeners, listener('0.0.0.0', 20_880, 20_001), listener('::', 20_880, 20_001)];
      const neighbour = openNeighbour(host, isAnswered, isDiverted);
      const { result: verified } = await verifyApps(host, async () => MESH, []);
      const [payment, report] = verified.apps;
      assert.deepEqual([payment?.inbound?.result, report?.inbound], [result, undefined]);
      assert.deepEqual([verified.passed, neighbour.closed], [passed, 1]);
      const places = payment?.findings.map(({ where }) => where);
      assert.deepEqual(places, passed ? [] : ['packets/inbound']);
    }
  });
}

test('without a neighbour, and where nobody listens, inbound is not proven, with the reason', async () => {
  const host = hostWith('nft');
  await on(host);
  const without = await verifyApps(host, async () => MESH, ['payment']);
  assert.deepEqual(without.result.apps[0]?.inbound, { result: 'not proven', detail: 'there is none' });
  assert.equal(without.result.passed, true);
  openNeighbour(host, true, true);
  const silent = await verifyApps(host, async () => MESH, ['payment']);
  assert.match(silent.result.apps[0]?.inbound?.detail ?? '', /nobody listens/);
});

test('where listeners or routes cannot be read, inbound is not proven with that reason, not for want of a listener', async () => {
  const host = hostWith('nft');
  await on(host);
  const neighbour = openNeighbour(host, true, true);
  const { sockets } = host.connections;
  const detailOf = async () => (await verifyApps(host, async () => MESH, ['payment'])).result.apps[0]?.inbound;
  host.connections.sockets = async (kind) => {
    if (kind === 'listening') throw new Error('ss is gone');
    return sockets(kind);
  };
  assert.deepEqual(await detailOf(), { result: 'not proven', detail: 'listeners could not be listed: ss is gone' });
  host.connections.sockets = sockets;
  host.surroundings.routing = async () => ({ unseen: 'ip is gone' });
  assert.deepEqual(await detailOf(), { result: 'not proven', detail: 'ip is gone' });
  assert.equal(neighbour.closed, 1);
});
