/** The use cases of sidecar commands, on fake ports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { readControlPlaneSources } from '../../../src/sidecar/envoy/control-plane-sources.ts';
import type { UpgradeReport } from '../../../src/sidecar/machine/upgrade-report.ts';
import { abortUpgrade, reopenLogs, stopSidecar } from '../../../src/sidecar/usecases/control-sidecar.ts';
import { initSidecar } from '../../../src/sidecar/usecases/init-sidecar.ts';
import type { SidecarPorts } from '../../../src/sidecar/usecases/ports.ts';
import { readHistory } from '../../../src/sidecar/usecases/read-history.ts';
import { settleContainer } from '../../../src/sidecar/usecases/settle-container.ts';
import { sidecarStatuses } from '../../../src/sidecar/usecases/sidecar-statuses.ts';
import { rollBackSidecar, type UpgradeFlags, upgradeSidecar } from '../../../src/sidecar/usecases/upgrade-sidecar.ts';
import { meshOf } from '../../fakes/fake-host.ts';
import { FakeSidecarPorts } from './fake-ports.ts';

const side = (epoch: number, version: string) => ({ epoch, version, binarySha256: null, bootstrapSha256: null });
const report = (outcome: UpgradeReport['outcome'], warnings: readonly string[] = []): UpgradeReport => ({
  ...{ id: 'u1', at: '2026-01-01T00:00:00.000Z', outcome, reason: 'because', states: [], notices: [], warnings },
  ...{ from: side(0, '1'), to: side(1, '2'), actor: null, note: null, dryRun: false, served: true },
  ...{ connections: { drained: 0, cut: 0 }, requests: { cut: null }, drainedAtMs: null },
});
const REQUEST: UpgradeFlags = {
  ...{ binary: null, bootstrap: null, dryRun: false, force: false, drainMs: null, initTimeoutMs: 60_000, wait: true },
  ...{ accept: [], check: null, bakeMs: null, bakeBytes: null, spreadMs: null, note: null },
};
const accepted = { event: 'accepted', id: 'u1' };
const state = (name: string) => ({ event: 'state', state: name, atMs: 1, secondsLeft: null, connections: null });

const noWarning = (text: string): never => assert.fail(text);

/** A listener that writes down what it hears. */
function listener() {
  const heard: string[] = [];
  return {
    heard,
    progress: (event: { state: string }) => void heard.push(event.state),
    warn: (text: string) => void heard.push(`warning ${text}`),
  };
}

test('short requests go to the supervisor of a sidecar that weir runs, and to no other', async () => {
  const fake = new FakeSidecarPorts(
    [{ result: { aborted: true, served: true } }],
    [{ result: { told: 2 } }],
    [{ result: { stopped: true } }],
  );
  assert.deepEqual(await abortUpgrade(fake.ports, 'main'), { aborted: true, served: true });
  assert.deepEqual(await reopenLogs(fake.ports, 'main'), { told: 2 });
  assert.deepEqual(await stopSidecar(fake.ports, 'main', 5000), { stopped: true });
  assert.deepEqual(fake.asked, [{ command: 'abort' }, { command: 'reopen-logs' }, { command: 'stop', drainMs: 5000 }]);
  await assert.rejects(abortUpgrade(fake.ports, 'mian'), { code: 'WEIR4011' });
  await assert.rejects(abortUpgrade(fake.ports, 'foreign'), { code: 'WEIR4012' });
  assert.equal(fake.asked.length, 3);
});

test('no supervisor, one that went away and one that refuses are three errors', async () => {
  await assert.rejects(abortUpgrade(new FakeSidecarPorts(null).ports, 'main'), { code: 'WEIR4002', exit: 3 });
  await assert.rejects(abortUpgrade(new FakeSidecarPorts([]).ports, 'main'), { code: 'WEIR4009' });
  const error = { code: 'WEIR4005', what: 'too late', why: 'it drains', hint: 'roll back', exit: 3 };
  await assert.rejects(abortUpgrade(new FakeSidecarPorts([{ error }]).ports, 'main'), { code: 'WEIR4005', exit: 3 });
});

test('an upgrade is followed to its report, with the files that the flags name', async () => {
  const fake = new FakeSidecarPorts([
    accepted,
    state('SPAWNED'),
    state('SETTLED'),
    { result: report('settled', ['old']) },
  ]);
  const hear = listener();
  const end = await upgradeSidecar(fake.ports, 'main', { ...REQUEST, binary: 'envoy', drainMs: 9 }, hear);
  assert.equal(end?.outcome, 'settled');
  assert.deepEqual(hear.heard, ['SPAWNED', 'SETTLED', 'warning old']);
  const { wait, ...rest } = REQUEST;
  assert.ok(wait);
  assert.deepEqual(fake.asked, [
    { command: 'upgrade', actor: 'alice', ...rest, binary: '/abs/envoy', drainMs: 9, rollback: false, now: false },
  ]);
});

