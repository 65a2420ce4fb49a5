/** The compiler from a policy to iptables rules of one family. */
import { unreachable } from '../../../errors/unreachable.ts';
import type { Cidr, PortRange } from '../../../mesh/mesh-config.ts';
import { SELECTOR_KINDS } from '../../../mesh/selector-kinds.ts';
import { type DirectedPolicy, directedPolicies } from '../app-policy.ts';
import { DIRECT_DESTINATIONS, DIRECT_SOURCES } from '../local-networks.ts';
import { type Direction, FOREIGN_MARK, MARK_MAGIC, MARK_MAGIC_MASK } from '../mark.ts';
import type { InterceptPolicy } from '../policy.ts';
import { hashPolicy } from '../policy-hash.ts';
import { rule } from '../rule.ts';
import type { Chain, KnownRule, Match, Ruleset } from '../ruleset.ts';
import type { OwnerTag } from '../tag.ts';

/** The table that iptables redirects in. */
export const IPTABLES_TABLE = 'nat';
/** An empty chain that marks a table made by weir: it is removed together with weir's chains. */
export const MADE_TABLE_CHAIN = 'WEIR_MADE_TABLE';
/** Jumped to from POSTROUTING; its mark match keeps connection tracking on. */
export const KEEP_CHAIN = 'WEIR_KEEP';

/** xt_multiport holds 15 ports; a range takes two of them (man iptables-extensions). */
const MULTIPORT_SLOTS = 15;
/** iptables evaluates its built-in nat chains at this priority. */
const PRIORITY = -100;

/** The inputs of a lowering to iptables besides the policy. */
export interface IptablesTarget {
  readonly family: 4 | 6;
  /** Mark the table as made by weir (see MADE_TABLE_CHAIN). */
  readonly madeTable: boolean;
}

/**
 * Lowers a policy to the nat table of one family. iptables has no verdict maps, so each application has a chain
 * `WEIR_O_<slot>` (outbound) or `WEIR_I_<slot>` (inbound), entered by one rule a selector. A switch is one RETURN at
 * the head of that chain. Lists of included ports and networks need alternatives, which stand in a tail chain.
 */
export function compileIptables(policy: InterceptPolicy, target: IptablesTarget): Ruleset {
  const directed = policy.apps.flatMap((app) => directedPolicies(app, policy));
  const diverted = directed.filter((one) => isInFamily(one, target.family));
  const chains: Chain[] = [];
  if (diverted.length > 0) {
    chains.push(outputChain(policy, directed, target.family), preroutingChain(directed, target.family));
    for (const one of diverted) chains.push(...appChains(one, target.family));
  }
  if (policy.keeper || policy.apps.length > 0) chains.push(keepChain());
  if (target.madeTable && chains.length > 0) chains.push({ name: MADE_TABLE_CHAIN, hook: null, rules: [] });
  chains.sort((a, b) => (a.name < b.name ? -1 : 1));
  const tables = chains.length > 0 ? [{ name: IPTABLES_TABLE, maps: [], chains }] : [];
  return { scope: target.family === 4 ? 'ip' : 'ip6', tables };
}

/** The chain of one application and direction; `R` chains are the tails that mark and redirect. */
export function iptablesAppChain(direction: Direction, slot: number, tail = false): string {
  const letter = direction === 'outbound' ? 'O' : 'I';
  return `WEIR_${letter}${tail ? 'R' : ''}_${slot.toString(16).padStart(4, '0')}`;
}

/** The xt_recent list of one application, both directions and families: `/proc/net/xt_recent/weir_0001`. */
export function leaseList(slot: number): string {
  return `weir_${slot.toString(16).padStart(4, '0')}`;
}

