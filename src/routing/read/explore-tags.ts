import type { RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/exceptions.ts';
import type { ExploredRule } from '../groovy/explore-script.ts';
import { Explorer, type LeafOutcome, type PathLeaf } from '../groovy/explorer.ts';
import { allOf, anyOf, noneOf } from '../groovy/predicates.ts';
import type { GroovySource, TextRange } from '../groovy/source.ts';
import type { Term } from '../plan-term.ts';
import type { PlanTest, ProviderPredicate } from '../route-plan.ts';
import type { RuleSource, TagGroupSource } from './rule-source.ts';

const TAG: Term = { t: 'attachment', key: 'dubbo.tag' };
const FORCE: Term = { t: 'attachment', key: 'dubbo.force.tag' };

/**
 * Follows a tag rule as TagStateRouter does: a tagged call takes its group, else (unless forced) the providers without a
 * tag of their own and in no group; an untagged call takes the providers in no group whose own tag is not set.
 */
export function exploreTagRule(
  source: RuleSource,
  text: GroovySource,
  providers: readonly RoutingProvider[],
): ExploredRule {
  const explorer = new Explorer();
  const whole: TextRange = { start: 0, end: Math.min(1, text.text.length) };
  const step = (): { leaf: PathLeaf } => {
    try {
      return leaf(tagOutcome(explorer, source, providers), whole);
    } catch (error) {
      if (!(error instanceof OpaqueSignal)) throw error;
      return leaf({ kind: 'opaque', code: error.code, reason: error.reason, span: text.span(whole) }, whole);
    }
  };
  const limited = (): PathLeaf =>
    leaf({ kind: 'opaque', code: 'path-limit', reason: 'too many tags', span: text.span(whole) }, whole).leaf;
  return { tree: explorer.explore<null>(null, step, limited), assumptions: [] };
}

function leaf(outcome: LeafOutcome, range: TextRange): { leaf: PathLeaf } {
  return { leaf: { kind: 'leaf', outcome, range, notes: [] } };
}

function group(where: ProviderPredicate): Extract<LeafOutcome, { kind: 'group' }> {
  return { kind: 'group', where, label: '', closedWorld: false };
}

/** `dubbo.tag` of the provider's URL. */
function ownTag(test: PlanTest): ProviderPredicate {
  return { p: 'test', term: { t: 'param', key: 'dubbo.tag' }, test };
}

function tagOutcome(explorer: Explorer, source: RuleSource, providers: readonly RoutingProvider[]): LeafOutcome {
  const grouped = source.tags.map((tag) => ({ tag, where: tagPredicate(tag) }));
  const inNoGroup = noneOf(anyOf(source.tags.filter((tag) => tag.addresses.length > 0).map(addressPredicate)));
  if (!explorer.decide({ term: TAG, test: { op: 'truthy' } })) {
    // TagStateRouter: with any static addresses, providers outside of them whose own tag is empty or in no group of the rule.
    const known = source.tags.map((tag) => ({ t: 'java.lang.String', v: tag.name }));
    const tagged = known.length === 0 ? noneOf(inNoGroup) : ownTag({ op: 'eq', values: known });
    return group(allOf([inNoGroup, noneOf(tagged)]));
  }
  const forced = (): boolean => source.force || forceAttached(explorer);
  for (const { tag, where } of grouped) {
    if (!explorer.decide({ term: TAG, test: { op: 'eq', values: [{ t: 'java.lang.String', v: tag.name }] } })) continue;
    const target =
      tag.addresses.length > 0 || tag.match.length > 0
        ? where
        : ownTag({ op: 'eq', values: [{ t: 'java.lang.String', v: tag.name }] });
    if (explorer.decideGroup(target) || forced()) return group(target);
    return group(allOf([inNoGroup, noneOf(ownTag({ op: 'truthy' }))]));
  }
  // A tag that the rule does not name chooses providers by their own tag.
  if (providers.length === 0)
    throw new OpaqueSignal(
      'provider-relation',
      'a tag that the rule does not name chooses providers by their own tag: give the registry snapshot',
    );
  const untagged = group(allOf([inNoGroup, noneOf(ownTag({ op: 'truthy' }))]));
  const named = new Set(source.tags.map((tag) => tag.name));
  const own = new Set(
    providers.map((provider) => provider.params['dubbo.tag'] ?? '').filter((tag) => tag !== '' && !named.has(tag)),
  );
  for (const tag of [...own].sort()) {
    const test: PlanTest = { op: 'eq', values: [{ t: 'java.lang.String', v: tag }] };
    if (!explorer.decide({ term: TAG, test })) continue;
    const target = ownTag(test);
    return explorer.decideGroup(target) || forceAttached(explorer) ? { ...group(target), closedWorld: true } : untagged;
  }
  return forceAttached(explorer) ? { kind: 'deny' } : untagged;
}

function forceAttached(explorer: Explorer): boolean {
  return explorer.decide({ term: FORCE, test: { op: 'eqIgnoreCase', text: 'true' } });
}

function addressPredicate(tag: TagGroupSource): ProviderPredicate {
  return anyOf(
    tag.addresses.map((address): ProviderPredicate => {
      const [host = '', port] = address.split(':');
      const term: Term =
        host === '*' || host === 'anyhost' || host === '0.0.0.0'
          ? { t: 'fn', fn: 'toText', args: [{ t: 'port' }] }
          : { t: 'address' };
      const value = term.t === 'address' ? address : (port ?? '');
      if (port === undefined)
        return { p: 'test', term: { t: 'host' }, test: { op: 'eq', values: [{ t: 'java.lang.String', v: address }] } };
      return { p: 'test', term, test: { op: 'eq', values: [{ t: 'java.lang.String', v: value }] } };
    }),
  );
}

/** Addresses, or every test on parameters. */
function tagPredicate(tag: TagGroupSource): ProviderPredicate {
  if (tag.match.length === 0) return addressPredicate(tag);
  return allOf(
    tag.match.map((match) =>
      allOf(Object.entries(match.value).map(([how, text]) => paramPredicate(match.key, how, text))),
    ),
  );
}

function paramPredicate(key: string, how: string, text: string): ProviderPredicate {
  const term: Term = { t: 'param', key };
  if (how === 'exact') return { p: 'test', term, test: { op: 'eq', values: [{ t: 'java.lang.String', v: text }] } };
  if (how === 'prefix') return { p: 'test', term, test: { op: 'prefix', text } };
  if (how === 'regex') return { p: 'test', term, test: { op: 'regex', pattern: text, mode: 'full' } };
  if (how === 'noempty') return { p: 'test', term, test: { op: 'truthy' } };
  if (how === 'empty') return noneOf({ p: 'test', term, test: { op: 'truthy' } });
  throw new OpaqueSignal('unsupported', `the match ${how} of a tag`);
}
