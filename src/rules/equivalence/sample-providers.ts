/** Made-up providers for proofs without a registry snapshot. */
import type { RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { predicateHolds } from '../plan/evaluate-plan.ts';
import { leavesOf, type ProviderLeaf } from '../plan/plan-term.ts';
import type { ProviderPredicate, RoutePlan } from '../plan/route-plan.ts';
import { isPlainHost } from '../read/ip-expression.ts';
import { conditionTextRegex } from '../targets/text-regex.ts';
import { textWitnesses } from './languages.ts';

const MAX_PROVIDERS = 256;
/** Most combinations of constants that are tried for a member of one group. */
const MAX_TRIES = 256;

/** Most texts of a pattern and beside it. */
const MAX_WITNESSES = 8;

type Draft = Omit<RoutingProvider, 'id'>;

const PLAIN: Draft = { host: '10.255.255.254', port: 20880, params: {} };

/**
 * Providers made up from the constants of a plan's groups, for proofs without a registry snapshot. Each differs from a
 * plain provider in one constant and in its address. A group that asks for several facts at once has members too, and
 * providers that lack one of the facts.
 */
export function sampleProviders(plan: RoutePlan): RoutingProvider[] {
  const groups = plan.groups.map(({ where }) => ({ where, constants: constantsOf(where) }));
  const single = groups.flatMap(({ constants }) => constants.map((one) => withConstants([one])));
  const joint = groups.flatMap(({ where, constants }) => jointMembers(where, constants));
  // Tag routers look names up; what a look-up would give is not known (an empty name is this host).
  const isPossible = ({ host }: Draft): boolean => plan.source.kind !== 'tag' || isPlainHost(host);
  const alone = distinct([PLAIN, ...single, ...joint]).filter(isPossible);
  const all = distinct([...alone, ...fallbackMembers(plan, alone)]).filter(isPossible);
  // Every group needs a member: a group without one looks like any other.
  const members =
    all.length <= MAX_PROVIDERS ? [] : groups.flatMap(({ where }) => all.find((one) => isIn(where, one)) ?? []);
  return distinct([...(members.length === 0 ? [] : [PLAIN, ...members]), ...all])
    .slice(0, MAX_PROVIDERS)
    .map((provider, index) => ({ id: `sample${index + 1}`, ...provider, host: ownHost(provider, index) }));
}

/** For each group that a rule prefers less: a member that is in none of the preferred ones, unless there is one. */
function fallbackMembers(plan: RoutePlan, known: readonly Draft[]): Draft[] {
  const places = new Map(plan.groups.map(({ id, where }) => [id, where]));
  const chains = plan.rules.flatMap(({ then }) =>
    then.kind === 'route' ? [[...new Set(then.choices.flatMap(({ chain }) => chain))]] : [],
  );
  const different = new Map(chains.map((chain) => [chain.join(), chain.flatMap((id) => places.get(id) ?? [])]));
  return [...different.values()].flatMap((wheres) =>
    wheres.slice(1).flatMap((own, at) => {
      const preferred = wheres.slice(0, at + 1);
      const where: ProviderPredicate = { p: 'and', of: [own, ...preferred.map((of) => ({ p: 'not' as const, of }))] };
      if (known.some((one) => isIn(where, one))) return [];
      return jointMembers(where, constantsOf(where)).slice(0, 1);
    }),
  );
}

/** Members of a group that asks for several facts, and providers that lack one of them. */
function jointMembers(where: ProviderPredicate, constants: readonly Constant[]): Draft[] {
  const byLeaf = [...Map.groupBy(constants, ({ leaf }) => JSON.stringify(leaf)).values()];
  if (byLeaf.length < 2) return [];
  for (const chosen of combinations(byLeaf)) {
    const member = withConstants(chosen);
    if (isIn(where, member))
      return [member, ...chosen.map((left) => withConstants(chosen.filter((one) => one !== left)))];
  }
  return [];
}

/** Up to MAX_TRIES choices of one constant or none a leaf. */
function combinations(byLeaf: readonly (readonly Constant[])[]): Constant[][] {
  let found: Constant[][] = [[]];
  for (const constants of byLeaf)
    found = found.flatMap((chosen) => [...constants.map((one) => [...chosen, one]), chosen]).slice(0, MAX_TRIES);
  return found;
}

function isIn(where: ProviderPredicate, draft: Draft): boolean {
  try {
    return predicateHolds(where, { id: '', ...draft });
  } catch (error) {
    if (error instanceof OpaqueSignal) return false;
    throw error;
  }
}

function withConstants(constants: readonly Constant[]): Draft {
  let draft = PLAIN;
  for (const { leaf, text } of constants) {
    if (leaf.t === 'host') draft = { ...draft, host: text };
    else if (leaf.t === 'port' && /^\d+$/.test(text)) draft = { ...draft, port: Math.min(Number(text), 65_535) };
    else if (leaf.t === 'param') draft = { ...draft, params: { ...draft.params, [leaf.key]: text } };
    else if (leaf.t === 'address') {
      const [host = draft.host, port = ''] = text.split(':');
      draft = { ...draft, host, port: Number.parseInt(port, 10) || draft.port };
    }
  }
  return draft;
}

function distinct(drafts: readonly Draft[]): Draft[] {
  return [...new Map(drafts.map((draft) => [JSON.stringify(draft), draft])).values()];
}

// Two providers never have one address: routers of Dubbo tell them apart by it.
function ownHost({ host, params }: Draft, index: number): string {
  if (host !== PLAIN.host || Object.keys(params).length === 0) return host;
  return `10.255.${255 - Math.floor(index / 250)}.${253 - (index % 250)}`;
}

/** Texts of a pattern and beside it. Where it has no automaton, those of the same pattern without its assertions are tried. */
function membersOf(pattern: string): readonly string[] {
  const { texts, unknown } = textWitnesses([pattern]);
  return unknown.length === 0 ? texts : textWitnesses([pattern.replaceAll(ASSERTION, '')]).texts;
}

const ASSERTION = /\(\?<?[=!][^()]*\)|\\[bB]|[\^$](?![^[]*\])/g;

/**
 * Groups of which no provider is a member, though there may be one: weir cannot list the texts that their conditions tell
 * apart. Such a group looks like any other.
 */
export function openGroups({ groups }: RoutePlan, providers: readonly RoutingProvider[]): ReadonlySet<string> {
  const open = groups.filter(({ where }) => !isSearched(where) && !providers.some((one) => isIn(where, one)));
  return new Set(open.map(({ id }) => id));
}

function isSearched(where: ProviderPredicate): boolean {
  if (where.p === 'and' || where.p === 'or') return where.of.every(isSearched);
  if (where.p === 'not') return isSearched(where.of);
  if (where.p !== 'test') return true;
  const { term, test } = where;
  if (term.t !== 'fn' && test.op !== 'regex' && test.op !== 'eqIgnoreCase' && test.op !== 'relation') return true;
  const pattern = test.op === 'relation' ? null : conditionTextRegex({ term, test });
  return pattern !== null && textWitnesses([pattern]).unknown.length === 0;
}

interface Constant {
  readonly leaf: ProviderLeaf;
  readonly text: string;
}

function constantsOf(where: ProviderPredicate): Constant[] {
  if (where.p === 'and' || where.p === 'or') return where.of.flatMap(constantsOf);
  if (where.p === 'not') return constantsOf(where.of);
  if (where.p !== 'test' && where.p !== 'glob') return [];
  const leaf = leavesOf(where.term)[0] as ProviderLeaf | undefined;
  if (leaf === undefined) return [];
  const texts: string[] = [];
  if (where.p === 'glob')
    texts.push(where.pattern.replaceAll('*', '').replaceAll('?', '0'), where.pattern.replaceAll('*', '7'));
  else {
    const { test } = where;
    if (where.term.t === 'fn' || test.op === 'regex' || test.op === 'eqIgnoreCase') {
      const pattern = conditionTextRegex({ term: where.term, test });
      if (pattern !== null) texts.push(...membersOf(pattern).slice(0, MAX_WITNESSES));
    }
    if (test.op === 'eq') texts.push(...test.values.flatMap((value) => ('v' in value ? [String(value.v)] : [])));
    else if (test.op === 'range') {
      for (const bound of [test.min, test.max])
        if (bound !== null) texts.push(bound, String(Number(bound) + 1), String(Number(bound) - 1));
    } else if ('text' in test) texts.push(`${test.text}7`, `x${test.text}`, test.text);
  }
  return texts.map((text) => ({ leaf, text }));
}