test('an upgrade that nobody waits for returns once the new Envoy serves', async () => {
  const fake = new FakeSidecarPorts([accepted, state('HANDOVER'), state('DRAINING'), { result: report('settled') }]);
  assert.equal(await upgradeSidecar(fake.ports, 'main', { ...REQUEST, wait: false }, listener()), null);
});

test('a supervisor that dies is followed into the next one, until the patience ends', async () => {
  const back = new FakeSidecarPorts(
    [accepted, state('DRAINING')],
    null,
    [{ result: null }],
    [{ result: report('settled') }],
  );
  assert.equal((await upgradeSidecar(back.ports, 'main', REQUEST, listener()))?.outcome, 'settled');
  assert.deepEqual(
    back.asked.slice(1),
    Array.from({ length: 3 }, () => ({ command: 'follow', id: 'u1' })),
  );
  const gone = new FakeSidecarPorts([accepted, state('DRAINING')], null);
  await assert.rejects(upgradeSidecar(gone.ports, 'main', REQUEST, listener()), { code: 'WEIR4009', exit: 6 });
  assert.ok(gone.nowMs >= 90_000 && gone.nowMs < 91_000, String(gone.nowMs));
});

test('a supervisor that goes away before it took the upgrade is not waited for, and nothing is said of the upgrade', async () => {
  const gone = new FakeSidecarPorts([]);
  await assert.rejects(upgradeSidecar(gone.ports, 'main', REQUEST, listener()), {
    ...{ code: 'WEIR4009', exit: 6 },
    what: 'the supervisor of main went away before it said that it took the upgrade',
    why: /cannot be told/,
  });
  assert.equal(gone.nowMs, 0);
});

test('whoever stops waiting for an upgrade is told whether it goes on, and how it is ended', async () => {
  for (const [talk, what, hint] of [
    [
      [accepted, state('DRAINING')],
      /the supervisor of main goes on with the upgrade \(DRAINING\)$/,
      /sidecar abort main/,
    ],
    [[], /whether the supervisor of main has begun the upgrade cannot be told$/, /sidecar history main/],
  ] as const) {
    const stop = new AbortController();
    const fake = new FakeSidecarPorts([...talk], null);
    const { ports } = fake;
    const line = ports.supervisorOf('main');
    const ask: typeof line.ask = async (...asked) => {
      const answer = await line.ask(...asked);
      stop.abort();
      return answer;
    };
    const stopped = { ...ports, supervisorOf: () => ({ ...line, ask }) };
    const hear = { ...listener(), signal: stop.signal };
    const error = { code: 'WEIR2005', exit: 130, what, hint };
    await assert.rejects(upgradeSidecar(stopped, 'main', REQUEST, hear), error);
    assert.equal(fake.nowMs, 0, 'nobody is asked again');
  }
});

test('whoever stops waiting for a stop is told whether it goes on', async () => {
  const last = { name: 'main', epoch: 0, pid: 1, version: null, bootstrapSha256: null, managed: true, upgrade: null };
  const said = (word: string) => [
    { result: { ...last, state: word, supervisorPid: 1, connections: { active: 1 }, last: null } },
  ];
  for (const [talk, what] of [
    [said('stopped'), /the supervisor of main goes on with the stop$/],
    [said('upgrading'), /whether the supervisor of main has begun to stop it cannot be told$/],
    [[], /whether the supervisor of main has begun to stop it cannot be told$/],
    [null, /main has no supervisor any more$/],
  ] as const) {
    const stop = new AbortController();
    const fake = new FakeSidecarPorts([], talk);
    const line = fake.ports.supervisorOf('main');
    const ask: typeof line.ask = async (request, ...rest) => {
      if (request.command === 'stop') stop.abort();
      return line.ask(request, ...rest);
    };
    const ports = { ...fake.ports, supervisorOf: () => ({ ...line, ask }) };
    await assert.rejects(stopSidecar(ports, 'main', null, stop.signal), {
      ...{ code: 'WEIR2005', exit: 130, what, hint: /weir sidecar status main/ },
    });
    assert.deepEqual(
      fake.asked.map(({ command }) => command),
      ['stop', 'status'],
    );
  }
  const before = new FakeSidecarPorts(null);
  await assert.rejects(stopSidecar(before.ports, 'main', null, AbortSignal.abort()), {
    ...{ code: 'WEIR2005', what: /nothing was asked of the supervisor of main$/ },
  });
  assert.deepEqual(before.asked, []);
});

