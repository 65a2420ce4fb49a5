/** Generator of interception policies. */
import fc from 'fast-check';
import type { InterceptedApp, InterceptPolicy, ResolvedSelector } from '../../src/interception/rules/policy.ts';
import { mergeCidrs } from '../../src/mesh/cidr.ts';
import type { Cidr, PortRange, TrafficScope } from '../../src/mesh/mesh-config.ts';
import { mergePortRanges } from '../../src/mesh/port-range.ts';
import type { Packet } from './evaluate-ruleset.ts';

// Small worlds, so that random packets meet random conditions often.
const UIDS = [1000, 1001, 1002];
const GIDS = [100, 101];
const SLICES = ['mesh.slice', 'mesh.slice/pay.service', 'mesh.slice/pay.service/worker', 'web.slice'];
const CGROUPS = ['mesh.slice/pay.service/worker', 'mesh.slice/pay.service', 'web.slice/a.service', 'other.slice', ''];
const PORTS = [20880, 80, 81, 443, 8080, 22];
const INBOUND_PORTS = [7001, 7002];
const NETWORKS: Cidr[] = [
  { family: 4, text: '10.0.0.0/8' },
  { family: 4, text: '10.1.0.0/16' },
  { family: 4, text: '192.0.2.7/32' },
  { family: 6, text: '2001:db8::/32' },
  { family: 6, text: '2001:db8:1::/48' },
];
const ADDRESSES = {
  4: ['10.1.2.3', '10.2.0.1', '192.0.2.7', '198.51.100.1', '127.0.0.53'],
  6: ['2001:db8::1', '2001:db8:1::1', '2001:db9::1', '::1'],
} as const;

/** When the policies of `arbitraryPolicy` are installed: milliseconds since the epoch, a whole second. */
export const INSTALLED_AT_MS = 1_800_000_000_000;

const port = fc.constantFrom(...PORTS);
const range: fc.Arbitrary<PortRange> = fc.oneof(
  port.map((from) => ({ from, to: from })),
  fc.tuple(port, fc.integer({ min: 1, max: 12 })).map(([from, more]) => ({ from, to: from + more })),
  // Many single ports with gaps: more than one multiport match holds.
  fc.integer({ min: 0, max: 40 }).map((step) => ({ from: 80 + 2 * step, to: 80 + 2 * step })),
);
const ports = seldom(fc.array(range, { maxLength: 30 })).map(mergePortRanges);
const cidrs = seldom(fc.subarray(NETWORKS)).map(mergeCidrs);
const exclude = fc.record({ ports, cidrs });
const outbound: fc.Arbitrary<TrafficScope> = fc.record({ ports, cidrs, exclude });

/** Selectors that never claim the same user, group or slice twice, as a checked mesh.yaml has them. */
const selectors: fc.Arbitrary<ResolvedSelector[]> = fc.shuffledSubarray<ResolvedSelector>(
  [
    { kind: 'users', uids: UIDS.slice(0, 2) },
    { kind: 'users', uids: UIDS.slice(2) },
    ...GIDS.map((gid): ResolvedSelector => ({ kind: 'group', gid })),
    ...SLICES.map((path): ResolvedSelector => ({ kind: 'slice', path })),
    { kind: 'all' },
  ],
  { minLength: 1 },
);

const appParts = fc.record({
  outbound: fc.oneof({ weight: 9, arbitrary: outbound }, { weight: 1, arbitrary: fc.constant(null) }),
  inbound: fc.record({ cidrs, exclude }),
  families: fc.constantFrom(
    { ipv4: true, ipv6: true },
    { ipv4: true, ipv6: true },
    { ipv4: true, ipv6: false },
    { ipv4: false, ipv6: true },
  ),
  acceptsSshRisk: fc.boolean(),
  deadlineMs: fc.constantFrom(null, 1000, 5000),
  leaseSeconds: fc.constantFrom(null, null, 3),
});
type AppParts = typeof appParts extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * A policy as the use cases make it: no two apps with the same selector or inbound port, at most one app for all
 * inbound ports, only ports and networks of a small world.
 */
