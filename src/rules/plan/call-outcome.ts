/** The outcome of one call, in which scripts, plans and engines are compared. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { conditionAnswer, evaluatePlan, type PlanDecision, predicateHolds, presentProviders } from './evaluate-plan.ts';
import type { RoutePlan } from './route-plan.ts';

/** The outcome of one call. `split` lists the outcomes of weighted choices with their shares, which add up to 1. */
export type CallOutcome =
  | {
      readonly kind: 'providers';
      readonly ids: readonly string[];
      readonly weights?: Readonly<Record<string, number>>;
      /** A remark beside the answer. */
      readonly note?: string;
    }
  /** The rule failed and is ignored: all present providers. */
  | { readonly kind: 'ignored'; readonly exception: string }
  | { readonly kind: 'error'; readonly exception: string }
  | { readonly kind: 'stale' }
  | { readonly kind: 'tag'; readonly tag: string | null }
  | { readonly kind: 'split'; readonly parts: readonly { readonly outcome: CallOutcome; readonly share: number }[] }
  | { readonly kind: 'opaque'; readonly reason: string };

/** An outcome and the rule that gave it. */
export interface PlanAnswer {
  readonly rule: string;
  readonly outcome: CallOutcome;
}

/**
 * The outcome of a call by a plan. If a present provider breaks an assumption, the answer is opaque: the plan says
 * nothing about such calls.
 */
export function answerCall(plan: RoutePlan, call: RoutingCall, providers: readonly RoutingProvider[]): PlanAnswer {
  const { rule, decision } = evaluatePlan(plan, call, providers);
  const outside = outsideCall(plan.callAssumptions, call);
  if (outside !== undefined) return { rule: rule.id, outcome: { kind: 'opaque', reason: outside } };
  const depends = rule.then.kind === 'route' || rule.then.kind === 'all' || rule.then.kind === 'deny';
  const broken = depends ? brokenAssumption(plan.assumptions, call, presentProviders(call, providers)) : undefined;
  if (broken !== undefined) return { rule: rule.id, outcome: { kind: 'opaque', reason: broken } };
  return { rule: rule.id, outcome: outcomeOfDecision(decision) };
}

/** Why a plan says nothing about a call, if it does not. */
export function outsideCall(
  assumptions: RoutePlan['callAssumptions'] | undefined,
  call: RoutingCall,
): string | undefined {
  for (const { when, why } of assumptions ?? []) {
    const answer = conditionAnswer(when, call);
    if (typeof answer === 'string') return answer;
    if (answer) return `assumed not to happen: ${why}`;
  }
  return undefined;
}

/** Why a plan says nothing where a provider is present that an assumption excludes. */
export function oddProvider({ exception }: RoutePlan['assumptions'][number], { id }: RoutingProvider): string {
  return exception === null
    ? `weir does not follow what the script does with the provider ${id}`
    : `the script throws ${exception} wherever the provider ${id} is present`;
}

/** Which assumption on providers does not hold for those that a call sees, if one does not. */
export function brokenAssumption(
  assumptions: RoutePlan['assumptions'],
  call: RoutingCall,
  present: readonly RoutingProvider[],
): string | undefined {
  const down = new Set(call.down ?? []);
  for (const { id, where, why } of assumptions) {
    try {
      const culprit = present.find((provider) => predicateHolds(where, provider, down));
      if (culprit) return `provider ${culprit.id} breaks assumption ${id}: ${why}`;
    } catch (error) {
      if (!(error instanceof OpaqueSignal)) throw error;
      return error.reason;
    }
  }
  return undefined;
}

function outcomeOfDecision(decision: PlanDecision): CallOutcome {
  if (decision.kind === 'ignored') return { kind: 'ignored', exception: decision.exception };
  if (decision.kind !== 'providers') return decision;
  const parts = new Map<string, { outcome: CallOutcome; share: number }>();
  for (const { providers, share, weights } of decision.picks) {
    const outcome: CallOutcome = { kind: 'providers', ids: providers, ...(weights ? { weights } : {}) };
    const key = JSON.stringify(outcome);
    parts.set(key, { outcome, share: (parts.get(key)?.share ?? 0) + share });
  }
  const [first] = parts.values();
  return parts.size === 1 && first ? first.outcome : { kind: 'split', parts: [...parts.values()] };
}
