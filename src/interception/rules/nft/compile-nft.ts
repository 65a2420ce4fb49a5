/** The compiler from a policy to native nft tables. */
import type { Cidr } from '../../../mesh/mesh-config.ts';
import { type DirectedPolicy, directedPolicies } from '../app-policy.ts';
import { DIRECT_DESTINATIONS, DIRECT_SOURCES } from '../local-networks.ts';
import { FOREIGN_MARK, MARK_MAGIC, MARK_MAGIC_MASK } from '../mark.ts';
import type { InterceptedApp, InterceptPolicy } from '../policy.ts';
import { hashPolicy } from '../policy-hash.ts';
import { rule } from '../rule.ts';
import type { Chain, KnownRule, LookupKey, Match, Ruleset, Table } from '../ruleset.ts';
import type { OwnerTag } from '../tag.ts';
import { type Lookup, leftAlone, nftLookup, outputLookups } from './app-lookup.ts';
import { tproxyTable } from './compile-tproxy.ts';
import { BYPASS_SET, byName, LEASE_SET, OFF_SET, TableMaps } from './table-maps.ts';

/**
 * Native nft hooks. Outbound runs one before iptables' -100, so that an older DNAT of another program does not win over
 * us. Inbound runs one after it: a port that is forwarded elsewhere is not the application's. The first NAT chain that
 * maps a connection is the last one that sees it (nf_nat_core.c, nf_nat_inet_fn).
 */
const PRIORITY = { output: -101, prerouting: -99 } as const;

/** Name of the chain in which refusals end. */
const UNREFUSED = 'unrefused';

/** Name of the table that diverts. */
export const NFT_TABLE = 'weir';
/** Name of the table that keeps conntrack and de-NAT alive for connections that are still proxied. */
export const NFT_KEEP_TABLE = 'weir_keep';

/**
 * Lowers a policy to native nft. The number of rules does not grow with the number of applications. Verdict maps send
 * each application to a chain that all applications of the same shape share. A second map gives the conntrack mark. So
 * a packet costs one look-up for each kind of selector.
 */
export function compileNft(policy: InterceptPolicy): Ruleset {
  const tables: Table[] = [];
  const isDiverting = (mode: InterceptedApp['mode']): boolean => policy.apps.some((app) => app.mode === mode);
  if (isDiverting('redirect')) tables.push(divertTable(policy));
  if (isDiverting('tproxy') || policy.flowKeeper === true) tables.push(tproxyTable(policy));
  if (policy.keeper || isDiverting('redirect')) tables.push(keepTable());
  return { scope: 'inet', tables };
}

function divertTable(policy: InterceptPolicy): Table {
  const apps = policy.apps.filter(({ mode }) => mode === 'redirect');
  const directed = apps.flatMap((app) => directedPolicies(app, policy));
  const maps = new TableMaps();
  const chains = new Map<string, Chain>();
  const byShape = new Map<string, Chain>();
  for (const one of directed) {
    const lookup = nftLookup(one.app, one.direction);
    const shape = `${lookup.name} ${one.shape}`;
    const chain = byShape.get(shape) ?? profileChain(one, lookup);
    byShape.set(shape, chain);
    chains.set(chain.name, chain);
    maps.enter(one, lookup, chain.name);
  }
  chains.set('output', outputChain(policy, maps.names()));
  chains.set('prerouting', preroutingChain(maps.names()));
  if (apps.some(({ leaseSeconds }) => leaseSeconds !== null)) chains.set(UNREFUSED, unrefusedChain());
  return { name: NFT_TABLE, maps: maps.all(), chains: [...chains.values()].sort(byName) };
}

/** The chain that all applications with the same scope, target port and kind of selector share. */
function profileChain(one: DirectedPolicy, lookup: Lookup): Chain {
  const matches = leftAlone(one, lookup);
  const hash = hashPolicy({ matches, port: one.port, lookup: lookup.name, leased: one.app.leaseSeconds !== null });
  const tag: OwnerTag = { app: null, hash, by: null };
  const unmark = { do: 'set-mark', mark: 0 } as const;
  const goesDirect = (match: Match): KnownRule =>
    rule([match], { to: 'return' }, { actions: [unmark], counter: true, tag });
  const rules = [
    ...matches.map((match) => rule([match], { to: 'return' }, { tag })),
    rule(
      [],
      { to: 'continue' },
      { actions: [{ do: 'set-mark-from-map', key: lookup.key, map: `${lookup.name}_mark` }], tag },
    ),
    goesDirect({ on: 'mark-in', set: OFF_SET, negate: false }),
    goesDirect({ on: 'mark-in', set: BYPASS_SET, negate: false }),
    ...(one.app.leaseSeconds !== null ? [goesDirect({ on: 'mark-in', set: LEASE_SET, negate: true })] : []),
    rule(
      [{ on: 'protocol', protocol: 'tcp', negate: false }],
      { to: 'redirect', port: one.port },
      { counter: true, tag },
    ),
  ];
  return { name: `${lookup.name}_${hash}`, hook: null, rules };
}

