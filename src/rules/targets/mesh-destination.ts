/** Destinations of Dubbo's dialect for the outcomes of rules. */
import type { RoutingProvider } from '../case-file.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { describeGroup } from '../plan/describe-rule.ts';
import { groupProviders } from '../plan/evaluate-plan.ts';
import type { PlanOutcome } from '../plan/route-plan.ts';
import type { GroupSubset } from './label-plan.ts';
import type { WhenEmpty } from './when-empty.ts';
import type { YamlTree } from './yaml-text.ts';

/** A subset without labels: every provider of the application. */
export const ALL_SUBSET = 'all';

/** The `route` of a detail, with what it costs; or why the target has no such outcome. */
export type MeshDestinations =
  | {
      readonly kind: 'route';
      readonly route: YamlTree;
      readonly subsets: readonly string[];
      readonly notes: readonly DestinationNote[];
      readonly lossy: boolean;
    }
  | { readonly kind: 'refused'; readonly code: DiagnosticCode; readonly message: string };

/** A remark about destinations; `empty` names the groups that the target gives to all providers while they are empty. */
export interface DestinationNote {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly empty?: readonly string[];
}

/** The surroundings in which outcomes are lowered. */
export interface DestinationContext {
  readonly host: string;
  readonly subsets: ReadonlyMap<string, GroupSubset>;
  readonly providers: readonly RoutingProvider[];
  readonly acceptsWeights: boolean;
  readonly whenEmpty: WhenEmpty;
}

// Dubbo's loop gives the first destination one ticket too many: with 10,000 tickets that is 0.01 %.
const WEIGHT_SUM = 10_000;

/** Turns the outcome of a rule into destinations of Dubbo's dialect. */
export function meshDestinations(outcome: PlanOutcome, context: DestinationContext): MeshDestinations {
  switch (outcome.kind) {
    case 'all':
      return everything(context);
    case 'deny':
      if (context.whenEmpty === 'all') return { ...everything(context), notes: [DENIED] };
      return { kind: 'refused', code: 'WR045', message: 'The script denies the call; Dubbo would give all providers.' };
    case 'error':
      return { kind: 'refused', code: 'WR005', message: `The call fails with ${outcome.exception} in the script.` };
    case 'stale':
      return { kind: 'refused', code: 'WR006', message: 'The push of the rule fails; what stays depends on the past.' };
    case 'tag':
      return {
        kind: 'refused',
        code: 'WR034',
        message: `The rule gives the tag ${outcome.tag ?? 'null'}, not providers.`,
      };
    case 'opaque':
      return { kind: 'refused', code: opaqueCode(outcome.code), message: outcome.reason };
    case 'route':
      return routes(outcome, context);
  }
}

/** The diagnostic for a reason why a branch is opaque. */
export function opaqueCode(code: Extract<PlanOutcome, { kind: 'opaque' }>['code']): DiagnosticCode {
  const codes = {
    clock: 'WR011',
    random: 'WR011',
    state: 'WR011',
    'input-output': 'WR014',
    'dynamic-code': 'WR014',
    'side-effect': 'WR015',
    hash: 'WR012',
    'object-field': 'WR013',
    'provider-order': 'WR016',
    'provider-count': 'WR016',
    'provider-relation': 'WR017',
    'unknown-call': 'WR010',
    unsupported: 'WR019',
    'loop-limit': 'WR018',
    'path-limit': 'WR018',
    'size-limit': 'WR018',
  } as const satisfies Record<typeof code, DiagnosticCode>;
  return codes[code];
}

const DENIED: DestinationNote = {
  code: 'WR045',
  message: 'The script denies the call; every provider is called instead, as --when-empty all says.',
};

function everything(context: DestinationContext): Extract<MeshDestinations, { kind: 'route' }> {
  const route = [{ destination: { host: context.host, subset: ALL_SUBSET } }];
  return { kind: 'route', route, subsets: [], notes: [], lossy: false };
}

