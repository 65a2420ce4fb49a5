/** What is said when only some of the regions answer, or some of the hosts can be looked at: nothing that nobody saw. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { StoreFailure } from '../../src/fleet/ports.ts';
import { switchRequest } from '../../src/fleet/text/switch-flags.ts';
import { switchedText } from '../../src/fleet/text/switched-text.ts';
import { forgetHost } from '../../src/fleet/usecases/confirm-store.ts';
import { controlRollout, type RolloutVerb } from '../../src/fleet/usecases/control-rollout.ts';
import type { FleetPorts, Region } from '../../src/fleet/usecases/fleet.ts';
import { fleetStatus } from '../../src/fleet/usecases/fleet-status.ts';
import { switchFleet } from '../../src/fleet/usecases/switch-apps.ts';
import { FakeLocalHost } from '../fakes/fake-local-host.ts';
import { PLAIN_PAINT } from '../mesh/mistakes/mistake-golden.ts';
import { FleetScene } from './fleet-scene.ts';

const RELEASE = {
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r1' } },
  spec: {
    sidecar: 'main',
    version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) },
    waves: [{ percent: 100 }],
    gates: [{ type: 'hosts', maxFailed: 0 }],
  },
};

async function twoRegions(t: TestContext): Promise<FleetScene> {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('host-1');
  await scene.host('host-1b', 'west');
  await scene.put('sidecarreleases/r1', RELEASE);
  await scene.put('sidecarreleases/r1', RELEASE, 'west');
  return scene;
}

/** The fleet with one method of one region's store replaced. */
function withStore(ports: FleetPorts, name: string, change: (store: Region['store']) => Partial<Region['store']>) {
  const regions = ports.regions.map((region) =>
    region.name === name ? { ...region, store: { ...region.store, ...change(region.store) } } : region,
  );
  return { ...ports, regions };
}

const refuse = async () => await Promise.reject(new StoreFailure('no leader', 'refused'));
const vanish = async () => await Promise.reject(new StoreFailure('no answer', 'unknown'));
const control = async (ports: FleetPorts, verb: RolloutVerb) =>
  await controlRollout(ports, { verb, release: 'r1', regions: undefined, reason: null });

test('a verb of a rollout tells the regions that it could not reach, and is not whole', async (t) => {
  const scene = await twoRegions(t);
  scene.store('west').failure = new StoreFailure('ECONNREFUSED', 'not-sent');
  const { rollouts, warnings } = await control(scene.ports, 'start');
  assert.deepEqual(
    rollouts.map(({ region, state }) => [region, state]),
    [['east', 'running']],
  );
  assert.match(warnings.join(), /west .*ECONNREFUSED/);
  await assert.rejects(
    controlRollout(scene.ports, { verb: 'start', release: 'r2', regions: undefined, reason: null }),
    { code: 'WEIR1603' },
    'the region that is away may have it',
  );
});

test('a verb that one region took and another did not is never told as nothing changed', async (t) => {
  const scene = await twoRegions(t);
  const { rollouts, warnings } = await control(
    withStore(scene.ports, 'west', () => ({ write: refuse })),
    'start',
  );
  assert.equal(scene.store('east').value('/weir/east/rollouts/r1').state, 'running');
  assert.deepEqual(
    rollouts.map(({ region, state }) => [region, state]),
    [['east', 'running']],
  );
  assert.match(warnings.join(), /west.*no leader/);
});

test('a verb that was written and cannot be read back is told as written', async (t) => {
  const scene = await twoRegions(t);
  let isWritten = false;
  const ports = withStore(scene.ports, 'east', (store) => ({
    list: async (prefixes) => (isWritten ? await refuse() : await store.list(prefixes)),
    write: async (guards, changes) => {
      isWritten = true;
      return await store.write(guards, changes);
    },
  }));
  const { rollouts, warnings } = await control(ports, 'start');
  assert.deepEqual(rollouts.map(({ region, state }) => `${region} ${state}`).sort(), ['east running', 'west running']);
  assert.match(warnings.join(), /east.*written.*no leader/);
});

