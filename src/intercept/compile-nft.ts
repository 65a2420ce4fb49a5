import { type DirectedPolicy, directedPolicies } from './app-policy.ts';
import { MARK_MAGIC, MARK_MAGIC_MASK } from './mark.ts';
import type { InterceptPolicy, ResolvedSelector } from './policy.ts';
import { hashPolicy } from './policy-hash.ts';
import { rule } from './rule.ts';
import type { Chain, KnownRule, LookupKey, MapElement, Match, RuleMap, Ruleset, Table } from './ruleset.ts';
import type { OwnerTag } from './tag.ts';

/** Native nft: one before iptables' -100, so that an older DNAT of somebody else does not win over us. */
const PRIORITY = -101;

/** Name of the table that diverts. */
export const NFT_TABLE = 'weir';
/** Name of the table that keeps conntrack and de-NAT alive for connections that are still proxied. */
export const NFT_KEEP_TABLE = 'weir_keep';
/** Sets of marks whose new connections go direct; an operator's decision and a supervisor's stay apart. */
export const OFF_SET = 'off';
/** See OFF_SET. */
export const BYPASS_SET = 'bypass';
/** Marks of leased apps that may be diverted; elements lapse in the kernel. */
export const LEASE_SET = 'lease';

const LOOPBACK: Match[] = [
  { on: 'daddr', cidrs: [{ family: 4, text: '127.0.0.0/8' }], negate: false },
  { on: 'daddr', cidrs: [{ family: 6, text: '::1/128' }], negate: false },
];

/**
 * Lowers a policy to native nft. The number of rules does not grow with the number of applications:
 * verdict maps send each application to a chain that all applications of the same shape share,
 * and a second map gives the conntrack mark, so a packet costs one look-up a selector kind.
 */
export function compileNft(policy: InterceptPolicy): Ruleset {
  const tables: Table[] = [];
  if (policy.apps.length > 0) tables.push(divertTable(policy));
  if (policy.keeper || policy.apps.length > 0) tables.push(keepTable());
  return { scope: 'inet', tables };
}

function divertTable(policy: InterceptPolicy): Table {
  const directed = policy.apps.flatMap((app) => directedPolicies(app, policy));
  const maps = new Map<string, { map: Omit<RuleMap, 'elements'>; elements: MapElement[] }>();
  const chains = new Map<string, Chain>();
  for (const marks of [OFF_SET, BYPASS_SET, LEASE_SET]) {
    maps.set(marks, {
      map: { name: marks, key: { by: 'mark' }, value: 'none', timeout: marks === LEASE_SET },
      elements: [],
    });
  }
  for (const one of directed) {
    const lookup = lookupOf(one);
    const chain = profileChain(one, lookup);
    chains.set(chain.name, chain);
    const verdicts = mapOf(maps, `${lookup.name}_app`, lookup.key, 'verdict');
    const marks = mapOf(maps, `${lookup.name}_mark`, lookup.key, 'mark');
    const tag: OwnerTag = { app: one.app.name, hash: one.hash, by: null };
    for (const key of lookup.keys) {
      verdicts.push({ key, value: { goto: chain.name }, timeoutMs: one.app.deadline?.timeoutMs ?? null, tag });
      marks.push({ key, value: { mark: one.mark }, timeoutMs: null, tag });
    }
  }
  const names = [...maps.keys()];
  chains.set('output', outputChain(policy, names));
  chains.set('prerouting', preroutingChain(names));
  return {
    name: NFT_TABLE,
    maps: [...maps.values()].map(({ map, elements }) => ({ ...map, elements: sortElements(elements) })).sort(byName),
    chains: [...chains.values()].sort(byName),
  };
}

/** Which map an application is found in, and under which keys. */
interface Lookup {
  readonly name: string;
  readonly key: LookupKey;
  readonly keys: readonly MapElement['key'][];
}

function lookupOf(one: DirectedPolicy): Lookup {
  if (one.direction === 'inbound') {
    if (one.includePorts.length === 0) return { name: 'in_all', key: { by: 'protocol' }, keys: ['tcp'] };
    return { name: 'in_port', key: { by: 'dport' }, keys: one.includePorts };
  }
  return selectorLookup(one.app.select);
}

