/** Which state the policies want of an application on a host. Pure: every reader computes the same. */
import type { MeshPolicy, PolicyRule } from './object-schemas.ts';
import { type SelectableHost, selects } from './selector.ts';

/** The rule that speaks for an application on a host. */
export interface Decision {
  readonly state: PolicyRule['state'];
  /** The name of the policy. */
  readonly policy: string;
  /** The index of the rule in it, from 0. */
  readonly rule: number;
  readonly reason: string | null;
  /** RFC 3339: when the rule ends; null when it does not. */
  readonly until: string | null;
}

/** Among equal priorities the safer state speaks. */
const ORDER: readonly PolicyRule['state'][] = ['off', 'denied', 'on'];

/**
 * Of the policies that name the application, the highest priority speaks; among equals off beats denied beats on. Null
 * when no rule selects the host. `nowMs` is wall time: a rule whose `until` has passed does not exist.
 */
export function decide(
  policies: readonly MeshPolicy[],
  app: string,
  host: SelectableHost,
  nowMs: number,
): Decision | null {
  let best: { readonly decision: Decision; readonly priority: number } | null = null;
  for (const policy of policies) {
    const decision = speakingRule(policy, app, host, nowMs);
    if (decision === null) continue;
    const { priority } = policy.spec;
    const isBetter =
      best === null || priority > best.priority || (priority === best.priority && isBefore(decision, best.decision));
    if (isBetter) best = { decision, priority };
  }
  return best?.decision ?? null;
}

/** The time at which the next rule of the policies ends, in milliseconds since 1970; null when none does. */
export function nextExpiry(policies: readonly MeshPolicy[], nowMs: number): number | null {
  const ends = policies.flatMap(({ spec }) =>
    spec.rules.flatMap(({ until }) => (until === undefined ? [] : [Date.parse(until)])),
  );
  const coming = ends.filter((at) => at > nowMs);
  return coming.length === 0 ? null : Math.min(...coming);
}

/** Whether the rule has ended. */
export function hasExpired({ until }: Pick<PolicyRule, 'until'>, nowMs: number): boolean {
  return until !== undefined && Date.parse(until) <= nowMs;
}

function speakingRule(policy: MeshPolicy, app: string, host: SelectableHost, nowMs: number): Decision | null {
  const { apps, rules } = policy.spec;
  if (!apps.includes(app) && !apps.includes('*')) return null;
  const index = rules.findLastIndex((rule) => !hasExpired(rule, nowMs) && selects(rule.hosts, host, app));
  const rule = rules[index];
  if (rule === undefined) return null;
  return {
    state: rule.state,
    policy: policy.metadata.name,
    rule: index,
    reason: rule.reason ?? null,
    until: rule.until ?? null,
  };
}

/** The same state by two policies: the first name, so that readers agree. */
function isBefore(a: Decision, b: Decision): boolean {
  const [rankA, rankB] = [ORDER.indexOf(a.state), ORDER.indexOf(b.state)];
  return rankA === rankB ? a.policy < b.policy : rankA < rankB;
}
