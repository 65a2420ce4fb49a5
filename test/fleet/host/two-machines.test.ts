/** Two machines that were given one name, and one machine that comes back: each status in the store is of the host that it names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostDaemon } from '../../../src/fleet/host/host-daemon.ts';
import type { HostMemory } from '../../../src/fleet/host/host-memory.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { HostDaemonIdentity } from '../../../src/fleet/model/records.ts';
import { explainFleet } from '../../../src/fleet/usecases/explain-fleet.ts';
import { fleetStatus } from '../../../src/fleet/usecases/fleet-status.ts';
import { switchFleet } from '../../../src/fleet/usecases/switch-apps.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeLocalHost } from '../../fakes/fake-local-host.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { FleetScene } from '../fleet-scene.ts';

const KEYS = new RegionKeys('east');
const OWN_STATUS = `${KEYS.hostStatuses}host-1`;

async function rowsOf({ ports }: FleetScene) {
  const { result, isGood } = await fleetStatus(ports, { app: null, regions: undefined });
  const [region] = result.regions;
  return {
    isGood,
    rows: region?.hosts.map(({ name, state, reason }) => ({ name, state, reason: reason ?? '' })) ?? [],
  };
}

test('two machines with one name are both seen, both follow the fleet, and the name is free again when one goes', async (t) => {
  const scene = new FleetScene(t, 'east');
  const first = await scene.host('host-1');
  const second = await scene.host('host-1');
  await scene.clock.pass(60_000);
  const { isGood, rows } = await rowsOf(scene);
  assert.equal(isGood, false);
  assert.deepEqual(
    rows.map(({ name, state }) => [name, state]),
    [
      ['host-1', 'differs'],
      ['host-1.conflict-2-run', 'differs'],
    ],
  );
  assert.match(rows[0]?.reason ?? '', /vm-2 says that it is host-1 too, and so does vm-1/);
  assert.match(rows[1]?.reason ?? '', /vm-2 was given the name host-1, which vm-1 has/);
  const { result } = await explainFleet(scene.ports, 'host-1', undefined);
  assert.match(result.next ?? '', /another host\.name/);

  const rules = [{ state: 'on', hosts: { names: ['host-1'] } }];
  await scene.put('meshpolicies/p', {
    ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: 'p' } },
    spec: { apps: ['payment'], rules },
  });
  const request = { hosts: [], percent: null, until: null, reason: null, dryRun: false, waitMs: 5_000 };
  const pressed = await switchFleet(scene.ports, {
    ...{ action: 'off', apps: 'all', regions: undefined, signal: new AbortController().signal, ...request },
  });
  assert.deepEqual(pressed.result.regions[0]?.hosts, ['host-1', 'host-1.conflict-2-run']);
  assert.equal(pressed.result.regions[0]?.confirmed, 2);
  for (const host of [first, second]) assert.deepEqual(host.calls, ['on payment', 'off payment']);

  await scene.stopLast();
  await scene.clock.pass(10_000);
  assert.deepEqual((await rowsOf(scene)).rows, [{ name: 'host-1', state: 'ok', reason: '' }]);
  assert.equal(scene.store().value(`${KEYS.hosts}host-1`).stopped, null);
});

test('the machine that has the name goes, and the other one takes it over', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  await scene.host('host-1');
  await scene.clock.pass(60_000);
  await scene.stopFirst();
  await scene.clock.pass(20_000);
  assert.deepEqual((await rowsOf(scene)).rows, [{ name: 'host-1', state: 'ok', reason: '' }]);
  assert.equal(scene.store().value(OWN_STATUS).status.daemon.machine, 'vm-2');
});

/** A store in which a daemon that is gone has left its status, and the lease of it has not ended. */
async function left(identity: HostDaemonIdentity | undefined) {
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  const lease = await store.port.grant(15_000);
  const status = {
    ...{ at: new Date(clock.now()).toISOString(), weir: '1.0.0', daemon: identity, seen: null, held: null },
    ...{ overrides: [], apps: [], sidecars: [], errors: [] },
  };
  const metadata = { name: 'host-1', region: 'east', labels: {} };
  const value = JSON.stringify({ apiVersion: 'weir.dev/v1', kind: 'HostStatus', metadata, status });
  await store.port.write([], [{ key: OWN_STATUS, value, lease }]);
  return { clock, store };
}

const NOW: HostDaemonIdentity = { machine: 'vm-1', boot: 'boot-2', instance: 'disk-1', session: 'run-2' };
const BEFORE: Readonly<Record<string, readonly [HostDaemonIdentity | undefined, seconds: number]>> = {
  'a daemon that was killed': [{ ...NOW, session: 'run-1' }, 1],
  'a machine that has booted since': [{ ...NOW, boot: 'boot-1', session: 'run-1' }, 20],
  'a machine that was made anew': [{ ...NOW, boot: 'boot-1', instance: 'disk-0', session: 'run-1' }, 20],
  'a daemon of an older weir': [undefined, 20],
};

for (const [who, [before, seconds]] of Object.entries(BEFORE)) {
  test(`${who} comes back under its name within ${seconds} s, and is no conflict`, async (t) => {
    const { clock, store } = await left(before);
    const warnings: string[] = [];
    const memory: HostMemory = {
      ...{ region: 'east', instance: 'disk-1', store: null, items: [], held: null, before: {}, releases: {} },
    };
    const daemon = new HostDaemon({
      ...{ name: 'host-1', region: 'east', labels: {}, ttlMs: 15_000, weirVersion: '1.0.0', keys: KEYS, identity: NOW },
      pod: null,
      ...{ store: store.port, local: new FakeLocalHost(['payment']).port, clock, random: () => 0.5 },
      ...{ recall: async () => memory, remember: async () => {}, tell: () => {}, warn: (text) => warnings.push(text) },
    });
    const stop = new AbortController();
    const running = daemon.run(stop.signal);
    t.after(async () => {
      stop.abort();
      await clock.pass(1_000);
      await running;
    });
    await clock.pass(seconds * 1_000);
    assert.equal(store.value(OWN_STATUS).status.daemon?.session, 'run-2');
    const { items } = await store.port.list([KEYS.hostStatuses]);
    assert.deepEqual([items.length, warnings], [1, []]);
  });
}
