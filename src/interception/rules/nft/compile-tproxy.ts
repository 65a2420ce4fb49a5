/** The nft table of transparent proxying: packet marks, a memory of flows and TPROXY, and no connection tracking. */
import type { Cidr } from '../../../mesh/mesh-config.ts';
import { type DirectedPolicy, directedPolicies } from '../app-policy.ts';
import { DIRECT_DESTINATIONS, DIRECT_SOURCES } from '../local-networks.ts';
import { ROUTE_MARK } from '../mark.ts';
import type { InterceptPolicy } from '../policy.ts';
import { hashPolicy } from '../policy-hash.ts';
import { rule } from '../rule.ts';
import type { Action, Chain, KnownRule, LookupKey, Match, RuleVerdict, Table } from '../ruleset.ts';
import type { OwnerTag } from '../tag.ts';
import { type Lookup, leftAlone, nftLookup, outputLookups } from './app-lookup.ts';
import { BYPASS_SET, byName, LEASE_SET, OFF_SET, TableMaps } from './table-maps.ts';

/** Name of the table of transparent proxying. It has none of conntrack's words: they would turn tracking on. */
export const TPROXY_TABLE = 'weir_tproxy';

/**
 * One after iptables' mangle (-150): marks that another program sets there are seen, and left alone. Nothing of mangle
 * comes afterwards and overwrites ours.
 */
const PRIORITY = -149;

/** Seconds without a packet after which a connection is forgotten: as conntrack's own for established ones. */
const OPEN_S = 432_000;
/** The same once one side has sent FIN or RST, as conntrack's for these states. */
const CLOSING_S = 120;
/** How long the kernel remembers whose rules and which listener took a connection. Proofs ask within seconds. */
const PROOF_S = 30;

const FAMILIES = [4, 6] as const;

/**
 * The sets that packets fill: open flows, closing ones, new ones with the mark of their application, and new ones that a
 * listener took. The last two are what proofs are made of.
 */
export const FLOW_SETS = {
  open: { 4: 'flow4', 6: 'flow6' },
  closing: { 4: 'closing4', 6: 'closing6' },
  origin: { 4: 'origin4', 6: 'origin6' },
  taken: { 4: 'taken4', 6: 'taken6' },
} as const;

/** The verdict map from the mark of an application to the listener of its sidecar. */
export const LISTENERS_MAP = 'listener';

const TCP: Match = { on: 'protocol', protocol: 'tcp', negate: false };
const TAG: OwnerTag = { app: null, hash: null, by: null };

/**
 * The table of the applications in mode tproxy. A SYN of an application is marked, remembered by its endpoints and
 * routed to loopback, where the sidecar's listener takes it. Later packets are routed there because they are
 * remembered. So rules that come or go change nothing for a connection that is open.
 */
export function tproxyTable(policy: InterceptPolicy): Table {
  const apps = policy.apps.filter(({ mode }) => mode === 'tproxy');
  const directed = apps.flatMap((app) => directedPolicies(app, policy));
  const maps = new TableMaps();
  for (const family of FAMILIES) {
    for (const set of Object.values(FLOW_SETS))
      maps.declare(set[family], { by: 'flow', family, isMarked: set === FLOW_SETS.origin }, 'none', true);
  }
  const chains = new Map<string, Chain>(memoryChains().map((chain) => [chain.name, chain]));
  for (const one of directed) {
    const lookup = nftLookup(one.app, one.direction);
    const chain = one.direction === 'outbound' ? outboundChain(one, lookup) : inboundChain(one, lookup);
    chains.set(chain.name, chain);
    maps.enter(one, lookup, chain.name);
    if (one.direction === 'inbound') continue;
    const listener = listenerChain(one.port, one.app.leaseSeconds !== null);
    chains.set(listener.name, listener);
    const tag: OwnerTag = { app: one.app.name, hash: one.hash, by: null };
    maps
      .declare(LISTENERS_MAP, { by: 'mark' }, 'verdict', false)
      .push({ key: one.mark, value: { goto: listener.name }, timeoutMs: null, tag });
  }
  chains.set('output', outputChain(policy, maps.names()));
  for (const chain of preroutingChains(maps.names())) chains.set(chain.name, chain);
  return { name: TPROXY_TABLE, maps: maps.all(), chains: [...chains.values()].sort(byName) };
}

