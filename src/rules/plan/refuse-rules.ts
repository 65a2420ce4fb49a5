/** Removes rules that the real engine contradicts from a plan. Their calls stay with the script. */
import type { PlanRule, RoutePlan } from './route-plan.ts';

/** The plan with these rules opaque, each with its message as WR060. What was called dead or broken is live then. */
export function refuseRules(plan: RoutePlan, messages: ReadonlyMap<string, string>): RoutePlan {
  const rules = plan.rules.map((rule): PlanRule => {
    const message = messages.get(rule.id);
    if (message === undefined) return rule;
    const note = { code: 'WR060', message, span: rule.span };
    return {
      ...rule,
      // biome-ignore lint/suspicious/noThenProperty: the plan's own word for an outcome; plans are data, never awaited
      then: { kind: 'opaque', code: 'unsupported', reason: message, span: rule.span },
      notes: [...rule.notes, note],
    };
  });
  return { ...plan, rules, effect: { ...plan.effect, state: 'live', reasons: [] } };
}
