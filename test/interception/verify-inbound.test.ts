/** `weir verify` of applications whose calls come in: tried from outside, or said that they were not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutsideCall } from '../../src/interception/surroundings/ports.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import { type FakeHost, listener } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, MESH, on } from './cases.ts';

const SOURCES = { ipv4: '203.0.113.242', ipv6: '2001:db8:f00d:beef::2' };

const PORT = 40_000;

/** A neighbour whose calls are answered or not; `divertedFrom` makes calls from that port show up at the sidecar. */
function openNeighbour(host: FakeHost, isAnswered: boolean, divertedFrom: number | null): { closed: number } {
  const seen = { closed: 0 };
  const sourceOf = ({ address }: OutsideCall) => (address.includes(':') ? SOURCES.ipv6 : SOURCES.ipv4);
  const flowOf = ({ address, port }: OutsideCall, from: number) => ({
    mark: 0x57000120,
    state: 'CLOSE',
    source: { address: sourceOf({ address, port }), port: from },
    originalDestination: { address, port },
    answeredBy: { address, port: 15_006 },
  });
  host.surroundings.neighbour = {
    seen: {
      sources: SOURCES,
      call: async (calls) => {
        if (divertedFrom !== null) host.flows = calls.map((call) => flowOf(call, divertedFrom));
        return calls.map((call) => (isAnswered ? { address: sourceOf(call), port: PORT } : null));
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
    for (const { isAnswered, divertedFrom, result, passed } of [
      { isAnswered: true, divertedFrom: PORT, result: 'ok', passed: true },
      { isAnswered: true, divertedFrom: null, result: 'failed', passed: false },
      // What the kernel remembers of an earlier call proves nothing about this one.
      { isAnswered: true, divertedFrom: PORT - 1, result: 'failed', passed: false },
      { isAnswered: false, divertedFrom: null, result: 'not proven', passed: true },
    ]) {
      const host = hostWith(backend);
      await on(host, { apps: ['payment', 'report'] });
      host.listeners = [...host.listeners, listener('0.0.0.0', 20_880, 20_001), listener('::', 20_880, 20_001)];
      const neighbour = openNeighbour(host, isAnswered, divertedFrom);
      const { result: verified } = await verifyApps(host, async () => MESH, []);
      const [payment, report] = verified.apps;
      assert.deepEqual([payment?.inbound?.result, report?.inbound], [result, undefined]);
      assert.deepEqual([verified.passed, neighbour.closed], [passed, 1]);
      const places = payment?.findings.map(({ where }) => where);
      assert.deepEqual(places, passed ? [] : ['packets/inbound']);
    }
  });
}

test('a neighbour that fails after the rules are there is told with its own words', async () => {
  const host = hostWith('nft');
  host.listeners = [...host.listeners, listener('0.0.0.0', 20_880, 20_001)];
  openNeighbour(host, true, PORT);
  const { neighbour } = host.surroundings;
  assert.ok('seen' in neighbour);
  const { call } = neighbour.seen;
  let calls = 0;
  const failing = { ...neighbour.seen, call: (all: readonly OutsideCall[]) => (++calls === 1 ? call(all) : refuse()) };
  const refuse = () => Promise.reject(new Error('the source port of a call from outside is not known'));
  host.surroundings.neighbour = { seen: failing };
  const { result } = await on(host);
  assert.deepEqual(result.apps[0]?.inbound, {
    result: 'not proven',
    detail: 'the source port of a call from outside is not known',
  });
});

test('without a neighbour, and where nobody listens, inbound is not proven, with the reason', async () => {
  const host = hostWith('nft');
  await on(host);
  const without = await verifyApps(host, async () => MESH, ['payment']);
  assert.deepEqual(without.result.apps[0]?.inbound, { result: 'not proven', detail: 'there is none' });
  assert.equal(without.result.passed, true);
  openNeighbour(host, true, PORT);
  const silent = await verifyApps(host, async () => MESH, ['payment']);
  assert.match(silent.result.apps[0]?.inbound?.detail ?? '', /nobody listens/);
});

test('where listeners or routes cannot be read, inbound is not proven with that reason, not for want of a listener', async () => {
  const host = hostWith('nft');
  await on(host);
  const neighbour = openNeighbour(host, true, PORT);
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
