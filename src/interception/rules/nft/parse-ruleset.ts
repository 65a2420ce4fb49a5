/** The parser of whole tables in nft's JSON. */
import type { Chain, Hook, Rule, RuleMap, Ruleset, Table } from '../ruleset.ts';
import { at, type Json, listAt, numberAt, soleKey, textAt } from './json-path.ts';
import { parseNftMap } from './parse-map.ts';
import { parseNftRule } from './parse-rule.ts';

/** The tables that were read, and one line for each part that the intermediate representation cannot hold. */
export interface ParsedNftRuleset {
  readonly ruleset: Ruleset;
  readonly strange: readonly string[];
}

/**
 * Reads the outputs of `nft -j list table inet NAME`, one text a table. Sets, maps and chains are sorted by name, so
 * that the order in which they were made does not matter.
 * @throws SyntaxError when a text is not JSON
 */
export function parseNftTables(outputs: readonly string[]): ParsedNftRuleset {
  const strange: string[] = [];
  const objects = outputs.flatMap((output) => listAt(JSON.parse(output), 'nftables'));
  const names = objects.flatMap((object) => textAt(object, 'table', 'name') ?? []);
  const tables = names.map((name) => parseTable(name, objects, strange));
  return { ruleset: { scope: 'inet', tables }, strange };
}

function parseTable(name: string, objects: readonly Json[], strange: string[]): Table {
  const maps: RuleMap[] = [];
  const chains: { name: string; hook: Hook | null; rules: Rule[] }[] = [];
  for (const object of objects) {
    const kind = soleKey(object);
    if (kind === undefined || kind === 'table' || textAt(object, kind, 'table') !== name) continue;
    const body = at(object, kind);
    const map = kind === 'set' || kind === 'map' ? parseNftMap(body) : null;
    if (map !== null) maps.push(map);
    else if (kind === 'chain') chains.push(parseChain(body, name, strange));
    else if (kind === 'rule')
      chains.find((chain) => chain.name === textAt(body, 'chain'))?.rules.push(parseNftRule(body));
    else strange.push(`table ${name}: ${kind} ${textAt(body, 'name') ?? '?'} is none of weir's`);
  }
  return { name, maps: maps.sort(byName), chains: chains.sort(byName) };
}

function parseChain(body: Json, table: string, strange: string[]): Chain & { rules: Rule[] } {
  const name = textAt(body, 'name') ?? '';
  const hook = parseHook(body);
  // Without a hook in our terms such a chain differs from any that weir wants, and is made anew.
  if (at(body, 'hook') !== undefined && hook === null) {
    strange.push(`table ${table}: chain ${name} has a hook or policy that weir does not use`);
  }
  return { name, hook, rules: [] };
}

function parseHook(body: Json): Hook | null {
  const [place, type, priority] = [textAt(body, 'hook'), textAt(body, 'type'), numberAt(body, 'prio')];
  if (place !== 'output' && place !== 'prerouting' && place !== 'postrouting') return null;
  if ((type !== 'nat' && type !== 'filter' && type !== 'route') || priority === undefined) return null;
  if ((textAt(body, 'policy') ?? 'accept') !== 'accept') return null;
  return { at: place, type, priority, position: null };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