test('a verb whose fate is not known in one region is exit 6 and says where it is written', async (t) => {
  const scene = await twoRegions(t);
  await assert.rejects(
    control(
      withStore(scene.ports, 'west', () => ({ write: vanish })),
      'start',
    ),
    (error: Error & { code: string; details: { rollouts: { region: string }[] } }) =>
      error.code === 'WEIR1604' && error.details.rollouts.map(({ region }) => region).join() === 'east',
  );
});

test('a host that is forgotten in one region only is told as that', async (t) => {
  const scene = await twoRegions(t);
  await scene.host('host-1', 'west');
  const all = { regions: undefined, reason: null };
  const half = await forgetHost(
    withStore(scene.ports, 'west', () => ({ write: refuse })),
    'host-1',
    all,
  );
  assert.deepEqual(half.result.regions, ['east']);
  assert.match(half.warnings.join(), /west.*no leader/);
  scene.store('west').failure = new StoreFailure('ECONNREFUSED', 'not-sent');
  await assert.rejects(forgetHost(scene.ports, 'host-9', all), { code: 'WEIR1603' });
});

const say = async (scene: FleetScene, action: 'on' | 'off', words: string[], flags: object = {}) =>
  await switchFleet(scene.ports, {
    ...switchRequest(action, words, { wait: true, timeout: 5_000, ...flags }, scene.clock.now()),
    regions: undefined,
    signal: new AbortController().signal,
  });
const rowOf = async (scene: FleetScene, name: string) => {
  const { result } = await fleetStatus(scene.ports, { app: null, regions: undefined });
  return result.regions[0]?.hosts.find((host) => host.name === name);
};

test('a host that could never be looked at stays what the store knows of it, is not ok and confirms nothing', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  await scene.stopLast();
  const blind = new FakeLocalHost(['payment']);
  blind.failures.set('look', 'nft is gone');
  await scene.host('host-1', 'east', {}, [], null, blind);
  assert.deepEqual(scene.store().value('/weir/east/hosts/host-1').apps, ['payment']);
  const row = await rowOf(scene, 'host-1');
  assert.deepEqual([row?.state, row?.apps[0]?.state], ['differs', 'unknown']);
  assert.match(row?.reason ?? '', /cannot look at itself: nft is gone/);
  for (const words of [['payment'], []]) {
    const off = say(scene, 'off', words, words.length === 0 ? { all: true } : {});
    await assert.rejects(off, (error: Error & { code: string; details: { regions: { pending: unknown[] }[] } }) => {
      assert.deepEqual(error.details.regions[0]?.pending, [
        { host: 'host-1', reason: 'payment: the host does not say how it is' },
      ]);
      return error.code === 'WEIR1608';
    });
  }
  blind.failures.clear();
  await scene.clock.pass(6_000);
  assert.equal((await rowOf(scene, 'host-1'))?.state, 'ok');
});

test('a share of several applications waits for those that a host was selected for, also under the red button', async (t) => {
  const scene = new FleetScene(t, 'east');
  for (let index = 0; index < 12; index += 1) await scene.host(`host-${index}`, 'east', {}, ['payment', 'orders']);
  await say(scene, 'on', ['payment', 'orders']);
  const half = await say(scene, 'off', ['payment', 'orders'], { percent: '30' });
  const states = () =>
    [...scene.hosts].map(([name, { apps }]) => [name, [...apps.values()].some((one) => one.state === 'off')]);
  const off = () => states().flatMap(([name, isOff]) => (isOff ? [name] : []));
  assert.deepEqual(half.result.regions[0]?.hosts, off().sort());
  assert.ok(off().length > 0 && off().length < 12, 'some are not selected');
  const all = await say(scene, 'off', [], { all: true, percent: '60' });
  assert.equal(all.result.regions[0]?.confirmed, all.result.regions[0]?.selected);
  assert.deepEqual(all.result.regions[0]?.hosts, off().sort());
});

