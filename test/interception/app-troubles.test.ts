/** Status as the first command of the night: each trouble with the next command filled in, and extras that may be late. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paintFor } from '../../src/cli/paint.ts';
import { type SamePlace, samePlace } from '../../src/cli/same-place.ts';
import { statusText } from '../../src/interception/cli/status-text.ts';
import { type AppStatus, reportStatus, type StatusReport } from '../../src/interception/report-status.ts';
import { verifyApps } from '../../src/interception/verify-apps.ts';
import { type FakeHost, listener, meshOf } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, MESH, MESH_TEXT, on, pressPanicFile, UIDS } from './cases.ts';

async function payment(host: FakeHost, config = MESH): Promise<AppStatus> {
  const { result } = await reportStatus(host, { config, apps: ['payment'] });
  assert.ok(result.apps[0]);
  return result.apps[0];
}

for (const backend of BACKENDS) {
  test(`${backend}: a sidecar that is ready and listens elsewhere is named with its port, and off comes next`, async () => {
    const host = hostWith(backend);
    await on(host);
    assert.deepEqual([(await payment(host)).reason, (await payment(host)).next], [null, null]);
    host.listeners = host.listeners.map((one) =>
      one.local.port === 15_001 ? { ...one, local: { ...one.local, port: 15_011 } } : one,
    );
    const app = await payment(host);
    assert.match(app.reason ?? '', /nobody listens at port 15001/);
    assert.deepEqual([app.state, app.next], ['on', 'weir off payment']);
    host.listeners = [...host.listeners, listener('127.0.0.1', 15_001)];
    assert.match((await payment(host)).reason ?? '', /on IPv6: new connections fail/);
  });

  test(`${backend}: an account that was renumbered is named by both numbers, and on comes next`, async () => {
    const host = hostWith(backend);
    await on(host);
    const renumbered = meshOf(MESH_TEXT.replace('20001', '20177'));
    const app = await payment(host, renumbered);
    assert.match(app.troubles[0]?.what ?? '', /mesh\.yaml means uid 20177 now, the rules divert uid 20001/);
    assert.equal(app.next, 'weir on payment');
    // The packets of the former account are proven, and say nothing of the new one.
    const { result } = await verifyApps(host, async () => renumbered, []);
    assert.deepEqual([result.passed, result.apps[0]?.packets.ipv4], [false, 'ok']);
    const differences = result.apps[0]?.findings.map(({ where, expected, found }) => [where, expected, found]);
    assert.deepEqual(differences, [['mesh.yaml', 'uid 20177', 'uid 20001']]);
  });

  test(`${backend}: processes in another namespace are named; none, or some here, are no trouble`, async () => {
    const host = hostWith(backend);
    await on(host);
    const process = { pid: 41, name: 'java', uid: UIDS.payment, gid: 1, groups: [], cgroup: null, isHere: false };
    host.surroundings.processList = { seen: [process] };
    assert.match((await payment(host)).troubles[0]?.what ?? '', /pid 41 \(java\) elsewhere, and goes direct/);
    host.surroundings.processList = { seen: [process, { ...process, pid: 42, isHere: true }] };
    assert.deepEqual((await payment(host)).troubles, []);
  });

  test(`${backend}: a rule that was deleted after off.sh was pressed is drift, not off`, async () => {
    const host = hostWith(backend);
    await on(host);
    await pressPanicFile(host, 'payment');
    host.markers.set('payment', '2026-01-01T00:00:00Z');
    assert.deepEqual([(await payment(host)).state, (await payment(host)).next], ['off', null]);
    const { rulesets } = await host.fake(backend).read();
    for (const ruleset of rulesets) {
      const table = ruleset.tables.find(({ chains }) => chains.some(({ rules }) => rules.some(redirects)));
      const chain = table?.chains.find(({ rules }) => rules.some(redirects));
      assert.ok(table && chain);
      const kept = chain.rules.slice(0, -1);
      await host.fake(backend).commit([
        {
          scope: ruleset.scope,
          operations: [
            { op: 'flush-chain', table: table.name, chain: chain.name },
            ...kept.map((rule) => ({ op: 'add-rule', table: table.name, chain: chain.name, rule }) as const),
          ],
          undo: [],
        },
      ]);
    }
    const app = await payment(host);
    assert.deepEqual([app.state, app.next], ['drifted', 'weir off payment'], JSON.stringify(app));
    assert.match(app.reason ?? '', /it may still be diverted/);
  });
}

function redirects(rule: { readonly kind: string; readonly verdict?: { readonly to: string } }): boolean {
  return rule.kind === 'known' && rule.verdict?.to === 'redirect';
}

test('iptables: a deadline beyond what was asked, after the clock went back, is said as such', async () => {
  const host = hostWith('iptables-nft');
  await on(host, { confirmMs: 20_000 });
  host.advance(-2 * 86_400_000);
  const app = await payment(host);
  assert.deepEqual(
    app.troubles.map(({ kind }) => kind),
    ['deadline'],
  );
  assert.match(app.troubles[0]?.what ?? '', /--confirm 20 s would end in 2 days: the clock went back/);
  assert.equal(app.next, 'weir confirm payment');
});

test('nft: a clock that goes forward does not end what the kernel still diverts', async () => {
  const host = hostWith('nft');
  await on(host, { confirmMs: 60_000 });
  const { read } = host.fake('nft');
  const before = await read.call(host.fake('nft'));
  host.advance(3_600_000);
  host.fake('nft').read = async () => before;
  assert.deepEqual([(await payment(host)).desired, (await payment(host)).state], ['on', 'unconfirmed']);
});

test('drift beside a sidecar that is down leads to off, not to an on that would be refused', async () => {
  const host = hostWith('nft');
  await on(host);
  const { rulesets } = await host.fake('nft').read();
  await host.fake('nft').commit(
    rulesets.map(({ scope, tables }) => ({
      scope,
      operations: tables.map(({ name }) => ({ op: 'delete-table', table: name }) as const),
      undo: [],
    })),
  );
  assert.equal((await payment(host)).next, 'weir on payment');
  host.readiness = { state: 'dead', detail: 'nobody listens' };
  assert.equal((await payment(host)).next, 'weir off payment');
});

test('applications are shown although extras hang or fail; those are named as not read', async () => {
  const host = hostWith('nft');
  await on(host);
  host.foreign = () => new Promise(() => {});
  host.surroundings.processList = { unseen: 'EACCES' };
  const { result } = await reportStatus(host, { config: MESH, apps: [] });
  assert.equal(result.apps[0]?.state, 'on');
  assert.deepEqual(
    result.notRead.map(({ what }) => what),
    ['other firewalls and meshes', 'processes of applications'],
  );
  assert.match(screen(result), /not read: other firewalls and meshes \(no answer within 500 ms\)/);
});

test('no line of the screen is wider than 80 columns, and none breaks within a word', async () => {
  const host = hostWith('nft');
  await on(host, { confirmMs: 60_000 });
  host.readiness = { state: 'frozen', detail: 'accepts and says nothing: '.repeat(8).trim() };
  const { result } = await reportStatus(host, { config: MESH, apps: [] });
  const place = ['status', '--netns', 'a-namespace-with-a-name'];
  const placed = screen(result, samePlace(place));
  assert.match(placed, /`weir confirm payment --netns a-namespace-with-a-name`$/m);
  for (const line of placed.split('\n')) assert.ok(line.length <= 80, line);
  const text = screen(result);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.ok(text.replaceAll(/\s+/g, ' ').includes('accepts and says nothing: accepts and says nothing:'));
  assert.match(text, /0 s ago/);
});

function screen(result: StatusReport, place: SamePlace = (text) => text): string {
  process.env.NO_COLOR = '1';
  return statusText(result, paintFor('stdout'), {
    columns: 80,
    samePlace: place,
    nowMs: Date.parse('2026-01-01T00:00:00.000Z'),
  });
}
