/** The printer of operations as an `nft -f` script. */
import type { Operation } from '../operations.ts';
import type { Hook } from '../ruleset.ts';
import { nftMapKind, printNftElement, printNftKey, printNftMapType } from './print-map.ts';
import { printNftRule } from './print-rule.ts';

/** The family of weir's native tables: one for IPv4 and IPv6 together. */
const FAMILY = 'inet';

/** An element operation, and whether the map it is about has values. */
type ElementOperation = Extract<Operation, { op: 'add-element' | 'delete-element' }>;

/**
 * The operations as one script for `nft -f`, which the kernel takes whole or not at all. Neighbouring elements of one
 * map share a command: a thousand applications are then a few commands, not thousands.
 * @throws RangeError when an operation exists in iptables only
 */
export function printNftOperations(operations: readonly Operation[]): string {
  const lines: string[] = [];
  for (let index = 0; index < operations.length; ) {
    const operation = operations[index];
    if (operation === undefined) break;
    const run = isElementOperation(operation) ? elementRun(operations, index, operation) : [];
    lines.push(isElementOperation(operation) ? printElements(operation, run) : printOperation(operation));
    index += Math.max(run.length, 1);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** The declaration of a base chain: `type nat hook output priority -101; policy accept;`. */
export function printNftHook(hook: Hook): string {
  return `type ${hook.type} hook ${hook.at} priority ${hook.priority}; policy accept;`;
}

function printOperation(operation: Exclude<Operation, ElementOperation>): string {
  const table = `${FAMILY} ${operation.table}`;
  switch (operation.op) {
    case 'add-table':
      return `add table ${table}`;
    case 'delete-table':
      return `delete table ${table}`;
    case 'add-map':
      return `add ${nftMapKind(operation.map)} ${table} ${operation.map.name} { ${printNftMapType(operation.map)} }`;
    case 'delete-map':
      // nft deletes a map by either word.
      return `delete set ${table} ${operation.map}`;
    case 'add-chain':
      return `add chain ${table} ${operation.chain}${operation.hook === null ? '' : ` { ${printNftHook(operation.hook)} }`}`;
    case 'flush-chain':
      return `flush chain ${table} ${operation.chain}`;
    case 'delete-chain':
      return `delete chain ${table} ${operation.chain}`;
    case 'move-hook':
      throw new RangeError('a base chain of nft has a priority, no place that it could be moved to');
    case 'add-rule':
    case 'insert-rule':
      return printRuleOperation(operation, table);
  }
}

function printRuleOperation(
  { op, chain, rule }: Extract<Operation, { op: 'add-rule' | 'insert-rule' }>,
  table: string,
): string {
  if (rule.kind === 'unknown') return printNftRule(rule);
  return `${op === 'add-rule' ? 'add' : 'insert'} rule ${table} ${chain} ${printNftRule(rule)}`;
}

function isElementOperation(operation: Operation): operation is ElementOperation {
  return operation.op === 'add-element' || operation.op === 'delete-element';
}

/** The operations from `start` on that do the same to the same map. */
function elementRun(operations: readonly Operation[], start: number, first: ElementOperation): ElementOperation[] {
  const run: ElementOperation[] = [];
  for (const operation of operations.slice(start)) {
    if (!isElementOperation(operation) || operation.op !== first.op) break;
    if (operation.table !== first.table || operation.map !== first.map) break;
    run.push(operation);
  }
  return run;
}

function printElements(first: ElementOperation, run: readonly ElementOperation[]): string {
  const items = run.map((operation) =>
    operation.op === 'add-element' ? printNftElement(operation.element) : printNftKey(operation.key),
  );
  const verb = first.op === 'add-element' ? 'add' : 'delete';
  const list = items.length === 1 ? ` ${items[0]} ` : `\n\t${items.join(',\n\t')}\n`;
  return `${verb} element ${FAMILY} ${first.table} ${first.map} {${list}}`;
}
