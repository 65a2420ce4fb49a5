/** Sets of providers as predicates, with and, or, not. */
import type { PlanCondition, ProviderPredicate } from '../../plan/route-plan.ts';
import { termKey } from './path-knowledge.ts';

/** Every provider. */
export const EVERY_PROVIDER: ProviderPredicate = { p: 'true' };
/** No provider. */
export const NO_PROVIDER: ProviderPredicate = { p: 'false' };

/** All of the parts; flattened, constants and repeats removed. */
export function allOf(parts: readonly ProviderPredicate[]): ProviderPredicate {
  const flat = unique(
    parts.flatMap((part) => (part.p === 'and' ? part.of : [part])).filter((part) => part.p !== 'true'),
  );
  if (flat.some((part) => part.p === 'false')) return NO_PROVIDER;
  if (flat.length === 0) return EVERY_PROVIDER;
  return flat.length === 1 && flat[0] ? flat[0] : { p: 'and', of: flat };
}

/** Any of the parts; flattened, without what an earlier part says already, and equalities of one term joined. */
export function anyOf(parts: readonly ProviderPredicate[]): ProviderPredicate {
  const flat = unique(
    withoutEarlier(parts.flatMap((part) => (part.p === 'or' ? part.of : [part]))).filter((part) => part.p !== 'false'),
  );
  if (flat.some((part) => part.p === 'true')) return EVERY_PROVIDER;
  const joined: ProviderPredicate[] = [];
  const equalities = new Map<string, number>();
  for (const part of flat) {
    if (part.p === 'test' && part.test.op === 'eq') {
      const key = termKey(part.term);
      const at = equalities.get(key);
      const earlier = at === undefined ? undefined : joined[at];
      if (at !== undefined && earlier?.p === 'test' && earlier.test.op === 'eq') {
        const known = new Set(earlier.test.values.map((value) => JSON.stringify(value)));
        const fresh = part.test.values.filter((value) => !known.has(JSON.stringify(value)));
        joined[at] = { ...earlier, test: { op: 'eq', values: [...earlier.test.values, ...fresh] } };
        continue;
      }
      equalities.set(key, joined.length);
    }
    joined.push(part);
  }
  if (joined.length === 0) return NO_PROVIDER;
  return joined.length === 1 && joined[0] ? joined[0] : { p: 'or', of: joined };
}

// A, or B that is not A: that is A or B.
function withoutEarlier(parts: readonly ProviderPredicate[]): ProviderPredicate[] {
  const opposites = new Set<string>();
  return parts.map((part) => {
    const shorter =
      part.p === 'and' ? allOf(part.of.filter((one) => one.p !== 'not' || !opposites.has(JSON.stringify(one)))) : part;
    if (shorter.p === 'test' || shorter.p === 'glob') opposites.add(JSON.stringify(noneOf(shorter)));
    return shorter;
  });
}

/** The opposite. */
export function noneOf(part: ProviderPredicate): ProviderPredicate {
  if (part.p === 'true') return NO_PROVIDER;
  if (part.p === 'false') return EVERY_PROVIDER;
  return part.p === 'not' ? part.of : { p: 'not', of: part };
}

function unique(parts: readonly ProviderPredicate[]): ProviderPredicate[] {
  const seen = new Set<string>();
  return parts.filter((part) => {
    const key = JSON.stringify(part);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** One way through the decisions about a provider. */
export interface ProviderPath {
  readonly decisions: readonly (readonly [PlanCondition, boolean])[];
}

/** The providers whose path is selected. Paths are in the order of a depth-first walk that tries yes before no. */
export function providersOnPaths<P extends ProviderPath>(
  paths: readonly P[],
  selected: (path: P) => boolean,
  depth = 0,
): ProviderPredicate {
  const [first] = paths;
  if (!first) return NO_PROVIDER;
  if (paths.every(selected)) return EVERY_PROVIDER;
  if (!paths.some(selected)) return NO_PROVIDER;
  const decision = first.decisions[depth];
  if (!decision) return selected(first) ? EVERY_PROVIDER : NO_PROVIDER;
  const [condition] = decision;
  const yes = paths.filter((path) => path.decisions[depth]?.[1] === true);
  const no = paths.filter((path) => path.decisions[depth]?.[1] === false);
  return choose(condition, providersOnPaths(yes, selected, depth + 1), providersOnPaths(no, selected, depth + 1));
}

/** `if condition then yes else no`, short where a side is constant. */
function choose(condition: PlanCondition, yes: ProviderPredicate, no: ProviderPredicate): ProviderPredicate {
  const test: ProviderPredicate = { p: 'test', term: condition.term, test: condition.test };
  if (JSON.stringify(yes) === JSON.stringify(no)) return yes;
  if (yes.p === 'true') return anyOf([test, no]);
  if (yes.p === 'false') return allOf([noneOf(test), no]);
  if (no.p === 'true') return anyOf([noneOf(test), yes]);
  if (no.p === 'false') return allOf([test, yes]);
  return anyOf([allOf([test, yes]), allOf([noneOf(test), no])]);
}

/** The conditions that hold for every provider of the set, as far as they can be read off. */
export function conditionsIn(where: ProviderPredicate): [PlanCondition, boolean][] {
  if (where.p === 'test') return [[{ term: where.term, test: where.test }, true]];
  if (where.p === 'not' && where.of.p === 'test') return [[{ term: where.of.term, test: where.of.test }, false]];
  return where.p === 'and' ? where.of.flatMap(conditionsIn) : [];
}