function outputChain(policy: InterceptPolicy, maps: readonly string[]): Chain {
  const { uids, gids } = policy.guard;
  const matches: Match[] = [...notFirstPacket(), ...DIRECT_DESTINATIONS.map((cidr) => leaves('daddr', cidr))];
  if (uids.length > 0) matches.push({ on: 'uid', ids: uids });
  if (gids.length > 0) matches.push({ on: 'gid', ids: gids });
  return hookChain('output', matches, outputLookups(maps));
}

function preroutingChain(maps: readonly string[]): Chain {
  const matches: Match[] = [
    ...notFirstPacket(),
    { on: 'iif', name: 'lo' },
    // Forwarded traffic is not ours: only what is addressed to this host reaches an application here.
    { on: 'local-destination', negate: true },
    ...DIRECT_SOURCES.map((cidr) => leaves('saddr', cidr)),
  ];
  const lookups: (readonly [string, LookupKey])[] = [
    ['in_port', { by: 'dport' }],
    ['in_all', { by: 'protocol' }],
  ];
  return hookChain(
    'prerouting',
    matches,
    lookups.filter(([name]) => maps.includes(`${name}_app`)),
  );
}

function leaves(on: 'daddr' | 'saddr', cidr: Cidr): Match {
  return { on, cidrs: [cidr], negate: false };
}

function hookChain(
  at: 'output' | 'prerouting',
  leftAlone: readonly Match[],
  used: readonly (readonly [string, LookupKey])[],
): Chain {
  const tag: OwnerTag = { app: null, hash: hashPolicy({ leftAlone, FOREIGN_MARK, used }), by: null };
  return {
    name: at,
    hook: { at, type: 'nat', priority: PRIORITY[at], position: null },
    rules: [
      ...leftAlone.map((match) => rule([match], { to: 'return' }, { tag })),
      rule(FOREIGN_MARK, { to: 'return' }, { counter: true, tag }),
      ...used.map(([name, key]) => rule([], { to: 'dispatch', key, map: `${name}_app` }, { tag })),
    ],
  };
}

/**
 * A leased application's connection is not refused while its sidecar listens nowhere: the refusal is dropped, and TCP
 * sends its SYN again a second later. Conntrack forgets a connection whose first answer is a reset
 * (nf_conntrack_proto_tcp.c, nf_conntrack_tcp_packet), so that SYN meets the rules as a new one: the bypass, the lapsed
 * lease, or a sidecar that listens again.
 */
function unrefusedChain(): Chain {
  const matches: Match[] = [
    { on: 'flag', flag: 'rst' },
    { on: 'mark-in', set: LEASE_SET, negate: false },
    { on: 'reply' },
    { on: 'unassured' },
  ];
  const tag: OwnerTag = { app: null, hash: hashPolicy({ matches }), by: null };
  return {
    name: UNREFUSED,
    hook: { at: 'output', type: 'filter', priority: 0, position: null },
    rules: [rule(matches, { to: 'drop' }, { counter: true, tag })],
  };
}

/** nat chains see a flow's first tracked packet, which need not be a SYN: an old connection must never be diverted. */
function notFirstPacket(): Match[] {
  return [
    { on: 'protocol', protocol: 'tcp', negate: true },
    { on: 'syn', negate: true },
  ];
}

function keepTable(): Table {
  const tag: OwnerTag = { app: null, hash: null, by: null };
  const counted: Match = { on: 'mark', mark: MARK_MAGIC, mask: MARK_MAGIC_MASK, negate: false };
  return {
    name: NFT_KEEP_TABLE,
    maps: [],
    chains: [
      // The empty nat chain keeps de-NAT registered; the mark match keeps connection tracking on.
      { name: 'nat', hook: { at: 'output', type: 'nat', priority: PRIORITY.output, position: null }, rules: [] },
      {
        name: 'proxied',
        hook: { at: 'output', type: 'filter', priority: 0, position: null },
        rules: [rule([counted], { to: 'continue' }, { counter: true, tag })],
      },
    ],
  };
}