function outputChain(policy: InterceptPolicy, directed: readonly DirectedPolicy[], family: 4 | 6): Chain {
  const leftAlone: Match[] = [
    ...notFirstPacket(),
    ...leaves('daddr', DIRECT_DESTINATIONS, family),
    // One rule an id: the owner match takes one id or one range.
    ...policy.guard.uids.map((id): Match => ({ on: 'uid', ids: [id] })),
    ...policy.guard.gids.map((id): Match => ({ on: 'gid', ids: [id] })),
  ];
  const outbound = directed.filter((one) => one.direction === 'outbound');
  const ranked = outbound.map((one) => ({ one, rank: selectorRank(one) })).sort((a, b) => a.rank - b.rank);
  return hookChain(
    'WEIR_OUTPUT',
    'output',
    leftAlone,
    ranked.flatMap(({ one }) => selectorMatches(one).map((match) => enter(one, [match].flat(), family))),
  );
}

function preroutingChain(directed: readonly DirectedPolicy[], family: 4 | 6): Chain {
  const leftAlone: Match[] = [
    ...notFirstPacket(),
    { on: 'iif', name: 'lo' },
    { on: 'local-destination', negate: true },
    ...leaves('saddr', DIRECT_SOURCES, family),
  ];
  const inbound = directed.filter((one) => one.direction === 'inbound');
  const specific = inbound.filter((one) => one.includePorts.length > 0);
  const catchAll = inbound.filter((one) => one.includePorts.length === 0);
  const entries = [
    ...specific.flatMap((one) => portMatches(one.includePorts).map((match) => enter(one, [match], family))),
    ...catchAll.map((one) => enter(one, [], family)),
  ];
  return hookChain('WEIR_PREROUTING', 'prerouting', leftAlone, entries);
}

function leaves(on: 'daddr' | 'saddr', cidrs: readonly Cidr[], family: 4 | 6): Match[] {
  const own = cidrs.filter((cidr) => cidr.family === family);
  return own.map((cidr) => ({ on, cidrs: [cidr], negate: false }));
}

function hookChain(
  name: string,
  at: 'output' | 'prerouting',
  leftAlone: readonly Match[],
  entries: readonly KnownRule[],
): Chain {
  const tag: OwnerTag = { app: null, hash: hashPolicy({ leftAlone, FOREIGN_MARK }), by: null };
  return {
    name,
    // Outbound first in the built-in chain: a rule after somebody's DNAT would never fire. Inbound after all others: a
    // port that somebody forwards elsewhere is not the application's.
    hook: { at, type: 'nat', priority: PRIORITY, position: at === 'output' ? 1 : 'last' },
    rules: [
      ...leftAlone.map((match) => ipRule([match], { to: 'return' }, tag)),
      ipRule(FOREIGN_MARK, { to: 'return' }, tag),
      ...entries,
    ],
  };
}

/**
 * The rule that sends a packet into its application's chain, until the deadline if there is one. An application that is
 * not diverted in this family still claims its packets, lest a less specific selector further down divert them.
 */
function enter(one: DirectedPolicy, matches: readonly Match[], family: 4 | 6): KnownRule {
  const deadline = one.app.deadline;
  const until: Match[] = deadline === null ? [] : [{ on: 'before', epochSeconds: deadline.epochSeconds }];
  const chain = iptablesAppChain(one.direction, one.app.slot);
  const verdict = isInFamily(one, family) ? ({ to: 'goto', chain } as const) : ({ to: 'return' } as const);
  return ipRule([...matches, ...until], verdict, tagOf(one));
}

function isInFamily(one: DirectedPolicy, family: 4 | 6): boolean {
  return family === 4 ? one.app.families.ipv4 : one.app.families.ipv6;
}

function selectorRank(one: DirectedPolicy): number {
  const { select } = one.app;
  // The deepest slice is the most specific one; no path of the kernel has a thousand parts.
  const depth = select.kind === 'slice' ? select.path.split('/').length : 0;
  return 1000 * SELECTOR_KINDS[select.kind].breadth - depth;
}

function selectorMatches(one: DirectedPolicy): (Match | Match[])[] {
  const select = one.app.select;
  switch (select.kind) {
    case 'users':
      return select.uids.map((uid) => ({ on: 'uid', ids: [uid] }));
    case 'group':
      return [{ on: 'gid', ids: [select.gid] }];
    case 'slice':
      return [{ on: 'cgroup', path: select.path }];
    case 'all':
      return [[]];
    default:
      return unreachable(select);
  }
}

