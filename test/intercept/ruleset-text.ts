import { canonicalRule } from '../../src/intercept/canonical-rule.ts';
import { canonicalElement } from '../../src/intercept/map-element.ts';
import type { Chain, Hook, RuleMap, Ruleset, Scope } from '../../src/intercept/ruleset.ts';

/**
 * Everything that a ruleset says, as lines that two rulesets share exactly when they mean the same. The place of a jump
 * that may stand anywhere is left out, and so are counts and times that are left.
 */
export function rulesetLines({ scope, tables }: Ruleset): string[] {
  return tables
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((table) => [
      `table ${table.name}`,
      ...table.maps.flatMap(mapLines),
      ...table.chains.flatMap((chain) => chainLines(chain, scope)),
    ]);
}

function mapLines({ name, key, value, timeout, elements }: RuleMap): string[] {
  return [
    `map ${name} ${JSON.stringify(key)} ${value}${timeout ? ' timeout' : ''}`,
    ...elements.map((element) => `${name} ${canonicalElement(element)}`).sort(),
  ];
}

function chainLines({ name, hook, rules }: Chain, scope: Scope): string[] {
  return [`chain ${name} ${hookText(hook)}`, ...rules.map((rule) => `${name} ${canonicalRule(rule, scope)}`)];
}

function hookText(hook: Hook | null): string {
  if (hook === null) return 'plain';
  // The jump from POSTROUTING may stand anywhere.
  const place = hook.at === 'postrouting' ? '' : ` place ${hook.position}`;
  return `${hook.type} ${hook.at} ${hook.priority}${place}`;
}
