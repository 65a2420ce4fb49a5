/** Switches under iptables: the RETURN rules at the head of a chain. */
import type { Chain, KnownRule, Rule } from '../ruleset.ts';

/** The RETURN rules at the head of an iptables chain that send its application direct, in order. */
export function headSwitches(chain: Chain): readonly KnownRule[] {
  const end = chain.rules.findIndex((rule) => !isSwitch(rule));
  return chain.rules.slice(0, end === -1 ? undefined : end).filter(isSwitch);
}

/** The rules of a chain below its switches. */
export function rulesBelowSwitches(chain: Chain): readonly Rule[] {
  return chain.rules.slice(headSwitches(chain).length);
}

function isSwitch(rule: Rule): rule is KnownRule {
  return (
    rule.kind === 'known' &&
    typeof rule.tag?.by === 'string' &&
    rule.matches.length === 0 &&
    rule.actions.length === 0 &&
    rule.verdict.to === 'return'
  );
}