test('each bad end is an error that carries the report, and its warnings are said all the same', async () => {
  const codes = { refused: 'WEIR4004', aborted: 'WEIR4006', 'rolled-back': 'WEIR4007', emergency: 'WEIR4008' } as const;
  for (const [outcome, code] of Object.entries(codes)) {
    const end = report(outcome as keyof typeof codes, ['look']);
    const hear = listener();
    const fake = new FakeSidecarPorts([accepted, { result: end }]);
    await assert.rejects(rollBackSidecar(fake.ports, 'main', { now: false, note: null }, hear), { code, details: end });
    assert.deepEqual(hear.heard, ['warning look']);
    assert.equal(fake.asked[0]?.rollback, true);
  }
});

test('that the old Envoy serves is said of an aborted upgrade only where it does', async () => {
  for (const [served, what] of [
    [true, /the old Envoy serves as before/],
    [null, /was aborted$/],
    [false, /no Envoy serves$/],
  ] as const) {
    const fake = new FakeSidecarPorts([accepted, { result: { ...report('aborted'), served } }]);
    await assert.rejects(upgradeSidecar(fake.ports, 'main', REQUEST, listener()), { code: 'WEIR4006', what });
  }
});

test('of an upgrade whose way back failed too, that nobody serves is said only where it was seen', async () => {
  for (const [served, what] of [
    [true, /an Envoy serves that is not as the former pair was$/],
    [null, /whether an Envoy serves is not known$/],
    [false, /no Envoy serves$/],
  ] as const) {
    const fake = new FakeSidecarPorts([accepted, { result: { ...report('emergency'), served } }]);
    const error: unknown = await upgradeSidecar(fake.ports, 'main', REQUEST, listener()).catch((thrown) => thrown);
    assert.ok(error instanceof WeirError && error.code === 'WEIR4008');
    assert.match(error.what, what);
    // Applications may be refused instead, or none may be on; and a supervisor that was told to stop starts nothing.
    assert.doesNotMatch(`${error.what} ${error.hint}`, /traffic goes direct|keeps trying/);
  }
});

test('without mesh.yaml those that a supervisor answers for have their status and their commands', async () => {
  const fake = new FakeSidecarPorts([{ result: { told: 1 } }]);
  const broken = new WeirError('WEIR1021', { what: 'there is no mesh.yaml', why: 'gone', hint: 'write one' });
  const ports: SidecarPorts = { ...fake.ports, mesh: { ...fake.ports.mesh, load: () => Promise.reject(broken) } };
  await assert.rejects(sidecarStatuses(ports, undefined), { code: 'WEIR1021' });
  await assert.rejects(reopenLogs(ports, 'main'), { code: 'WEIR1021' });
  await assert.rejects(readHistory(ports, 'main'), { code: 'WEIR1021' });
  fake.supervised = ['main'];
  const { result, warnings } = await sidecarStatuses(ports, undefined);
  assert.deepEqual(
    result.map(({ name }) => name),
    ['main'],
  );
  assert.match(warnings.join(), /going on without mesh.yaml: there is no mesh.yaml/);
  assert.deepEqual(await reopenLogs(ports, 'main'), { told: 1 });
  fake.journal = [{ at: '2026-01-01T00:00:00.000Z', kind: 'report', report: report('settled') }];
  assert.equal((await readHistory(ports, 'main')).entries.length, 1);
});

test('a sidecar that may not be asked is unknown beside one that may, and alone its error is the answer', async () => {
  const { ports } = new FakeSidecarPorts();
  const refused = Object.assign(new Error('connect EACCES'), { code: 'EACCES', syscall: 'connect' });
  const statusOf: SidecarPorts['statusOf'] = async (sidecar) =>
    sidecar.name === 'main' ? Promise.reject(refused) : ports.statusOf(sidecar);
  const { result } = await sidecarStatuses({ ...ports, statusOf }, undefined);
  assert.deepEqual(
    result.map(({ name, state, managed, detail }) => [name, state, managed, detail]),
    [
      ['main', 'unknown', true, 'it could not be asked: connect EACCES'],
      ['foreign', 'stopped', true, null],
    ],
  );
  await assert.rejects(sidecarStatuses({ ...ports, statusOf }, 'main'), refused);
  const bug = new TypeError('no such field');
  await assert.rejects(sidecarStatuses({ ...ports, statusOf: () => Promise.reject(bug) }, undefined), bug);
  const unknown: SidecarPorts['statusOf'] = async (sidecar) => ({
    ...(await ports.statusOf(sidecar)),
    ...{ state: 'unknown', detail: 'admin.sock could not be asked: connect EACCES' },
  });
  await assert.rejects(sidecarStatuses({ ...ports, statusOf: unknown }, 'foreign'), {
    ...{ code: 'WEIR2024', exit: 3, what: 'how foreign is cannot be told' },
    why: 'admin.sock could not be asked: connect EACCES',
  });
});

