/** Generators of rulesets that a kernel takes. */
import fc from 'fast-check';
import type {
  Action,
  Chain,
  Hook,
  KnownRule,
  LookupKey,
  MapElement,
  Match,
  RuleMap,
  Ruleset,
  RuleVerdict,
} from '../../../src/interception/rules/ruleset.ts';
import type { OwnerTag } from '../../../src/interception/rules/tag.ts';
import type { Cidr, PortRange } from '../../../src/mesh/mesh-config.ts';

/** What a kernel allows in one place: conditions and verdicts depend on the hook that packets came through. */
interface RulePlace {
  readonly matches: readonly Match['on'][];
  readonly verdicts: fc.Arbitrary<RuleVerdict>;
  readonly actions: fc.Arbitrary<readonly Action[]>;
  readonly counter: fc.Arbitrary<boolean>;
}

const NETWORKS: Record<4 | 6, readonly string[]> = {
  4: ['10.0.0.0/8', '10.0.0.0/9', '10.128.0.0/10', '127.0.0.0/8', '192.0.2.1/32', '192.0.2.0/31', '0.0.0.0/1'],
  6: [
    '::1/128',
    'fd00::/8',
    '2001:db8::/32',
    '2001:db8:0:1::/64',
    '2001:db8::1/128',
    '::ffff:c000:201/128',
    '8000::/1',
  ],
};

const port = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 65_535 }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 65_534, 65_535) },
);
const portRange: fc.Arbitrary<PortRange> = fc.oneof(
  port.map((from) => ({ from, to: from })),
  fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
);
const id = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.constant(4_294_967_294));
const mark = fc.oneof(fc.constantFrom(0, 0x57000110, 0x57000120, 0x5700ff10), fc.integer({ min: 0, max: 0xffffffff }));
const appName = fc.constantFrom('payment', 'web', 'a', 'x.y-z_0', `n${'9'.repeat(62)}`);
const hash = fc.constantFrom('01234567', 'deadbeef', '00000000');

const tag: fc.Arbitrary<OwnerTag> = fc.record({
  app: fc.option(appName),
  hash: fc.option(hash),
  by: fc.constant(null),
});
const switchTag: fc.Arbitrary<OwnerTag> = fc.record({
  app: appName,
  hash: fc.constant(null),
  by: fc.constantFrom('operator', 'off.sh', 'bypass'),
});

function cidrs(family: 4 | 6, maxLength: number): fc.Arbitrary<Cidr[]> {
  const one = fc.constantFrom(...NETWORKS[family]).map((text): Cidr => ({ family, text }));
  return fc.uniqueArray(one, { minLength: 1, maxLength, selector: ({ text }) => text });
}

/** Whether a list may have several items, and which families of addresses there are. */
interface MatchLimits {
  readonly many: boolean;
  readonly families: readonly (4 | 6)[];
  readonly sets: readonly string[];
  readonly cgroups: readonly string[];
}

function match(on: Match['on'], { many, families, sets, cgroups }: MatchLimits): fc.Arbitrary<Match> {
  const negate = fc.boolean();
  const count = many ? 5 : 1;
  switch (on) {
    case 'protocol':
      return negate.map((not) => ({ on, protocol: 'tcp', negate: not }));
    case 'syn':
    case 'local-destination':
      return negate.map((not) => ({ on, negate: not }));
    case 'family':
      return fc.constantFrom<4 | 6>(4, 6).map((family) => ({ on, family }));
    case 'uid':
    case 'gid':
      return fc.uniqueArray(id, { minLength: 1, maxLength: count }).map((ids) => ({ on, ids }));
    case 'cgroup':
      return fc.constantFrom(...cgroups).map((path) => ({ on, path }));
    case 'daddr':
    case 'saddr':
      return fc
        .constantFrom(...families)
        .chain((family) => fc.tuple(cidrs(family, count), negate))
        .map(([list, not]) => ({ on, cidrs: list, negate: not }));
    case 'dport':
      // Seven ranges take fourteen of the fifteen places that xt_multiport has.
      return fc
        .tuple(fc.array(portRange, { minLength: 1, maxLength: 7 }), negate)
        .map(([ports, not]) => ({ on, ports, negate: not }));
    case 'iif':
      return fc.constantFrom('lo', 'eth0', 'br-1').map((name) => ({ on, name }));
    case 'mark':
      return fc
        .tuple(mark, fc.constantFrom(0xff000000, 0xffffff00, 0xffffffff, 0xff0000ff), negate)
        .map(([value, mask, not]) => ({ on, mark: (value & mask) >>> 0, mask, negate: not }));
    case 'packet-mark':
      return fc.tuple(mark, negate).map(([value, not]) => ({ on, mark: value, mask: 0xffffffff, negate: not }));
    case 'packet-mark-in':
      return fc.tuple(fc.constantFrom(...sets), negate).map(([set, not]) => ({ on, set, negate: not }));
    case 'flag':
      return fc.constantFrom('fin' as const, 'rst' as const).map((flag) => ({ on, flag }));
    case 'reply':
    case 'unassured':
      return fc.constant({ on });
    case 'flow-in':
      return fc.constantFrom<4 | 6>(4, 6).map((family) => ({ on, family, set: `flow${family}` }));
    case 'mark-in':
      return fc.tuple(fc.constantFrom(...sets), negate).map(([set, not]) => ({ on, set, negate: not }));
    case 'lease':
      return fc
        .tuple(fc.constantFrom('weir_0001', 'weir_ffff'), fc.integer({ min: 1, max: 600 }), negate)
        .map(([list, seconds, not]) => ({ on, list, seconds, family: families[0] ?? 4, negate: not }));
    case 'before':
      return fc.integer({ min: 1_700_000_000, max: 2_100_000_000 }).map((epochSeconds) => ({ on, epochSeconds }));
  }
}

