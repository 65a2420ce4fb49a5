/** Findings about back ends, meshes and sidecars. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../src/errors/weir-error.ts';
import { listener } from '../fakes/fake-host.ts';
import { off, on, switches } from '../interception/cases.ts';
import { checkCase, findings, goodConfig, troubles } from './check-case.ts';

const SIDECARS =
  'apiVersion: weir.dev/v1\nsidecars:\n  main: {user: 1337, outbound: 15001, admin: "http://127.0.0.1:15000"}\n';

test('backend: one that works is enough, and the first is announced', async () => {
  const host = checkCase();
  host.intercept.usable = ['iptables-nft'];
  const found = await findings(host, 'backend');
  assert.deepEqual(await troubles(host, 'backend'), [
    'skipped: nft cannot be used',
    'skipped: iptables-legacy cannot be used',
  ]);
  assert.ok(found.some(({ what }) => what === 'the first `on` will take iptables-nft'));
  host.intercept.usable = [];
  assert.equal((await troubles(host, 'backend')).filter((line) => line.startsWith('error')).length, 3);
});

test('backend: the remembered one has to work still', async () => {
  const host = checkCase();
  await on(host.intercept, { backend: 'iptables-nft' });
  assert.deepEqual(await troubles(host, 'backend'), []);
  host.intercept.usable = ['nft'];
  assert.ok(
    (await troubles(host, 'backend')).includes('error: iptables-nft is remembered and cannot be used any more'),
  );
});

test('backend: rules of weir in two places are an error', async () => {
  const host = checkCase();
  await on(host.intercept, { backend: 'nft' });
  host.intercept.stored = null;
  await on(host.intercept, { backend: 'nft', apps: ['payment', 'report'] });
  const other = checkCase();
  await on(other.intercept, { backend: 'iptables-legacy' });
  const { rulesets } = await other.intercept.fake('iptables-legacy').read();
  for (const { scope, tables } of rulesets) {
    const operations = tables.flatMap(({ name, chains }) =>
      chains.map((chain) => ({ op: 'add-chain', table: name, chain: chain.name, hook: chain.hook }) as const),
    );
    await host.intercept.fake('iptables-legacy').commit([{ scope, operations, undo: [] }]);
  }
  assert.deepEqual(await troubles(host, 'backend'), ['error: rules of weir are in nft and iptables-legacy']);
});

test('backend: nat rules in nft and in iptables-legacy are a warning with the numbers', async () => {
  const host = checkCase();
  host.facts.natRuleCounts = { nft: 3, legacy: 2 };
  const [found] = (await findings(host, 'backend')).filter(({ result }) => result === 'warning');
  assert.equal(found?.evidence, '3 by iptables-nft, 2 by iptables-legacy');
});

test('foreign: a mesh is an error, a firewall is told with what it means', async () => {
  const host = checkCase();
  host.intercept.foreignRules = [
    { name: 'linkerd', kind: 'mesh', evidence: 'PROXY_INIT_OUTPUT', backend: 'iptables-legacy' },
    { name: 'firewalld', kind: 'firewall', evidence: 'table inet firewalld', backend: 'nft' },
    { name: 'docker', kind: 'firewall', evidence: 'chain DOCKER', backend: 'iptables-nft' },
    { name: 'shorewall', kind: 'firewall', evidence: 'chain net-fw', backend: 'iptables-nft' },
  ];
  const found = await findings(host, 'foreign');
  assert.deepEqual(await troubles(host, 'foreign'), ['error: linkerd redirects here: `weir on` will refuse']);
  assert.equal(found[0]?.evidence, 'PROXY_INIT_OUTPUT (iptables-legacy)');
  assert.match(found[1]?.what ?? '', /^firewalld is here: a reload of firewalld may flush/);
  assert.match(found[2]?.what ?? '', /^docker is here: weir stands before/);
  assert.equal(found[3]?.what, 'shorewall is here: weir leaves its rules alone');
});

test('ssh: listeners and sessions are shown; an application that names them is a warning', async () => {
  const host = checkCase();
  host.intercept.sshFacts = { ports: [22, 2222], peers: ['10.0.0.9'] };
  const [seen] = await findings(host, 'ssh');
  assert.equal(seen?.evidence, 'port 22, 2222; peer 10.0.0.9');
  host.config = goodConfig(`${SIDECARS.replace('outbound:', 'inbound: 15006, outbound:')}apps:
  shell: {select: {user: 20001}, sidecar: main, outbound: {ports: [2000-3000]}, inbound: {ports: [2000-3000]}}
  web: {select: {user: 20003}, sidecar: main, outbound: {ports: [2222]}}
  git: {select: {user: 20004}, sidecar: main, outbound: {ports: [22]}}
  far: {select: {user: 20002}, sidecar: main, outbound: {cidrs: [10.0.0.9/32]}}
`);
  assert.deepEqual(await troubles(host, 'ssh'), [
    'warning: shell names ssh (port 2222): `weir on` will refuse',
    'warning: git names ssh (port 22): `weir on` will refuse',
    'warning: far names ssh (10.0.0.9): `weir on` will refuse',
  ]);
});

test('ssh: an application for everybody is a risk in the namespace of the host only', async () => {
  const host = checkCase();
  host.config = goodConfig(`${SIDECARS}apps:\n  everything: {select: {all: true}, sidecar: main}\n`);
  assert.deepEqual(await troubles(host, 'ssh'), []);
  host.intercept.networkFacts = { ...host.intercept.networkFacts, isHostNamespace: true };
  assert.deepEqual(await troubles(host, 'ssh'), [
    'warning: everything selects every program of the host: `weir on` will refuse',
  ]);
});

test('cgroup: a slice of mesh.yaml that does not exist is an error', async () => {
  const host = checkCase();
  host.config = goodConfig(`${SIDECARS}apps:\n  pay: {select: {slice: pay.slice}, sidecar: main}\n`);
  assert.deepEqual(await troubles(host, 'cgroup'), []);
  host.intercept.sliceExists = false;
  assert.deepEqual(await troubles(host, 'cgroup'), ['error: pay: there is no pay.slice']);
});

test('sidecar: without a mesh.yaml it is skipped, a broken one is an error with its place', async () => {
  const host = checkCase();
  host.config = { state: 'missing', file: '/etc/weir/mesh.yaml' };
  assert.deepEqual(await troubles(host, 'sidecar'), [
    'skipped: there is no /etc/weir/mesh.yaml: no sidecar to look at',
  ]);
  const location = { file: 'mesh.yaml', line: 3, column: 5 };
  host.config = {
    state: 'broken',
    error: new WeirError('WEIR1020', { what: 'no such key', why: 'it is not known', hint: 'leave it out', location }),
  };
  assert.deepEqual(await troubles(host, 'sidecar'), ['error: mesh.yaml cannot be used: mesh.yaml:3:5: no such key']);
});

test('sidecar: dead, not ready, frozen and not to be asked are told apart', async () => {
  const host = checkCase();
  const states = [
    [{ state: 'dead', detail: 'connection refused' }, 'error: main does not run: connection refused'],
    [{ state: 'not-ready', detail: '503' }, 'error: main is not ready: 503'],
    [{ state: 'unknown', detail: 'connect EACCES' }, 'unknown: main: whether it is ready is not known: connect EACCES'],
    [{ state: 'frozen', detail: 'no answer' }, 'timeout: main accepts and does not answer within 2000 ms'],
  ] as const;
  for (const [readiness, expected] of states) {
    host.intercept.readiness = readiness;
    assert.deepEqual(await troubles(host, 'sidecar'), [expected]);
  }
  host.intercept.readiness = { state: 'unknown', detail: 'connect EACCES' };
  host.facts.rightsFacts = { uid: 1000, capabilities: new Set() };
  const [hidden] = (await findings(host, 'sidecar')).filter(({ result }) => result !== 'ok');
  assert.deepEqual([hidden?.result, hidden?.hint], ['skipped', 'run it with sudo']);
});

test('sidecar: that mesh.yaml or an account in it could not be looked up is no mistake in it', async () => {
  const host = checkCase();
  const parts = { what: 'getent could not be started', why: 'no process is left', hint: 'end others' };
  const cannot = [{ isUnknown: true }, { isUnknown: true }];
  for (const [error, result] of [
    [new WeirError('WEIR2010', parts), 'unknown'],
    [new WeirError('WEIR2024', parts), 'unknown'],
    [new WeirError('WEIR1020', { ...parts, details: { problems: cannot } }), 'unknown'],
    [new WeirError('WEIR1020', { ...parts, details: { problems: [...cannot, {}] } }), 'error'],
    [new WeirError('WEIR1022', parts), 'error'],
  ] as const) {
    host.config = { state: 'broken', error };
    const [found] = await findings(host, 'sidecar');
    assert.equal(found?.result, result, error.code);
    assert.equal(found?.hint, 'end others');
  }
});

test('sidecar: a family without a listener is a warning, or an error where traffic may not go direct', async () => {
  const host = checkCase();
  const yaml = (onFailure: string) =>
    `${SIDECARS}apps:\n  pay: {select: {user: 20001}, sidecar: main, onFailure: ${onFailure}}\n`;
  host.config = goodConfig(yaml('direct'));
  host.intercept.listeners = [listener('127.0.0.1', 15001)];
  const where = 'main (outbound, port 15001)';
  assert.deepEqual(await troubles(host, 'sidecar'), [
    `warning: ${where}: not on IPv6: IPv6 connections will stay direct`,
  ]);
  host.config = goodConfig(yaml('deny'));
  assert.deepEqual(await troubles(host, 'sidecar'), [
    `error: ${where}: not on IPv6, and pay may not go direct: \`weir on\` will refuse`,
  ]);
  host.intercept.networkFacts = { ...host.intercept.networkFacts, hasIpv6: false };
  assert.deepEqual(await troubles(host, 'sidecar'), []);
  host.intercept.listeners = [];
  assert.deepEqual(await troubles(host, 'sidecar'), [`error: ${where}: nobody listens`]);
});

test('sidecar: of one whose processes are in another namespace nothing is known here', async () => {
  const host = checkCase();
  host.config = goodConfig(`${SIDECARS}apps:\n  pay: {select: {user: 20001}, sidecar: main}\n`);
  host.intercept.listeners = [];
  const envoy = { pid: 7, name: 'envoy', uid: 1337, gid: 1337, groups: [], cgroup: null };
  const said = async (...places: readonly (boolean | null)[]) => {
    host.intercept.surroundings.processList = { seen: places.map((isHere) => ({ ...envoy, isHere })) };
    const found = await findings(host, 'sidecar');
    return found.filter(({ result }) => result !== 'ok').map(({ result, what, hint }) => `${result}: ${what}, ${hint}`);
  };
  const nobody = [
    'error: main (outbound, port 15001): nobody listens, compare the listeners in its bootstrap with mesh.yaml',
  ];
  const unknown = (question: string, where: string) => [
    `skipped: main: whether it ${question} is not known: its processes are in ${where}, look there: \`weir check --netns 7\``,
  ];
  assert.deepEqual(await said(), nobody);
  assert.deepEqual(await said(true, false), nobody);
  assert.deepEqual(await said(false, false), unknown('listens', 'another network namespace'));
  assert.deepEqual(await said(false, null), unknown('listens', 'a network namespace that cannot be read'));
  host.intercept.readiness = { state: 'dead', detail: 'connection refused' };
  assert.deepEqual(await said(false), unknown('is ready', 'another network namespace'));
});

test('traffic: a listener of another account than mesh.yaml names would loop', async () => {
  const host = checkCase();
  host.config = goodConfig(`${SIDECARS}apps:\n  pay: {select: {user: 20001}, sidecar: main}\n`);
  host.intercept.listeners = [listener('127.0.0.1', 15001, 0), listener('::1', 15001, 0)];
  assert.deepEqual(await troubles(host, 'traffic'), [
    'error: pay: the sidecar at port 15001 runs as uid 0, mesh.yaml says uid 1337: `weir on` will refuse',
  ]);
});

test('leftovers: what is on and what was switched off in order leave nothing to say', async () => {
  const host = checkCase();
  host.facts.files = ['off.sh'];
  await on(host.intercept);
  assert.deepEqual(await troubles(host, 'leftovers'), []);
  await off(host.intercept);
  assert.deepEqual(await troubles(host, 'leftovers'), []);
});

test('leftovers: rules without memory, memory without rules, an unreadable memory', async () => {
  const host = checkCase();
  await on(host.intercept);
  const remembered = host.intercept.stored;
  host.intercept.stored = null;
  assert.ok((await troubles(host, 'leftovers')).includes('error: rules for payment, which weir does not remember'));
  const flushed = checkCase();
  flushed.intercept.stored = remembered;
  flushed.facts.files = ['off.sh'];
  assert.deepEqual(await troubles(flushed, 'leftovers'), [
    'warning: payment should be on, and the kernel has no rules for it: its traffic goes direct',
  ]);
  flushed.intercept.stored = null;
  flushed.intercept.storeProblem = 'state.json is not JSON';
  assert.ok((await troubles(flushed, 'leftovers')).includes('error: state.json is not JSON'));
});

test('leftovers: rules that an interrupted command left against what was decided', async () => {
  const host = checkCase();
  host.facts.files = ['off.sh'];
  host.intercept.usable = ['iptables-nft'];
  await on(host.intercept);
  const proven = host.intercept.stored;
  // Killed between the switches of the two families.
  await assert.rejects(
    host.intercept.fake('iptables-nft').commit(await switches(host.intercept), async () => {
      throw new Error('killed');
    }),
  );
  assert.deepEqual(await troubles(host, 'leftovers'), [
    'warning: payment: it is on, and its rules let new IPv6 connections go direct',
  ]);
  assert.ok(proven !== null);
  host.intercept.stored = { ...proven, apps: proven.apps.map((app) => ({ ...app, desired: 'off' })) };
  assert.deepEqual(await troubles(host, 'leftovers'), [
    'warning: payment: it is switched off, and rules in the kernel still divert it',
  ]);
});

test('leftovers: marks of nobody, and an off.sh too many or too few', async () => {
  const host = checkCase();
  await on(host.intercept);
  assert.deepEqual(await troubles(host, 'leftovers'), ['warning: off.sh is gone although an application is on']);
  host.intercept.stored = null;
  const empty = checkCase();
  empty.facts.files = ['off.sh'];
  const end = (address: string, port: number) => ({ address, port });
  empty.intercept.flows = [
    {
      mark: 0x57_00_99_10,
      state: 'ESTABLISHED',
      source: end('10.0.0.1', 4000),
      originalDestination: end('10.0.0.2', 80),
      answeredBy: end('127.0.0.1', 15_001),
    },
  ];
  assert.deepEqual(await troubles(empty, 'leftovers'), [
    'warning: 1 proxied of applications that weir does not know',
    'warning: off.sh is there, and weir remembers nothing',
  ]);
});

test('sidecar: a crash loop is named with its cause, an old crash is not held against it', async () => {
  const host = checkCase();
  host.config = goodConfig(
    'apiVersion: weir.dev/v1\nsidecars:\n  main: {user: 1337, outbound: 15001, admin: "http://127.0.0.1:15000", binary: /e, bootstrap: /b}\n',
  );
  const crash = { at: new Date(host.intercept.clock.now()).toISOString(), detail: 'signal 11', inARow: 4 };
  const known = { state: 'failed', detail: null, epoch: null, pid: null, version: null } as const;
  const said = async (change: object) => {
    host.intercept.managed = { ...known, crash, ...change };
    const found = await findings(host, 'sidecar');
    return found.filter(({ what }) => /crash|Envoy ended/.test(what)).map(({ result, what }) => `${result}: ${what}`);
  };
  assert.deepEqual(await said({}), ['error: main does not come up: Envoy ended, 4 times in a row: signal 11']);
  assert.deepEqual(await said({ state: 'live', crash: { ...crash, inARow: 1 } }), [
    'warning: main: Envoy ended: signal 11',
  ]);
  assert.deepEqual(await said({ state: 'live', crash: { ...crash, at: '2020-01-01T00:00:00.000Z' } }), [
    'ok: main: no crash within a day',
  ]);
  assert.deepEqual(await said({ state: 'live', crash: null }), ['ok: main: no crash is on record']);
});

test('sidecar: one that does not run is one error, with the command that starts it where weir does', async () => {
  const host = checkCase();
  host.intercept.readiness = { state: 'dead', detail: 'connection refused' };
  host.intercept.listeners = [];
  const yaml = (more: string) =>
    `${SIDECARS.replace('outbound', `${more}outbound`)}apps:\n  pay: {select: {user: 20001}, sidecar: main}\n`;
  const found = async (more: string) => {
    host.config = goodConfig(yaml(more));
    return (await findings(host, 'sidecar')).filter(({ result }) => result === 'error');
  };
  const [foreign, ...none] = await found('');
  assert.deepEqual(none, []);
  assert.match(foreign?.hint ?? '', /sidecars\.main\.admin$/);
  const [own] = await found('binary: /e, bootstrap: /b, ');
  assert.equal(own?.hint, 'start it: `weir sidecar run main`');
});

test('traffic: without a mesh.yaml it says that there is no application to look at', async () => {
  const host = checkCase();
  host.config = { state: 'missing', file: '/etc/weir/mesh.yaml' };
  assert.deepEqual(await troubles(host, 'traffic'), [
    'skipped: no mesh.yaml that can be used: no application to look at',
  ]);
});
