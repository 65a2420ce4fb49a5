/** Hazards on fakes: unreadable facts are reported, accepted hazards pass, a thousand applications make one line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meetHazards } from '../../../src/interception/meet-hazards.ts';
import { reportStatus } from '../../../src/interception/report-status.ts';
import { followChain } from '../../../src/interception/surroundings/follow-rules.ts';
import { HAZARD_IDS } from '../../../src/interception/surroundings/hazard.ts';
import { packetOf } from '../../../src/interception/surroundings/packets.ts';
import type { ProcessFact } from '../../../src/interception/surroundings/ports.ts';
import { readSavedRules } from '../../../src/interception/surroundings/read-saved-rules.ts';
import { type FakeHost, listener, meshOf } from '../../fakes/fake-host.ts';
import { hostWith, MESH_TEXT, on, UIDS } from '../cases.ts';

function process(pid: number, facts: Partial<ProcessFact>): ProcessFact {
  return { pid, name: 'java', uid: UIDS.payment, gid: UIDS.payment, groups: [], cgroup: null, isHere: true, ...facts };
}

async function refusal(host: FakeHost, request: Parameters<typeof on>[1] = {}): Promise<{ id: string; hint: string }> {
  const before = host.fake('nft').list();
  const error = await on(host, request).then(
    () => assert.fail('it was not refused'),
    (thrown: { code: string; exit: number; hint: string; details: { risk: string } }) => thrown,
  );
  assert.deepEqual([error.code, error.exit], ['WEIR3015', 3]);
  assert.equal(host.fake('nft').list(), before);
  assert.ok(error.hint.includes(`--accept-risk ${error.details.risk}`), error.hint);
  return { id: error.details.risk, hint: error.hint };
}

test('a sidecar under another account, and one whose group is a supplementary one, are refused; accepted they go on', async () => {
  const host = hostWith('nft');
  const held = (port: number, address: string) => ({
    ...listener(address, port),
    uid: 1400,
    processes: [{ name: 'envoy', pid: 7 }],
  });
  host.listeners = [held(15001, '127.0.0.1'), held(15001, '::1'), held(15006, '0.0.0.0'), held(15006, '::')];
  host.surroundings.accounts.set(7, { uid: 1400, gid: 1400, groups: [1337] });
  assert.equal((await refusal(host)).id, 'sidecar-account');
  const byGroup = meshOf(MESH_TEXT.replace('user: 1337', 'group: 1337'));
  assert.equal((await refusal(host, { config: byGroup })).id, 'sidecar-account');
  const { warnings } = await on(host, { acceptedRisks: ['sidecar-account'] });
  assert.match(warnings.join(), /uid 1400/);
  host.surroundings.accounts.set(7, { uid: 1400, gid: 1337, groups: [] });
  assert.deepEqual((await on(host, { config: byGroup, apps: ['report'] })).warnings, []);
});

test('a master of root beside workers of the right account is no other account', async () => {
  const host = hostWith('nft');
  host.listeners = host.listeners.map((one) => ({
    ...one,
    uid: 0,
    processes: [
      { name: 'proxy', pid: 7 },
      { name: 'proxy', pid: 8 },
    ],
  }));
  host.surroundings.accounts.set(7, { uid: 0, gid: 0, groups: [] });
  host.surroundings.accounts.set(8, { uid: 1337, gid: 1337, groups: [] });
  assert.deepEqual((await on(host)).warnings, []);
});

test('processes elsewhere are a warning with their numbers, none at all is none, unreadable ones are said', async () => {
  const host = hostWith('nft');
  host.surroundings.processList = { seen: [process(41, { isHere: false }), process(42, { isHere: false })] };
  assert.match((await on(host)).warnings.join(), /41 \(java\), 42 \(java\) elsewhere.*--netns 41/);
  host.surroundings.processList = { seen: [process(41, { isHere: false }), process(43, {})] };
  assert.deepEqual((await on(host)).warnings, []);
  host.surroundings.processList = { seen: [process(41, { isHere: null })] };
  assert.match((await on(host)).warnings.join(), /could not look at the network namespace.*41/);
});

test('processes of a slice that are in another namespace are a warning like those of an account', async () => {
  const host = hostWith('nft');
  const config = meshOf(MESH_TEXT.replace('select: {user: 20001}', 'select: {slice: shop.slice}'));
  const own = { cgroup: 'shop.slice/api.service', isHere: false };
  host.surroundings.processList = { seen: [process(41, own), process(42, { cgroup: 'shop.slice2' })] };
  assert.match((await on(host, { config })).warnings.join(), /41 \(java\) elsewhere.*--netns 41/);
  const { apps } = (await reportStatus(host, { config, apps: [] })).result;
  assert.match(JSON.stringify(apps.find(({ name }) => name === 'payment')?.troubles), /elsewhere/);
  host.surroundings.processList = { seen: [process(41, own), process(43, { cgroup: 'shop.slice' })] };
  assert.deepEqual((await on(host, { config })).warnings, []);
});

test('a group that processes have as a supplementary one is refused, or a warning beside a primary one', async () => {
  const config = meshOf(MESH_TEXT.replace('select: {user: 20001}', 'select: {group: 5555}'));
  const host = hostWith('nft');
  host.surroundings.processList = { seen: [process(41, { groups: [5555] })] };
  assert.equal((await refusal(host, { config })).id, 'supplementary-group');
  host.surroundings.processList = { seen: [process(41, { groups: [5555] }), process(42, { gid: 5555 })] };
  assert.match((await on(host, { config })).warnings.join(), /41.*supplementary/);
});

test('a policy that covers nothing is refused, in each of the ways in which it can', async () => {
  for (const outbound of [
    '{exclude: {cidrs: [0.0.0.0/0, "::/0"]}}',
    '{exclude: {cidrs: [0.0.0.0/1, 128.0.0.0/1, "::/0"]}}',
    '{cidrs: [10.0.0.0/8], exclude: {cidrs: [10.0.0.0/7]}}',
    '{ports: [15001]}',
    '{ports: [80], exclude: {ports: [1-65535]}}',
  ]) {
    const config = meshOf(MESH_TEXT.replace(', inbound: {ports: [20880]}', `, outbound: ${outbound}`));
    assert.equal((await refusal(hostWith('nft'), { config })).id, 'nothing-diverted', outbound);
  }
  const half = meshOf(MESH_TEXT.replace(', inbound: {ports: [20880]}', ', outbound: {exclude: {cidrs: [0.0.0.0/0]}}'));
  assert.deepEqual((await on(hostWith('nft'), { config: half })).result.apps[0]?.after, 'on');
});

test('another user namespace, an interface without an address, a bound socket', async () => {
  const host = hostWith('nft');
  host.surroundings.userNamespace = { seen: { id: 4711, pid: 99 } };
  const { id, hint } = await refusal(host);
  assert.deepEqual([id, /nsenter -t 99 -U -n/.test(hint)], ['user-namespace', true]);
  host.surroundings.userNamespace = { seen: null };
  host.surroundings.routes = {
    seen: {
      rulesBeforeLocal: [],
      interfaces: [
        {
          name: 'lo',
          isLoopback: true,
          addresses: ['10.9.9.9'],
          has: { ipv4: true, ipv6: false },
          carries: { ipv4: false, ipv6: false },
        },
        {
          name: 'swp1',
          isLoopback: false,
          addresses: ['fd77::1'],
          has: { ipv4: false, ipv6: true },
          carries: { ipv4: true, ipv6: true },
        },
      ],
    },
  };
  assert.equal((await refusal(host)).id, 'no-address');
  const without = { apps: ['report'] };
  const bound = { ...listener('10.77.0.1', 40_000, UIDS.report), state: 'ESTAB', device: 'swp1' };
  host.connected = [
    { ...bound, peer: { address: 'fe80::9', port: 80 } },
    { ...bound, peer: { address: '198.51.100.7', port: 443 } },
  ];
  assert.match((await on(host, without)).warnings.join(), /a connection of it is bound to swp1 \(to 198\.51\.100\.7/);
});

test('what could not be looked at is said, each once, and stands in the way', async () => {
  const host = hostWith('nft');
  const unseen = { unseen: 'nft: Operation not permitted' };
  Object.assign(host.surroundings, { rules: unseen, processList: unseen, routes: unseen, userNamespace: unseen });
  const { warnings } = await on(host, { apps: ['payment', 'report'] });
  assert.equal(warnings.length, 4, warnings.join('\n'));
  for (const warning of warnings) assert.match(warning, /^could not look at .*: nft: Operation not permitted$/);
});

test('the same hazard of a thousand applications is one line of bounded length', () => {
  const hazard = { id: 'untracked', severity: 'warn', what: 'w', why: 'y', hint: 'h' } as const;
  const judged = new Map(
    Array.from({ length: 1000 }, (_, index) => [`app${index}`, { hazards: [hazard], unseen: [] }] as const),
  );
  const lines = meetHazards(judged, () => false);
  assert.deepEqual(lines, ['app0, app1, app2, app3, app4 and 995 more: w; y; h']);
});

test('every id can be accepted by its flag', async () => {
  const { RISKS } = await import('../../../src/interception/preflight.ts');
  for (const id of HAZARD_IDS) assert.ok(RISKS.includes(id), id);
});

test('a filter that branches too often to be followed is said, not passed over', async () => {
  const host = hostWith('nft');
  const jumps = Array.from(
    { length: 3000 },
    (_, index) => `-A INPUT -s 10.${index >> 8}.${index & 255}.0/24 -j RETURN`,
  );
  const text = `*filter\n:INPUT DROP [0:0]\n${jumps.join('\n')}\n-A INPUT -p tcp --dport 20880 -j ACCEPT\nCOMMIT\n`;
  host.surroundings.rules = { seen: readSavedRules(text, 'ip', 'iptables-nft') };
  const { warnings } = await on(host);
  assert.match(warnings.join(), /could not look at the filter iptables-nft ip filter INPUT: it branches too often/);
});

test('packets that no rule tells apart are followed once, and those that one does are told apart', () => {
  const text =
    '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 80:90 -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\nCOMMIT\n';
  const [table] = readSavedRules(text, 'ip', 'iptables-nft');
  const chain = table?.chains[0];
  assert.ok(table && chain);
  const paths = (dport: number | null) => followChain(table, chain, { packet: packetOf(4, { dport }) });
  assert.equal(paths(80), paths(90));

  const verdicts = (dport: number | null) => paths(dport)?.map(({ ends, given }) => `${ends.packet.verdict} ${given}`);
  assert.deepEqual(verdicts(85), ['accept ']);
  assert.deepEqual(verdicts(91), ['drop ', 'accept -s 10.0.0.0/8']);
  assert.deepEqual(verdicts(null), ['drop ', 'accept -s 10.0.0.0/8', 'accept port 80-90']);
});