function appChains(one: DirectedPolicy, family: 4 | 6): Chain[] {
  const tag = tagOf(one);
  const address = one.direction === 'outbound' ? 'daddr' : 'saddr';
  const name = iptablesAppChain(one.direction, one.app.slot);
  const tail = iptablesAppChain(one.direction, one.app.slot, true);
  const excluded: Match[] = [
    ...portMatches(one.excludePorts),
    ...one.excludeCidrs
      .filter((cidr) => cidr.family === family)
      .map((cidr): Match => ({ on: address, cidrs: [cidr], negate: false })),
  ];
  const lease = leaseMatches(one, family).map((match) => ipRule([match], { to: 'return' }, tag));
  const divert = [
    ipRule([], { to: 'continue' }, tag, one.mark),
    ipRule([{ on: 'protocol', protocol: 'tcp', negate: false }], { to: 'redirect', port: one.port }, tag),
  ];
  // Inbound ports were matched on the way in.
  const ports = one.direction === 'inbound' ? [] : portMatches(one.includePorts);
  const cidrs = one.includeCidrs
    .filter((cidr) => cidr.family === family)
    .map((cidr): Match => ({ on: address, cidrs: [cidr], negate: false }));
  const rules = [...lease, ...excluded.map((match) => ipRule([match], { to: 'return' }, tag))];
  if (one.includeCidrs.length > 0 && cidrs.length === 0) return [{ name, hook: null, rules }];
  if (ports.length === 0 && cidrs.length === 0) return [{ name, hook: null, rules: [...rules, ...divert] }];
  const included = alternatives(ports, cidrs).map((matches) => ipRule(matches, { to: 'goto', chain: tail }, tag));
  return [
    { name, hook: null, rules: [...rules, ...included] },
    { name: tail, hook: null, rules: divert },
  ];
}

/** The condition under which a leased application goes direct: nobody has renewed its lease in time. */
function leaseMatches({ app }: DirectedPolicy, family: 4 | 6): Match[] {
  if (app.leaseSeconds === null) return [];
  return [{ on: 'lease', list: leaseList(app.slot), seconds: app.leaseSeconds, family, negate: true }];
}

/** Every pair of a port condition and a network condition; a missing list does not restrict. */
function alternatives(ports: readonly Match[], cidrs: readonly Match[]): Match[][] {
  if (ports.length === 0) return cidrs.map((cidr) => [cidr]);
  if (cidrs.length === 0) return ports.map((port) => [port]);
  return cidrs.flatMap((cidr) => ports.map((port) => [cidr, port]));
}

/** Port conditions in chunks that xt_multiport can hold. */
function portMatches(ranges: readonly PortRange[]): Match[] {
  const chunks: PortRange[][] = [];
  let room = 0;
  for (const range of ranges) {
    const slots = range.from === range.to ? 1 : 2;
    if (slots > room) {
      chunks.push([]);
      room = MULTIPORT_SLOTS;
    }
    chunks.at(-1)?.push(range);
    room -= slots;
  }
  return chunks.map((ports) => ({ on: 'dport', ports, negate: false }));
}

function keepChain(): Chain {
  const tag: OwnerTag = { app: null, hash: null, by: null };
  return {
    name: KEEP_CHAIN,
    hook: { at: 'postrouting', type: 'nat', priority: PRIORITY, position: 'last' },
    rules: [ipRule([{ on: 'mark', mark: MARK_MAGIC, mask: MARK_MAGIC_MASK, negate: false }], { to: 'continue' }, tag)],
  };
}

function notFirstPacket(): Match[] {
  return [
    { on: 'protocol', protocol: 'tcp', negate: true },
    { on: 'syn', negate: true },
  ];
}

function tagOf(one: DirectedPolicy): OwnerTag {
  return { app: one.app.name, hash: one.hash, by: null };
}

function ipRule(matches: readonly Match[], verdict: KnownRule['verdict'], tag: OwnerTag, mark?: number): KnownRule {
  return rule(matches, verdict, {
    counter: true,
    tag,
    ...(mark === undefined ? {} : { actions: [{ do: 'set-mark', mark }] }),
  });
}
