/** The difference of two native nft tables as operations. */
import { MAX_PORT } from '../../../mesh/port-range.ts';
import { addChain, addRules, deleteChain, flushChain, hasSameRules } from '../diff-chains.ts';
import { differingParts, formatElementKey, isSameElement, isSameMapType } from '../map-element.ts';
import type { Operation } from '../operations.ts';
import type { Chain, MapElement, Rule, RuleMap, Table } from '../ruleset.ts';

/** The operations for one native table. Chains are compared whole, elements one by one. */
export function diffNftTable(now: Table | null, then: Table | null): Operation[] {
  if (then === null) return now === null ? [] : [{ op: 'delete-table', table: now.name }];
  if (now === null) return [{ op: 'add-table', table: then.name }, ...changeTable(EMPTY, then)];
  if (needsNewTable(now, then)) {
    return [
      { op: 'delete-table', table: now.name },
      { op: 'add-table', table: then.name },
      ...changeTable(EMPTY, then),
    ];
  }
  return changeTable(now, then);
}

const EMPTY = { maps: [], chains: [] };

/** A plain chain that must become a base chain: rules and elements go to it, so it cannot be replaced by itself. */
function needsNewTable(now: Table, then: Table): boolean {
  return then.chains.some((chain) => {
    const old = now.chains.find(({ name }) => name === chain.name);
    return old !== undefined && old.hook === null && chain.hook !== null;
  });
}

function changeTable(now: Pick<Table, 'maps' | 'chains'>, then: Table): Operation[] {
  const table = then.name;
  const maps = pair(now.maps, then.maps);
  const changes = maps.both.map(([old, wanted]) => ({ old, wanted, ...changedElements(old, wanted) }));
  const replacedMaps = changes.filter(isMapReplaced).map(({ wanted }) => wanted);
  const newMaps = [...maps.onlyThen, ...replacedMaps];
  const chains = pair(now.chains, then.chains);
  const replacedChains = chains.both.filter(([old, wanted]) => !isSameHook(old, wanted));
  const refilled = chains.both
    .filter(
      ([old, wanted]) =>
        !hasSameRules(old, wanted, 'inet') || !isSameHook(old, wanted) || refersTo(wanted, replacedMaps),
    )
    .map(([, wanted]) => wanted);
  const elements = changes
    .filter(({ wanted }) => !replacedMaps.includes(wanted))
    .map(({ wanted, removed, added }) => ({ map: wanted.name, removed, added }));
  return [
    ...[...refilled, ...chains.onlyNow].map((chain) => flushChain(table, chain)),
    ...replacedMaps.map((map): Operation => ({ op: 'delete-map', table, map: map.name })),
    ...replacedChains.map(([old]) => deleteChain(table, old)),
    // Chains before maps: nft 1.0.6 sends the elements of a new interval map together with the map itself.
    ...[...chains.onlyThen, ...replacedChains.map(([, wanted]) => wanted)].map((chain) => addChain(table, chain)),
    ...newMaps.map((map) => addMap(table, map)),
    ...[...chains.onlyThen, ...refilled].flatMap((chain) => addRules(table, chain)),
    ...elements.flatMap(({ map, removed }) =>
      removed.map(({ key }): Operation => ({ op: 'delete-element', table, map, key })),
    ),
    ...newMaps.flatMap((map) => map.elements.map((element) => addElement(table, map.name, element))),
    ...elements.flatMap(({ map, added }) => added.map((element) => addElement(table, map, element))),
    ...maps.onlyNow.map((map): Operation => ({ op: 'delete-map', table, map: map.name })),
    ...chains.onlyNow.map((chain) => deleteChain(table, chain)),
  ];
}

/** Things of two tables by name. */
function pair<T extends { readonly name: string }>(now: readonly T[], then: readonly T[]) {
  const old = new Map(now.map((one) => [one.name, one]));
  const wanted = new Set(then.map(({ name }) => name));
  return {
    onlyNow: now.filter(({ name }) => !wanted.has(name)),
    onlyThen: then.filter(({ name }) => !old.has(name)),
    both: then.flatMap((one): [T, T][] => {
      const before = old.get(one.name);
      return before === undefined ? [] : [[before, one]];
    }),
  };
}

/** Whether a map has to be made anew: it is declared otherwise, or an element has to go that nft cannot delete. */
function isMapReplaced({
  old,
  wanted,
  removed,
}: {
  readonly old: RuleMap;
  readonly wanted: RuleMap;
  readonly removed: readonly MapElement[];
}): boolean {
  return !isSameMapType(old, wanted) || removed.some(({ key }) => !isDeletable(key, old));
}

function isDeletable(key: MapElement['key'], map: RuleMap): boolean {
  // The key of a cgroup that was removed reads as a bare number, which nft takes for a path that does not exist.
  if (map.key.by === 'cgroup') return !/^\d+$/.test(String(key));
  // nft 1.0.6 reports success for deleting the only port of a map, and leaves the port there.
  return typeof key !== 'object' || key.from !== MAX_PORT;
}

function changedElements(
  now: RuleMap,
  then: RuleMap,
): { removed: readonly MapElement[]; added: readonly MapElement[] } {
  const [before, after] = differingParts(now.elements, then.elements);
  const byKey = (elements: readonly MapElement[]) =>
    new Map(elements.map((element) => [formatElementKey(element.key), element]));
  const [old, wanted] = [byKey(before), byKey(after)];
  const differs = (element: MapElement, others: ReadonlyMap<string, MapElement>): boolean => {
    const other = others.get(formatElementKey(element.key));
    return other === undefined || !isSameElement(element, other);
  };
  return {
    removed: before.filter((element) => differs(element, wanted)),
    added: after.filter((element) => differs(element, old)),
  };
}

function isSameHook(a: Chain, b: Chain): boolean {
  if (a.hook === null || b.hook === null) return a.hook === b.hook;
  return a.hook.at === b.hook.at && a.hook.type === b.hook.type && a.hook.priority === b.hook.priority;
}

function refersTo(chain: Chain, maps: readonly RuleMap[]): boolean {
  const names = maps.map(({ name }) => name);
  return chain.rules.some((rule) => referencedMaps(rule).some((name) => names.includes(name)));
}

function referencedMaps(rule: Rule): string[] {
  if (rule.kind === 'unknown') return [];
  return [
    ...rule.matches.flatMap((match) => (match.on === 'mark-in' ? [match.set] : [])),
    ...rule.actions.flatMap((action) => (action.do === 'set-mark-from-map' ? [action.map] : [])),
    ...(rule.verdict.to === 'dispatch' ? [rule.verdict.map] : []),
  ];
}

function addMap(table: string, { name, key, value, timeout }: RuleMap): Operation {
  return { op: 'add-map', table, map: { name, key, value, timeout } };
}

function addElement(table: string, map: string, element: MapElement): Operation {
  return { op: 'add-element', table, map, element };
}
