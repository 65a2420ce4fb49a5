/** The outcome of a tag rule for a call. */
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { LeafOutcome } from '../groovy/machine/explorer.ts';
import { allOf, anyOf, NO_PROVIDER, noneOf } from '../groovy/machine/predicates.ts';
import type { Term } from '../plan/plan-term.ts';
import type { PlanTest, ProviderPredicate } from '../plan/route-plan.ts';
import {
  addressIs,
  comparedHosts,
  type IpComparison,
  ipExpression,
  isLinkLocal,
  isPlainHost,
  isUncompared,
  namesLinkLocal,
} from './ip-expression.ts';
import { loadFault } from './load-fault.ts';
import { linesDiffer } from './router-behaviour.ts';
import type { RouterWorld } from './router-world.ts';
import type { RuleSource, TagGroupSource } from './rule-source.ts';

const TAG: Term = { t: 'attachment', key: 'dubbo.tag' };
const FORCE: Term = { t: 'attachment', key: 'dubbo.force.tag' };
const OF_CALLER: Term = { t: 'callerParam', key: 'dubbo.tag' };
const FORCE_OF_CALLER: Term = { t: 'callerParam', key: 'dubbo.force.tag' };

/** A tag that the rule gives providers. */
interface TagGroup {
  readonly name: string;
  readonly where: ProviderPredicate;
  /** Without one of these it is no tag of the rule; null where addresses are written out, so that it always is one. */
  readonly matched: ProviderPredicate | null;
}

/** The rule as the router holds it: null where it is off, empty or could not be loaded. */
interface LoadedTags {
  readonly groups: readonly TagGroup[];
  readonly inGroup: ProviderPredicate;
  readonly names: readonly string[];
}

/**
 * The outcome by TagRouter (2.7) and TagStateRouter (3.x). A tagged call takes the group of its tag, else the providers
 * that carry this tag themselves, else (unless forced) those without any tag. An untagged call avoids the groups.
 * Without a rule in force the providers' own tags decide alone.
 */
export function tagOutcome(source: RuleSource, world: RouterWorld): LeafOutcome {
  const fault = loadFault(source, world);
  const loaded =
    !source.enabled || !source.valid || fault !== null || source.tags.length === 0 ? null : load(source, world);
  const tag = requestedTag(world);
  if (tag === null) return group(untagged(loaded, world));
  if (loaded === null) return byOwnTag(null, tag, world);
  for (const one of loaded.groups) {
    if (!tag.is(one.name, tag.hasLevels() && !tag.forced())) continue;
    const force = source.force;
    if (one.matched !== null && !world.decideGroup(one.matched)) continue;
    if (one.matched === one.where || world.decideGroup(one.where) || force) return group(one.where);
    return tag.forced() ? { kind: 'deny' } : group(failOver(loaded));
  }
  return byOwnTag(loaded, tag, world);
}

/** The tag of a call, asked piece by piece. */
interface RequestedTag {
  is(name: string, byLevel: boolean): boolean;
  /** Whether the tag may have levels that this line of Dubbo reads. */
  hasLevels(): boolean;
  forced(): boolean;
  /** Own tags of the snapshot that the call may ask for. */
  readonly term: Term;
}

