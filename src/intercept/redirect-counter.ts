import type { KnownRule, Rule, Ruleset } from './ruleset.ts';

/**
 * Packets that reached the redirect of an application, found by its marks: in its own chain under iptables, in the
 * chain that it shares with others of the same shape under nft.
 */
export function redirectPackets(rulesets: readonly Ruleset[], marks: readonly number[]): number {
  let total = 0;
  for (const table of rulesets.flatMap((ruleset) => ruleset.tables)) {
    const sharing = new Set<string>();
    for (const map of table.maps.filter((one) => one.value === 'mark')) {
      const keys = map.elements
        .filter((one) => one.value !== null && 'mark' in one.value && marks.includes(one.value.mark))
        .map((one) => JSON.stringify(one.key));
      const verdicts = table.maps.find((one) => one.name === map.name.replace(/_mark$/, '_app'));
      for (const element of verdicts?.elements ?? []) {
        if (keys.includes(JSON.stringify(element.key)) && element.value !== null && 'goto' in element.value)
          sharing.add(element.value.goto);
      }
    }
    for (const chain of table.chains) {
      const marked = chain.rules.some((rule) => setsMark(rule, marks));
      if (!marked && !sharing.has(chain.name)) continue;
      total += chain.rules.filter(isRedirect).reduce((sum, rule) => sum + (rule.packets ?? 0), 0);
    }
  }
  return total;
}

function setsMark(rule: Rule, marks: readonly number[]): boolean {
  return (
    rule.kind === 'known' && rule.actions.some((action) => action.do === 'set-mark' && marks.includes(action.mark))
  );
}

function isRedirect(rule: Rule): rule is KnownRule {
  return rule.kind === 'known' && rule.verdict.to === 'redirect';
}
