/** Marks for the built-in chains that iptables-nft makes for weir, so that removal leaves none. */
import { IPTABLES_TABLE, MADE_TABLE_CHAIN } from '../../rules/iptables/compile-iptables.ts';
import { builtInChain } from '../../rules/iptables/hook-jump.ts';
import { MADE_BUILT_IN_PREFIX, type ParsedIptablesSave } from '../../rules/iptables/parse-save.ts';
import type { Operation } from '../../rules/operations.ts';
import type { NftChainName } from './kernel-tables.ts';

/**
 * Lines that mark the built-in chains which these operations make; none in a table that is marked as a whole.
 * iptables-nft makes a built-in chain when its first rule comes, and leaves it there. So that removal leaves nothing
 * behind, weir marks those that it made by an empty chain, and takes them away with their last rule.
 */
export function markMadeBuiltIns(
  operations: readonly Operation[],
  family: 'ip' | 'ip6',
  chains: readonly NftChainName[],
): string[] {
  const there = chainsOf(family, chains);
  const isTableMade =
    there.has(MADE_TABLE_CHAIN) || operations.some((one) => isChain(one, 'add-chain', MADE_TABLE_CHAIN));
  if (isTableMade) return [];
  return [...hookedBuiltIns(operations)]
    .filter((name) => !there.has(name))
    .map((name) => `:${MADE_BUILT_IN_PREFIX}${name} - [0:0]`);
}

/**
 * Lines that remove the built-in chains and the marks that become useless with these operations. `-X` of a built-in
 * chain refuses the transaction when another program has added a rule meanwhile.
 */
export function removeMadeBuiltIns(
  operations: readonly Operation[],
  family: 'ip' | 'ip6',
  saved: ParsedIptablesSave,
  chains: readonly NftChainName[],
): string[] {
  const there = chainsOf(family, chains);
  const isTableGoing = removesMadeTable(operations);
  const leaving = countLeaving(operations, saved);
  const kept = hookedBuiltIns(operations);
  const isEmpty = (name: string) =>
    there.has(name) && !kept.has(name) && (saved.ruleCounts.get(name) ?? 0) === (leaving.get(name) ?? 0);
  const unhooked = saved.madeBuiltIns.filter((name) => leaving.has(name) && !kept.has(name));
  const candidates = isTableGoing ? ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'] : unhooked;
  const marks = isTableGoing ? saved.madeBuiltIns : unhooked;
  return [
    ...candidates.filter(isEmpty).map((name) => `-X ${name}`),
    ...marks.map((name) => `-X ${MADE_BUILT_IN_PREFIX}${name}`),
  ];
}

/** Whether the operations remove the mark that says that the whole table is ours. */
export function removesMadeTable(operations: readonly Operation[]): boolean {
  return operations.some(removesMark);
}

/** Whether this operation removes that mark. */
export function removesMark(operation: Operation): boolean {
  return isChain(operation, 'delete-chain', MADE_TABLE_CHAIN);
}

/** How many of our jumps leave each built-in chain. */
function countLeaving(operations: readonly Operation[], { jumps }: ParsedIptablesSave): ReadonlyMap<string, number> {
  const places = operations.flatMap((one) => (one.op === 'delete-chain' ? (jumps.get(one.chain) ?? []) : []));
  return new Map([...Map.groupBy(places, (place) => place)].map(([place, all]) => [place, all.length]));
}

function chainsOf(scope: 'ip' | 'ip6', chains: readonly NftChainName[]): ReadonlySet<string> {
  const own = chains.filter(({ family, table }) => family === scope && table === IPTABLES_TABLE);
  return new Set(own.map(({ chain }) => chain));
}

function hookedBuiltIns(operations: readonly Operation[]): ReadonlySet<string> {
  return new Set(
    operations.flatMap((one) => (one.op === 'add-chain' && one.hook !== null ? [builtInChain(one.hook)] : [])),
  );
}

function isChain(operation: Operation, op: 'add-chain' | 'delete-chain', chain: string): boolean {
  return operation.op === op && operation.chain === chain;
}