test('a host whose clock is another: no age is made up, and what differs by it says so', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const own = scene.ports.now;
  const seen = async (byMs: number) => {
    const ports = { ...scene.ports, now: () => own() - byMs };
    const { result, warnings } = await fleetStatus(ports, { app: null, regions: undefined });
    return { row: result.regions[0]?.hosts[0], warnings: warnings.join() };
  };
  const same = await seen(0);
  assert.deepEqual([same.row?.clock, same.warnings], [null, '']);
  const ahead = await seen(3_600_000);
  assert.deepEqual([ahead.row?.state, ahead.row?.ageMs], ['ok', null]);
  assert.match(ahead.warnings, /east: host-1: its clock is 60 min ahead of this station's.*--until/);
  assert.match((await seen(-3_600_000)).row?.clock ?? '', /about 60 min behind/);
  const until = new Date(own() - 1_800_000).toISOString();
  const rules = [{ state: 'on', until }];
  await scene.put('meshpolicies/trial', {
    ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: 'trial' } },
    spec: { apps: ['payment'], rules },
  });
  const differs = await seen(3_600_000);
  assert.match(differs.row?.reason ?? '', /payment is off, wanted on.*its clock is .* ahead/);
  await scene.clock.pass(200_000);
  const alive = await seen(0);
  assert.deepEqual([alive.row?.clock, alive.row?.state], [null, 'ok'], 'a host that lives says so now and then');
  scene.store().failure = new StoreFailure('gone', 'not-sent');
  await scene.clock.pass(20_000);
  scene.store().failure = null;
  const store = withStore(scene.ports, 'east', (one) => ({
    list: async (prefixes) => await one.list(prefixes.filter((prefix) => !prefix.includes('hoststatuses'))),
  }));
  const silent = await fleetStatus({ ...store, now: () => own() - 3_600_000 }, { app: null, regions: undefined });
  const [row] = silent.result.regions[0]?.hosts ?? [];
  assert.deepEqual([row?.state, row?.ageMs], ['silent', null]);
  assert.match(row?.reason ?? '', /^no word: its lease has ended; its clock is .* ahead/);
});

test('a switch that cannot be read is only written over by an off for every host', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const newer = { apiVersion: 'weir.dev/v9', kind: 'MeshPolicy', metadata: { name: 'switch-all' }, spec: {} };
  await scene.put('meshpolicies/switch-all', newer);
  for (const [action, words, flags] of [
    ['on', ['payment'], {}],
    ['on', [], { all: true }],
    ['off', [], { all: true, hosts: ['host-1'] }],
    ['off', [], { all: true, until: '1h' }],
  ] as const) {
    await assert.rejects(say(scene, action, [...words], flags), { code: 'WEIR1600', exit: 3 });
    assert.deepEqual(scene.store().value('/weir/east/meshpolicies/switch-all'), newer);
  }
  assert.equal((await say(scene, 'off', ['payment'])).isWhole, true, 'another switch that can be read');
  await say(scene, 'off', [], { all: true });
  await say(scene, 'on', [], { all: true });
  assert.equal((await say(scene, 'on', ['payment'])).isWhole, true);
});

test('the red button is written before any host is read, and says so when none can be read after it', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const asked: string[] = [];
  const watched = withStore(scene.ports, 'east', (store) => ({
    list: async (prefixes) => {
      asked.push(...prefixes.map((prefix) => prefix.replace('/weir/east/', '')));
      return await store.list(prefixes);
    },
    write: async (guards, changes) => {
      asked.push('write');
      return await store.write(guards, changes);
    },
  }));
  const press = async (ports: FleetPorts, wait: boolean) =>
    await switchFleet(ports, {
      ...switchRequest('off', [], { all: true, wait, timeout: 3_000 }, scene.clock.now()),
      ...{ regions: undefined, signal: new AbortController().signal },
    });
  const whole = await press(watched, true);
  assert.deepEqual(asked.slice(0, 2), ['meshpolicies/', 'write']);
  assert.deepEqual([whole.isWhole, whole.result.regions[0]?.hosts], [true, ['host-1']]);
  const blind = withStore(scene.ports, 'east', (store) => ({
    list: async (prefixes) => (prefixes.some((one) => one.includes('/hosts')) ? await refuse() : store.list(prefixes)),
  }));
  const half = await press(blind, false);
  const [region] = half.result.regions;
  assert.deepEqual([half.isWhole, region?.written, half.result.ms.confirmed], [false, true, null]);
  assert.match(switchedText(half.result, PLAIN_PAINT), /off is written; how many hosts have confirmed is not known/);
  assert.match(region?.error ?? '', /it is written; whether it is done cannot be told: no leader/);
  const { selected, hosts, confirmed, pending } = region ?? {};
  assert.deepEqual([selected, hosts, confirmed, pending], [null, null, null, null], 'nobody was counted');
  await assert.rejects(press(blind, true), { code: 'WEIR1608', exit: 6 });
});

