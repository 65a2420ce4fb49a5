import type { RoutingCall, RoutingProvider } from './case-file.ts';
import { conditionHolds, predicateHolds, type TermContext } from './evaluate-term.ts';
import { OpaqueSignal } from './groovy/exceptions.ts';
import type { PlanOutcome, PlanRule, ProviderGroup, RoutePlan } from './route-plan.ts';

/** What becomes of one call. `split` lists the outcomes of weighted choices with their shares (they add up to 1). */
export type CallOutcome =
  | { readonly kind: 'providers'; readonly ids: readonly string[]; readonly weights?: Readonly<Record<string, number>> }
  /** The rule failed and is ignored: all present providers. */
  | { readonly kind: 'ignored'; readonly exception: string }
  | { readonly kind: 'error'; readonly exception: string }
  | { readonly kind: 'stale' }
  | { readonly kind: 'tag'; readonly tag: string | null }
  | { readonly kind: 'split'; readonly parts: readonly { readonly outcome: CallOutcome; readonly share: number }[] }
  | { readonly kind: 'opaque'; readonly reason: string };

/** An outcome and the rule that gave it; null where no rule could be chosen. */
export interface PlanAnswer {
  readonly rule: string | null;
  readonly outcome: CallOutcome;
}

/** The providers that a call sees: `only` narrows them, `down` marks the unavailable. */
export function presentProviders(call: RoutingCall, providers: readonly RoutingProvider[]): RoutingProvider[] {
  const { only } = call;
  return only ? providers.filter((provider) => only.includes(provider.id)) : [...providers];
}

/** Members of a group among `providers`, in their order. @throws OpaqueSignal where weir cannot tell. */
export function groupMembers(
  group: ProviderGroup,
  providers: readonly RoutingProvider[],
  down: readonly string[] = [],
): RoutingProvider[] {
  return providers.filter((provider) =>
    predicateHolds(group.where, { provider, available: !down.includes(provider.id) }),
  );
}

/**
 * What a plan says for a call, by the plan's own semantics: the first rule whose conditions hold.
 * Where an assumption does not hold for a present provider, or a value cannot be computed, the answer is opaque.
 */
export function evaluatePlan(plan: RoutePlan, call: RoutingCall, providers: readonly RoutingProvider[]): PlanAnswer {
  const present = presentProviders(call, providers);
  let rule: PlanRule | undefined;
  try {
    const context: TermContext = { call };
    rule = plan.rules.find((candidate) => candidate.when.every((condition) => conditionHolds(condition, context)));
    if (!rule) return { rule: null, outcome: { kind: 'opaque', reason: 'no rule decides this call' } };
    const { then } = rule;
    if (then.kind === 'route' || then.kind === 'all' || then.kind === 'deny') {
      const broken = brokenAssumption(plan, present, call);
      if (broken !== undefined) return { rule: rule.id, outcome: { kind: 'opaque', reason: broken } };
    }
    return { rule: rule.id, outcome: decided(plan, then, present, call) };
  } catch (error) {
    if (!(error instanceof OpaqueSignal)) throw error;
    return { rule: rule?.id ?? null, outcome: { kind: 'opaque', reason: error.reason } };
  }
}

function brokenAssumption(plan: RoutePlan, present: readonly RoutingProvider[], call: RoutingCall): string | undefined {
  for (const assumption of plan.assumptions) {
    const breaks = (provider: RoutingProvider): boolean =>
      predicateHolds(assumption.where, { provider, available: !(call.down ?? []).includes(provider.id) });
    const culprit = present.find(breaks);
    if (culprit) return `provider ${culprit.id} breaks assumption ${assumption.id}: ${assumption.why}`;
  }
  return undefined;
}

function decided(
  plan: RoutePlan,
  then: PlanOutcome,
  present: readonly RoutingProvider[],
  call: RoutingCall,
): CallOutcome {
  switch (then.kind) {
    case 'all':
      if (then.ignored !== undefined) return { kind: 'ignored', exception: then.ignored };
      return { kind: 'providers', ids: present.map((provider) => provider.id) };
    case 'deny':
      return { kind: 'providers', ids: [] };
    case 'error':
      return { kind: 'error', exception: then.exception };
    case 'stale':
      return { kind: 'stale' };
    case 'tag':
      return { kind: 'tag', tag: then.tag };
    case 'opaque':
      return { kind: 'opaque', reason: then.reason };
    case 'route':
      break;
  }
  const total = then.choices.reduce((sum, choice) => sum + choice.weight, 0);
  const parts = new Map<string, { outcome: CallOutcome; share: number }>();
  for (const choice of then.choices) {
    const outcome = chosen(plan, choice.chain, choice.otherwise, present, call);
    const key = JSON.stringify(outcome);
    const share = choice.weight / total;
    parts.set(key, { outcome, share: (parts.get(key)?.share ?? 0) + share });
  }
  const [first] = parts.values();
  if (parts.size === 1 && first) return first.outcome;
  return { kind: 'split', parts: [...parts.values()] };
}

function chosen(
  plan: RoutePlan,
  chain: readonly string[],
  otherwise: 'deny' | 'all',
  present: readonly RoutingProvider[],
  call: RoutingCall,
): CallOutcome {
  for (const id of chain) {
    const group = plan.groups.find((candidate) => candidate.id === id);
    if (!group) return { kind: 'opaque', reason: `the plan has no group ${id}` };
    const members = groupMembers(group, present, call.down);
    if (members.length > 0) return withWeights(group, members, call);
  }
  return { kind: 'providers', ids: otherwise === 'all' ? present.map((provider) => provider.id) : [] };
}

/** HSF weights, reduced by their common divisor; left out where all are equal. */
function withWeights(group: ProviderGroup, members: readonly RoutingProvider[], call: RoutingCall): CallOutcome {
  const ids = members.map((provider) => provider.id);
  if (!group.weights) return { kind: 'providers', ids };
  const weights = members.map((provider) => {
    const context = { provider, available: !(call.down ?? []).includes(provider.id) };
    return group.weights?.find((entry) => predicateHolds(entry.where, context))?.weight ?? 1;
  });
  const divisor = weights.reduce((a, b) => (b === 0 ? a : gcd(a, b)), 0) || 1;
  if (weights.every((weight) => weight === weights[0])) return { kind: 'providers', ids };
  return { kind: 'providers', ids, weights: Object.fromEntries(ids.map((id, i) => [id, (weights[i] ?? 1) / divisor])) };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