export const arbitraryPolicy: fc.Arbitrary<InterceptPolicy> = selectors.chain((selected) =>
  fc
    .record({
      parts: fc.array(appParts, { minLength: selected.length, maxLength: selected.length }),
      uids: fc.constantFrom([1337], [1002, 1337]),
      gids: fc.constantFrom([], [1337], [101]),
      sshPorts: fc.constantFrom([], [22], [22, 8080]),
      sshPeers: cidrs,
      reservedPorts: fc.constantFrom([15001], [81, 15001]),
      keeper: fc.boolean(),
    })
    .map(({ parts, uids, gids, sshPorts, ...rest }) => ({
      ...rest,
      guard: { uids, gids },
      sshPorts: sshPorts.map((from) => ({ from, to: from })),
      apps: parts.flatMap((part, index) => toApp(selected[index], part, index)),
    })),
);

function toApp(select: ResolvedSelector | undefined, parts: AppParts, index: number): InterceptedApp[] {
  if (select === undefined) return [];
  // The first apps get an inbound port each, one more gets all ports, the others no inbound at all.
  const inboundPort = INBOUND_PORTS[index];
  const inboundPorts = inboundPort === undefined ? [] : [{ from: inboundPort, to: inboundPort }];
  const { deadlineMs, inbound } = parts;
  return [
    {
      name: `app${index}`,
      mode: 'redirect',
      // Small and large slots: a mark has 16 bits for them.
      slot: index % 2 === 0 ? index + 1 : 0xffff - index,
      select,
      outboundPort: 15001 + index,
      inboundPort: 16001 + index,
      outbound: parts.outbound,
      inbound: index > INBOUND_PORTS.length ? null : { ...inbound, ports: inboundPorts },
      families: parts.families,
      acceptsSshRisk: parts.acceptsSshRisk,
      leaseSeconds: parts.leaseSeconds,
      deadline:
        deadlineMs === null ? null : { timeoutMs: deadlineMs, epochSeconds: (INSTALLED_AT_MS + deadlineMs) / 1000 },
    },
  ];
}

const outgoing = fc.record({
  hook: fc.constant('output'),
  uid: fc.constantFrom(...UIDS, 1337, 0),
  gid: fc.constantFrom(...GIDS, 1337, 5),
  cgroup: fc.constantFrom(...CGROUPS),
  iif: fc.constant(null),
  isLocalDestination: fc.constant(false),
} as const);

const incoming = fc.record({
  hook: fc.constant('prerouting'),
  uid: fc.constant(null),
  gid: fc.constant(null),
  cgroup: fc.constant(null),
  iif: mostly('eth0', 'lo'),
  isLocalDestination: mostly(true, false),
} as const);

/** Packets of the same small world as the policies. */
export const arbitraryPacket: fc.Arbitrary<Packet> = fc
  .tuple(
    fc.oneof(outgoing, incoming),
    fc.record({
      family: fc.constantFrom<4 | 6>(4, 6),
      protocol: mostly<'tcp' | 'udp'>('tcp', 'udp'),
      syn: mostly(true, false),
      addresses: fc.tuple(fc.nat(), fc.nat()),
      port: fc.oneof(port, fc.constantFrom(...INBOUND_PORTS), fc.integer({ min: 79, max: 165 })),
      mark: fc.constantFrom(0, 7),
    }),
  )
  .map(
    ([
      way,
      {
        addresses: [from, to],
        ...rest
      },
    ]) => {
      const pool: readonly string[] = ADDRESSES[rest.family];
      const address = (index: number): string => pool[index % pool.length] ?? '';
      return { ...way, ...rest, source: address(from), destination: address(to) };
    },
  );

// With every condition there at once hardly a packet would be diverted.
function seldom<T>(list: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary: list });
}

function mostly<T>(usual: T, other: T): fc.Arbitrary<T> {
  return fc.integer({ min: 0, max: 9 }).map((draw) => (draw === 9 ? other : usual));
}
