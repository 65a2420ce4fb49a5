/** The removal of applications from the tables of native nft where nothing else has to change with it. */
import { NFT_TABLE } from './nft/compile-nft.ts';
import { BYPASS_SET, LEASE_SET, OFF_SET } from './nft/table-maps.ts';
import type { Operation } from './operations.ts';
import type { MapElement, RuleMap, Ruleset } from './ruleset.ts';

const SWITCH_SETS: readonly string[] = [OFF_SET, BYPASS_SET, LEASE_SET];

/**
 * Deletes the elements of these applications and their switches, where each chain and each map that they use has another
 * user: then no other rule has to change, and the thousand other applications need not be compiled to find that out. Null
 * where more has to change, or may have to; the difference of whole rulesets decides then.
 */
export function loneRemovals({ scope, tables }: Ruleset, apps: readonly string[]): Operation[] | null {
  const [table] = tables.filter(({ name }) => name === NFT_TABLE);
  if (scope !== 'inet' || table === undefined || tables.some(({ name, maps }) => name !== NFT_TABLE && maps.length > 0))
    return null;
  const operations: Operation[] = [];
  const marks = new Set<number>();
  const counts = { verdict: 0, mark: 0 };
  const isOwn = ({ tag }: MapElement): boolean => typeof tag?.app === 'string' && apps.includes(tag.app);
  const remove = ({ name }: RuleMap, { key }: MapElement): void => {
    operations.push({ op: 'delete-element', table: NFT_TABLE, map: name, key });
  };
  for (const map of table.maps) {
    if (map.value === 'none') continue;
    const own = map.elements.filter(isOwn);
    if (own.length === 0) continue;
    counts[map.value] += own.length;
    // nft cannot delete every port, nor a cgroup that is gone: only numbers of accounts are plain.
    if (own.some(({ key }) => typeof key !== 'number')) return null;
    const used = new Set(own.map(({ value }) => targetOf(value)));
    for (const element of map.elements) {
      if (!isOwn(element)) used.delete(targetOf(element.value));
      else if (element.value !== null && 'mark' in element.value) marks.add(element.value.mark);
    }
    if (used.size > 0 || own.length === map.elements.length) return null;
    for (const element of own) remove(map, element);
  }
  // Half of its entries are gone: somebody changed the rules, or they heed no switch and the entries were taken out of them.
  if (operations.length === 0 || counts.verdict !== counts.mark) return null;
  for (const set of table.maps.filter(({ name }) => SWITCH_SETS.includes(name)))
    for (const element of set.elements) if (marks.has(Number(element.key))) remove(set, element);
  return operations;
}

/** The chain that a verdict leads to; null for a mark, which only one application has. */
function targetOf(value: MapElement['value']): string | null {
  return value !== null && 'goto' in value ? value.goto : null;
}