test('a switch is written into the regions in which it means somebody, and nowhere else', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('e1', 'east');
  await scene.host('w1', 'west', {}, ['payment', 'orders']);
  const policies = async (region: string) => {
    const { items } = await scene.store(region).port.list([`/weir/${region}/meshpolicies/`]);
    return items.map(({ key }) => key.split('/').at(-1));
  };
  const off = await say(scene, 'off', ['orders'], {});
  assert.deepEqual(
    off.result.regions.map(({ name, written, error, selected, confirmed }) => [
      name,
      written,
      error,
      selected,
      confirmed,
    ]),
    [
      ['east', false, null, 0, 0],
      ['west', true, null, 1, 1],
    ],
  );
  assert.deepEqual([off.isWhole, await policies('east'), await policies('west')], [true, [], ['switch-orders']]);
  await say(scene, 'off', ['payment'], { hosts: ['w1'] });
  await say(scene, 'off', ['payment'], { hosts: ['e1', 'w1'] });
  const names = (region: string) =>
    scene
      .store(region)
      .value(`/weir/${region}/meshpolicies/switch-payment`)
      .spec.rules.map(({ hosts }: { hosts: { names: string[] } }) => hosts.names);
  assert.deepEqual([names('east'), names('west')], [[['e1']], [['w1'], ['w1']]]);
  const { regions } = (await fleetStatus(scene.ports, { app: null, regions: undefined })).result;
  assert.deepEqual(
    regions.flatMap(({ objects }) => objects.filter(({ ok }) => !ok)),
    [],
    'weir itself writes nothing that its status calls a mistake',
  );
  await assert.rejects(say(scene, 'off', ['orders'], { hosts: ['e1'] }), /no application orders/);
});

test('a name that nobody knows is told with the regions that could not be asked', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('e1', 'east');
  scene.store('west').failure = new StoreFailure('gone', 'not-sent');
  await assert.rejects(say(scene, 'off', ['orders'], {}), (error) => {
    return error instanceof WeirError && error.exit === 2 && error.why.includes('west does not');
  });
});

test('a switch whose write got no answer is looked for, and written again under its guard', async (t) => {
  for (const isCarriedOut of [true, false]) {
    const scene = new FleetScene(t, 'east');
    await scene.host('e1');
    const [east] = scene.ports.regions;
    if (east === undefined) throw new Error('no region');
    let lost = 0;
    const write: typeof east.store.write = async (guards, changes) => {
      if (lost === 2) return await scene.store().port.write(guards, changes);
      lost += 1;
      // The leader of the store dies: with the write, or before it; meanwhile nothing can be read.
      if (isCarriedOut && lost === 2) await scene.store().port.write(guards, changes);
      return await vanish();
    };
    let reads = 0;
    const list: typeof east.store.list = async (prefixes) => {
      reads += 1;
      return reads === 2 ? await vanish() : await scene.store().port.list(prefixes);
    };
    const ports = { ...scene.ports, regions: [{ ...east, store: { ...east.store, write, list } }] };
    const flags = { hosts: ['e1'], wait: true, timeout: 5_000 };
    const { result } = await switchFleet(ports, {
      ...switchRequest('off', ['payment'], flags, scene.clock.now()),
      ...{ regions: undefined, signal: new AbortController().signal },
    });
    assert.deepEqual([result.regions[0]?.written, result.regions[0]?.confirmed], [true, 1]);
    const { rules } = scene.store().value('/weir/east/meshpolicies/switch-payment').spec;
    assert.equal(rules.length, 1, 'it is appended once');
    const { items } = await scene.store().port.list(['/weir/east/history/']);
    assert.equal(items.length, 1);
  }
});

