/** The printer of operations as input of iptables-restore. */
import type { Operation } from '../operations.ts';
import type { Hook } from '../ruleset.ts';
import { builtInChain, printIptablesJump } from './hook-jump.ts';
import { printIptablesRule } from './print-rule.ts';

/** The facts about the host that the printer needs besides the operations. */
export interface IptablesPrintOptions {
  /** By chain of weir, the built-in chains that jump to it, once a jump: copies of a jump go when the chain goes. */
  readonly jumps?: ReadonlyMap<string, readonly string[]>;
}

/**
 * The operations of one family as input of `iptables-restore --noflush` (or ip6tables-restore), which commits each
 * table whole or not at all.
 * @throws RangeError when an operation exists in nft only
 */
export function printIptablesOperations(operations: readonly Operation[], options: IptablesPrintOptions = {}): string {
  const tables = [...new Set(operations.map(({ table }) => table))];
  return tables
    .map((table) => {
      const lines = operations.filter((one) => one.table === table).flatMap((one) => printOperation(one, options));
      return `${[`*${table}`, ...lines, 'COMMIT'].join('\n')}\n`;
    })
    .join('');
}

function printOperation(operation: Operation, { jumps }: IptablesPrintOptions): string[] {
  switch (operation.op) {
    case 'add-chain':
      // The `:CHAIN` form makes the chain or empties the one that is there, on both back ends.
      return [
        `:${operation.chain} - [0:0]`,
        ...(operation.hook === null ? [] : [addJump(operation.chain, operation.hook)]),
      ];
    case 'flush-chain':
      return [`-F ${operation.chain}`];
    case 'delete-chain': {
      const { chain, hook } = operation;
      const places = jumps?.get(chain) ?? (hook === null ? [] : [builtInChain(hook)]);
      return [...places.map((place) => deleteJump(place, chain)), `-F ${operation.chain}`, `-X ${operation.chain}`];
    }
    case 'move-hook':
      return [deleteJump(builtInChain(operation.hook), operation.chain), addJump(operation.chain, operation.hook)];
    case 'add-rule':
      return [`-A ${operation.chain} ${printIptablesRule(operation.rule)}`];
    case 'insert-rule':
      return [`-I ${operation.chain} 1 ${printIptablesRule(operation.rule)}`];
    default:
      throw new RangeError(`iptables has no operation ${operation.op}`);
  }
}

function addJump(chain: string, hook: Hook): string {
  const jump = printIptablesJump(chain);
  const place = builtInChain(hook);
  return typeof hook.position === 'number' ? `-I ${place} ${hook.position} ${jump}` : `-A ${place} ${jump}`;
}

function deleteJump(place: string, chain: string): string {
  return `-D ${place} ${printIptablesJump(chain)}`;
}
