/** The difference of two rulesets as firewall operations. */
import { diffIptablesTable } from './iptables/diff-iptables.ts';
import { keepSwitches, type SwitchClearing } from './keep-switches.ts';
import { diffNftTable } from './nft/diff-nft.ts';
import type { Operation, RulesetChange } from './operations.ts';
import type { Ruleset } from './ruleset.ts';

/**
 * The operations that turn the installed rules into the wanted ones, in an order that one transaction can take.
 * Switches and leases of applications that stay are kept unless `clearing` says otherwise. No difference: no
 * operations.
 */
export function diffRulesets(current: Ruleset, wanted: Ruleset, clearing: SwitchClearing = {}): Operation[] {
  const target = keepSwitches(current, wanted, clearing);
  const names = new Set([...target.tables, ...current.tables].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const now = current.tables.find((table) => table.name === name) ?? null;
    const then = target.tables.find((table) => table.name === name) ?? null;
    return wanted.scope === 'inet' ? diffNftTable(now, then) : diffIptablesTable(now, then, wanted.scope);
  });
}

/** The difference as a change of one family, with the operations that undo it. */
export function rulesetChange(current: Ruleset, wanted: Ruleset, clearing: SwitchClearing = {}): RulesetChange {
  const target = keepSwitches(current, wanted, clearing);
  return {
    scope: wanted.scope,
    operations: diffRulesets(current, target, { clearSwitches: 'all' }),
    // Hardly ever asked for: only where the other family of iptables fails.
    get undo() {
      return diffRulesets(target, current, { clearSwitches: 'all' });
    },
  };
}
