/** What an operator asks of a fleet, and what is answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { StoreFailure } from '../../src/fleet/ports.ts';
import { explainedText } from '../../src/fleet/text/explained-text.ts';
import { fleetStatusText } from '../../src/fleet/text/fleet-status-text.ts';
import { historyText, rolloutsText } from '../../src/fleet/text/objects-text.ts';
import { switchRequest } from '../../src/fleet/text/switch-flags.ts';
import { switchedText } from '../../src/fleet/text/switched-text.ts';
import { confirmStores, forgetHost } from '../../src/fleet/usecases/confirm-store.ts';
import { controlRollout, type RolloutVerb, rolloutStatus } from '../../src/fleet/usecases/control-rollout.ts';
import { explainFleet } from '../../src/fleet/usecases/explain-fleet.ts';
import { fleetStatus, interruptedWait, notAsDesired } from '../../src/fleet/usecases/fleet-status.ts';
import { readFleetHistory } from '../../src/fleet/usecases/read-fleet-history.ts';
import { type FleetSwitch, type FleetSwitched, switchFleet } from '../../src/fleet/usecases/switch-apps.ts';
import { PLAIN_PAINT } from '../mesh/mistakes/mistake-golden.ts';
import { FleetScene } from './fleet-scene.ts';

type Flags = Parameters<typeof switchRequest>[2];

async function say(
  scene: FleetScene,
  action: 'on' | 'off',
  words: string[],
  flags: Flags & { regions?: string[] } = { timeout: 5_000 },
  { ports = scene.ports, signal = new AbortController().signal } = {},
) {
  const request: FleetSwitch = {
    ...switchRequest(action, words, { ...flags, timeout: flags.timeout }, scene.clock.now()),
    regions: flags.regions,
    signal,
  };
  return await switchFleet(ports, request);
}

const WAIT = { wait: true, timeout: 5_000 } as const;
const status = async (scene: FleetScene, app: string | null = null) =>
  await fleetStatus(scene.ports, { app, regions: undefined });

test('on and off are written, carried out and confirmed in every region; the text says so', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('host-1');
  await scene.host('host-2', 'west');
  const on = await say(scene, 'on', ['payment'], WAIT);
  assert.deepEqual([on.isWhole, on.result.regions.map(({ confirmed }) => confirmed)], [true, [1, 1]]);
  assert.match(switchedText(on.result, PLAIN_PAINT), /^payment: on confirmed by 2 of 2 hosts in \d/);
  const policy = scene.store('west').value('/weir/west/meshpolicies/switch-payment');
  assert.deepEqual(policy.spec, { apps: ['payment'], priority: 1000, rules: [{ state: 'on' }] });
  assert.deepEqual((await status(scene)).isGood, true);
  const off = await say(scene, 'off', ['payment'], { ...WAIT, reason: 'INC-1', regions: ['east'] });
  assert.equal(off.result.regions.length, 1);
  assert.deepEqual(
    [...scene.hosts.values()].map(({ apps }) => apps.get('payment')?.state),
    ['off', 'on'],
  );
});

test('somebody sets the clock while hosts are waited for: the wait is neither over at once nor an hour long', async (t) => {
  for (const jumpMs of [3_600_000, -3_600_000]) {
    const scene = new FleetScene(t, 'east');
    await scene.host('host-1');
    await say(scene, 'on', ['payment'], WAIT);
    const { promise, resolve } = Promise.withResolvers<void>();
    const [host] = scene.hosts.values();
    assert.ok(host !== undefined);
    host.slowOff = promise;
    let jumps = 0;
    const sleep = async (ms: number) => {
      if (jumps++ === 0) scene.clock.setWall(jumpMs);
      await scene.clock.pass(ms);
    };
    try {
      const began = scene.clock.monotonic();
      const off = say(scene, 'off', ['payment'], WAIT, { ports: { ...scene.ports, sleep } });
      await assert.rejects(off, { code: 'WEIR1608', exit: 6 });
      const took = scene.clock.monotonic() - began;
      assert.ok(took >= 5_000 && took < 6_000, `${took}`);
    } finally {
      host.slowOff = null;
      resolve();
    }
  }
});

test('Ctrl-C while hosts are waited for says what is written, who has confirmed and who has not', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const late = await scene.host('host-2');
  await say(scene, 'on', ['payment'], WAIT);
  const stop = new AbortController();
  const signalled = new WeirError('WEIR2005', { what: 'interrupted by SIGTERM', why: '?', hint: '?', exit: 143 });
  const sleep = async (ms: number) => {
    await scene.clock.pass(ms);
    const hasConfirmed = scene.hosts.get('host-1')?.apps.get('payment')?.state === 'off';
    if (hasConfirmed) stop.abort(signalled);
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  late.slowOff = promise;
  try {
    const ports = { ...scene.ports, sleep };
    const pressed = say(scene, 'off', [], { all: true, ...WAIT, timeout: 60_000 }, { ports, signal: stop.signal });
    const error: unknown = await pressed.catch((thrown: unknown) => thrown);
    assert.ok(error instanceof WeirError);
    assert.deepEqual([error.code, error.exit], ['WEIR2005', 143]);
    const counted = /^interrupted by SIGTERM; off is written in east, and hosts go on carrying it out: \d of 2 hosts/;
    assert.match(error.what, counted);
    assert.match(error.why, /east\/host-2: it has not seen the change yet$/);
    assert.match(error.hint, /weir fleet status --wait/);
    const [region] = (error.details as FleetSwitched).regions;
    assert.deepEqual([region?.written, region?.pending?.at(-1)?.host], [true, 'host-2']);
  } finally {
    late.slowOff = null;
    resolve();
  }
  await scene.clock.pass(1_000);
  assert.equal(late.apps.get('payment')?.state, 'off', 'it went on by itself');
});

test('Ctrl-C before a switch is written writes nothing and says so', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const signal = AbortSignal.abort();
  const error = { code: 'WEIR2005', exit: 130, what: 'interrupted; nothing was written' };
  await assert.rejects(say(scene, 'off', ['payment'], WAIT, { signal }), error);
  assert.equal(scene.store().value('/weir/east/meshpolicies/switch-payment'), undefined);
});

test('hosts, a share and an end append rules, nothing of them replaces all', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1', 'east', { unit: 'u1' });
  await scene.host('host-2', 'east', { unit: 'u2' });
  await say(scene, 'on', ['payment']);
  const narrow = await say(scene, 'off', ['payment'], { ...WAIT, hosts: ['unit=u2'], until: '1h' });
  assert.deepEqual(narrow.result.regions[0]?.hosts, ['host-2']);
  const { spec } = scene.store().value('/weir/east/meshpolicies/switch-payment');
  assert.deepEqual(
    spec.rules.map(({ state, hosts }: { state: string; hosts?: object }) => [state, hosts]),
    [
      ['on', undefined],
      ['off', { labels: { unit: 'u2' } }],
    ],
  );
  assert.equal(scene.hosts.get('host-2')?.apps.get('payment')?.state, 'off');
  await scene.clock.pass(3_601_000);
  assert.equal(scene.hosts.get('host-2')?.apps.get('payment')?.state, 'on', 'the rule has ended');
  await say(scene, 'off', ['payment'], WAIT);
  assert.equal(scene.store().value('/weir/east/meshpolicies/switch-payment').spec.rules.length, 1);
});

test('names that nobody knows, shares and ends that cannot be are refused, and nothing is written', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const before = await scene.store().port.list(['/weir/east/meshpolicies/']);
  for (const [words, flags, code] of [
    [['paiment'], {}, 'WEIR1606'],
    [['payment'], { hosts: ['host-9'] }, 'WEIR1606'],
    [['payment'], { hosts: ['unit=u9'] }, 'WEIR1606'],
    [['payment'], { regions: ['north'] }, 'WEIR1606'],
    [['payment'], { percent: '101' }, 'WEIR1002'],
    [['payment'], { percent: '-1' }, 'WEIR1002'],
    [['payment'], { until: '2001-01-01T00:00:00Z' }, 'WEIR1002'],
    [['payment'], { until: 'tomorrow' }, 'WEIR1002'],
    [['payment'], { all: true }, 'WEIR1002'],
    [[], {}, 'WEIR1002'],
  ] as const) {
    await assert.rejects(
      say(scene, 'off', [...words], { timeout: 1, ...flags } as Flags),
      { code, exit: 2 },
      JSON.stringify([words, flags]),
    );
  }
  assert.deepEqual((await scene.store().port.list(['/weir/east/meshpolicies/'])).items, before.items);
});

test('a dry run lists the hosts and writes nothing', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const { result } = await say(scene, 'off', [], { all: true, 'dry-run': true, timeout: 1 });
  assert.deepEqual(
    [result.regions[0]?.written, result.regions[0]?.hosts, result.ms.confirmed],
    [false, ['host-1'], null],
  );
  assert.equal(scene.store().value('/weir/east/meshpolicies/switch-all'), undefined);
});

test('the red button holds every application off until it is released, and on is refused meanwhile', async (t) => {
  const scene = new FleetScene(t, 'east');
  const host = await scene.host('host-1', 'east', {}, ['payment', 'orders']);
  await say(scene, 'on', ['payment'], WAIT);
  host.local('orders', 'on');
  await say(scene, 'off', [], { all: true, ...WAIT });
  assert.deepEqual(
    [...host.apps.values()].map(({ state }) => state),
    ['off', 'off'],
  );
  await assert.rejects(say(scene, 'on', ['payment']), { code: 'WEIR1607', exit: 3 });
  await say(scene, 'on', [], { all: true, ...WAIT });
  await scene.clock.pass(1_000);
  assert.deepEqual(
    [...host.apps.values()].map(({ state }) => state),
    ['on', 'off'],
    'only what a policy wants comes back',
  );
});

test('an override, a silent host and a host that fails are told by name, in the status, the text and the explanation', async (t) => {
  const scene = new FleetScene(t, 'east');
  const [one, two] = [await scene.host('host-1'), await scene.host('host-2')];
  await say(scene, 'on', ['payment'], WAIT);
  one.local('payment', 'off', 'local trouble');
  two.failures.set('on', 'the sidecar is not ready');
  two.local('payment', 'on');
  two.apps.set('payment', { state: 'drifted', reason: 'rules are gone', override: null });
  await scene.clock.pass(6_000);
  const { result, isGood } = await status(scene);
  assert.equal(isGood, false);
  assert.deepEqual(
    result.regions[0]?.hosts.map(({ name, state }) => [name, state]),
    [
      ['host-1', 'override'],
      ['host-2', 'differs'],
    ],
  );
  assert.match(fleetStatusText(result, PLAIN_PAINT), /! host-1\s+override.*local trouble/);
  await assert.rejects(say(scene, 'on', ['payment'], WAIT), (error: { code?: string; details?: unknown }) => {
    const { regions } = error.details as { regions: { pending: { host: string; reason: string }[] }[] };
    assert.equal(error.code, 'WEIR1608');
    assert.match(JSON.stringify(regions[0]?.pending), /override off: local trouble.*the sidecar is not ready/);
    return true;
  });
  const explained = await explainFleet(scene.ports, 'host-1', undefined);
  assert.ok('apps' in explained.result);
  assert.deepEqual(
    [explained.result.next, explained.result.apps[0]?.decidedBy.kind],
    ['on host-1: weir host follow payment', 'override'],
  );
  assert.match(explainedText(explained.result, PLAIN_PAINT), /decided there by root: local trouble/);
  assert.deepEqual([explained.result.errors, explained.result.rollouts, explained.warnings], [[], [], []]);
  const app = await explainFleet(scene.ports, 'payment', undefined);
  assert.match(explainedText(app.result, PLAIN_PAINT), /rule 1, written by ops@station/);
  assert.match(explainedText(app.result, PLAIN_PAINT), /host-2 .*differs/);
  await assert.rejects(explainFleet(scene.ports, 'host-3', undefined), { code: 'WEIR1606', exit: 2 });
  const waited = notAsDesired(result, '1 s');
  assert.deepEqual([waited.code, waited.exit, waited.details], ['WEIR1613', 6, result]);
  assert.match(
    `${waited.message} ${waited.why}`,
    /2 things are not as desired after 1 s.*east\/host-1: payment is off/,
  );
  const ended = interruptedWait(AbortSignal.abort(), result);
  assert.deepEqual([ended.code, ended.exit, ended.details, ended.why], ['WEIR2005', 130, result, waited.why]);
  assert.match(ended.what, /^interrupted; 2 things are not as desired yet; hosts go on by themselves$/);
});

test('a region that does not answer is told by explain, and an unknown name is not concluded from it', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('host-1');
  scene.store('west').failure = new StoreFailure('it is away', 'not-sent');
  const host = await explainFleet(scene.ports, 'host-1', undefined);
  assert.deepEqual([host.isGood, host.warnings], [true, ['west could not be read: it is away']]);
  assert.equal((await explainFleet(scene.ports, 'payment', undefined)).isGood, false);
  await assert.rejects(explainFleet(scene.ports, 'host-9', undefined), { code: 'WEIR1603', exit: 3 });
});

test('a host whose lease ended is silent, and one that was stopped is stopped; a forgotten one is gone', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  await scene.put('hosts/host-0', {
    kind: 'Host',
    metadata: { name: 'host-0', region: 'east', labels: {} },
    apps: ['payment'],
    lastSeen: '2025-12-31T23:59:00.000Z',
    stopped: null,
  });
  const silent = await status(scene, 'payment');
  assert.match(silent.result.regions[0]?.hosts[0]?.reason ?? '', /no word for \d+ (s|min): its lease has ended/);
  assert.deepEqual(silent.result.regions[0]?.apps[0]?.counts, { silent: 1, off: 1 });
  await forgetHost(scene.ports, 'host-0', { regions: undefined, reason: null });
  await assert.rejects(forgetHost(scene.ports, 'host-0', { regions: undefined, reason: null }), { code: 'WEIR1606' });
  await scene.stopLast();
  assert.deepEqual(
    (await status(scene)).result.regions[0]?.hosts.map(({ state }) => state),
    ['stopped'],
  );
});

test('objects that cannot be read, or name what nobody knows, are told', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  await scene.put('meshpolicies/future', { apiVersion: 'weir.dev/v9' });
  await scene.put('meshpolicies/typo', {
    apiVersion: 'weir.dev/v1',
    kind: 'MeshPolicy',
    metadata: { name: 'typo' },
    spec: { apps: ['paiment'], rules: [] },
  });
  const { result, isGood } = await status(scene);
  assert.equal(isGood, false);
  assert.deepEqual(
    result.regions[0]?.objects.map(({ name, ok, error }) => [name, ok, error]),
    [
      ['future', false, 'apiVersion weir.dev/v9: newer than this weir'],
      ['typo', false, 'no host has the application paiment'],
    ],
  );
});

test('regions that are away: some are told, all are refused, and an unknown fate is exit 6', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('host-1');
  scene.store('west').failure = new StoreFailure('ECONNREFUSED', 'not-sent');
  const some = await say(scene, 'off', ['payment'], WAIT);
  assert.deepEqual(
    [some.isWhole, some.result.regions.map(({ reachable, error }) => [reachable, error])],
    [
      false,
      [
        [true, null],
        [false, 'ECONNREFUSED'],
      ],
    ],
  );
  const { result, isGood } = await status(scene);
  assert.deepEqual([isGood, result.regions[1]?.reachable], [false, false]);
  assert.match(fleetStatusText(result, PLAIN_PAINT), /west {2}unreachable: ECONNREFUSED/);
  scene.store('east').failure = new StoreFailure('no answer', 'unknown');
  await assert.rejects(say(scene, 'off', ['payment']), { code: 'WEIR1603', exit: 3 });
  scene.store('east').failure = null;
  const [east] = scene.ports.regions;
  assert.ok(east !== undefined);
  const silent = {
    ...east,
    store: { ...east.store, write: async () => Promise.reject(new StoreFailure('no answer', 'unknown')) },
  };
  const request = {
    ...switchRequest('off', ['payment'], { timeout: 1 }, 0),
    regions: undefined,
    signal: new AbortController().signal,
  };
  await assert.rejects(switchFleet({ ...scene.ports, regions: [silent] }, request), { code: 'WEIR1604', exit: 6 });
});

test('a held store is told with the command that ends it, and confirm ends it', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  await say(scene, 'on', ['payment'], WAIT);
  scene.store().replace({ clusterId: '2', revision: 90, keep: (key) => key.includes('/hosts/') });
  await scene.clock.pass(20_000);
  const explained = await explainFleet(scene.ports, 'host-1', undefined);
  assert.deepEqual([explained.result.state, explained.result.next], ['held', 'weir fleet confirm --region east']);
  const { result } = await confirmStores(scene.ports, { regions: undefined, reason: 'restored' });
  assert.equal(result.regions[0]?.clusterId, '2');
  await scene.clock.pass(10_000);
  assert.equal((await status(scene)).result.regions[0]?.hosts[0]?.state, 'ok');
});

test('history has each change with who and why, in order', async (t) => {
  const scene = new FleetScene(t, 'east', 'west');
  await scene.host('host-1');
  await scene.host('host-2', 'west');
  await say(scene, 'on', ['payment'], { timeout: 1, reason: 'trial' });
  await say(scene, 'off', ['payment'], { timeout: 1, reason: 'INC-1' });
  await scene.put('history/00000000000000000001-x', { torn: true });
  const { entries, warnings } = await readFleetHistory(scene.ports, undefined);
  assert.deepEqual(
    entries.map(({ verb, region, why }) => `${verb} ${region} ${why}`),
    ['on east trial', 'on west trial', 'off east INC-1', 'off west INC-1'],
  );
  assert.equal(warnings.length, 1);
  assert.match(
    historyText({ entries }, PLAIN_PAINT),
    /east {2}ops@station {2}off {2}MeshPolicy\/switch-payment {2}INC-1/,
  );
});

const RELEASE = {
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r1' } },
  spec: {
    sidecar: 'main',
    version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) },
    waves: [{ names: ['host-1'] }, { percent: 100 }],
    gates: [
      { type: 'hosts', maxFailed: 0 },
      { type: 'prometheus', url: 'http://p:9090', query: 'q', max: 1 },
    ],
  },
};

test('a rollout through its verbs: a gate stops it, resume asks again, promote skips, undo takes back', async (t) => {
  const scene = new FleetScene(t, 'east');
  for (const name of ['host-1', 'host-2']) await scene.host(name);
  await scene.put('sidecarreleases/r1', RELEASE);
  const control = async (verb: RolloutVerb) => {
    const { rollouts } = await controlRollout(scene.ports, { verb, release: 'r1', regions: undefined, reason: null });
    await scene.clock.pass(20_000);
    return rollouts;
  };
  const state = async () => (await rolloutStatus(scene.ports, 'r1', undefined)).result.rollouts[0];
  await assert.rejects(control('pause'), { code: 'WEIR1609', exit: 3 });
  await control('start');
  assert.deepEqual(
    [(await state())?.wave, (await rolloutStatus(scene.ports, null, undefined)).isGood],
    [0, false],
    'nobody leads',
  );
  scene.gate = { value: 5, why: null };
  await scene.leader('op-1');
  await scene.leader('op-2');
  await scene.clock.pass(20_000);
  assert.deepEqual([(await state())?.state, (await state())?.wave], ['stopped', 1], scene.said.join());
  assert.match(
    rolloutsText({ rollouts: [(await state()) as never] }, PLAIN_PAINT),
    /stopped at wave 1: gate q: 5 is more than 1/,
  );
  scene.gate = { value: null, why: 'down' };
  await control('resume');
  assert.deepEqual([(await state())?.state, (await state())?.wave], ['running', 1], 'no answer is not good');
  await control('promote');
  assert.equal((await state())?.wave, 2);
  scene.gate = { value: 0, why: null };
  await scene.clock.pass(10_000);
  assert.deepEqual([(await state())?.state, (await state())?.waves.map(({ done }) => done)], ['done', [1, 1]]);
  await assert.rejects(control('resume'), { code: 'WEIR1609' });
  await control('undo');
  assert.equal((await state())?.state, 'undone');
  for (const host of scene.hosts.values()) assert.deepEqual(host.calls, ['upgrade main /opt/envoy', 'rollback main']);
  assert.equal(scene.said.filter((line) => line === 'leads east').length, 1, 'one leads');
  await assert.rejects(
    controlRollout(scene.ports, { verb: 'start', release: 'r2', regions: undefined, reason: null }),
    { code: 'WEIR1606', exit: 2 },
  );
});

test('a new start counts nothing of an earlier one, and an undo takes back hosts that moved for that', async (t) => {
  const scene = new FleetScene(t, 'east');
  const host = await scene.host('host-1');
  await scene.put('sidecarreleases/r1', RELEASE);
  const control = async (verb: RolloutVerb) => {
    await controlRollout(scene.ports, { verb, release: 'r1', regions: undefined, reason: null });
    await scene.clock.pass(20_000);
  };
  const state = async () => (await rolloutStatus(scene.ports, 'r1', undefined)).result.rollouts[0];
  scene.gate = { value: 0, why: null };
  await scene.leader('op-1');
  await control('start');
  assert.equal((await state())?.state, 'done');
  await scene.stopLast();
  await control('start');
  const again = await state();
  assert.deepEqual([again?.waves.flatMap(({ done }) => done), again?.wave], [[0, 0], 0], 'it is not through yet');
  await control('undo');
  assert.deepEqual(host.calls, ['upgrade main /opt/envoy', 'rollback main']);
  await scene.leader('op-2');
  await scene.clock.pass(10_000);
  assert.equal((await state())?.state, 'undone');
});

test('another operator takes over when the leader is gone, and the store being away moves nothing', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.leader('op-2');
  await scene.leader('op-1');
  assert.equal(scene.store().value('/weir/east/leader').holder, 'op-2');
  scene.store().failure = new StoreFailure('gone', 'not-sent');
  await scene.clock.pass(20_000);
  scene.store().failure = null;
  await scene.clock.pass(10_000);
  assert.match(scene.said.join('\n'), /the store of east is away: gone; no wave moves/);
  assert.match(scene.store().value('/weir/east/leader').holder, /op-[12]/);
});

test('a rollout or leader that cannot be read is named, and is not taken for one that is not there', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  await scene.put('sidecarreleases/r1', RELEASE);
  await scene.put('rollouts/r1', { release: 'r1', state: 'torn' });
  await scene.put('leader', { holder: 7 });
  const { result, isGood } = await status(scene);
  assert.equal(isGood, false);
  const damaged = result.regions[0]?.objects.filter(({ kind }) => kind === 'Rollout' || kind === 'Leader');
  assert.deepEqual(damaged?.map(({ kind, ok }) => [kind, ok]).sort(), [
    ['Leader', false],
    ['Rollout', false],
  ]);
  const start = controlRollout(scene.ports, { verb: 'start', release: 'r1', regions: undefined, reason: null });
  await assert.rejects(start, { code: 'WEIR1600', exit: 3 });
  assert.equal((await rolloutStatus(scene.ports, null, undefined)).isGood, false);
  await scene.put('rollouts/alone', { release: 'alone', state: 'torn' });
  for (const release of ['r1', 'alone']) {
    const [row] = (await rolloutStatus(scene.ports, release, undefined)).result.rollouts;
    assert.deepEqual([row?.release, row?.state, row?.wave, row?.waves], [release, 'unknown', null, []]);
    assert.match(row?.reason ?? '', /its record cannot be read/);
  }
  const undo = controlRollout(scene.ports, { verb: 'undo', release: 'alone', regions: undefined, reason: null });
  await assert.rejects(undo, { code: 'WEIR1600', exit: 3 });
});

test('a confirmation or removal whose fate is not known is told as that, and a refused one as not done', async (t) => {
  const scene = new FleetScene(t, 'east');
  await scene.host('host-1');
  const [region] = scene.ports.regions;
  assert.ok(region !== undefined);
  for (const [fate, code, exit] of [
    ['unknown', 'WEIR1604', 6],
    ['not-sent', 'WEIR1603', 3],
    ['refused', 'WEIR1603', 3],
  ] as const) {
    const store = { ...region.store, write: async () => Promise.reject(new StoreFailure('no', fate)) };
    const ports = { ...scene.ports, regions: [{ ...region, store }] };
    const all = { regions: undefined, reason: null };
    await assert.rejects(confirmStores(ports, all), { code, exit }, fate);
    await assert.rejects(forgetHost(ports, 'host-1', all), { code, exit }, fate);
  }
});

test('`on --all` releases the button of whole regions: with a selector it would switch on what no policy wants', () => {
  for (const [flag, value] of [
    ['hosts', ['host-1']],
    ['percent', '10'],
    ['until', '2h'],
  ] as const) {
    assert.throws(
      () => switchRequest('on', [], { all: true, timeout: 1, [flag]: value }, 0),
      (error) => error instanceof WeirError && error.code === 'WEIR1002' && error.what.includes(`--${flag}`),
    );
  }
});