/** What a packet of a connection that is open meets: it is routed as its first one was. */
function memoryChains(): Chain[] {
  const known = FAMILIES.flatMap((family) => [
    plain([{ on: 'flow-in', set: FLOW_SETS.open[family], family }], { to: 'goto', chain: `open${family}` }),
  ]);
  const closing = FAMILIES.map((family) =>
    plain([{ on: 'flow-in', set: FLOW_SETS.closing[family], family }], { to: 'return' }, [
      { do: 'set-packet-mark', mark: ROUTE_MARK },
      remember(FLOW_SETS.closing[family], family, CLOSING_S),
    ]),
  );
  const open = FAMILIES.flatMap((family): Chain[] => [
    {
      name: `open${family}`,
      hook: null,
      rules: [
        plain([], { to: 'continue' }, [{ do: 'set-packet-mark', mark: ROUTE_MARK }]),
        plain([{ on: 'flag', flag: 'fin' }], { to: 'goto', chain: `close${family}` }),
        plain([{ on: 'flag', flag: 'rst' }], { to: 'goto', chain: `close${family}` }),
        plain([], { to: 'continue' }, [remember(FLOW_SETS.open[family], family, OPEN_S)]),
      ],
    },
    {
      name: `close${family}`,
      hook: null,
      rules: [
        plain([], { to: 'continue' }, [remember(FLOW_SETS.closing[family], family, CLOSING_S)]),
        plain([], { to: 'continue' }, [forget(FLOW_SETS.open[family], family)]),
      ],
    },
  ]);
  return [{ name: 'known', hook: null, rules: [...known, ...closing] }, ...open];
}

/** A maker of rules that carry one application's tag. */
function tagged(tag: OwnerTag) {
  return (matches: readonly Match[], verdict: RuleVerdict, actions: readonly Action[], counter = false): KnownRule =>
    rule(matches, verdict, { actions, counter, tag });
}

/** A SYN of an application on its way out: marked, remembered, and routed to loopback by its mark. */
function outboundChain(one: DirectedPolicy, lookup: Lookup): Chain {
  const { tag, head } = profile(one, lookup);
  const own = tagged(tag);
  return {
    name: profileName(one, lookup),
    hook: null,
    rules: [
      ...head,
      ...FAMILIES.map((family) => own([], { to: 'continue' }, [origin(family)])),
      ...FAMILIES.map((family) => own([], { to: 'return' }, [remember(FLOW_SETS.open[family], family, OPEN_S)], true)),
      // The kernel could not remember it (the set is full): its later packets would go direct, so all of them do.
      own([], { to: 'continue' }, [{ do: 'set-packet-mark', mark: 0 }], true),
    ],
  };
}

/** A SYN that comes in for an application. The kernel finds the later packets' socket by itself. */
function inboundChain(one: DirectedPolicy, lookup: Lookup): Chain {
  const { tag, head } = profile(one, lookup);
  const own = tagged(tag);
  return {
    name: profileName(one, lookup),
    hook: null,
    rules: [
      ...head,
      ...FAMILIES.map((family) => own([], { to: 'continue' }, [origin(family)])),
      // Without the mark again: a socket may inherit it, and its replies would be routed by it.
      own([], { to: 'continue' }, [{ do: 'set-packet-mark', mark: 0 }]),
      ...FAMILIES.map((family) => own([], { to: 'continue' }, [remember(FLOW_SETS.open[family], family, OPEN_S)])),
      ...taken(one.port, [null, null], tag),
      ...untaken(one.app.leaseSeconds !== null, tag),
    ],
  };
}

