/** `weir status` and `weir verify` on the fake host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { planChanges } from '../../src/interception/plan-changes.ts';
import { reportStatus } from '../../src/interception/report-status.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import type { FakeHost } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, MESH, off, on, pressPanicFile, UIDS } from './cases.ts';

async function states(host: FakeHost): Promise<Record<string, string>> {
  const { result } = await reportStatus(host, { config: MESH, apps: [] });
  return Object.fromEntries(result.apps.map((app) => [app.name, app.state]));
}

for (const backend of BACKENDS) {
  test(`${backend}: status follows an application through its states`, async () => {
    const host = hostWith(backend);
    assert.deepEqual(await states(host), { payment: 'off', report: 'off' });
    await on(host);
    assert.deepEqual(await states(host), { payment: 'on', report: 'off' });
    await on(host, { apps: ['report'], confirmMs: 60_000 });
    assert.deepEqual(await states(host), { payment: 'on', report: 'unconfirmed' });
    host.advance(61_000);
    const { result } = await reportStatus(host, { config: MESH, apps: ['report'] });
    assert.deepEqual(
      [result.apps[0]?.state, result.apps[0]?.desired, result.apps[0]?.reason],
      ['off', 'off', 'confirm expired'],
    );
    await off(host);
    assert.deepEqual(await states(host), { payment: 'off', report: 'off' });
  });

  test(`${backend}: verify passes after on, and names what is wrong after a rule was taken away`, async () => {
    const host = hostWith(backend);
    await on(host);
    const { result } = await verifyApps(host, async () => MESH, []);
    assert.deepEqual(
      [result.passed, result.apps[0]?.text, result.apps[0]?.packets],
      [true, 'ok', { ipv4: 'ok', ipv6: 'ok' }],
    );
    const { rulesets } = await host.fake(backend).read();
    const ruleset = rulesets.at(-1);
    assert.ok(ruleset);
    const table = ruleset.tables.find(({ chains }) =>
      chains.some(({ hook }) => hook?.at === 'output' && hook.type === 'nat'),
    );
    const chain = table?.chains.find(({ hook, rules }) => hook?.at === 'output' && rules.length > 2);
    assert.ok(table && chain);
    await host
      .fake(backend)
      .commit([
        { scope: ruleset.scope, operations: [{ op: 'flush-chain', table: table.name, chain: chain.name }], undo: [] },
      ]);
    const drifted = await verifyApps(host, async () => MESH, []);
    assert.equal(drifted.result.passed, false);
    assert.ok(
      drifted.result.apps[0]?.findings.some(({ where }) => where.includes(chain.name)),
      JSON.stringify(drifted.result),
    );
    assert.equal((await states(host)).payment, 'drifted');
  });

  test(`${backend}: rules that were wiped are drift, and on puts them back`, async () => {
    const host = hostWith(backend);
    await on(host);
    const { rulesets } = await host.fake(backend).read();
    const wipe = rulesets.map((ruleset) => ({
      scope: ruleset.scope,
      operations: ruleset.tables.map(({ name }) => ({ op: 'delete-table', table: name }) as const),
      undo: [],
    }));
    await host.fake(backend).commit(wipe);
    const { result } = await reportStatus(host, { config: MESH, apps: ['payment'] });
    assert.deepEqual([result.apps[0]?.state, result.apps[0]?.desired], ['drifted', 'on']);
    assert.equal((await verifyApps(host, async () => MESH, [])).result.passed, false);
    await on(host);
    assert.equal((await states(host)).payment, 'on');
  });
}

for (const backend of BACKENDS) {
  test(`${backend}: what an expired or pressed application leaves in the kernel is no drift of anybody`, async () => {
    for (const end of ['expired', 'pressed'] as const) {
      const host = hostWith(backend);
      await on(host);
      await on(host, { apps: ['report'], confirmMs: end === 'expired' ? 5_000 : null });
      if (end === 'expired') host.advance(6_000);
      else await pressPanicFile(host, 'report');
      assert.deepEqual(await states(host), { payment: 'on', report: 'off' }, end);
      const all = await verifyApps(host, async () => MESH, []);
      assert.deepEqual([all.result.passed, all.warnings], [true, []], end);
      const one = await verifyApps(host, async () => MESH, ['report']);
      assert.deepEqual([one.result.passed, one.result.apps[0]?.packets], [true, { ipv4: 'skipped', ipv6: 'skipped' }]);
      assert.match(one.warnings.join(), /^report is off \(.*\): .*, and none of its packets were tried$/);
      // A rule that somebody else took away is drift all the same.
      const { rulesets } = await host.fake(backend).read();
      const ruleset = rulesets.at(-1);
      const table = ruleset?.tables.find(({ chains }) => chains.some(({ hook }) => hook?.type === 'nat'));
      const chain = table?.chains.find(({ hook, rules }) => hook?.at === 'output' && rules.length > 2);
      assert.ok(ruleset && table && chain);
      const operations = [{ op: 'flush-chain', table: table.name, chain: chain.name } as const];
      await host.fake(backend).commit([{ scope: ruleset.scope, operations, undo: [] }]);
      assert.equal((await states(host)).payment, 'drifted', end);
    }
  });

  test(`${backend}: verify names the rules that divert an application that is off, beside one that is on`, async () => {
    const host = hostWith(backend);
    await on(host, { apps: ['payment', 'report'] });
    const rulesOfBoth = host.fake(backend);
    const both = await rulesOfBoth.read();
    await off(host, { apps: ['report'] });
    // Somebody restores rules that were saved while it was on.
    rulesOfBoth.read = async () => both;
    assert.equal((await states(host)).report, 'drifted');
    for (const names of [[], ['report'], ['payment', 'report']]) {
      const { result, warnings } = await verifyApps(host, async () => MESH, names);
      const report = result.apps.find(({ name }) => name === 'report');
      assert.deepEqual([result.passed, report?.text], [false, 'drift'], names.join());
      assert.ok((report?.findings.length ?? 0) > 0);
      assert.ok(!warnings.some((one) => one.includes('is off')), warnings.join());
    }
  });

  test(`${backend}: an application that only the kernel knows is drift, and on of another one says so`, async () => {
    const host = hostWith(backend);
    await on(host, { apps: ['payment', 'report'] });
    host.stored = null;
    const { result } = await verifyApps(host, async () => MESH, []);
    assert.deepEqual([result.passed, result.apps.map(({ text }) => text)], [false, ['drift', 'drift']]);
    const before = host.fake(backend).list();
    await assert.rejects(on(host), (error: unknown) => {
      assert.ok(error instanceof WeirError);
      assert.deepEqual([error.code, error.exit], ['WEIR3012', 3]);
      assert.match(error.hint, /`weir on payment report`; .*`weir off report`/);
      return true;
    });
    assert.equal(host.fake(backend).list(), before);
    await on(host, { apps: ['payment', 'report'] });
    assert.deepEqual(await states(host), { payment: 'on', report: 'on' });
  });
}

test('status works without mesh.yaml and tells of foreign meshes', async () => {
  const host = hostWith('nft');
  await on(host);
  host.foreignRules = [{ name: 'docker', kind: 'firewall', evidence: 'chain DOCKER', backend: 'iptables-nft' }];
  const { result } = await reportStatus(host, { config: null, apps: [] });
  assert.deepEqual(
    result.apps.map(({ name, state, sidecar }) => [name, state, sidecar]),
    [['payment', 'on', 'main']],
  );
  assert.deepEqual(result.foreign, host.foreignRules);
  assert.deepEqual(
    result.sidecars.map(({ name, state }) => [name, state]),
    [['main', 'live']],
  );
});

test('plan shows the whole text, and nothing to change once it is installed', async () => {
  const host = hostWith('nft');
  const before = await planChanges(host, { config: MESH, apps: ['payment'], backend: 'auto' });
  assert.match(before.result.text, /payment/);
  assert.notEqual(before.result.changes, '');
  await on(host);
  const after = await planChanges(host, { config: MESH, apps: ['payment'], backend: 'auto' });
  assert.equal(after.result.changes, '');
  assert.equal(host.stored?.apps.length, 1);
});

test('a sidecar that weir runs is not called stopped because its admin address is refused and its supervisor is late', async () => {
  const host = hostWith('nft');
  host.readiness = { state: 'dead', detail: 'nobody listens at the admin address' };
  host.sidecarStatus = () => new Promise(() => {});
  const seen = async (isRun: boolean) => {
    const sidecars = new Map(
      [...MESH.sidecars].map(([name, one]) => [
        name,
        isRun
          ? {
              ...one,
              process: { binary: '/usr/bin/envoy', bootstrap: '/etc/envoy.yaml', concurrency: 1, drainMs: 15_000 },
            }
          : one,
      ]),
    );
    const { result } = await reportStatus(host, { config: { ...MESH, sidecars }, apps: [] });
    assert.match(JSON.stringify(result.notRead), /what supervisors say/);
    return result.sidecars.map(({ state, managed }) => ({ state, managed }))[0];
  };
  assert.deepEqual(await seen(true), { state: 'unknown', managed: true });
  assert.deepEqual(await seen(false), { state: 'stopped', managed: false });
});

const MANAGED = { detail: null, epoch: 0, pid: 7, version: '1.39.3', crash: null } as const;

test('a sidecar without an admin address is what its supervisor says: on, verify and status agree', async () => {
  const host = hostWith('nft');
  host.readiness = { state: 'dead', detail: 'nobody listens on /run/main/admin.sock' };
  await assert.rejects(on(host), { code: 'WEIR3001' });
  for (const state of ['live', 'upgrading'] as const) {
    host.managed = { ...MANAGED, state };
    await on(host);
    const { result } = await reportStatus(host, { config: MESH, apps: ['payment'] });
    const [app] = result.apps;
    assert.deepEqual([app?.state, app?.reason, app?.next, result.sidecars[0]?.state], ['on', null, null, state]);
    assert.equal((await verifyApps(host, async () => MESH, [])).result.passed, true);
    await off(host);
  }
  host.managed = { ...MANAGED, state: 'stopped' };
  await assert.rejects(on(host), { code: 'WEIR3001' });
});

test('what a new Envoy answers before it is ready is no word about the one that serves during the upgrade', async () => {
  const host = hostWith('nft');
  host.readiness = { state: 'not-ready', detail: '/run/main/admin.sock answered 503: INITIALIZING' };
  host.managed = { ...MANAGED, state: 'upgrading' };
  await on(host);
  const { result } = await reportStatus(host, { config: MESH, apps: ['payment'] });
  const [app] = result.apps;
  assert.deepEqual([app?.state, app?.reason, app?.next], ['on', null, null]);
  assert.deepEqual([result.sidecars[0]?.state, result.sidecars[0]?.detail], ['upgrading', null]);
  assert.equal((await verifyApps(host, async () => MESH, [])).result.passed, true);
  await off(host);
  // Nothing is under way: the answer is of the one that serves.
  for (const state of ['live', 'failed'] as const) {
    host.managed = { ...MANAGED, state };
    await assert.rejects(on(host), { code: 'WEIR3001' });
  }
});

test('a sidecar that could not be asked is unknown, nothing is recommended for it, and its supervisor is believed', async () => {
  const host = hostWith('nft');
  await on(host);
  host.readiness = { state: 'unknown', detail: 'admin.sock could not be asked: connect EMFILE' };
  const look = async () => {
    const { result } = await reportStatus(host, { config: MESH, apps: ['payment'] });
    return { app: result.apps[0], sidecar: result.sidecars[0] };
  };
  const alone = await look();
  assert.deepEqual([alone.app?.state, alone.app?.next, alone.sidecar?.state], ['on', null, 'unknown']);
  assert.match(alone.app?.reason ?? '', /whether its sidecar is ready cannot be told: .*EMFILE/);
  host.managed = { ...MANAGED, state: 'live' };
  const { app, sidecar } = await look();
  assert.deepEqual([app?.state, app?.reason, sidecar?.state], ['on', null, 'live']);
});

test('verify does not pass while the sidecar does not answer, whatever its packets do', async () => {
  for (const readiness of [
    { state: 'frozen', detail: 'admin.sock did not answer' },
    { state: 'not-ready', detail: 'admin.sock answered 503' },
    { state: 'unknown', detail: 'connect EMFILE' },
  ] as const) {
    const host = hostWith('nft');
    await on(host);
    host.readiness = readiness;
    const { result } = await verifyApps(host, async () => MESH, []);
    assert.deepEqual([result.passed, result.apps[0]?.packets], [false, { ipv4: 'ok', ipv6: 'ok' }]);
    const [finding] = result.apps[0]?.findings ?? [];
    assert.deepEqual([finding?.where, finding?.found], ['sidecar/main', readiness.detail]);
  }
});

const MISSING = (tool: string) =>
  new WeirError('WEIR2001', { what: `${tool} is missing`, why: 'it is not in PATH', hint: 'install it' });

for (const backend of BACKENDS) {
  test(`${backend}: without what was installed, status says of no rule that it differs, and recommends what is carried out`, async () => {
    for (const problem of [null, 'state.json is damaged', 'state.json was written by a newer weir']) {
      const host = hostWith(backend);
      await on(host);
      host.stored = null;
      host.storeProblem = problem;
      const { result, warnings } = await reportStatus(host, { config: MESH, apps: ['payment'] });
      const [payment] = result.apps;
      assert.deepEqual([payment?.state, payment?.drift], ['drifted', []]);
      assert.match(payment?.reason ?? '', problem === null ? /does not know it/ : /cannot be read/);
      assert.deepEqual(warnings, problem === null ? [] : [problem]);
      assert.equal(payment?.next, problem === null ? 'weir on payment' : 'weir off payment');
      if (problem !== null) {
        await off(host);
        assert.equal(host.fate(UIDS.payment), null);
      }
    }
  });

  test(`${backend}: status without the tool of the back end in use says what it can, and calls nothing on or off`, async () => {
    const host = hostWith(backend);
    await on(host);
    await on(host, { apps: ['report'] });
    await off(host, { apps: ['report'] });
    const seen = (await reportStatus(host, { config: MESH, apps: [] })).result;
    host.missing = [backend];
    const { result } = await reportStatus(host, { config: MESH, apps: [] });
    assert.deepEqual(
      result.apps.map(({ name, state, drift }) => [name, state, drift]),
      [
        ['payment', 'unknown', []],
        ['report', 'unknown', []],
      ],
    );
    assert.deepEqual(
      result.apps.map(({ desired, since, connections }) => [desired, since, connections.direct]),
      seen.apps.map(({ desired, since, connections }) => [desired, since, connections.direct]),
    );
    assert.match(result.apps[0]?.reason ?? '', /remembered as on.*is missing/);
    assert.match(result.apps[1]?.reason ?? '', /remembered as off.*is missing/);
    assert.deepEqual([result.backend, result.sidecars], [seen.backend, seen.sidecars]);
    assert.match(JSON.stringify(result.notRead), /rules of weir.*is missing/);
    // Any other obstacle is not one of a tool: nothing can be said then.
    host.missing = [];
    host.unreadable = backend;
    await assert.rejects(reportStatus(host, { config: MESH, apps: [] }), { code: 'WEIR2003' });
  });

  test(`${backend}: status without ss or conntrack says what it can, and counts nothing that it could not see`, async () => {
    const host = hostWith(backend);
    await on(host);
    const [direct] = host.connected;
    assert.equal(direct, undefined);
    host.socketsError = MISSING('ss');
    const { result } = await reportStatus(host, { config: MESH, apps: [] });
    const [payment] = result.apps;
    assert.deepEqual([payment?.state, payment?.connections], ['on', { proxied: 0, direct: null }]);
    assert.match(JSON.stringify(result.notRead), /sockets, so direct connections and listeners.*ss is missing/);
    host.readiness = { state: 'dead', detail: 'nobody answers' };
    const down = await reportStatus(host, { config: MESH, apps: ['payment'] });
    assert.match(down.result.apps[0]?.reason ?? '', /whether somebody listens at its ports cannot be told/);
    host.socketsError = null;
    host.readiness = { state: 'ready' };
    host.trackedError = MISSING('conntrack');
    const blind = await reportStatus(host, { config: MESH, apps: ['payment'] });
    assert.deepEqual(blind.result.apps[0]?.connections, { proxied: null, direct: null });
    assert.match(JSON.stringify(blind.result.notRead), /proxied connections.*conntrack is missing/);
    host.trackedError = null;
    await off(host, { existing: 'keep' });
    host.trackedError = MISSING('conntrack');
    const after = await reportStatus(host, { config: MESH, apps: ['payment'] });
    assert.equal(after.result.apps[0]?.state, 'off');
    assert.match(after.result.apps[0]?.reason ?? '', /whether connections are still proxied cannot be told/);
  });
}

test('status where the tool of a back end is not installed calls nothing off, and shows the rest', async () => {
  const host = hostWith('iptables-nft');
  host.usable = ['iptables-nft', 'iptables-legacy'];
  host.missing = ['nft'];
  const { result } = await reportStatus(host, { config: MESH, apps: [] });
  assert.deepEqual(
    result.apps.map(({ name, state }) => [name, state]),
    [
      ['payment', 'unknown'],
      ['report', 'unknown'],
    ],
  );
  assert.match(result.apps[0]?.reason ?? '', /whether it is on cannot be told: nft could not be looked at: .*missing/);
  assert.equal(result.sidecars[0]?.state, 'live');
  // What is on is known by its own back end.
  await on(host, { backend: 'iptables-nft' });
  const { result: known } = await reportStatus(host, { config: MESH, apps: [] });
  assert.deepEqual(
    known.apps.map(({ state }) => state),
    ['on', 'off'],
  );
});
