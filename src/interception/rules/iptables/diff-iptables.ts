/** The difference of two iptables tables as operations. */
import { addChain, addRules, deleteChain, flushChain, hasSameRules } from '../diff-chains.ts';
import type { Operation } from '../operations.ts';
import type { Chain, Hook, RulesetScope, Table } from '../ruleset.ts';

/** The plan for one wanted chain. */
interface ChainPlan {
  readonly then: Chain;
  readonly now: Chain | null;
  /** The jump stands in the wrong built-in chain, or a chain that needs none has one. */
  readonly isReplaced: boolean;
  /** The jump is missing and is made together with the chain. */
  readonly isHooked: boolean;
  readonly isRefilled: boolean;
}

/**
 * The operations for one table of one family. The table itself is left alone: it is shared, and only the chains named
 * here are weir's. A chain is compared whole and refilled in place.
 */
export function diffIptablesTable(now: Table | null, then: Table | null, scope: RulesetScope): Operation[] {
  const table = then?.name ?? now?.name ?? '';
  const installed = new Map(now?.chains.map((chain) => [chain.name, chain]));
  const wanted = new Set(then?.chains.map(({ name }) => name));
  const plans = (then?.chains ?? []).map((chain) => planChain(chain, installed.get(chain.name) ?? null, scope));
  const gone = (now?.chains ?? []).filter(({ name }) => !wanted.has(name));
  const replaced = plans.flatMap((plan) => (plan.isReplaced && plan.now !== null ? [plan.now] : []));
  const refilled = plans.filter(({ isRefilled }) => isRefilled);
  const emptied = refilled.flatMap((plan) => (plan.now !== null && !plan.isReplaced ? [plan.now] : []));
  return [
    // All chains are emptied before any is deleted: a chain that something still jumps to cannot go.
    ...[...emptied, ...replaced, ...gone].map((chain) => flushChain(table, chain)),
    ...replaced.map((chain) => deleteChain(table, chain)),
    ...plans
      .filter((plan) => plan.now === null || plan.isHooked || plan.isReplaced)
      .map((plan) => addChain(table, plan.then)),
    ...refilled.flatMap((plan) => addRules(table, plan.then)),
    ...plans.flatMap((plan) => moveHook(table, plan)),
    ...gone.map((chain) => deleteChain(table, chain)),
  ];
}

function planChain(then: Chain, now: Chain | null, scope: RulesetScope): ChainPlan {
  const isHooked = now !== null && now.hook === null && then.hook !== null;
  const isReplaced = now !== null && now.hook !== null && now.hook.at !== then.hook?.at;
  const isRefilled = now === null || isHooked || isReplaced || !hasSameRules(now, then, scope);
  return { then, now, isHooked, isReplaced, isRefilled };
}

function moveHook(table: string, { then, now, isHooked, isReplaced }: ChainPlan): Operation[] {
  if (now === null || now.hook === null || then.hook === null || isHooked || isReplaced) return [];
  if (isAtPlace(now.hook, then.hook)) return [];
  return [{ op: 'move-hook', table, chain: then.name, hook: then.hook }];
}

/** Whether the jump stands where it is wanted; `last` and null mean that any place will do. */
function isAtPlace(now: Hook, then: Hook): boolean {
  return typeof then.position !== 'number' || now.position === then.position;
}