/** The listener of a sidecar for SYNs that came back by loopback. */
function listenerChain(port: number, isLeased: boolean): Chain {
  const name = `listener_${port}${isLeased ? '_leased' : ''}`;
  const hash = hashPolicy({ listener: port, ...(isLeased ? { isLeased } : {}) });
  const tag: OwnerTag = { app: null, hash, by: null };
  const unmark = rule([], { to: 'continue' }, { actions: [{ do: 'set-packet-mark', mark: 0 }], tag });
  const rules = [unmark, ...taken(port, ['127.0.0.1', '::1'], tag), ...untaken(isLeased, tag)];
  return { name, hook: null, rules };
}

function taken(port: number, [ipv4, ipv6]: readonly [string | null, string | null], tag: OwnerTag): KnownRule[] {
  return FAMILIES.map((family) =>
    rule(
      [TCP, { on: 'family', family }],
      {
        to: 'tproxy',
        family,
        address: family === 4 ? ipv4 : ipv6,
        port,
        taken: { set: FLOW_SETS.taken[family], seconds: PROOF_S },
      },
      { counter: true, tag },
    ),
  );
}

/**
 * The SYN that no listener took must not reach another server of this host at the same port: its connection is refused.
 * That of a leased application is dropped. TCP sends it again a second later, and then the rules may say otherwise.
 */
function untaken(isLeased: boolean, tag: OwnerTag): KnownRule[] {
  if (!isLeased) return [rule([TCP], { to: 'reset' }, { counter: true, tag })];
  return [
    ...FAMILIES.map((family) =>
      rule([], { to: 'continue' }, { actions: [forget(FLOW_SETS.open[family], family)], tag }),
    ),
    rule([TCP], { to: 'drop' }, { counter: true, tag }),
  ];
}

/** What both directions begin with: what the policy leaves alone, the mark, and the switches. */
function profile(one: DirectedPolicy, lookup: Lookup): { readonly tag: OwnerTag; readonly head: readonly KnownRule[] } {
  const matches = leftAlone(one, lookup);
  const isLeased = one.app.leaseSeconds !== null;
  const tag: OwnerTag = { app: null, hash: profileHash(one, lookup), by: null };
  const goesDirect = (set: string, negate: boolean): KnownRule =>
    rule(
      [{ on: 'packet-mark-in', set, negate }],
      { to: 'return' },
      { actions: [{ do: 'set-packet-mark', mark: 0 }], counter: true, tag },
    );
  return {
    tag,
    head: [
      ...matches.map((match) => rule([match], { to: 'return' }, { tag })),
      rule(
        [],
        { to: 'continue' },
        { actions: [{ do: 'set-packet-mark-from-map', key: lookup.key, map: `${lookup.name}_mark` }], tag },
      ),
      goesDirect(OFF_SET, false),
      goesDirect(BYPASS_SET, false),
      ...(isLeased ? [goesDirect(LEASE_SET, true)] : []),
    ],
  };
}

function profileHash(one: DirectedPolicy, lookup: Lookup): string {
  const leased = one.app.leaseSeconds !== null;
  return hashPolicy({ matches: leftAlone(one, lookup), port: one.port, lookup: lookup.name, leased, mode: 'tproxy' });
}

function profileName(one: DirectedPolicy, lookup: Lookup): string {
  return `${lookup.name}_${profileHash(one, lookup)}`;
}

/** A marked packet is another program's, or its program asked for a route of its own: left alone. */
const FOREIGN: Match = { on: 'packet-mark', mark: 0, mask: 0xffffffff, negate: true };

const NOT_TCP: Match = { on: 'protocol', protocol: 'tcp', negate: true };
const NOT_FIRST: Match = { on: 'syn', negate: true };

