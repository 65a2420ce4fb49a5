/** The label plan: subsets for the groups of a plan, and the labels that providers need. */
import type { RoutingProvider } from '../case-file.ts';
import { LABEL_PREFIX, LABEL_VALUE } from '../groovy/machine/machine-group.ts';
import { describeGroup } from '../plan/describe-rule.ts';
import { predicateHolds } from '../plan/evaluate-plan.ts';
import { leavesOf } from '../plan/plan-term.ts';
import type { ProviderGroup, ProviderPredicate, RoutePlan } from '../plan/route-plan.ts';
import { parameterEqualities } from './parameter-labels.ts';
import { subsetNames } from './subset-name.ts';

/** The subset that stands for a group of providers in a DestinationRule. */
export interface GroupSubset {
  readonly group: ProviderGroup;
  /** Name of the subset, a DNS label. */
  readonly name: string;
  /** Label equalities that select it; every one must hold. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether weir invents the label, so that an operator must put it on the providers. */
  readonly invented: boolean;
  /** The script also asked for `isAvailable()`, which no label says: health checks do. */
  readonly dropsAvailability: boolean;
  /** A search in the host (=~) chose the providers. The author of the pattern may have meant a full match. */
  readonly findsText: boolean;
  /** No label can say it: why. */
  readonly impossible: string | null;
}

/** File `<name>.labels.json`: which label goes to which providers, as a rule for future hosts and for the snapshot's. */
export interface LabelPlan {
  readonly groups: readonly LabelGroup[];
  readonly providers?: readonly LabelledProvider[];
  /** Subsets whose providers the script also asked for `isAvailable()`: health checks take those that are down. */
  readonly healthChecked: readonly string[];
}

/** One label and the providers that get it, any of the predicates of `select` being enough. */
export interface LabelGroup {
  readonly label: string;
  readonly value: string;
  readonly select: readonly ProviderPredicate[];
  /** Name of the group in the script. */
  readonly from: string;
}

/** One provider of the snapshot with the labels to set. */
export interface LabelledProvider {
  readonly id: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Gives every group of a plan a subset. With `readsParameters` (Dubbo: labels are the provider's URL parameters) an equality
 * of a parameter needs no new label; everything else does.
 */
export function planSubsets(plan: RoutePlan, readsParameters: boolean): GroupSubset[] {
  const drafts = plan.groups.map((group) => {
    const where = withoutAvailability(group.where);
    const dropsAvailability = JSON.stringify(where) !== JSON.stringify(group.where);
    const equalities = parameterEqualities(where);
    // The label of a machine group is one for every target.
    const isLabel = Object.keys(equalities ?? {}).some((key) => key.startsWith(LABEL_PREFIX));
    const direct = readsParameters || isLabel ? equalities : null;
    // Groups that one label selects are one subset, however the script asks for it.
    const identity = JSON.stringify([direct ?? where, dropsAvailability, group.weights ?? null]);
    return { group: { ...group, where }, dropsAvailability, direct, isLabel, identity };
  });
  const groups = new Map<string, ProviderGroup>();
  for (const { identity, group } of drafts) if (!groups.has(identity)) groups.set(identity, group);
  const names = subsetNames(groups, new Set(['all']));
  return drafts.map(({ group, dropsAvailability, direct, isLabel, identity }) => {
    const name = names.get(identity) ?? group.id;
    return {
      group,
      findsText: hasFind(group.where),
      name,
      labels: direct ?? { [`${LABEL_PREFIX}${name}`]: LABEL_VALUE },
      invented: direct === null || isLabel,
      dropsAvailability,
      impossible: readsAvailability(group.where) ? 'it selects providers that are not available' : null,
    };
  });
}

/** The subsets of the groups that documents use, each name once. */
export function usedSubsets(subsets: readonly GroupSubset[], used: ReadonlySet<string>): GroupSubset[] {
  const named = new Map<string, GroupSubset>();
  for (const subset of subsets)
    if (used.has(subset.group.id) && !named.has(subset.name)) named.set(subset.name, subset);
  return [...named.values()];
}

/** The label plan of a set of subsets; concrete for the providers of a snapshot, if there is one. */
export function labelPlan(subsets: readonly GroupSubset[], providers: readonly RoutingProvider[]): LabelPlan {
  const invented = subsets.filter((subset) => subset.invented && subset.impossible === null);
  const groups = invented.map((subset) => ({
    label: Object.keys(subset.labels)[0] ?? '',
    value: LABEL_VALUE,
    select: subset.group.where.p === 'or' ? subset.group.where.of : [subset.group.where],
    from: describeGroup(subset.group),
  }));
  const healthChecked = subsets.filter((subset) => subset.dropsAvailability).map((subset) => subset.name);
  if (providers.length === 0) return { groups, healthChecked };
  return { groups, providers: providers.map((provider) => labelledProvider(provider, invented)), healthChecked };
}

function labelledProvider(provider: RoutingProvider, subsets: readonly GroupSubset[]): LabelledProvider {
  const labels: Record<string, string> = {};
  for (const subset of subsets) {
    if (predicateHolds(subset.group.where, provider)) Object.assign(labels, subset.labels);
  }
  return { id: provider.id, address: `${provider.host}:${provider.port}`, labels };
}

/** A health check stands for availability only where the whole set asks for it. */
function withoutAvailability(where: ProviderPredicate): ProviderPredicate {
  return asksAvailability(where) ? dropAvailability(where) : where;
}

function asksAvailability(where: ProviderPredicate): boolean {
  if (where.p === 'and') return where.of.some(asksAvailability);
  if (where.p === 'or') return where.of.every(asksAvailability);
  if (where.p !== 'test' || where.term.t !== 'available') return false;
  const { test } = where;
  if (test.op === 'truthy') return true;
  return test.op === 'eq' && test.values.every((value) => 'v' in value && String(value.v) === 'true');
}

function dropAvailability(where: ProviderPredicate): ProviderPredicate {
  if (where.p === 'test' && asksAvailability(where)) return { p: 'true' };
  if (where.p === 'and') {
    const parts = where.of.map(dropAvailability).filter((part) => part.p !== 'true');
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { p: 'and', of: parts };
  }
  if (where.p === 'or') return { p: 'or', of: where.of.map(dropAvailability) };
  return where;
}

function readsAvailability(where: ProviderPredicate): boolean {
  if (where.p === 'test') return leavesOf(where.term).some((leaf) => leaf.t === 'available');
  if (where.p === 'and' || where.p === 'or') return where.of.some(readsAvailability);
  return where.p === 'not' && readsAvailability(where.of);
}

function hasFind(where: ProviderPredicate): boolean {
  if (where.p === 'test') return where.test.op === 'regex' && where.test.mode === 'find';
  if (where.p === 'and' || where.p === 'or') return where.of.some(hasFind);
  return where.p === 'not' && hasFind(where.of);
}
