/** The constructor of rules that weir writes. */
import type { Action, KnownRule, Match, RuleVerdict } from './ruleset.ts';
import type { OwnerTag } from './tag.ts';

/** Parts of a rule; what is left out is empty. */
export interface RuleParts {
  readonly actions?: readonly Action[];
  readonly counter?: boolean;
  readonly tag: OwnerTag;
}

/** A rule of ours from its parts. */
export function rule(matches: readonly Match[], verdict: RuleVerdict, parts: RuleParts): KnownRule {
  return {
    kind: 'known',
    matches,
    actions: parts.actions ?? [],
    verdict,
    counter: parts.counter ?? false,
    tag: parts.tag,
  };
}