function outputChain(policy: InterceptPolicy, maps: readonly string[]): Chain {
  const { uids, gids } = policy.guard;
  const matches: Match[] = DIRECT_DESTINATIONS.map((cidr) => leaves('daddr', cidr));
  if (uids.length > 0) matches.push({ on: 'uid', ids: uids });
  if (gids.length > 0) matches.push({ on: 'gid', ids: gids });
  const used = outputLookups(maps);
  const tag: OwnerTag = { app: null, hash: hashPolicy({ matches, FOREIGN, used }), by: null };
  return {
    name: 'output',
    hook: { at: 'output', type: 'route', priority: PRIORITY, position: null },
    rules: [
      rule([NOT_TCP], { to: 'return' }, { tag }),
      rule([FOREIGN], { to: 'return' }, { counter: true, tag }),
      rule([NOT_FIRST], { to: 'goto', chain: 'known' }, { tag }),
      // A new connection between the same endpoints as one that ended without a word.
      ...FAMILIES.flatMap((family) => [
        rule([], { to: 'continue' }, { actions: [forget(FLOW_SETS.open[family], family)], tag }),
        rule([], { to: 'continue' }, { actions: [forget(FLOW_SETS.closing[family], family)], tag }),
      ]),
      ...matches.map((match) => rule([match], { to: 'return' }, { tag })),
      ...used.map(([name, key]) => rule([], { to: 'dispatch', key, map: `${name}_app` }, { tag })),
    ],
  };
}

function preroutingChains(maps: readonly string[]): Chain[] {
  const used = [
    ['in_port', { by: 'dport' }],
    ['in_all', { by: 'protocol' }],
  ].filter(([name]) => maps.includes(`${name}_app`)) as [string, LookupKey][];
  const listeners: KnownRule[] = maps.includes(LISTENERS_MAP)
    ? [plain([], { to: 'dispatch', key: { by: 'packet-mark' }, map: LISTENERS_MAP })]
    : [];
  const leftOut: Match[] = [
    NOT_FIRST,
    { on: 'local-destination', negate: true },
    ...DIRECT_SOURCES.map((cidr) => leaves('saddr', cidr)),
  ];
  return [
    {
      name: 'prerouting',
      hook: { at: 'prerouting', type: 'filter', priority: PRIORITY, position: null },
      rules: [
        plain([NOT_TCP], { to: 'return' }),
        plain([{ on: 'iif', name: 'lo' }], { to: 'goto', chain: 'from_loopback' }),
        plain([{ on: 'flag', flag: 'fin' }], { to: 'goto', chain: 'was_ended' }),
        plain([{ on: 'flag', flag: 'rst' }], { to: 'goto', chain: 'was_ended' }),
        ...leftOut.map((match) => plain([match], { to: 'return' })),
        rule([FOREIGN], { to: 'return' }, { counter: true, tag: TAG }),
        ...used.map(([name, key]) => plain([], { to: 'dispatch', key, map: `${name}_app` })),
      ],
    },
    {
      name: 'from_loopback',
      hook: null,
      rules: [
        plain([{ on: 'flag', flag: 'rst' }], { to: 'goto', chain: 'was_reset' }),
        plain([NOT_FIRST], { to: 'return' }),
        ...listeners,
      ],
    },
    // The other side has ended an inbound connection; one that is half open lives on without being remembered.
    { name: 'was_ended', hook: null, rules: forgetting(false) },
    // The sidecar has reset an outbound one.
    { name: 'was_reset', hook: null, rules: forgetting(true) },
  ];
}

function forgetting(isReply: boolean): KnownRule[] {
  return FAMILIES.map((family) =>
    plain([], { to: 'continue' }, [{ do: 'forget-flow', set: FLOW_SETS.open[family], family, isReply }]),
  );
}

function plain(matches: readonly Match[], verdict: RuleVerdict, actions: readonly Action[] = []): KnownRule {
  return rule(matches, verdict, { actions, tag: TAG });
}

function remember(set: string, family: 4 | 6, seconds: number): Action {
  return { do: 'remember-flow', set, family, seconds, isMarked: false };
}

function origin(family: 4 | 6): Action {
  return { do: 'remember-flow', set: FLOW_SETS.origin[family], family, seconds: PROOF_S, isMarked: true };
}

function forget(set: string, family: 4 | 6): Action {
  return { do: 'forget-flow', set, family, isReply: false };
}

function leaves(on: 'daddr' | 'saddr', cidr: Cidr): Match {
  return { on, cidrs: [cidr], negate: false };
}
