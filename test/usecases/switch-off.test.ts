import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMark } from '../../src/intercept/mark.ts';
import type { TrackedFlow } from '../../src/usecases/ports.ts';
import { reportStatus } from '../../src/usecases/report-status.ts';
import { verifyApps } from '../../src/usecases/verify-apps.ts';
import { meshOf, packet } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, off, on, pressPanicFile, removeAll, UIDS } from './cases.ts';

/** A proxied connection of the application in the first slot. */
function flow(port: number, state = 'ESTABLISHED'): TrackedFlow {
  return {
    mark: encodeMark({ slot: 1, direction: 'outbound' }),
    state,
    source: { address: '10.77.0.1', port },
    originalDestination: { address: '10.77.0.2', port: 20880 },
    answeredBy: { address: '127.0.0.1', port: 15001 },
  };
}

for (const backend of BACKENDS) {
  test(`${backend}: off sends new connections direct by adding alone, before it takes the lock`, async () => {
    const host = hostWith(backend);
    await on(host);
    const seen: string[] = [];
    host.onStep = (_, what) => {
      if (what === 'lock' && seen.length === 0) seen.push(host.fate(UIDS.payment) === null ? 'direct' : 'diverted');
    };
    const committed = host.fake(backend).committed.length;
    const { result } = await off(host);
    assert.deepEqual(seen, ['direct']);
    const first = host.fake(backend).committed.slice(committed)[0]?.operations ?? [];
    assert.ok(
      first.length > 0 && first.every(({ op }) => op === 'add-element' || op === 'insert-rule'),
      JSON.stringify(first),
    );
    assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after], ['on', 'off']);
    assert.deepEqual(host.journalled.map(({ app, from, to, by }) => [app, from, to, by]).at(-1), [
      'payment',
      'on',
      'off',
      'weir off',
    ]);
  });

  test(`${backend}: one line says that traffic is direct, whatever was off before`, async () => {
    const host = hostWith(backend);
    await on(host, { apps: ['payment', 'report'] });
    await off(host, { apps: ['report'] });
    const lines: string[][] = [];
    await off(host, {
      apps: 'all',
      report: (event) => {
        if (event.step === 'direct') lines.push([...event.apps]);
      },
    });
    assert.deepEqual(lines, [['payment']]);
  });

  test(`${backend}: off of the last application leaves the host untouched when nothing is proxied`, async () => {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    await on(host);
    await off(host);
    assert.equal(host.fake(backend).list(), untouched);
  });

  test(`${backend}: connections that are kept stay translated, and the keeper goes after they have ended`, async () => {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    await on(host);
    const connection = packet({ uid: UIDS.payment });
    host.fake(backend).deliver(connection, 'old');
    host.flows = [flow(40_000)];
    const { result } = await off(host);
    assert.deepEqual(result.apps[0]?.connections, { proxied: 1, cut: 0, drained: 0 });
    assert.equal(result.apps[0]?.after, 'draining');
    const later = host.fake(backend).deliver({ ...connection, syn: false }, 'old');
    assert.deepEqual([later.redirectedTo, later.isBroken], [15001, false]);
    host.flows = [];
    await off(host);
    assert.equal(host.fake(backend).list(), untouched);
  });

  test(`${backend}: off.sh is an operator's decision: state and reason say so, and only on switches it on again`, async () => {
    const host = hostWith(backend);
    await on(host);
    await on(host, { apps: ['report'] });
    await pressPanicFile(host, 'payment');
    await on(host, { apps: ['report'] });
    assert.equal(host.fate(UIDS.payment), null, 'a command about another application must not undo it');
    await on(host);
    assert.equal(host.fate(UIDS.payment), 15001);
  });

  test(`${backend}: the panic file pressed between our read and our commit keeps its effect`, async () => {
    const host = hostWith(backend);
    await on(host);
    let pressed = false;
    host.onStep = (_, what) => {
      if (what !== `commit ${backend}` || pressed) return;
      pressed = true;
      void pressPanicFile(host, 'payment');
    };
    await on(host, { apps: ['report'] });
    assert.equal(host.fate(UIDS.payment), null);
  });
}