test('what a newer weir wrote about a host is told as that, and never as silence', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const later = (kind: string, name: string) => ({ apiVersion: 'weir.dev/v9', kind, metadata: { name }, spec: [] });
  await scene.put('hosts/host-2', {
    ...{ apiVersion: 'weir.dev/v1', kind: 'Host', metadata: { name: 'host-2', region: 'east', labels: {} } },
    ...{ apps: ['payment'], lastSeen: new Date(scene.clock.now()).toISOString(), stopped: null },
  });
  await scene.put('hoststatuses/host-2', later('HostStatus', 'host-2'));
  await scene.put('hosts/host-3', later('Host', 'host-3'));
  const unread = 'what it wrote cannot be read: apiVersion weir.dev/v9: newer than this weir';
  const { result } = await fleetStatus(scene.ports, { app: null, regions: undefined });
  const reasons = new Map(result.regions[0]?.hosts.map(({ name, reason }) => [name, reason]));
  assert.deepEqual([reasons.get('host-2'), reasons.get('host-3')], [unread, unread]);
  for (const words of [['payment'], []]) {
    const request = switchRequest('off', words, { all: words.length === 0, timeout: 1 }, scene.clock.now());
    const signal = new AbortController().signal;
    const off = await switchFleet(scene.ports, { ...request, regions: undefined, signal });
    assert.deepEqual(off.result.regions[0]?.hosts, ['host-1', 'host-2']);
    assert.deepEqual(off.result.regions[0]?.pending, [{ host: 'host-2', reason: unread }]);
    assert.match(off.warnings.at(-1) ?? '', /^east: host-3: .* whether the switch is for it cannot be told$/);
  }
  await scene.leader('op-1');
  await scene.put('sidecarreleases/r1', { ...RELEASE, spec: { ...RELEASE.spec, timeout: '10s' } });
  await control(scene.ports, 'start');
  await scene.clock.pass(20_000);
  const { state, reason } = scene.store().value('/weir/east/rollouts/r1');
  assert.equal(state, 'stopped');
  assert.ok(reason.includes(`host-2 (${unread})`), reason);
});

test('clocks that are ten minutes apart: no wave is skipped or timed out by them, and an end that is over is told', async (t) => {
  const scene = new FleetScene(t, 'east');
  const minutes = (count: number) => count * 60_000;
  const host = (name: string, skewMs: number) =>
    scene.host(name, 'east', {}, ['payment'], null, new FakeLocalHost(['payment']), skewMs);
  await host('ahead', minutes(10));
  await host('behind', minutes(-10));
  const prometheus = { type: 'prometheus', url: 'http://prometheus:9090', query: 'errors', max: 1, for: '60s' };
  const waves = [{ names: ['ahead'] }, { percent: 100 }];
  await scene.put('sidecarreleases/r1', {
    ...RELEASE,
    spec: { ...RELEASE.spec, waves, gates: [prometheus], timeout: '5m' },
  });
  const rollout = () => scene.store().value('/weir/east/rollouts/r1');
  await scene.leader('early', 'east', null, minutes(10));
  await control(scene.ports, 'start');
  await scene.clock.pass(40_000);
  assert.deepEqual([rollout().state, rollout().wave], ['running', 1], 'its gate has not held for long enough');
  await scene.stopLast();
  await scene.leader('late', 'east', null, minutes(-10));
  await scene.clock.pass(50_000);
  assert.deepEqual([rollout().state, rollout().wave], ['running', 1], 'another operator has to see that it holds');
  await scene.clock.pass(30_000);
  assert.equal(rollout().wave, 2, 'and then it has');
  await scene.clock.pass(minutes(2));
  assert.equal(rollout().state, 'done');
  for (const action of ['on', 'off'] as const) {
    const until = action === 'off' ? { until: '5m' } : {};
    const request = switchRequest(action, ['payment'], { timeout: 5_000, ...until }, scene.ports.now());
    const ask = { ...request, regions: undefined, signal: new AbortController().signal };
    const { result } = await switchFleet(scene.ports, ask);
    if (action === 'on') continue;
    const [region] = result.regions;
    assert.equal(region?.confirmed, 1);
    assert.match(region?.pending?.[0]?.reason ?? '', /^payment is on; its clock is 10 min ahead of this station's$/);
  }
});