function routes(outcome: Extract<PlanOutcome, { kind: 'route' }>, context: DestinationContext): MeshDestinations {
  const notes: DestinationNote[] = [];
  const used = new Set<string>();
  const entries: { destination: YamlTree; weight: number }[] = [];
  for (const choice of outcome.choices) {
    const chain = choice.chain.flatMap((id) => {
      const subset = context.subsets.get(id);
      return subset === undefined || subset.group.where.p === 'false' ? [] : [subset];
    });
    const impossible = chain.find((subset) => subset.impossible !== null);
    if (impossible !== undefined) {
      return { kind: 'refused', code: 'WR028', message: `No label says it: ${impossible.impossible}.` };
    }
    if (chain.some((subset) => subset.group.weights !== undefined)) {
      return { kind: 'refused', code: 'WR041', message: 'The providers of the group have weights of their own.' };
    }
    if (chain.length === 0 && choice.otherwise === 'deny' && context.whenEmpty === 'all') notes.push(DENIED);
    else if (chain.length === 0 && choice.otherwise === 'deny') {
      return { kind: 'refused', code: 'WR045', message: 'No provider can be in the group, and Dubbo would give all.' };
    }
    for (const subset of chain) {
      used.add(subset.group.id);
      if (subset.dropsAvailability) notes.push({ code: 'WR028', message: 'isAvailable() is left to health checks.' });
      if (subset.findsText)
        notes.push({ code: 'WR030', message: `"${describeGroup(subset.group)}" is a search, no full match.` });
      if (subset.group.closedWorld) {
        notes.push({
          code: 'WR026',
          message: `The group "${describeGroup(subset.group)}" holds for the snapshot's values only.`,
        });
      }
    }
    if (choice.otherwise === 'deny' && chain.length > 0) notes.push(emptyNote(chain, context));
    const otherwise = chain.length === 0 ? 'all' : choice.otherwise;
    entries.push({ destination: nested(chain, otherwise, context.host), weight: choice.weight });
  }
  if (entries.length === 1 && entries[0] !== undefined) {
    return { kind: 'route', route: [{ destination: entries[0].destination }], subsets: [...used], notes, lossy: false };
  }
  const message = `${entries.length} weighted destinations: ${outcome.choices.map((choice) => choice.weight).join(' to ')}.`;
  if (!context.acceptsWeights) return { kind: 'refused', code: 'WR041', message };
  notes.push({ code: 'WR041', message });
  const factor = Math.ceil(WEIGHT_SUM / entries.reduce((sum, entry) => sum + entry.weight, 0));
  const route = entries
    .filter((entry) => entry.weight > 0)
    .map(({ destination, weight }) => ({ destination, weight: Math.round(weight * factor) }));
  return { kind: 'route', route, subsets: [...used], notes, lossy: true };
}

function emptyNote(chain: readonly GroupSubset[], context: DestinationContext): DestinationNote {
  const isEmpty = chain.every((subset) => groupProviders(subset.group, context.providers).length === 0);
  const empty = chain.map((subset) => describeGroup(subset.group));
  const names = empty.join(', ');
  return context.providers.length > 0 && isEmpty
    ? { code: 'WR045', message: `The group ${names} has no provider in the snapshot: Dubbo gives all of them.`, empty }
    : { code: 'WR045', message: emptyMessage(empty), empty };
}

/** One message about all groups that may be empty, with the consequence. */
export function emptyMessage(groups: readonly string[]): string {
  return `While no provider of ${groups.join(' or ')} is present, Dubbo gives all of them; the script none. What is said of the rules holds while one is.`;
}

function nested(chain: readonly GroupSubset[], otherwise: 'deny' | 'all', host: string): YamlTree {
  const names = chain.map((subset) => subset.name);
  if (otherwise === 'all') names.push(ALL_SUBSET);
  let tree: { [key: string]: YamlTree } = {};
  for (const name of names.reverse()) {
    const inner = tree;
    tree = { host, subset: name };
    if (Object.keys(inner).length > 0) tree.fallback = { destination: inner };
  }
  return tree;
}
