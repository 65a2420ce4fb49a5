/** The contract of a firewall back end, with packets. */
import assert from 'node:assert/strict';
import { afterEach, before, describe, test } from 'node:test';
import { applyPolicy, changesTowards, wantedRulesets } from '../../src/interception/apply-rules.ts';
import { leaseOf } from '../../src/interception/rules/lease.ts';
import { encodeMark } from '../../src/interception/rules/mark.ts';
import { switchOffOperations } from '../../src/interception/rules/off-switches.ts';
import type { Operation } from '../../src/interception/rules/operations.ts';
import type { InterceptedApp, InterceptPolicy } from '../../src/interception/rules/policy.ts';
import type { Ruleset } from '../../src/interception/rules/ruleset.ts';
import { type ConnectRequest, type ContractHost, PLACES } from './contract-host.ts';

/**
 * What every firewall back end must do, with packets. The same suite runs against the fake and against native nft,
 * iptables-nft and iptables-legacy; a fake that passes it can stand for the real ones elsewhere.
 */
export function firewallContract(name: string, host: ContractHost): void {
  describe(name, () => {
    let untouched: string;
    before(async () => {
      untouched = await host.listing();
    });
    afterEach(async () => {
      await apply(host, NOTHING);
      await host.removeForeign();
      assert.equal(await host.listing(), untouched, 'removal leaves the firewall as it was before the first rule');
    });

    test('what was applied is read back, and applying it again changes nothing', async () => {
      const slice: InterceptedApp = {
        ...PAY,
        name: 'sliced',
        slot: 3,
        select: { kind: 'slice', path: host.slices.parent },
      };
      const policy = policyOf(PAY, slice, { ...WEB, outbound: NARROW, families: { ipv4: true, ipv6: false } });
      await apply(host, policy);
      const installed = await host.firewall.read();
      assert.deepEqual(
        changesTowards(installed.rulesets, wantedRulesets(host.firewall.backend, policy, installed), []),
        [],
      );
      const listing = await host.listing();
      assert.equal((await apply(host, policy)).changed, false);
      assert.equal(await host.listing(), listing);
    });

    test('nothing is diverted without an application', async () => {
      await apply(host, { ...NOTHING, keeper: true });
      assert.deepEqual(await redirects(host, [{ uid: PLACES.uids.pay }, { uid: PLACES.uids.pay, family: 6 }]), [
        null,
        null,
      ]);
    });

    test('the connections of a user are diverted in both families, with the mark of the application', async () => {
      await apply(host, policyOf(PAY));
      for (const family of [4, 6] as const) {
        const connection = await host.connect({ uid: PLACES.uids.pay, family });
        assert.equal(connection.redirectedTo, 15_001);
        assert.equal(await connection.mark(), encodeMark({ slot: 1, direction: 'outbound' }));
      }
      const others: ConnectRequest[] = [{ uid: PLACES.uids.web }, { uid: PLACES.uids.web, family: 6 }, { uid: 0 }];
      assert.deepEqual(await redirects(host, others), [null, null, null]);
    });

    test('a leased application is diverted while its lease is renewed, and goes direct when nobody renews it', async () => {
      // Longer than a connection in each family takes on a busy machine.
      const leased = { ...PAY, leaseSeconds: 5 };
      const lease = leaseOf(leased);
      assert.ok(lease !== null);
      assert.deepEqual(await host.firewall.renewLeases([lease]), ['pay'], 'its rules are not there yet');
      await apply(host, policyOf(leased, WEB));
      const both: ConnectRequest[] = [{ uid: PLACES.uids.pay }, { uid: PLACES.uids.pay, family: 6 }];
      assert.deepEqual(await redirects(host, both), [null, null], 'nobody has renewed it');
      assert.deepEqual([...(await host.firewall.remainingLeases([lease]))], [['pay', 0]]);
      assert.deepEqual(await host.firewall.renewLeases([lease]), []);
      const left = (await host.firewall.remainingLeases([lease])).get('pay') ?? 0;
      assert.ok(left > 2000 && left <= 5100, `${left} ms left of five seconds`);
      assert.deepEqual(await redirects(host, both), [15_001, 15_001]);
      const before = await host.connect({ uid: PLACES.uids.pay });
      assert.deepEqual(await host.firewall.renewLeases([lease]), [], 'a lease that has not lapsed is renewed as well');
      await host.pass(5300);
      assert.deepEqual(await redirects(host, both), [null, null], 'the lease has lapsed');
      assert.deepEqual(await redirects(host, [{ uid: PLACES.uids.web }]), [15_002], 'another application has no lease');
      assert.ok(await before.isAlive(), 'an open connection goes on');
      await host.firewall.renewLeases([lease]);
      assert.deepEqual(await redirects(host, both), [15_001, 15_001], 'renewed after it had lapsed');
    });

    test('a change of rules keeps leases, and a renewal undoes no switch', async () => {
      const leased = { ...PAY, leaseSeconds: 60 };
      const lease = leaseOf(leased);
      assert.ok(lease !== null);
      await apply(host, policyOf(leased));
      await host.firewall.renewLeases([lease]);
      await apply(host, policyOf({ ...leased, outbound: NARROW }, WEB));
      await apply(host, policyOf(leased, WEB));
      assert.deepEqual(await redirects(host, [{ uid: PLACES.uids.pay }]), [15_001]);
      await switchOff(host, 'pay', 'operator');
      await host.firewall.renewLeases([lease]);
      assert.deepEqual(await redirects(host, [{ uid: PLACES.uids.pay }]), [null]);
    });

    test('rules are read again for their counters, whole, and with what maps held before', async () => {
      await apply(host, policyOf(PAY, WEB));
      const { rulesets } = await host.firewall.read();
      const parts = (found: readonly Ruleset[]): unknown[] =>
        found
          .flatMap(({ tables }) => tables)
          .filter(({ name }) => name !== 'weir_keep')
          .map(({ name, maps, chains }) => [name, maps, chains.map((chain) => [chain.name, chain.rules.length])]);
      assert.ok(parts(rulesets).length > 0);
      assert.deepEqual(parts(await host.firewall.recount(rulesets)), parts(rulesets));
    });

    test('several users of one application are diverted', async () => {
      await apply(host, policyOf({ ...PAY, select: { kind: 'users', uids: [PLACES.uids.pay, PLACES.uids.web] } }));
      const requests = [PLACES.uids.pay, PLACES.uids.web, PLACES.uids.nobody].map((uid) => ({ uid }));
      assert.deepEqual(await redirects(host, requests), [15_001, 15_001, null]);
    });

    test('the connections of a group are diverted', async () => {
      await apply(host, policyOf({ ...PAY, select: { kind: 'group', gid: PLACES.gids.mesh } }));
      const requests = [{ uid: 0, gid: PLACES.gids.mesh }, { uid: PLACES.uids.pay }];
      assert.deepEqual(await redirects(host, requests), [15_001, null]);
    });

    test('the connections of a slice and of what is inside it are diverted', async () => {
      const { parent, child, beside } = host.slices;
      await apply(host, policyOf({ ...PAY, select: { kind: 'slice', path: parent } }));
      const requests = [parent, child, beside, ''].map((cgroup) => ({ cgroup }));
      assert.deepEqual(await redirects(host, requests), [15_001, 15_001, null, null]);
    });

    test('the connections of everybody are diverted', async () => {
      await apply(host, policyOf({ ...PAY, select: { kind: 'all' } }));
      assert.deepEqual(await redirects(host, [{ uid: 0 }, { uid: PLACES.uids.web, family: 6 }]), [15_001, 15_001]);
    });

    test('a user is more specific than a group, a group than a slice, a deep slice than a shallow one, all comes last', async () => {
      const { parent, child } = host.slices;
      const { pay } = PLACES.uids;
      const { mesh } = PLACES.gids;
      const apps = [
        { ...PAY, select: { kind: 'all' } },
        { ...PAY, name: 'shallow', slot: 2, select: { kind: 'slice', path: parent } },
        { ...PAY, name: 'deep', slot: 3, select: { kind: 'slice', path: child } },
        { ...PAY, name: 'group', slot: 4, select: { kind: 'group', gid: mesh } },
        { ...PAY, name: 'user', slot: 5, select: { kind: 'users', uids: [pay] } },
      ] as const;
      await apply(host, policyOf(...apps));
      const requests = [
        {},
        { cgroup: parent },
        { cgroup: child },
        { cgroup: child, gid: mesh },
        { cgroup: child, gid: mesh, uid: pay },
      ];
      const marks = [];
      for (const request of requests) marks.push(await (await host.connect(request)).mark());
      assert.deepEqual(
        marks,
        [1, 2, 3, 4, 5].map((slot) => encodeMark({ slot, direction: 'outbound' })),
      );
    });

    test('only the ports of the application are diverted, and none of the excluded ones', async () => {
      const ports = [
        { from: 80, to: 443 },
        { from: 20_880, to: 20_880 },
      ];
      const outbound = { ...ANY, ports, exclude: { ports: [{ from: 443, to: 443 }], cidrs: [] } };
      await apply(host, policyOf({ ...PAY, outbound }));
      const requests = PLACES.ports.map((port) => ({ uid: PLACES.uids.pay, port }));
      assert.deepEqual(await redirects(host, requests), [15_001, null, null, 15_001]);
    });

    test('more ports than one rule of iptables can hold', async () => {
      const odd = Array.from({ length: 40 }, (_, index) => ({ from: 9001 + 2 * index, to: 9001 + 2 * index }));
      const excluded = odd.map(({ from }) => ({ from, to: from + (from % 3 === 0 ? 1 : 0) }));
      await apply(
        host,
        policyOf({ ...PAY, outbound: { ...ANY, ports: [{ from: 80, to: 80 }, ...odd, { from: 20_880, to: 20_880 }] } }),
      );
      const requests = PLACES.ports.map((port) => ({ uid: PLACES.uids.pay, port }));
      assert.deepEqual(await redirects(host, requests), [15_001, null, null, 15_001]);
      const exclude = { ports: [...excluded, { from: 20_880, to: 20_890 }], cidrs: [] };
      await apply(host, policyOf({ ...PAY, outbound: { ...ANY, exclude } }));
      assert.deepEqual(await redirects(host, requests), [15_001, 15_001, 15_001, null]);
    });

    test('only the networks of the application are diverted, and none of the excluded ones', async () => {
      const cidrs = [
        { family: 4, text: '192.0.2.0/24' },
        { family: 6, text: '2001:db8::/32' },
      ] as const;
      const requests: ConnectRequest[] = [
        { to: PLACES.elsewhere[4] },
        { to: PLACES.otherHost[4] },
        { to: PLACES.elsewhere[6], family: 6 },
        { to: PLACES.otherHost[6], family: 6 },
      ].map((request) => ({ ...request, uid: PLACES.uids.pay }) as ConnectRequest);
      await apply(host, policyOf({ ...PAY, outbound: { ...ANY, cidrs } }));
      assert.deepEqual(await redirects(host, requests), [15_001, null, 15_001, null]);
      await apply(host, policyOf({ ...PAY, outbound: { ...ANY, exclude: { ports: [], cidrs } } }));
      assert.deepEqual(await redirects(host, requests), [null, 15_001, null, 15_001]);
      // Networks of one family only: the other family is not covered.
      await apply(host, policyOf({ ...PAY, outbound: { ...ANY, cidrs: cidrs.slice(0, 1) } }));
      assert.deepEqual(await redirects(host, requests), [15_001, null, null, null]);
    });

    test('an application for one family is direct in the other, also beside one for everybody', async () => {
      const everybody: InterceptedApp = { ...WEB, select: { kind: 'all' } };
      await apply(host, policyOf({ ...PAY, families: { ipv4: true, ipv6: false } }, everybody));
      const requests: ConnectRequest[] = [
        { uid: PLACES.uids.pay },
        { uid: PLACES.uids.pay, family: 6 },
        { uid: 0, family: 6 },
      ];
      assert.deepEqual(await redirects(host, requests), [15_001, null, 15_002]);
    });

    test('the account of the sidecar, loopback, ssh and reserved ports are never diverted', async () => {
      const everybody: InterceptedApp = { ...PAY, select: { kind: 'all' } };
      const base = policyOf(everybody);
      await apply(host, { ...base, sshPorts: [{ from: 22, to: 443 }], reservedPorts: [15_001, 9092] });
      const requests: ConnectRequest[] = [
        { uid: PLACES.uids.sidecar },
        { uid: PLACES.uids.sidecar, family: 6 },
        { to: '127.0.0.1', port: 7001 },
        { to: '::1', family: 6, port: 7001 },
        { port: 22 },
        { port: 9092 },
        { port: 80 },
        // A port of an ssh server of this host, which is another host's here.
        { port: 443 },
      ];
      assert.deepEqual(await redirects(host, requests), [null, null, null, null, null, null, 15_001, 15_001]);
      const otherHost = { family: 4, text: `${PLACES.otherHost[4]}/32` } as const;
      await apply(host, { ...base, sshPeers: [otherHost] });
      assert.deepEqual(await redirects(host, [{}, { to: PLACES.elsewhere[4] }]), [null, 15_001]);
      await apply(host, { ...base, guard: { uids: [], gids: [PLACES.gids.mesh] } });
      assert.deepEqual(await redirects(host, [{ gid: PLACES.gids.mesh }, {}]), [null, 15_001]);
    });

    test('inbound connections to the ports of an application are diverted', async () => {
      const inbound = { ...ANY, ports: [{ from: 7001, to: 7001 }] };
      await apply(host, policyOf({ ...PAY, outbound: null, inbound }));
      const connection = await host.connect({ inbound: true, port: 7001 });
      assert.equal(connection.redirectedTo, 15_006);
      assert.equal(await connection.mark(), encodeMark({ slot: 1, direction: 'inbound' }));
      const requests: ConnectRequest[] = [
        { inbound: true, port: 7001, family: 6 },
        { inbound: true, port: 7002 },
        { uid: PLACES.uids.pay },
        { to: '127.0.0.1', port: 7001 },
      ];
      assert.deepEqual(await redirects(host, requests), [15_006, null, null, null]);
      await apply(
        host,
        policyOf({ ...PAY, outbound: null, inbound: { ...ANY, exclude: { ports: inbound.ports, cidrs: [] } } }),
      );
      assert.deepEqual(
        await redirects(host, [
          { inbound: true, port: 7001 },
          { inbound: true, port: 7002 },
        ]),
        [null, 15_006],
      );
    });

    test('a connection that is open when the rules come stays as it is', async () => {
      const requests: ConnectRequest[] = [
        { uid: PLACES.uids.pay },
        { uid: PLACES.uids.pay, family: 6 },
        { inbound: true, port: 7001 },
      ];
      const open = [];
      for (const request of requests) open.push(await host.connect(request));
      await apply(host, policyOf({ ...PAY, inbound: ANY }));
      assert.deepEqual(await redirects(host, requests), [15_001, 15_001, 15_006]);
      for (const connection of open) assert.equal(await connection.isAlive(), true);
    });

    test('a proxied connection outlives its rules as long as the keeper is there', async () => {
      const requests: ConnectRequest[] = [{ uid: PLACES.uids.pay }, { uid: PLACES.uids.pay, family: 6 }];
      await apply(host, policyOf(PAY));
      const proxied = [];
      for (const request of requests) proxied.push(await host.connect(request));
      await apply(host, { ...NOTHING, keeper: true });
      for (const connection of proxied) assert.equal(await connection.isAlive(), true);
      assert.deepEqual(await redirects(host, requests), [null, null]);
    });

    test('one of two applications is sent direct by adding to the rules, and diverted again when the switch is cleared', async () => {
      const policy = policyOf(PAY, WEB);
      const requests: ConnectRequest[] = [PLACES.uids.pay, PLACES.uids.web].flatMap((uid) => [
        { uid },
        { uid, family: 6 },
      ]);
      await apply(host, policy);
      const proxied = await host.connect({ uid: PLACES.uids.pay });
      await switchOff(host, 'pay', 'operator');
      assert.deepEqual(await redirects(host, requests), [null, null, 15_002, 15_002]);
      assert.equal(await (await host.connect({ uid: PLACES.uids.pay })).mark(), 0);
      assert.equal(await proxied.isAlive(), true);
      await apply(host, policy);
      assert.deepEqual(
        await redirects(host, requests),
        [null, null, 15_002, 15_002],
        'a switch is kept unless it is named',
      );
      await apply(host, policy, ['pay']);
      assert.deepEqual(await redirects(host, requests), [15_001, 15_001, 15_002, 15_002]);
    });

    test('the switches of an operator and of a supervisor stay apart', async () => {
      await apply(host, policyOf(PAY));
      await switchOff(host, 'pay', 'bypass');
      await switchOff(host, 'pay', 'operator');
      await switchOff(host, 'pay', 'operator');
      assert.deepEqual(await redirects(host, [{ uid: PLACES.uids.pay }]), [null]);
      const { rulesets } = await host.firewall.read();
      assert.deepEqual(changesTowards(rulesets, rulesets, []), []);
    });

    test('an unconfirmed interception ends by itself at its deadline, unless that was taken back before', async () => {
      // Two transactions and a connection have to be made before it on a busy machine.
      const timeoutMs = 8000;
      const deadline = { timeoutMs, epochSeconds: Math.ceil((host.nowMs() + timeoutMs) / 1000) };
      await apply(host, policyOf({ ...PAY, deadline }, { ...WEB, deadline }));
      await apply(host, policyOf({ ...PAY, deadline }, WEB));
      const requests = [{ uid: PLACES.uids.pay }, { uid: PLACES.uids.web }];
      const proxied = await host.connect({ uid: PLACES.uids.pay });
      assert.deepEqual(await redirects(host, requests), [15_001, 15_002]);
      await host.pass(deadline.epochSeconds * 1000 - host.nowMs() + 600);
      assert.deepEqual(await redirects(host, requests), [null, 15_002]);
      assert.equal(await proxied.isAlive(), true);
    });

    test('a transaction with one bad step changes nothing in any family', async () => {
      await apply(host, policyOf(PAY));
      const listing = await host.listing();
      const installed = await host.firewall.read();
      const good = changesTowards(
        installed.rulesets,
        wantedRulesets(host.firewall.backend, policyOf(PAY, WEB), installed),
        [],
      );
      for (const bad of badSteps(host)) {
        // The family that is committed last fails, after steps that are right: the earlier one has to be taken back.
        const changes = good.map((change) =>
          change.scope === 'ip6' ? change : { ...change, operations: [...change.operations, bad] },
        );
        await assert.rejects(host.firewall.commit(changes), JSON.stringify(bad));
        assert.equal(await host.listing(), listing, JSON.stringify(bad));
      }
      assert.deepEqual(
        await redirects(host, [{ uid: PLACES.uids.pay }, { uid: PLACES.uids.pay, family: 6 }]),
        [15_001, 15_001],
      );
    });

    test('trying rules out changes nothing', async () => {
      await apply(host, policyOf(PAY));
      const listing = await host.listing();
      const installed = await host.firewall.read();
      const wanted = wantedRulesets(host.firewall.backend, policyOf(PAY, WEB), installed);
      await host.firewall.test(changesTowards(installed.rulesets, wanted, []));
      assert.equal(await host.listing(), listing);
    });

    test('rules of other programs are left alone and go on to work, and a reload of theirs is mended', async () => {
      const { port, to } = PLACES.foreignRedirect;
      const requests = [PLACES.uids.pay, PLACES.uids.web].map((uid) => ({ uid, port }));
      await host.addForeign();
      const foreign = await host.listing();
      assert.deepEqual(await redirects(host, requests), [to, to]);
      await apply(host, policyOf(PAY));
      assert.deepEqual(await redirects(host, requests), [15_001, to]);
      await host.reloadForeign();
      await apply(host, policyOf(PAY));
      assert.deepEqual(await redirects(host, requests), [15_001, to]);
      const installed = await host.firewall.read();
      assert.deepEqual(
        changesTowards(installed.rulesets, wantedRulesets(host.firewall.backend, policyOf(PAY), installed), []),
        [],
      );
      await apply(host, NOTHING);
      assert.equal(await host.listing(), foreign);
    });

    test('without the keeper a proxied connection breaks, which is what the keeper is for', async () => {
      await apply(host, policyOf(PAY));
      const proxied = await host.connect({ uid: PLACES.uids.pay });
      await apply(host, NOTHING);
      assert.equal(await proxied.isAlive(), false);
    });

    test('one application takes the place of another in one step', async () => {
      await apply(host, policyOf(PAY));
      await apply(host, policyOf({ ...WEB, outbound: NARROW, inbound: ANY }));
      const requests: ConnectRequest[] = [
        { uid: PLACES.uids.pay },
        { uid: PLACES.uids.web },
        { inbound: true, port: 7001 },
      ];
      assert.deepEqual(await redirects(host, requests), [null, 15_002, 15_006]);
    });
  });
}

