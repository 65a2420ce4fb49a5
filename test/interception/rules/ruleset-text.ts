/** A ruleset as comparable lines. */
import { canonicalRule } from '../../../src/interception/rules/canonical-rule.ts';
import { formatElementKey } from '../../../src/interception/rules/map-element.ts';
import type {
  Chain,
  Hook,
  MapElement,
  RuleMap,
  Ruleset,
  RulesetScope,
} from '../../../src/interception/rules/ruleset.ts';
import { formatTag } from '../../../src/interception/rules/tag.ts';

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
    ...elements.map((element) => `${name} ${elementLine(element)}`).sort(),
  ];
}

function elementLine({ key, value, timeoutMs, tag }: MapElement): string {
  const seconds = timeoutMs === null ? null : Math.floor(timeoutMs / 1000);
  return JSON.stringify([formatElementKey(key), value, seconds, tag === null ? null : formatTag(tag)]);
}

function chainLines({ name, hook, rules }: Chain, scope: RulesetScope): string[] {
  return [`chain ${name} ${hookText(hook)}`, ...rules.map((rule) => `${name} ${canonicalRule(rule, scope)}`)];
}

function hookText(hook: Hook | null): string {
  if (hook === null) return 'plain';
  // Only the jump from OUTPUT has a place; the others may stand anywhere.
  const place = hook.at === 'output' ? ` place ${hook.position}` : '';
  return `${hook.type} ${hook.at} ${hook.priority}${place}`;
}