/** The attachment, else the parameter of the consumer's URL; null for none. */
function requestedTag(world: RouterWorld): RequestedTag | null {
  const set: PlanTest = { op: 'truthy' };
  const term = world.decide({ term: TAG, test: set })
    ? TAG
    : world.call !== null && world.decide({ term: OF_CALLER, test: set })
      ? OF_CALLER
      : null;
  if (term === null) return null;
  const forced = (): boolean => {
    const isTrue: PlanTest = { op: 'eqIgnoreCase', text: 'true' };
    if (world.call === null || world.decide({ term: FORCE, test: set }))
      return world.decide({ term: FORCE, test: isTrue });
    if (!world.decide({ term: FORCE_OF_CALLER, test: isTrue })) return false;
    return world.does('caller-forces-tag') || world.decide({ term: FORCE, test: textIs('') });
  };
  const hasLevels = (): boolean => {
    // Where the lines differ, a plan assumes that no call has such a tag.
    if (world.call === null && linesDiffer('tag-levels-read', world.engines)) return false;
    return world.decide({ term, test: { op: 'contains', text: '|' } }) && world.does('tag-levels-read');
  };
  const is = (name: string, byLevel: boolean): boolean => {
    if (!byLevel) return world.decide({ term, test: textIs(name) });
    const levels = name.split('|').filter((level) => level !== '');
    // Dubbo joins names out of levels that are never empty. It never finds a name with an empty level.
    if (levels.length === 0 || levels.join('|') !== name) return false;
    const quoted = levels.map((level) => level.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('\\|+');
    return world.decide({ term, test: { op: 'regex', pattern: `(?s)\\|*${quoted}(?:\\|.*)?`, mode: 'full' } });
  };
  return { is, forced, hasLevels, term };
}

function load(source: RuleSource, world: RouterWorld): LoadedTags {
  const strange = world.providers.find((provider) => !isPlainHost(provider.host));
  if (strange !== undefined)
    throw new OpaqueSignal(
      'unsupported',
      `the tag router looks up the host of provider ${strange.id}, ${strange.host}`,
    );
  const isOdd = world.providers.some(({ host }) => isUncompared(host));
  const isLocalMet =
    world.providers.some(({ host }) => isLinkLocal(host)) ||
    source.tags.some(({ addresses }) => addresses.some(namesLinkLocal));
  const linkLocal = !isLocalMet || world.does('link-local-compared');
  const byName = new Map<string, TagGroup>();
  const written: ProviderPredicate[] = [];
  for (const { name, addresses } of source.tags) {
    if (addresses.length === 0) continue;
    const where = anyOf(addresses.map((address) => ipExpression(address, { linkLocal })));
    written.push(where);
    byName.set(String(name), { name: String(name), where, matched: null });
  }
  const reads = source.tags.some(({ match }) => match !== null) && matchIsRead(source, world);
  if (reads) {
    for (const tag of source.tags) {
      if (tag.addresses.length > 0 || tag.match === null) continue;
      const name = String(tag.name);
      // A later group replaces an earlier one of the same name only if one of its providers is present.
      const before = byName.get(name);
      const matched = matchPredicate(tag);
      const where = isOdd ? asWritten(matched, { linkLocal }, world) : matched;
      if (before === undefined || world.decideGroup(matched)) byName.set(name, { name, where, matched });
    }
  }
  const names = source.tags.map(({ name }) => String(name));
  const groups = [...byName.values()].sort((a, b) => b.name.split('|').length - a.name.split('|').length);
  // 2.7 avoids all addresses that are written, 3.x those of the groups that are in force.
  const inForce = anyOf(groups.map(({ where }) => where));
  const all = anyOf(written);
  const same = JSON.stringify(inForce) === JSON.stringify(all);
  const inGroup = same || world.does('untagged-avoids-own-tags') ? inForce : all;
  return { groups, inGroup, names };
}

/** Dubbo keeps the addresses of those that match, and compares them as if they had been written: 0.0.0.0 is any host there. */
function asWritten(matched: ProviderPredicate, hosts: IpComparison, world: RouterWorld): ProviderPredicate {
  const anyHosts = new Set(
    world.providers.flatMap(({ host, port }) => (host === '0.0.0.0' ? [`0.0.0.0:${port}`] : [])),
  );
  const taken = [...anyHosts].filter((address) => world.decideGroup(allOf([matched, addressIs(address)])));
  return anyOf([allOf([matched, comparedHosts(hosts)]), ...taken.map((address) => ipExpression(address, hosts))]);
}

/** Only a rule of configVersion v3.0 has its `match` read. */
function matchIsRead(source: RuleSource, world: RouterWorld): boolean {
  return source.configVersion?.startsWith('v3.0') === true && world.does('tag-match-read');
}

function untagged(loaded: LoadedTags | null, world: RouterWorld): ProviderPredicate {
  if (loaded === null) return noneOf(ownTag({ op: 'truthy' }));
  const outside = noneOf(loaded.inGroup);
  if (world.does('untagged-avoids-own-tags')) return allOf([outside, noneOf(ownTag({ op: 'truthy' }))]);
  const named: PlanTest = { op: 'eq', values: loaded.names.filter((name) => name !== '').map(text) };
  return allOf([outside, noneOf(named.values.length === 0 ? NO_PROVIDER : ownTag(named))]);
}

/** Providers in no group and without a tag of their own. */
function failOver(loaded: LoadedTags | null): ProviderPredicate {
  const own = noneOf(ownTag({ op: 'truthy' }));
  return loaded === null ? own : allOf([noneOf(loaded.inGroup), own]);
}

/** A call whose tag has no group: the providers whose own tag it is, else those without a tag. */
function byOwnTag(loaded: LoadedTags | null, tag: RequestedTag, world: RouterWorld): LeafOutcome {
  const names = new Set(loaded?.names ?? []);
  for (const provider of world.providers) names.add(provider.params['dubbo.tag'] ?? '');
  names.delete('');
  for (const name of [...names].sort()) {
    if (!world.decide({ term: tag.term, test: textIs(name) })) continue;
    const where = ownTag(textIs(name));
    if (world.decideGroup(where)) return { ...group(where), closedWorld: !(loaded?.names.includes(name) ?? false) };
    return tag.forced() ? { kind: 'deny' } : group(failOver(loaded));
  }
  if (world.call === null && world.providers.length === 0)
    throw new OpaqueSignal(
      'provider-relation',
      'a tag that the rule does not name chooses providers by their own tag: give the registry snapshot',
    );
  return tag.forced() ? { kind: 'deny' } : group(failOver(loaded));
}

function group(where: ProviderPredicate): Extract<LeafOutcome, { kind: 'group' }> {
  return { kind: 'group', where, label: '', closedWorld: false };
}

/** `dubbo.tag` of the provider's URL. */
function ownTag(test: PlanTest): ProviderPredicate {
  return { p: 'test', term: { t: 'param', key: 'dubbo.tag' }, test };
}

function text(v: string): { readonly t: 'java.lang.String'; readonly v: string } {
  return { t: 'java.lang.String', v };
}

function textIs(name: string): PlanTest {
  return { op: 'eq', values: [text(name)] };
}

function matchPredicate(tag: TagGroupSource): ProviderPredicate {
  return allOf((tag.match ?? []).map(({ key, value }) => paramPredicate(key, value)));
}

/**
 * StringMatch.isMatch: of what is written, the first of exact, prefix, regex, wildcard decides where the parameter is there;
 * where it is missing, `empty` and `noempty` do.
 */
function paramPredicate(key: string, value: Readonly<Record<string, string>> | null): ProviderPredicate {
  if (value === null) return NO_PROVIDER;
  const term: Term = { t: 'param', key };
  const test = (of: PlanTest): ProviderPredicate => ({ p: 'test', term, test: of });
  const missing = test({ op: 'is', classes: ['null'] });
  const { exact, prefix, regex, wildcard } = value;
  const rest =
    value.empty !== undefined
      ? noneOf(test({ op: 'truthy' }))
      : value.noempty !== undefined
        ? test({ op: 'truthy' })
        : NO_PROVIDER;
  const written =
    exact !== undefined
      ? test(textIs(exact))
      : prefix !== undefined
        ? test({ op: 'prefix', text: prefix })
        : regex !== undefined
          ? test({ op: 'regex', pattern: regex, mode: 'full' })
          : wildcard !== undefined
            ? wildcard === '*'
              ? noneOf(missing)
              : test(textIs(wildcard))
            : undefined;
  if (written === undefined) return rest;
  return rest.p === 'false' || value.empty === undefined ? written : anyOf([missing, written]);
}