const TCP: Match = { on: 'protocol', protocol: 'tcp', negate: false };

function rule(place: RulePlace, limits: MatchLimits): fc.Arbitrary<KnownRule> {
  return fc
    .tuple(
      fc.subarray([...place.matches], { maxLength: Math.min(3, place.matches.length) }),
      place.verdicts,
      place.actions,
      place.counter,
      fc.option(tag),
    )
    .chain(([kinds, verdict, actions, counter, ruleTag]) =>
      fc.tuple(...kinds.map((on) => match(on, limits))).map(
        (matches): KnownRule => ({
          kind: 'known',
          matches: withoutContradiction(verdict.to === 'redirect' ? [TCP, ...matches.filter(isBesideTcp)] : matches),
          actions: verdict.to === 'continue' ? actions : [],
          verdict,
          counter,
          tag: ruleTag,
        }),
      ),
    );
}

function isBesideTcp({ on }: Match): boolean {
  return on !== 'protocol';
}

/** Without conditions that exclude each other, which tools refuse: "not tcp" beside a port, addresses of two families. */
function withoutContradiction(matches: readonly Match[]): Match[] {
  const isTcp = matches.some(({ on }) => on === 'syn' || on === 'dport');
  const family = matches.flatMap(familyOf)[0];
  return matches.filter((one) => !(isTcp && one.on === 'protocol') && familyOf(one).every((other) => other === family));
}

function familyOf(one: Match): (4 | 6)[] {
  if (one.on === 'family') return [one.family];
  return 'cidrs' in one ? one.cidrs.slice(0, 1).map(({ family }) => family) : [];
}

const SETS = ['off', 'bypass', 'lease'];
const NFT_MATCHES: Match['on'][] = [
  'protocol',
  'syn',
  'family',
  'uid',
  'gid',
  'daddr',
  'saddr',
  'dport',
  'iif',
  'local-destination',
  'mark',
  'mark-in',
  'before',
];
const LOOKUPS: readonly (readonly [string, LookupKey])[] = [
  ['out_uid', { by: 'uid' }],
  ['out_gid', { by: 'gid' }],
  ['out_all', { by: 'protocol' }],
  ['in_port', { by: 'dport' }],
  ['by_mark', { by: 'mark' }],
];
const CGROUP_LOOKUPS: typeof LOOKUPS = [
  ['out_cgroup1', { by: 'cgroup', level: 1 }],
  ['out_cgroup2', { by: 'cgroup', level: 2 }],
];
const PLAIN_CHAINS = ['p_0', 'p_1', 'p_2'];
const NFT_HOOKS: Record<string, readonly Hook[]> = {
  output: [
    { at: 'output', type: 'nat', priority: -101, position: null },
    { at: 'output', type: 'nat', priority: -99, position: null },
  ],
  prerouting: [{ at: 'prerouting', type: 'nat', priority: -101, position: null }],
};

/**
 * A ruleset of native nft as the kernel takes it: jumps go forward only, redirects stand in chains that nat hooks lead
 * to, intervals do not overlap. `cgroups` are the paths that rules and maps may name, one or two steps deep: they have to
 * exist when it is loaded.
 */