test('history and status need no supervisor, and know the names of mesh.yaml alone', async () => {
  const fake = new FakeSidecarPorts(null);
  fake.journal = [{ at: '2026-01-01T00:00:00.000Z', kind: 'report', report: report('settled') }];
  const { entries, warnings } = await readHistory(fake.ports, 'main');
  assert.deepEqual([entries.map(({ outcome }) => outcome), warnings], [['settled'], []]);
  fake.newer = 3;
  assert.match((await readHistory(fake.ports, 'main')).warnings.join(), /^3 entries .* by a newer weir \(WEIR2025\)/);
  assert.deepEqual(
    (await sidecarStatuses(fake.ports, undefined)).result.map(({ name }) => name),
    ['main', 'foreign'],
  );
  assert.deepEqual(
    (await sidecarStatuses(fake.ports, 'foreign')).result.map(({ name }) => name),
    ['foreign'],
  );
  await assert.rejects(sidecarStatuses(fake.ports, 'mian'), { code: 'WEIR4011' });
  await assert.rejects(readHistory(fake.ports, 'mian'), { code: 'WEIR4011' });
});

test('init writes a bootstrap to the place of mesh.yaml, or to the one that is named', async () => {
  const fake = new FakeSidecarPorts();
  const flags = { out: null, force: false, ipv6: true, discovery: false, dubboPorts: [20_880], server: null };
  assert.deepEqual(await initSidecar(fake.ports, 'main', flags, noWarning), {
    bootstrap: '/etc/envoy.yaml',
    accessLog: '/run/weir/main/access.log',
    ...{ isConfigured: true, isRun: true },
  });
  const elsewhere = await initSidecar(fake.ports, 'main', { ...flags, out: '/tmp/e.yaml', force: true }, noWarning);
  assert.equal(elsewhere.isConfigured, false);
  assert.deepEqual(
    fake.written.map(({ path, force }) => [path, force]),
    [
      ['/etc/envoy.yaml', false],
      ['/tmp/e.yaml', true],
    ],
  );
  assert.match(JSON.stringify(fake.written[0]?.content), /20880/);
  assert.deepEqual(
    fake.prepared.map(({ gid }) => gid),
    [2000, 2000],
  );
});

test('init for `mode: tproxy` makes listeners transparent, and says which right the sidecar lacks for them', async () => {
  const fake = new FakeSidecarPorts();
  const flags = { out: null, force: false, ipv6: true, discovery: false, dubboPorts: [], server: null };
  const meshWith = (more: string) =>
    meshOf(`apiVersion: weir.dev/v1
sidecars:
  main: {user: 1337, outbound: 15001, inbound: 15006, mode: tproxy, admin: "unix:/run/weir/main/admin.sock", binary: /usr/bin/envoy, bootstrap: /etc/envoy.yaml${more}}
apps: {}
`);
  fake.mesh = meshWith('');
  const warnings: string[] = [];
  await initSidecar(fake.ports, 'main', flags, (text) => warnings.push(text));
  assert.equal(JSON.stringify(fake.written[0]?.content).match(/"transparent":true/g)?.length, 2);
  assert.match(warnings.join(), /capabilities: \[net_admin\]/);
  fake.mesh = meshWith(', capabilities: [NET_ADMIN]');
  await initSidecar(fake.ports, 'main', flags, noWarning);
  const discovered = initSidecar(fake.ports, 'main', { ...flags, discovery: true }, noWarning);
  await assert.rejects(discovered, { code: 'WEIR6010', why: /mode: tproxy/ });
});

