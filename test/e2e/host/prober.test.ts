/** Probes through real redirects. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ProbeOutcome, ProbeRequest } from '../../../src/interception/ports.ts';
import { encodeMark } from '../../../src/interception/rules/mark.ts';
import { cgroupMount } from '../../../src/platform/cgroups.ts';
import { LAB_ADDRESSES, LAB_UIDS, type Lab, type LabOptions, makeLab } from '../lab/lab.ts';
import { startStreamServer } from '../lab/traffic.ts';
import { WITHOUT_RIGHTS } from '../lab/without-rights.ts';

const MARK = encodeMark({ slot: 7, direction: 'outbound' });

// Port 80 of the app goes to 15001; nothing else is touched.
const RULES = `
table inet lab_redirect {
  chain output {
    type nat hook output priority -101;
    meta skuid ${LAB_UIDS.app} tcp dport 80 tcp flags & (fin|syn|rst|ack) == syn ct mark set ${MARK} redirect to :15001
  }
}
`;

const app = { uid: LAB_UIDS.app, gid: null, cgroup: null };
const sidecar = { uid: LAB_UIDS.sidecar, gid: LAB_UIDS.sidecar, cgroup: null };
const ask = (as: ProbeRequest['as'], ...addresses: string[]): ProbeRequest => ({
  as,
  family: addresses[0]?.includes(':') ? 6 : 4,
  mode: 'redirect',
  port: 80,
  addresses,
});

async function makeProbeLab(
  t: TestContext,
  { rules = RULES, ...options }: LabOptions & { rules?: string } = {},
): Promise<Lab> {
  const lab = await makeLab('prober', { test: t, ...options });
  if (rules !== '') await lab.client.sh('nft -f -', rules);
  return lab;
}

/** Probes inside the client namespace, in a process of its own as weir is; `prefix` starts that process. */
async function probe(lab: Lab, requests: readonly ProbeRequest[], ...prefix: string[]): Promise<ProbeOutcome[]> {
  const script = `
    import { createProber } from ${JSON.stringify(new URL('../../../src/interception/adapters/probe/prober.ts', import.meta.url).href)};
    console.log(JSON.stringify(await createProber().probe(${JSON.stringify(requests)})));
  `;
  const node = [...prefix, process.execPath, '--input-type=module', '-e', script];
  return JSON.parse((await lab.client.tool(['env', ...node], { timeoutMs: 30_000 })).stdout);
}

async function assertNothingLeft(lab: Lab): Promise<void> {
  assert.equal((await lab.client.sh('conntrack -L -p tcp')).stdout, '');
  assert.equal((await lab.client.sh('ss -H -t -n -a state all exclude listening')).stdout, '');
}

test('a redirected connection is accepted by the sidecar under its mark, the sidecar itself goes direct, in both families', async (t) => {
  const lab = await makeProbeLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client, uid: LAB_UIDS.sidecar });
  const outcomes = await probe(lab, [
    ask(app, '192.0.2.9'),
    ask(sidecar, '192.0.2.9'),
    ask(app, '2001:db8::9'),
    ask(sidecar, '2001:db8::9'),
  ]);
  const [app4, sidecar4, app6, sidecar6] = outcomes;
  const took = app4?.kind === 'redirected' && app6?.kind === 'redirected' ? [app4.ms, app6.ms] : [];
  assert.ok(took.length === 2 && took.every((ms) => ms < 1000), JSON.stringify(outcomes));
  assert.deepEqual(app4, {
    kind: 'redirected',
    mark: MARK,
    destination: { address: '192.0.2.9', port: 80 },
    answeredBy: { address: '127.0.0.1', port: 15001 },
    accepted: true,
    ms: took[0],
  });
  assert.deepEqual(app6, {
    kind: 'redirected',
    mark: MARK,
    destination: { address: '2001:db8::9', port: 80 },
    answeredBy: { address: '::1', port: 15001 },
    accepted: true,
    ms: took[1],
  });
  assert.deepEqual(sidecar4, { kind: 'direct', destination: { address: '192.0.2.9', port: 80 } });
  assert.deepEqual(sidecar6, { kind: 'direct', destination: { address: '2001:db8::9', port: 80 } });
  await assertNothingLeft(lab);
});