for (const backend of BACKENDS) {
  test(`${backend}: what is off stays direct beside a broader application that is on`, async () => {
    const host = hostWith(backend);
    const config = meshOf(
      'apiVersion: weir.dev/v1\nsidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/a"}}\napps:\n  payment: {select: {user: 20001}, sidecar: main}\n  every: {select: {all: true}, sidecar: main}\n',
    );
    await on(host, { config, apps: ['payment', 'every'] });
    const { result } = await off(host, { config });
    assert.equal(result.apps[0]?.after, 'off');
    assert.equal(host.fate(UIDS.payment), null);
    assert.equal(host.fate(UIDS.payment, { family: 6, destination: 'fd77::2', source: 'fd77::1' }), null);
    assert.equal(host.fate(UIDS.nobodyElse), 15001);
    const { result: status } = await reportStatus(host, { config, apps: [] });
    assert.deepEqual(
      status.apps.map(({ name, state }) => [name, state]),
      [
        ['every', 'on'],
        ['payment', 'off'],
      ],
    );
    assert.equal((await verifyApps(host, config, [])).result.passed, true);
    await on(host, { config });
    assert.equal(host.fate(UIDS.payment), 15001);
    await off(host, { config, apps: 'all' });
    assert.equal(host.fate(UIDS.nobodyElse), null);
  });
}

test('drain waits for connections to end, counts late ones, and cuts the rest at the deadline', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1), flow(2), flow(3)];
  const began = host.nowMs;
  host.onStep = () => {
    const passed = host.nowMs - began;
    if (passed >= 1000) host.flows = host.flows.filter(({ source }) => source.port !== 1);
    if (passed >= 400 && passed < 600) host.flows = [flow(1), flow(2), flow(3), flow(4)];
  };
  const { result } = await off(host, { existing: 'drain', drainMs: 3000 });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 0, cut: 3, drained: 1 });
  assert.ok(host.nowMs - began >= 3000);
});

test('drain ends early when the last connection has ended; half-closed ones still count', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1, 'CLOSE_WAIT')];
  const began = host.nowMs;
  host.onStep = () => {
    if (host.nowMs - began >= 1000) host.flows = [flow(1, 'TIME_WAIT')];
  };
  const { result } = await off(host, { existing: 'drain' });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 0, cut: 0, drained: 1 });
  assert.ok(host.nowMs - began < 2000);
});

test('Ctrl-C during a drain leaves the connections as they are', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1)];
  const controller = new AbortController();
  const { result } = await off(host, {
    existing: 'drain',
    signal: controller.signal,
    report: (event) => event.step === 'draining' && controller.abort(),
  });
  assert.deepEqual(result.apps[0]?.connections, { proxied: 1, cut: 0, drained: 0 });
  assert.equal(host.aborted, 0);
});

test('off works with the state directory broken: the switch stays in the kernel and says who made it', async () => {
  const host = hostWith('nft');
  await on(host);
  host.storeError = new Error('no space left on device');
  const { warnings } = await off(host);
  assert.match(warnings.join(), /no space left.*the kernel remembers/);
  assert.equal(host.fate(UIDS.payment), null);
  host.storeError = null;
  await on(host, { apps: ['report'] });
  assert.equal(host.fate(UIDS.payment), null);
});

test('off and uninstall work with the state file gone and without mesh.yaml, from the tags alone', async () => {
  for (const backend of BACKENDS) {
    const host = hostWith(backend);
    const untouched = host.fake(backend).list();
    await on(host);
    host.stored = null;
    await off(host, { config: null });
    assert.equal(host.fate(UIDS.payment), null);
    await removeAll(host);
    assert.equal(host.fake(backend).list(), untouched);
  }
});

test('uninstall removes what is ours from every back end', async () => {
  const host = hostWith('nft');
  host.usable = BACKENDS;
  const before = BACKENDS.map((backend) => host.fake(backend).list());
  await on(host, { backend: 'iptables-nft' });
  // A state directory that was lost, and tools that were missing for a while: now two back ends hold rules of ours.
  host.stored = null;
  host.usable = ['nft'];
  await on(host, { apps: ['report'] });
  host.usable = BACKENDS;
  await removeAll(host);
  assert.deepEqual(
    BACKENDS.map((backend) => host.fake(backend).list()),
    before,
  );
});

test('uninstall --existing keep leaves the keeper for connections that live, and says so', async () => {
  const host = hostWith('nft');
  await on(host);
  host.flows = [flow(1)];
  const { result, warnings } = await removeAll(host, { existing: 'keep' });
  assert.equal(result.left, 1);
  assert.match(warnings.join(), /keeper stays/);
  host.flows = [];
  await removeAll(host);
  assert.equal(host.stored, null);
});

test('off of an application that nobody knows is refused with the names that are known', async () => {
  const host = hostWith('nft');
  await assert.rejects(off(host, { apps: ['paymnet'] }), (error: { exit: number; why: string }) => {
    assert.equal(error.exit, 2);
    return error.why.includes('payment, report');
  });
});

test('off of what is off already is nothing to do', async () => {
  const host = hostWith('nft');
  const before = host.fake('nft').list();
  const { result } = await off(host);
  assert.deepEqual([result.apps[0]?.before, result.apps[0]?.after], ['off', 'off']);
  assert.equal(host.fake('nft').list(), before);
});