export function arbitraryNftRuleset({ cgroups }: { readonly cgroups: readonly string[] }): fc.Arbitrary<Ruleset> {
  const lookups = [...LOOKUPS, ...(cgroups.length > 0 ? CGROUP_LOOKUPS : [])];
  const limits: MatchLimits = { many: true, families: [4, 6], sets: SETS, cgroups };
  const tables = fc
    .subarray(lookups as [string, LookupKey][], { minLength: 1 })
    .chain((chosen) =>
      fc.tuple(
        fc.tuple(...chosen.map((one) => mapPair(one, cgroups))),
        fc.tuple(...SETS.map(switchSet)),
        nftChains(chosen, limits),
      ),
    )
    .map(([pairs, sets, chains]) => ({
      name: 'weir',
      maps: [...pairs.flat(), ...sets].toSorted(byName),
      chains: chains.toSorted(byName),
    }));
  const kinds = ['mark', 'flag', 'reply', 'unassured'] as const;
  const verdicts = fc.constantFrom<RuleVerdict>({ to: 'continue' }, { to: 'drop' });
  const keeper = fc.option(rule({ ...anywhere(kinds), verdicts }, limits));
  return fc.tuple(fc.option(tables, { freq: 6 }), keeper).map(([weir, kept]) => ({
    scope: 'inet',
    tables: [...(weir === null ? [] : [weir]), ...(kept === null ? [] : [keepTable(kept)])],
  }));
}

function keepTable(kept: KnownRule): Ruleset['tables'][number] {
  const hook: Hook = { at: 'output', type: 'filter', priority: 0, position: null };
  return { name: 'weir_keep', maps: [], chains: [{ name: 'proxied', hook, rules: [kept] }] };
}

function anywhere(matches: readonly Match['on'][]): RulePlace {
  return {
    matches,
    verdicts: fc.constantFrom<RuleVerdict>({ to: 'return' }, { to: 'continue' }),
    actions: fc.constant([]),
    counter: fc.boolean(),
  };
}

function nftChains(chosen: readonly (readonly [string, LookupKey])[], limits: MatchLimits): fc.Arbitrary<Chain[]> {
  const matches: Match['on'][] = limits.cgroups.length > 0 ? [...NFT_MATCHES, 'cgroup'] : NFT_MATCHES;
  const actions = fc.oneof(
    fc.constant([]),
    mark.map((value): Action[] => [{ do: 'set-mark', mark: value }]),
    fc.constantFrom(...chosen).map(([name, key]): Action[] => [{ do: 'set-mark-from-map', key, map: `${name}_mark` }]),
  );
  const place: RulePlace = { ...anywhere(matches), actions };
  const redirect = port.map((to): RuleVerdict => ({ to: 'redirect', port: to }));
  const plain = PLAIN_CHAINS.map((name, index) => {
    const later = PLAIN_CHAINS.slice(index + 1).map((chain): RuleVerdict => ({ to: 'goto', chain }));
    const verdicts = fc.oneof(place.verdicts, redirect, ...(later.length > 0 ? [fc.constantFrom(...later)] : []));
    return chainOf(name, fc.constant(null), rule({ ...place, verdicts }, limits));
  });
  const dispatch = chosen.map(([name, key]): RuleVerdict => ({ to: 'dispatch', key, map: `${name}_app` }));
  const verdicts = fc.oneof(place.verdicts, redirect, fc.constantFrom(...dispatch));
  const base = Object.entries(NFT_HOOKS).map(([name, hooks]) =>
    chainOf(name, fc.constantFrom(...hooks), rule({ ...place, verdicts }, limits)),
  );
  return fc.tuple(...plain, ...base);
}

function chainOf(name: string, hook: fc.Arbitrary<Hook | null>, one: fc.Arbitrary<KnownRule>): fc.Arbitrary<Chain> {
  return fc.record({ name: fc.constant(name), hook, rules: fc.array(one, { maxLength: 4 }) });
}

/** The verdict map and the mark map of one kind of selector. */
function mapPair([name, key]: readonly [string, LookupKey], cgroups: readonly string[]): fc.Arbitrary<RuleMap[]> {
  const all = keys(key, cgroups);
  const hours = fc.option(fc.integer({ min: 1, max: 100 }).map((count) => count * 3_600_000));
  const verdict = fc.constantFrom(...PLAIN_CHAINS).map((goto) => ({ goto }));
  return fc
    .tuple(
      elements(all, verdict, hours),
      elements(
        all,
        mark.map((value) => ({ mark: value })),
        fc.constant(null),
      ),
    )
    .map(([apps, marks]) => [
      { name: `${name}_app`, key, value: 'verdict', timeout: true, elements: apps },
      { name: `${name}_mark`, key, value: 'mark', timeout: false, elements: marks },
    ]);
}

