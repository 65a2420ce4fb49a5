import type { RoutingProvider } from '../case-file.ts';
import { predicateHolds } from '../plan-evaluate.ts';
import { leavesOf } from '../plan-term.ts';
import type { ProviderGroup, ProviderPredicate, RoutePlan } from '../route-plan.ts';

/** The subset that stands for a group of providers in a DestinationRule. */
export interface GroupSubset {
  readonly group: ProviderGroup;
  /** Name of the subset, a DNS label. */
  readonly name: string;
  /** Label equalities that select it; every one must hold. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the label is one that weir invents, so that somebody must put it on the providers. */
  readonly invented: boolean;
  /** The script also asked for `isAvailable()`, which no label says: health checks do. */
  readonly dropsAvailability: boolean;
  /** A search in the host (=~) chose the providers: whoever looks at the pattern may have meant a full match. */
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
  /** What the script calls the group. */
  readonly from: string;
}

/** One provider of the snapshot with the labels to set. */
export interface LabelledProvider {
  readonly id: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

const LABEL_PREFIX = 'weir.io/';
const LABEL_VALUE = 'true';

/**
 * Gives every group of a plan a subset. With `readsParameters` (Dubbo: labels are the provider's URL parameters) an equality
 * of a parameter needs no new label; everything else does.
 */
export function planSubsets(plan: RoutePlan, readsParameters: boolean): GroupSubset[] {
  const taken = new Set<string>(['all']);
  return plan.groups.map((group) => {
    const where = withoutAvailability(group.where);
    const dropsAvailability = JSON.stringify(where) !== JSON.stringify(group.where);
    const impossible = readsAvailability(where) ? 'it selects providers that are not available' : null;
    const direct = readsParameters ? parameterEqualities(where) : null;
    const name = uniqueName(group, taken);
    const labels = direct ?? { [`${LABEL_PREFIX}${name}`]: LABEL_VALUE };
    const findsText = hasFind(where);
    return {
      group: { ...group, where },
      findsText,
      name,
      labels,
      invented: direct === null,
      dropsAvailability,
      impossible,
    };
  });
}

/** The label plan of a set of subsets; concrete for the providers of a snapshot, if there is one. */
export function labelPlan(subsets: readonly GroupSubset[], providers: readonly RoutingProvider[]): LabelPlan {
  const invented = subsets.filter((subset) => subset.invented && subset.impossible === null);
  const groups = invented.map((subset) => ({
    label: Object.keys(subset.labels)[0] ?? '',
    value: LABEL_VALUE,
    select: subset.group.where.p === 'or' ? subset.group.where.of : [subset.group.where],
    from: subset.group.label,
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

// Equalities of URL parameters, joined by "and". An empty value is no parameter in a Dubbo URL, so it needs a label.
function parameterEqualities(where: ProviderPredicate): Record<string, string> | null {
  if (where.p === 'and') {
    const merged: Record<string, string> = {};
    for (const part of where.of) {
      const labels = parameterEqualities(part);
      if (labels === null) return null;
      for (const [key, value] of Object.entries(labels)) {
        if (key in merged && merged[key] !== value) return null;
        merged[key] = value;
      }
    }
    return where.of.length === 0 ? null : merged;
  }
  if (where.p !== 'test' || where.term.t !== 'param' || where.term.fallback !== undefined) return null;
  if (where.test.op !== 'eq' || where.test.values.length !== 1) return null;
  const value = where.test.values[0];
  if (value === undefined || !('v' in value) || value.t !== 'java.lang.String' || value.v === '') return null;
  return { [where.term.key]: String(value.v) };
}

function withoutAvailability(where: ProviderPredicate): ProviderPredicate {
  if (where.p === 'test' && where.term.t === 'available') {
    const { test } = where;
    const asksTrue =
      test.op === 'truthy' ||
      (test.op === 'eq' && test.values.every((value) => 'v' in value && String(value.v) === 'true'));
    return asksTrue ? { p: 'true' } : where;
  }
  if (where.p === 'and') {
    const parts = where.of.map(withoutAvailability).filter((part) => part.p !== 'true');
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { p: 'and', of: parts };
  }
  if (where.p === 'or') return { p: 'or', of: where.of.map(withoutAvailability) };
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

function uniqueName(group: ProviderGroup, taken: Set<string>): string {
  const slug = group.label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  const base = slug === '' ? group.id : `g-${slug}`;
  let name = base;
  for (let count = 2; taken.has(name); count += 1) name = `${base}-${count}`;
  taken.add(name);
  return name;
}
