/** The printer of a whole ruleset in nft's syntax, for plans and dry runs. */
import type { Chain, RuleMap, Ruleset, Table } from '../ruleset.ts';
import { nftMapKind, printNftElement, printNftMapType } from './print-map.ts';
import { printNftHook } from './print-operations.ts';
import { printNftRule } from './print-rule.ts';

/** A whole ruleset in nft's nested form, as `nft list table` would show it and `nft -f` would take it. */
export function printNftRuleset(ruleset: Ruleset): string {
  return ruleset.tables.map(printTable).join('\n');
}

function printTable(table: Table): string {
  const blocks = [...table.maps.map(printMap), ...table.chains.map(printChain)];
  return `table inet ${table.name} {\n${blocks.join('\n')}}\n`;
}

function printMap(map: RuleMap): string {
  const elements = map.elements.map((element) => `\t\t\t${printNftElement(element)},\n`).join('');
  const filled = map.elements.length > 0 ? `\t\telements = {\n${elements}\t\t}\n` : '';
  const type = printNftMapType(map)
    .split('; ')
    .map((part) => `\t\t${part.replace(/;$/, '')}\n`)
    .join('');
  return `\t${nftMapKind(map)} ${map.name} {\n${type}${filled}\t}\n`;
}

function printChain(chain: Chain): string {
  const hook = chain.hook === null ? '' : `\t\t${printNftHook(chain.hook)}\n`;
  return `\tchain ${chain.name} {\n${hook}${chain.rules.map((rule) => `\t\t${printNftRule(rule)}\n`).join('')}\t}\n`;
}
