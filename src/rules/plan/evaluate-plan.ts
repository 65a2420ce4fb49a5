/** The evaluator of plans: which rule decides a call, and what it gives over the providers that are present. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { conditionHoldsIn, predicateHoldsIn } from './evaluate-term.ts';
import type {
  PlanCondition,
  PlanOutcome,
  PlanRule,
  ProviderGroup,
  ProviderPredicate,
  RoutePlan,
} from './route-plan.ts';

/** The decision of a plan for one call, over the providers that are present. */
export interface PlanVerdict {
  readonly rule: PlanRule;
  readonly decision: PlanDecision;
}

/** One choice: the providers, their share of the calls, and HSF weights where they differ. */
export interface PlanPick {
  /** Ids of providers. */
  readonly providers: readonly string[];
  /** From 0 to 1; those of one decision sum to 1. */
  readonly share: number;
  readonly weights?: Readonly<Record<string, number>>;
}

/** The providers (with their shares where a choice is weighted), or what happens instead. */
export type PlanDecision =
  | { readonly kind: 'providers'; readonly picks: readonly PlanPick[] }
  | { readonly kind: 'ignored'; readonly exception: string; readonly providers: readonly string[] }
  | { readonly kind: 'error'; readonly exception: string }
  | { readonly kind: 'stale' }
  | { readonly kind: 'tag'; readonly tag: string | null }
  /** weir cannot say: the script does something that it does not know, or a value cannot be computed here. */
  | { readonly kind: 'opaque'; readonly reason: string };

/** Evaluates a plan for one call: the first rule whose conditions hold, over the providers that are present. */
export function evaluatePlan(plan: RoutePlan, call: RoutingCall, providers: readonly RoutingProvider[]): PlanVerdict {
  for (const rule of plan.rules) {
    const holds = ruleAnswer(rule, call);
    if (typeof holds === 'string') return { rule, decision: { kind: 'opaque', reason: holds } };
    if (holds) return { rule, decision: decideRule(plan, rule, call, providers) };
  }
  throw new TypeError('a plan ends with a rule without conditions');
}

/** Whether all conditions of a rule hold for a call, or the reason why weir cannot tell. */
export function ruleAnswer(rule: PlanRule, call: RoutingCall): boolean | string {
  let unknown: string | undefined;
  for (const condition of rule.when) {
    const answer = conditionAnswer(condition, call);
    if (answer === false) return false;
    if (typeof answer === 'string') unknown ??= answer;
  }
  return unknown ?? true;
}

/** The decision of one rule for a call, over the providers that are present. */
export function decideRule(
  plan: RoutePlan,
  rule: PlanRule,
  call: RoutingCall,
  providers: readonly RoutingProvider[],
): PlanDecision {
  const decision = known(() => decide(plan, rule.then, call, providers));
  return typeof decision === 'string' ? { kind: 'opaque', reason: decision } : decision;
}

function decide(
  plan: RoutePlan,
  then: PlanOutcome,
  call: RoutingCall,
  providers: readonly RoutingProvider[],
): PlanDecision {
  const present = presentProviders(call, providers);
  const all = present.map((provider) => provider.id);
  switch (then.kind) {
    case 'all':
      return then.ignored === undefined
        ? { kind: 'providers', picks: [{ providers: all, share: 1 }] }
        : { kind: 'ignored', exception: then.ignored, providers: all };
    case 'deny':
      return { kind: 'providers', picks: [{ providers: [], share: 1 }] };
    case 'error':
      return { kind: 'error', exception: then.exception };
    case 'stale':
      return { kind: 'stale' };
    case 'tag':
      return { kind: 'tag', tag: then.tag };
    case 'opaque':
      return { kind: 'opaque', reason: then.reason };
    case 'route': {
      const down = new Set(call.down ?? []);
      const groups = new Map(plan.groups.map((group) => [group.id, group]));
      const total = then.choices.reduce((sum, choice) => sum + choice.weight, 0);
      const picks = then.choices.map((choice): PlanPick => {
        const share = choice.weight / total;
        for (const id of choice.chain) {
          const group = groups.get(id);
          const members = group === undefined ? [] : groupProviders(group, present, down);
          if (group !== undefined && members.length > 0)
            return { providers: members, share, ...weightsOf(group, present, members, down) };
        }
        return { providers: choice.otherwise === 'all' ? all : [], share };
      });
      return { kind: 'providers', picks };
    }
  }
}

/** HSF weights, divided by their common divisor; none where all are equal. */
function weightsOf(
  group: ProviderGroup,
  present: readonly RoutingProvider[],
  members: readonly string[],
  down: ReadonlySet<string>,
): { weights?: Record<string, number> } {
  if (!group.weights) return {};
  const weights = present
    .filter((provider) => members.includes(provider.id))
    .map((provider) => group.weights?.find((entry) => predicateHolds(entry.where, provider, down))?.weight ?? 1);
  if (weights.every((weight) => weight === weights[0])) return {};
  const divisor = weights.reduce(gcd, 0) || 1;
  return { weights: Object.fromEntries(members.map((id, i) => [id, (weights[i] ?? 1) / divisor])) };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Whether a condition holds for a call, or the reason why weir cannot tell. */
export function conditionAnswer(condition: PlanCondition, call: RoutingCall): boolean | string {
  return known(() => conditionHolds(condition, call));
}

/** An answer, or the reason why there is none. */
function known<T extends object | boolean>(compute: () => T): T | string {
  try {
    return compute();
  } catch (error) {
    if (error instanceof OpaqueSignal) return error.reason;
    throw error;
  }
}

/** The providers that a call sees: all, or those that `only` names. */
export function presentProviders(call: RoutingCall, providers: readonly RoutingProvider[]): RoutingProvider[] {
  const only = call.only === undefined ? null : new Set(call.only);
  return providers.filter((provider) => only === null || only.has(provider.id));
}

/** Ids of the providers in a group, in the order given. @throws OpaqueSignal where weir cannot tell. */
export function groupProviders(
  group: ProviderGroup,
  providers: readonly RoutingProvider[],
  down?: ReadonlySet<string>,
): string[] {
  return providers.filter((provider) => predicateHolds(group.where, provider, down)).map((provider) => provider.id);
}

/** Whether a condition of a rule holds for a call; an undefined term fails every test. @throws OpaqueSignal where weir cannot tell. */
export function conditionHolds(condition: PlanCondition, call: RoutingCall): boolean {
  return conditionHoldsIn(condition, { call });
}

/** Whether a provider is in the set that a predicate describes. @throws OpaqueSignal where weir cannot tell. */
export function predicateHolds(
  predicate: ProviderPredicate,
  provider: RoutingProvider,
  down?: ReadonlySet<string>,
): boolean {
  return predicateHoldsIn(predicate, { provider, available: !(down?.has(provider.id) ?? false) });
}
