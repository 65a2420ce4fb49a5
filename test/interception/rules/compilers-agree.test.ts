/** The nft and iptables compilers on the same packets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileIptables, leaseList } from '../../../src/interception/rules/iptables/compile-iptables.ts';
import { leaseOf } from '../../../src/interception/rules/lease.ts';
import { decodeMark, encodeMark } from '../../../src/interception/rules/mark.ts';
import { compileNft } from '../../../src/interception/rules/nft/compile-nft.ts';
import { LEASE_SET } from '../../../src/interception/rules/nft/table-maps.ts';
import type { InterceptedApp, InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import type { Ruleset } from '../../../src/interception/rules/ruleset.ts';
import { arbitraryPacket, arbitraryPolicy, INSTALLED_AT_MS } from '../../fakes/arbitrary-policy.ts';
import { evaluateRulesets, type Packet } from '../../fakes/evaluate-ruleset.ts';

test('native nft and iptables decide the same about every packet, before and after deadlines, while leases are renewed', () => {
  const packets = fc.array(arbitraryPacket, { minLength: 1, maxLength: 40 });
  const elapsed = fc.constantFrom(0, 999, 1000, 4999, 6000);
  fc.assert(
    fc.property(arbitraryPolicy, packets, elapsed, (policy, packetList, elapsedMs) => {
      const nowMs = INSTALLED_AT_MS + elapsedMs;
      const nft = [withLeases(withoutExpired(compileNft(policy), elapsedMs), policy)];
      const iptables = compileBothFamilies(policy);
      const renewed = new Map(policy.apps.map(({ slot }) => [leaseList(slot), nowMs]));
      for (const packet of packetList) {
        const expected = evaluateRulesets(iptables, packet, nowMs, renewed);
        assert.deepEqual(evaluateRulesets(nft, packet, nowMs), expected, JSON.stringify(packet));
      }
    }),
    { numRuns: 300 },
  );
});

test('once its lease has lapsed an application goes direct on both back ends, and the others do not', () => {
  const packets = fc.array(arbitraryPacket, { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(arbitraryPolicy, packets, (policy, packetList) => {
      const unleased = { ...policy, apps: policy.apps.map((one) => ({ ...one, leaseSeconds: null })) };
      const leased = new Set(policy.apps.flatMap((one) => (one.leaseSeconds === null ? [] : [one.slot])));
      for (const packet of packetList) {
        const usual = evaluateRulesets([compileNft(unleased)], packet, INSTALLED_AT_MS);
        const slot = usual.redirectedTo === null ? null : (decodeMark(usual.mark)?.slot ?? null);
        const expected = slot === null || leased.has(slot) ? null : usual.redirectedTo;
        for (const rulesets of [[compileNft(policy)], compileBothFamilies(policy)]) {
          assert.equal(evaluateRulesets(rulesets, packet, INSTALLED_AT_MS).redirectedTo, expected);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('loopback, the sidecar account, later packets and other protocols are never diverted, nor their mark changed', () => {
  const immune = arbitraryPacket.chain((packet) => fc.constantFrom(...immuneVariants(packet)));
  fc.assert(
    fc.property(arbitraryPolicy, immune, (policy, packet) => {
      const direct = { redirectedTo: null, mark: packet.mark };
      assert.deepEqual(evaluateRulesets([compileNft(policy)], packet, INSTALLED_AT_MS), direct);
      assert.deepEqual(evaluateRulesets(compileBothFamilies(policy), packet, INSTALLED_AT_MS), direct);
    }),
    { numRuns: 300 },
  );
});

test('an application that is direct in one family is not caught there by an application for everybody', () => {
  const policy = policyOf(
    app({
      slot: 1,
      select: { kind: 'users', uids: [1000] },
      families: { ipv4: true, ipv6: false },
      outboundPort: 15001,
    }),
    app({ slot: 2, select: { kind: 'all' }, outboundPort: 15002 }),
  );
  const rulesets = compileBothFamilies(policy);
  const nft = [compileNft(policy)];
  const diverted = (packet: Packet) =>
    [rulesets, nft].map((installed) => evaluateRulesets(installed, packet, INSTALLED_AT_MS).redirectedTo);
  assert.deepEqual(diverted({ ...SYN, uid: 1000 }), [15001, 15001]);
  assert.deepEqual(diverted({ ...SYN, uid: 1000, family: 6, destination: '2001:db8::1' }), [null, null]);
  assert.deepEqual(diverted({ ...SYN, uid: 1001, family: 6, destination: '2001:db8::1' }), [15002, 15002]);
});

test('a diverted connection carries the mark of its application and direction', () => {
  const policy = policyOf(app({ slot: 7, select: { kind: 'users', uids: [1000] }, outboundPort: 15001 }));
  const mark = encodeMark({ slot: 7, direction: 'outbound' });
  for (const rulesets of [[compileNft(policy)], compileBothFamilies(policy)]) {
    assert.deepEqual(evaluateRulesets(rulesets, { ...SYN, uid: 1000 }, INSTALLED_AT_MS), { redirectedTo: 15001, mark });
  }
});

const SYN: Packet = {
  hook: 'output',
  family: 4,
  protocol: 'tcp',
  syn: true,
  uid: 0,
  gid: 0,
  cgroup: '',
  source: '10.0.0.1',
  destination: '192.0.2.1',
  port: 80,
  iif: null,
  isLocalDestination: false,
  mark: 0,
};

function immuneVariants(packet: Packet): Packet[] {
  const isOut = packet.hook === 'output';
  return [
    { ...packet, syn: false },
    { ...packet, protocol: 'udp' },
    ...(isOut
      ? [
          { ...packet, uid: 1337 },
          { ...packet, destination: packet.family === 4 ? '127.1.2.3' : '::1' },
        ]
      : []),
    ...(isOut
      ? []
      : [
          { ...packet, iif: 'lo' },
          { ...packet, isLocalDestination: false },
        ]),
  ];
}

function compileBothFamilies(policy: InterceptPolicy): Ruleset[] {
  return ([4, 6] as const).map((family) => compileIptables(policy, { family, madeTable: false }));
}

/** What is left of a ruleset some time after its installation: the kernel drops elements at their timeout. */
function withoutExpired(ruleset: Ruleset, elapsedMs: number): Ruleset {
  const isAlive = ({ timeoutMs }: { timeoutMs: number | null }) => timeoutMs === null || timeoutMs > elapsedMs;
  const tables = ruleset.tables.map((table) => ({
    ...table,
    maps: table.maps.map((map) => ({ ...map, elements: map.elements.filter(isAlive) })),
  }));
  return { ...ruleset, tables };
}

