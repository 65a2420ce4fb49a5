/** The types of firewall operations and transactions. */
import type { Hook, MapElement, Rule, RuleMap, RulesetScope } from './ruleset.ts';

/** One step of a firewall transaction. A list of them is committed whole or not at all. */
export type Operation =
  | { readonly op: 'add-table'; readonly table: string }
  | { readonly op: 'delete-table'; readonly table: string }
  | { readonly op: 'add-map'; readonly table: string; readonly map: Omit<RuleMap, 'elements'> }
  | { readonly op: 'delete-map'; readonly table: string; readonly map: string }
  | { readonly op: 'add-chain'; readonly table: string; readonly chain: string; readonly hook: Hook | null }
  | { readonly op: 'flush-chain'; readonly table: string; readonly chain: string }
  | { readonly op: 'delete-chain'; readonly table: string; readonly chain: string; readonly hook: Hook | null }
  /** iptables only: moves the jump to a hooked chain back to its place. */
  | { readonly op: 'move-hook'; readonly table: string; readonly chain: string; readonly hook: Hook }
  | { readonly op: 'add-rule'; readonly table: string; readonly chain: string; readonly rule: Rule }
  | { readonly op: 'insert-rule'; readonly table: string; readonly chain: string; readonly rule: Rule }
  | { readonly op: 'add-element'; readonly table: string; readonly map: string; readonly element: MapElement }
  | { readonly op: 'delete-element'; readonly table: string; readonly map: string; readonly key: MapElement['key'] };

/** The operations for one family, and those that undo them when a later family fails. */
export interface RulesetChange {
  readonly scope: RulesetScope;
  readonly operations: readonly Operation[];
  readonly undo: readonly Operation[];
}
