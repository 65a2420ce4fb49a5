/** Stable names for the rules and groups of a plan. */
import type { GroovySource } from '../groovy/syntax/source.ts';
import { describeTerm, describeTest } from './describe-condition.ts';
import type { DraftGroup, DraftOutcome, DraftRule } from './plan-from-tree.ts';
import type { PlanOutcome, PlanRule, ProviderGroup, ProviderPredicate } from './route-plan.ts';

/** Names rules `r1`, `r2`, ... and sets of providers `g1`, `g2`, ... in order of first use; equal sets share a name. */
export function namePlan(
  drafts: readonly DraftRule[],
  source: GroovySource,
): { rules: PlanRule[]; groups: ProviderGroup[] } {
  const groups = new Map<string, ProviderGroup>();
  const nameOf = (draft: DraftGroup): string => {
    const key = JSON.stringify([draft.where, draft.weights ?? null]);
    const known = groups.get(key);
    if (known) {
      if (draft.closedWorld && !known.closedWorld) groups.set(key, { ...known, closedWorld: true });
      return known.id;
    }
    const { where, closedWorld, weights } = draft;
    const label = draft.label === '' ? describePredicate(where) : draft.label;
    const id = `g${groups.size + 1}`;
    groups.set(key, weights ? { id, where, closedWorld, weights, label } : { id, where, closedWorld, label });
    return id;
  };
  const rules = drafts.map((draft, i): PlanRule => {
    const rule = { id: `r${i + 1}`, span: source.span(draft.range), when: draft.when };
    const then = named(draft.outcome, nameOf);
    return { ...rule, then, notes: draft.notes };
  });
  return { rules, groups: [...groups.values()] };
}

function named(outcome: DraftOutcome, nameOf: (group: DraftGroup) => string): PlanOutcome {
  if (outcome.kind !== 'choices') return outcome;
  const choices = outcome.choices.map((choice) => ({
    weight: choice.weight,
    chain: choice.chain.map(nameOf),
    otherwise: choice.otherwise,
  }));
  const [only] = choices;
  if (choices.length === 1 && only?.chain.length === 0) return { kind: only.otherwise };
  return { kind: 'route', choices };
}

/** A predicate as a short text for people. */
export function describePredicate(predicate: ProviderPredicate): string {
  switch (predicate.p) {
    case 'true':
      return 'all providers';
    case 'false':
      return 'no provider';
    case 'test':
      return `${describeTerm(predicate.term)} ${describeTest(predicate.test)}`;
    case 'glob':
      return `${describeTerm(predicate.term)} like ${predicate.pattern}`;
    case 'not':
      return `not (${describePredicate(predicate.of)})`;
    case 'and':
      return predicate.of
        .map((part) => (part.p === 'or' ? `(${describePredicate(part)})` : describePredicate(part)))
        .join(' and ');
    case 'or':
      return predicate.of.map(describePredicate).join(' or ');
  }
}