test('a redirect to a port where nobody listens is told from a direct connection that was refused', async (t) => {
  const lab = await makeProbeLab(t);
  const { upstream } = LAB_ADDRESSES;
  const [app4, app6, direct] = await probe(lab, [
    ask(app, '192.0.2.9'),
    ask(app, '2001:db8::9'),
    // The upstream has no listener on port 80 and answers with a reset.
    ask(sidecar, upstream.ipv4),
  ]);
  assert.ok(app4?.kind === 'redirected' && app6?.kind === 'redirected', JSON.stringify([app4, app6]));
  assert.deepEqual([app4.mark, app4.accepted, app4.answeredBy], [MARK, false, { address: '127.0.0.1', port: 15001 }]);
  assert.deepEqual([app6.mark, app6.accepted, app6.answeredBy], [MARK, false, { address: '::1', port: 15001 }]);
  assert.deepEqual(direct, { kind: 'direct', destination: { address: upstream.ipv4, port: 80 } });
  await assertNothingLeft(lab);
});

test('without any rule connections are direct, tracked or not, open or refused or unanswered', async (t) => {
  const lab = await makeProbeLab(t, { rules: '' });
  await startStreamServer(lab, { port: 80 });
  const { ipv4, ipv6 } = LAB_ADDRESSES.upstream;
  const outcomes = await probe(lab, [
    ask(app, ipv4),
    ask(app, ipv6),
    ask(app, '192.0.2.9'),
    { ...ask(app, ipv4), port: 81 },
  ]);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['direct', 'direct', 'direct', 'direct'],
  );
  await assertNothingLeft(lab);
});

test('the first address that has a route is taken; with none the probe is impossible and says why', async (t) => {
  const lab = await makeProbeLab(t, { defaultRoute: false, ipv6: false, passthroughAddress: false });
  await startStreamServer(lab, { port: 15001, namespace: lab.client, uid: LAB_UIDS.sidecar });
  const [second, none, nothing] = await probe(lab, [
    ask(app, '192.0.2.9', '10.77.0.200'),
    ask(app, '2001:db8::9', '2001:db8::10'),
    { ...ask(app), family: 6 },
  ]);
  assert.ok(second?.kind === 'redirected' && second.accepted);
  assert.deepEqual(second.destination, { address: '10.77.0.200', port: 80 });
  assert.deepEqual(none, {
    kind: 'impossible',
    why: 'no way to 2001:db8::9 (ENETUNREACH), 2001:db8::10 (ENETUNREACH)',
  });
  assert.deepEqual(nothing, { kind: 'impossible', why: 'there is no address that could be tried' });
});

test('without the right to become the account the probe is impossible and says so', async (t) => {
  const lab = await makeProbeLab(t);
  const [asApp, asSidecar] = await probe(lab, [ask(app, '192.0.2.9'), ask(sidecar, '192.0.2.9')], ...WITHOUT_RIGHTS);
  assert.equal(asApp?.kind, 'impossible');
  assert.match(
    asApp?.kind === 'impossible' ? asApp.why : '',
    /^not allowed to (drop the supplementary groups|act as user)/,
  );
  assert.equal(asSidecar?.kind, 'impossible');
});

test('a group is taken on without its user, and a user without a group', async (t) => {
  const rules = RULES.replace(/meta skuid \d+/, 'meta skgid 4242');
  const lab = await makeProbeLab(t, { rules });
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  const [asGroup, asUser] = await probe(lab, [
    ask({ uid: 65_000, gid: 4242, cgroup: null }, '192.0.2.9'),
    ask({ uid: 65_000, gid: null, cgroup: null }, '192.0.2.9'),
  ]);
  assert.equal(asGroup?.kind, 'redirected');
  assert.equal(asUser?.kind, 'direct');
});