/** The set of leases as a renewal leaves it. */
function withLeases(ruleset: Ruleset, policy: InterceptPolicy): Ruleset {
  const elements = policy.apps.flatMap((one) =>
    (leaseOf(one)?.marks ?? []).map((key) => ({ key, value: null, timeoutMs: 3000, tag: null })),
  );
  const tables = ruleset.tables.map((table) => ({
    ...table,
    maps: table.maps.map((map) => (map.name === LEASE_SET ? { ...map, elements } : map)),
  }));
  return { ...ruleset, tables };
}

function policyOf(...apps: InterceptedApp[]): InterceptPolicy {
  return { apps, guard: { uids: [1337], gids: [] }, sshPorts: [], sshPeers: [], reservedPorts: [], keeper: true };
}

function app(
  parts: Pick<InterceptedApp, 'slot' | 'select' | 'outboundPort'> & Partial<InterceptedApp>,
): InterceptedApp {
  return {
    name: `app${parts.slot}`,
    mode: 'redirect',
    inboundPort: null,
    outbound: { ports: [], cidrs: [], exclude: { ports: [], cidrs: [] } },
    inbound: null,
    families: { ipv4: true, ipv6: true },
    acceptsSshRisk: false,
    leaseSeconds: null,
    deadline: null,
    ...parts,
  };
}