function selectorLookup(select: ResolvedSelector): Lookup {
  switch (select.kind) {
    case 'users':
      return { name: 'out_uid', key: { by: 'uid' }, keys: select.uids };
    case 'group':
      return { name: 'out_gid', key: { by: 'gid' }, keys: [select.gid] };
    case 'slice': {
      const level = select.path.split('/').length;
      return { name: `out_cgroup${level}`, key: { by: 'cgroup', level }, keys: [select.path] };
    }
    case 'all':
      return { name: 'out_all', key: { by: 'protocol' }, keys: ['tcp'] };
  }
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

/** What this application's scope does not cover, as conditions under which a packet returns. */
function leftAlone(one: DirectedPolicy, lookup: Lookup): Match[] {
  const matches: Match[] = [];
  const address = one.direction === 'outbound' ? 'daddr' : 'saddr';
  if (!one.app.families.ipv6) matches.push({ on: 'family', family: 6 });
  if (!one.app.families.ipv4) matches.push({ on: 'family', family: 4 });
  if (one.excludePorts.length > 0) matches.push({ on: 'dport', ports: one.excludePorts, negate: false });
  for (const family of [4, 6] as const) {
    const excluded = one.excludeCidrs.filter((cidr) => cidr.family === family);
    const included = one.includeCidrs.filter((cidr) => cidr.family === family);
    if (excluded.length > 0) matches.push({ on: address, cidrs: excluded, negate: false });
    if (included.length > 0) matches.push({ on: address, cidrs: included, negate: true });
    // An include list that names only the other family covers nothing of this one.
    else if (one.includeCidrs.length > 0) matches.push({ on: 'family', family });
  }
  // A look-up by port has already found that the port is included.
  if (one.includePorts.length > 0 && lookup.key.by !== 'dport') {
    matches.push({ on: 'dport', ports: one.includePorts, negate: true });
  }
  return matches;
}

function outputChain(policy: InterceptPolicy, maps: readonly string[]): Chain {
  const { uids, gids } = policy.guard;
  const matches: Match[] = [...notFirstPacket(), ...LOOPBACK];
  if (uids.length > 0) matches.push({ on: 'uid', ids: uids });
  if (gids.length > 0) matches.push({ on: 'gid', ids: gids });
  const cgroups = maps.flatMap((name) => /^out_cgroup(\d+)_app$/.exec(name)?.[1] ?? []).map(Number);
  const lookups: [string, LookupKey][] = [
    ['out_uid', { by: 'uid' }],
    ['out_gid', { by: 'gid' }],
    // The deepest slice is the most specific one.
    ...cgroups
      .sort((a, b) => b - a)
      .map((level): [string, LookupKey] => [`out_cgroup${level}`, { by: 'cgroup', level }]),
    ['out_all', { by: 'protocol' }],
  ];
  return hookChain('output', matches, lookups, maps);
}

function preroutingChain(maps: readonly string[]): Chain {
  const matches: Match[] = [
    ...notFirstPacket(),
    { on: 'iif', name: 'lo' },
    // Forwarded traffic is not ours: only what is addressed to this host reaches an application here.
    { on: 'local-destination', negate: true },
  ];
  return hookChain(
    'prerouting',
    matches,
    [
      ['in_port', { by: 'dport' }],
      ['in_all', { by: 'protocol' }],
    ],
    maps,
  );
}

function hookChain(
  at: 'output' | 'prerouting',
  leftAlone: readonly Match[],
  lookups: readonly [string, LookupKey][],
  maps: readonly string[],
): Chain {
  const used = lookups.filter(([name]) => maps.includes(`${name}_app`));
  const tag: OwnerTag = { app: null, hash: hashPolicy({ leftAlone, used }), by: null };
  return {
    name: at,
    hook: { at, type: 'nat', priority: PRIORITY, position: null },
    rules: [
      ...leftAlone.map((match) => rule([match], { to: 'return' }, { tag })),
      ...used.map(([name, key]) => rule([], { to: 'dispatch', key, map: `${name}_app` }, { tag })),
    ],
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
  const counted: Match = { on: 'mark', mark: MARK_MAGIC, mask: MARK_MAGIC_MASK };
  return {
    name: NFT_KEEP_TABLE,
    maps: [],
    chains: [
      // The empty nat chain keeps de-NAT registered; the mark match keeps connection tracking on.
      { name: 'nat', hook: { at: 'output', type: 'nat', priority: PRIORITY, position: null }, rules: [] },
      {
        name: 'proxied',
        hook: { at: 'output', type: 'filter', priority: 0, position: null },
        rules: [rule([counted], { to: 'continue' }, { counter: true, tag })],
      },
    ],
  };
}

function mapOf(
  maps: Map<string, { map: Omit<RuleMap, 'elements'>; elements: MapElement[] }>,
  name: string,
  key: LookupKey,
  value: 'mark' | 'verdict',
): MapElement[] {
  const known = maps.get(name);
  if (known) return known.elements;
  const elements: MapElement[] = [];
  maps.set(name, { map: { name, key, value, timeout: value === 'verdict' }, elements });
  return elements;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function sortElements(elements: readonly MapElement[]): MapElement[] {
  const order = (key: MapElement['key']): number =>
    typeof key === 'number' ? key : typeof key === 'string' ? 0 : key.from;
  return [...elements].sort((a, b) => order(a.key) - order(b.key) || (String(a.key) < String(b.key) ? -1 : 1));
}