test('a probe in a slice counts as the slice, which has no cgroup more afterwards', async (t) => {
  const mount = await cgroupMount();
  assert.ok(mount, 'this test needs cgroup v2');
  const slice = `weir-test-${process.pid}.slice`;
  mkdirSync(join(mount, slice));
  t.after(() => rmdirSync(join(mount, slice)));
  const lab = await makeProbeLab(t, { rules: '' });
  // By iptables, whose match finds the path wherever the hierarchy is mounted.
  const redirect = `-m cgroup --path ${slice} -j REDIRECT --to-ports 15001`;
  await lab.client.sh(`iptables -w 5 -t nat -A OUTPUT -p tcp --dport 80 ${redirect}`);
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  const as = { uid: 65_000, gid: null, cgroup: slice };
  const [inside, outside, missing] = await probe(lab, [
    ask(as, '192.0.2.9'),
    ask({ ...as, cgroup: null }, '192.0.2.9'),
    ask({ ...as, cgroup: 'no-such.slice' }, '192.0.2.9'),
  ]);
  assert.ok(inside?.kind === 'redirected' && inside.accepted, JSON.stringify(inside));
  assert.equal(outside?.kind, 'direct');
  assert.match(missing?.kind === 'impossible' ? missing.why : '', /no cgroup can be made in .*no-such\.slice: ENOENT/);
  assert.deepEqual(
    readdirSync(join(mount, slice)).filter((name) => name.startsWith('weir-probe-')),
    [],
  );
  await assertNothingLeft(lab);
});

test('many accounts are probed side by side, each with its own outcome', async (t) => {
  const lab = await makeProbeLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  const accounts = [LAB_UIDS.app, 30_001, 30_002, 30_003, 30_004, 30_005];
  const outcomes = await probe(
    lab,
    accounts.map((uid) => ask({ uid, gid: null, cgroup: null }, '192.0.2.9')),
  );
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['redirected', ...Array(5).fill('direct')],
  );
  await assertNothingLeft(lab);
});

test('hundreds of accounts are probed by one child, each under its own ids', async (t) => {
  const accounts = Array.from({ length: 300 }, (_, index) => 30_000 + index);
  // Every second account is redirected, so that ids which outlast a connection would be seen.
  const redirected = accounts.filter((uid) => uid % 2 === 0);
  const rules = RULES.replace(/meta skuid \d+/, `meta skuid { ${redirected.join(', ')} }`);
  const lab = await makeProbeLab(t, { rules });
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  const began = performance.now();
  const outcomes = await probe(
    lab,
    accounts.map((uid) => ask({ uid, gid: null, cgroup: null }, '192.0.2.9')),
  );
  // A child for each of them took a minute.
  assert.ok(performance.now() - began < 30_000);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    accounts.map((uid) => (uid % 2 === 0 ? 'redirected' : 'direct')),
  );
  await assertNothingLeft(lab);
});

test('only the entries of probes are deleted where the destination may be somebody', async (t) => {
  const lab = await makeProbeLab(t);
  await startStreamServer(lab, { port: 15001, namespace: lab.client });
  const destinations = Array.from({ length: 6 }, (_, index) => `10.77.0.${100 + index}`);
  const flow = '-p tcp --sport 1234 --dport 80 --state ESTABLISHED -t 600';
  for (const one of destinations) await lab.client.sh(`conntrack -I -s 10.77.0.1 -d ${one} ${flow}`);
  const outcomes = await probe(
    lab,
    destinations.map((one) => ask(app, one)),
  );
  assert.ok(outcomes.every((outcome) => outcome.kind === 'redirected' && outcome.accepted));
  const left = (await lab.client.sh('conntrack -L -p tcp')).stdout.trim().split('\n');
  assert.equal(left.length, destinations.length, left.join('\n'));
  assert.ok(left.every((line) => line.includes('sport=1234')));
});
