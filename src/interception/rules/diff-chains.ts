/** Comparison of chains, and the operations on a whole chain, for both back ends. */
import { canonicalRule } from './canonical-rule.ts';
import type { Operation } from './operations.ts';
import type { Chain, RulesetScope } from './ruleset.ts';

/** Whether two chains hold the same rules in the same order. */
export function hasSameRules(a: Chain, b: Chain, scope: RulesetScope): boolean {
  return (
    a.rules.length === b.rules.length &&
    a.rules.every((rule, index) => {
      const other = b.rules[index];
      return other !== undefined && canonicalRule(rule, scope) === canonicalRule(other, scope);
    })
  );
}

/** Empties a chain. */
export function flushChain(table: string, { name }: Chain): Operation {
  return { op: 'flush-chain', table, chain: name };
}

/** Makes an empty chain, with its hook. */
export function addChain(table: string, { name, hook }: Chain): Operation {
  return { op: 'add-chain', table, chain: name, hook };
}

/** Removes an empty chain, with its hook. */
export function deleteChain(table: string, { name, hook }: Chain): Operation {
  return { op: 'delete-chain', table, chain: name, hook };
}

/** Fills an empty chain. */
export function addRules(table: string, { name, rules }: Chain): Operation[] {
  return rules.map((rule) => ({ op: 'add-rule', table, chain: name, rule }));
}