const ANY = { ports: [], cidrs: [], exclude: { ports: [], cidrs: [] } };
const NARROW = {
  ports: [
    { from: 80, to: 80 },
    { from: 8000, to: 8010 },
  ],
  cidrs: [
    { family: 4, text: '10.0.0.0/8' },
    { family: 4, text: '192.0.2.7/32' },
  ],
  exclude: {
    ports: [{ from: 8005, to: 8006 }],
    cidrs: [
      { family: 4, text: '10.1.0.0/16' },
      { family: 6, text: '2001:db8::/32' },
    ],
  },
} as const;

const PAY: InterceptedApp = {
  name: 'pay',
  mode: 'redirect',
  slot: 1,
  select: { kind: 'users', uids: [PLACES.uids.pay] },
  outboundPort: 15_001,
  inboundPort: 15_006,
  outbound: ANY,
  inbound: null,
  families: { ipv4: true, ipv6: true },
  acceptsSshRisk: false,
  leaseSeconds: null,
  deadline: null,
};
const WEB: InterceptedApp = {
  ...PAY,
  name: 'web',
  slot: 2,
  select: { kind: 'users', uids: [PLACES.uids.web] },
  outboundPort: 15_002,
};

const NOTHING: InterceptPolicy = { ...policyOf(), keeper: false };