test('init needs no Envoy: for a sidecar that weir does not run, and for one that is not here, it says that nobody checked', async () => {
  const fake = new FakeSidecarPorts();
  const flags = { out: null, force: false, ipv6: true, discovery: true, dubboPorts: [], server: null };
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  fake.mesh = meshOf(`apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"]}}
discovery: {registries: [hz], socket: "unix:/run/weir/d.sock"}
sidecars:
  main: {user: 1337, outbound: 15001, inbound: 15006, admin: "unix:/run/weir/main/admin.sock"}
apps:
  shop: {select: {user: 1001}, sidecar: main, consumes: {apps: [pay]}}
`);
  await assert.rejects(initSidecar(fake.ports, 'main', flags, warn), { code: 'WEIR4012', hint: /--out/ });
  assert.deepEqual(await initSidecar(fake.ports, 'main', { ...flags, out: '/tmp/e.yaml' }, warn), {
    ...{ bootstrap: '/tmp/e.yaml', accessLog: null, isConfigured: false, isRun: false },
  });
  const text = JSON.stringify(fake.written[0]?.content);
  assert.match(text, /d\.sock/);
  // Nobody would rotate it, and its folder is made for sidecars that weir runs.
  assert.doesNotMatch(text, /access\.log/);
  assert.deepEqual([warnings, fake.prepared], [['no Envoy has checked /tmp/e.yaml: mesh.yaml names none'], []]);
  const other = new FakeSidecarPorts();
  other.missing.add('/usr/bin/envoy');
  const run = await initSidecar(other.ports, 'main', { ...flags, discovery: false }, warn);
  assert.deepEqual(
    [run.isRun, warnings[1]],
    [true, 'no Envoy has checked /etc/envoy.yaml: /usr/bin/envoy is not there'],
  );
});

test('init with a discovery agent writes a bootstrap that takes its listener from the agent and waits for it for ever', async () => {
  const fake = new FakeSidecarPorts();
  const flags = { out: null, force: false, ipv6: true, discovery: true, dubboPorts: [], server: null };
  await assert.rejects(initSidecar(fake.ports, 'main', flags, noWarning), { code: 'WEIR6010', exit: 2 });
  fake.mesh = meshOf(`apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"]}}
discovery: {registries: [hz], socket: "unix:/run/weir/d.sock"}
sidecars:
  main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock", binary: /usr/bin/envoy, bootstrap: /etc/envoy.yaml}
  other: {user: 1338, outbound: 15002, admin: "unix:/run/weir/o/admin.sock", binary: /usr/bin/envoy, bootstrap: /etc/other.yaml}
  idle: {user: 1339, outbound: 15003, admin: "unix:/run/weir/i/admin.sock", binary: /usr/bin/envoy, bootstrap: /etc/idle.yaml}
apps:
  shop: {select: {user: 1001}, sidecar: main, consumes: {apps: [pay]}}
  stock: {select: {user: 1002}, sidecar: other, consumes: {apps: [pay]}}
  bare: {select: {user: 1003}, sidecar: idle}
`);
  await assert.rejects(initSidecar(fake.ports, 'idle', flags, noWarning), { code: 'WEIR6010' });
  for (const name of ['main', 'other']) await initSidecar(fake.ports, name, flags, noWarning);
  const [main, other] = fake.written.map(({ content }) => content);
  const sources = readControlPlaneSources(main);
  assert.deepEqual([sources.hasDynamicListeners, sources.shortestFetchMs], [true, null]);
  assert.equal(sources.asksDiscovery, true);
  const text = JSON.stringify(main);
  assert.match(text, /"set_node_on_first_message_only":true.*"base_interval":"0.1s"/);
  assert.match(text, /"connection_keepalive":\{"interval":"2s","timeout":"1s"\}/);
  assert.match(text, /"pipe":\{"path":"\/run\/weir\/d.sock"\}/);
  // A socket belongs to one account: the second one has its own.
  assert.match(JSON.stringify(other), /"path":"\/run\/weir\/d.sock.other"/);
});

test('a container that idles needs neither mesh.yaml nor a supervisor', async () => {
  const fake = new FakeSidecarPorts(null);
  const environment = { SIDECARSET_VERSION: '0', SIDECARSET_VERSION_ALT: '1' };
  const how = { environment, timeoutMs: 10, signal: new AbortController().signal } as const;
  assert.deepEqual(await settleContainer(fake.ports, 'unknown', how), { name: 'unknown', role: 'idle', upgrade: null });
  await assert.rejects(settleContainer(fake.ports, 'unknown', { ...how, environment: {} }), { code: 'WEIR4011' });
  await assert.rejects(settleContainer(fake.ports, 'main', { ...how, environment: {} }), { code: 'WEIR4017' });
});