function elements(
  all: fc.Arbitrary<readonly MapElement['key'][]>,
  value: fc.Arbitrary<MapElement['value']>,
  timeoutMs: fc.Arbitrary<number | null>,
): fc.Arbitrary<MapElement[]> {
  return all.chain((list) =>
    fc.tuple(...list.map((one) => fc.record({ key: fc.constant(one), value, timeoutMs, tag: fc.option(tag) }))),
  );
}

function keys(key: LookupKey, cgroups: readonly string[]): fc.Arbitrary<readonly MapElement['key'][]> {
  switch (key.by) {
    case 'protocol':
      return fc.subarray(['tcp']);
    case 'cgroup':
      return fc.subarray(cgroups.filter((path) => path.split('/').length === key.level));
    case 'dport':
      return fc.uniqueArray(port, { maxLength: 8 }).map(disjointRanges);
    default:
      return fc
        .uniqueArray(key.by === 'mark' ? mark : id, { maxLength: 6 })
        .map((list) => list.toSorted((a, b) => a - b));
  }
}

/** Sorted ports as ranges that do not overlap: every second one ends just before the next begins. */
function disjointRanges(ports: readonly number[]): PortRange[] {
  const sorted = ports.toSorted((a, b) => a - b);
  return sorted.map((from, index) => ({ from, to: index % 2 === 0 ? (sorted[index + 1] ?? from + 1) - 1 : from }));
}

function switchSet(name: string): fc.Arbitrary<RuleMap> {
  const timeout = name === 'lease';
  const timeoutMs = timeout ? fc.constantFrom(3_600_000, 7_200_000) : fc.constant(null);
  const one = fc.record({ key: mark, value: fc.constant(null), timeoutMs, tag: fc.option(switchTag) });
  return fc.uniqueArray(one, { maxLength: 4, selector: ({ key }) => key }).map((list) => ({
    name,
    key: { by: 'mark' },
    value: 'none',
    timeout,
    elements: list,
  }));
}

const IPTABLES_MATCHES: Match['on'][] = [
  'protocol',
  'syn',
  'daddr',
  'saddr',
  'dport',
  'local-destination',
  'mark',
  'lease',
  'before',
];

/**
 * What the nat table of one family can hold of weir: users and groups only where packets come from this host, jumps
 * forward only, redirects only below OUTPUT and PREROUTING.
 */
export function arbitraryIptablesRuleset(scope: 'ip' | 'ip6'): fc.Arbitrary<Ruleset> {
  const limits: MatchLimits = { many: false, families: [scope === 'ip' ? 4 : 6], sets: [], cgroups: [] };
  const place: RulePlace = {
    ...anywhere(IPTABLES_MATCHES),
    actions: fc.oneof(
      fc.constant([]),
      mark.map((value): Action[] => [{ do: 'set-mark', mark: value }]),
    ),
    counter: fc.constant(true),
  };
  const redirect = port.map((to): RuleVerdict => ({ to: 'redirect', port: to }));
  const ways = (direction: 'O' | 'I'): fc.Arbitrary<Chain>[] => {
    const [root, at] =
      direction === 'O' ? (['WEIR_OUTPUT', 'output'] as const) : (['WEIR_PREROUTING', 'prerouting'] as const);
    const names = [root, `WEIR_${direction}_0001`, `WEIR_${direction}R_0001`];
    const matches: Match['on'][] = [
      ...IPTABLES_MATCHES,
      ...(direction === 'O' ? (['uid', 'gid'] as const) : (['iif'] as const)),
    ];
    return names.map((name, index) => {
      const later = names.slice(index + 1).map((chain): RuleVerdict => ({ to: 'goto', chain }));
      const verdicts = fc.oneof(place.verdicts, redirect, ...(later.length > 0 ? [fc.constantFrom(...later)] : []));
      const hook: Hook | null = index === 0 ? { at, type: 'nat', priority: -100, position: 1 } : null;
      return chainOf(name, fc.constant(hook), rule({ ...place, matches, verdicts }, limits));
    });
  };
  const keep = chainOf(
    'WEIR_KEEP',
    fc.constant<Hook>({ at: 'postrouting', type: 'nat', priority: -100, position: 'last' }),
    rule({ ...place, matches: ['mark'] }, limits),
  );
  const made = fc.constant<Chain>({ name: 'WEIR_MADE_TABLE', hook: null, rules: [] });
  return fc
    .record({
      out: fc.option(fc.tuple(...ways('O'))),
      in: fc.option(fc.tuple(...ways('I'))),
      keep: fc.option(keep),
      made: fc.option(made),
    })
    .map((parts) => {
      const chains = [parts.out, parts.in, parts.keep, parts.made].flatMap((part) => part ?? []).toSorted(byName);
      return { scope, tables: chains.length > 0 ? [{ name: 'nat', maps: [], chains }] : [] };
    });
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