function policyOf(...apps: InterceptedApp[]): InterceptPolicy {
  const guard = { uids: [PLACES.uids.sidecar], gids: [] };
  return { apps, guard, sshPorts: [{ from: 22, to: 22 }], sshPeers: [], reservedPorts: [15_001, 15_006], keeper: true };
}

function apply(host: ContractHost, policy: InterceptPolicy, clearSwitches: readonly string[] = []) {
  return applyPolicy(host.firewall, policy, clearSwitches);
}

async function redirects(host: ContractHost, requests: readonly ConnectRequest[]): Promise<(number | null)[]> {
  const ports = [];
  for (const request of requests) ports.push((await host.connect(request)).redirectedTo);
  return ports;
}

async function switchOff(host: ContractHost, app: string, cause: 'operator' | 'bypass'): Promise<void> {
  const { rulesets } = await host.firewall.read();
  const changes = rulesets.map((ruleset) => ({
    scope: ruleset.scope,
    operations: switchOffOperations(ruleset, [app], cause),
    undo: [],
  }));
  await host.firewall.commit(changes.filter(({ operations }) => operations.length > 0));
}

/** Steps that every kernel refuses: names that do not exist, things in use, an element with two values. */
function badSteps(host: ContractHost): Operation[] {
  if (host.firewall.backend === 'nft') {
    return [
      { op: 'flush-chain', table: 'weir', chain: 'nowhere' },
      { op: 'delete-table', table: 'weir_nothing' },
      { op: 'delete-map', table: 'weir', map: 'out_uid_app' },
      { op: 'delete-element', table: 'weir', map: 'off', key: 4711 },
      {
        op: 'add-element',
        table: 'weir',
        map: 'nowhere',
        element: { key: 1, value: null, timeoutMs: null, tag: null },
      },
      {
        op: 'add-element',
        table: 'weir',
        map: 'out_uid_mark',
        element: { key: PLACES.uids.pay, value: { mark: 4711 }, timeoutMs: null, tag: null },
      },
    ];
  }
  return [
    { op: 'flush-chain', table: 'nat', chain: 'WEIR_NOWHERE' },
    { op: 'delete-chain', table: 'nat', chain: 'WEIR_NOWHERE', hook: null },
    // In use: the rules of WEIR_OUTPUT go to it, and it is not empty.
    { op: 'delete-chain', table: 'nat', chain: 'WEIR_O_0001', hook: null },
  ];
}
