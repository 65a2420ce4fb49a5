import { iptablesAppChain } from './compile-iptables.ts';
import { BYPASS_SET, OFF_SET } from './compile-nft.ts';
import { headSwitches } from './head-switches.ts';
import { formatElementKey } from './map-element.ts';
import { type Direction, encodeMark, MAX_SLOT } from './mark.ts';
import type { Chain, KnownRule, MapElement, OffCause, RuleMap, Ruleset, Table } from './ruleset.ts';

/** One direction of one application in one ruleset: what a single switch sends direct. */
export interface InstalledPart {
  readonly app: string;
  readonly mark: number;
  readonly table: string;
  /** The chain that a switch goes to the head of; null under nft, where it goes into a set. */
  readonly chain: string | null;
  readonly hashes: readonly string[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly expiresMs: number | null;
  readonly epochSeconds: number | null;
  readonly off: readonly OffCause[];
}

/**
 * The applications of a ruleset by direction, recovered from tags, marks and chain names alone. An application whose
 * verdict elements have lapsed is not there any more, even if its marks are.
 */
export function installedParts({ scope, tables }: Ruleset): InstalledPart[] {
  if (scope === 'inet') return tables.flatMap(nftParts);
  return tables.flatMap((table) => iptablesParts(table, scope));
}

function nftParts(table: Table): InstalledPart[] {
  const switches = switchesByMark(table);
  return table.maps.flatMap((verdicts) => {
    if (verdicts.value !== 'verdict') return [];
    const marks = marksByKey(table.maps.find(({ name }) => name === verdicts.name.replace(/_app$/, '_mark')));
    const found = verdicts.elements.flatMap((element) => {
      const mark = marks.get(formatElementKey(element.key));
      return mark === undefined || !element.tag?.app ? [] : [{ mark, app: element.tag.app, element }];
    });
    const byMark = Map.groupBy(found, ({ app, mark }) => `${mark} ${app}`);
    return [...byMark.values()].flatMap((group) => nftPart(group, table, switches));
  });
}

interface FoundElement {
  readonly app: string;
  readonly mark: number;
  readonly element: MapElement;
}

function nftPart(
  group: readonly FoundElement[],
  table: Table,
  switches: ReadonlyMap<number, readonly OffCause[]>,
): InstalledPart[] {
  const [first] = group;
  if (first === undefined) return [];
  const { app, mark } = first;
  const chains = group.map(({ element }) => (element.value && 'goto' in element.value ? element.value.goto : ''));
  const diverts = (family: 4 | 6) => chains.some((name) => divertsFamily(table, name, family));
  const left = group.flatMap(({ element }) =>
    element.timeoutMs === null ? [] : [element.expiresMs ?? element.timeoutMs],
  );
  return [
    {
      app,
      mark,
      table: table.name,
      chain: null,
      hashes: unique(group.map(({ element }) => element.tag?.hash)),
      ipv4: diverts(4),
      ipv6: diverts(6),
      expiresMs: left.length > 0 ? Math.min(...left) : null,
      epochSeconds: null,
      off: switches.get(mark) ?? [],
    },
  ];
}

function marksByKey(map: RuleMap | undefined): ReadonlyMap<string, number> {
  return new Map(
    map?.elements.flatMap(({ key, value }): [string, number][] =>
      value !== null && 'mark' in value ? [[formatElementKey(key), value.mark]] : [],
    ),
  );
}

/** A profile chain leaves a family alone by a rule that has no other condition. */
function divertsFamily(table: Table, name: string, family: 4 | 6): boolean {
  const rules = table.chains.find((chain) => chain.name === name)?.rules ?? [];
  return !rules.some(
    (one) =>
      one.kind === 'known' &&
      one.verdict.to === 'return' &&
      one.matches.length === 1 &&
      one.matches.some((match) => match.on === 'family' && match.family === family),
  );
}

function switchesByMark(table: Table): ReadonlyMap<number, readonly OffCause[]> {
  const switches = new Map<number, OffCause[]>();
  for (const set of table.maps) {
    if (set.name !== OFF_SET && set.name !== BYPASS_SET) continue;
    for (const { key, tag } of set.elements) {
      // Whoever added a mark by hand decided like an operator.
      const cause = tag?.by ?? (set.name === BYPASS_SET ? 'bypass' : 'operator');
      if (typeof key === 'number') switches.set(key, [...(switches.get(key) ?? []), cause]);
    }
  }
  return switches;
}

function iptablesParts(table: Table, scope: 'ip' | 'ip6'): InstalledPart[] {
  const entries = table.chains.flatMap(({ rules }) =>
    rules.flatMap((rule) =>
      rule.kind === 'known' && rule.verdict.to === 'goto' ? [{ rule, to: rule.verdict.chain }] : [],
    ),
  );
  const byChain = Map.groupBy(entries, ({ to }) => to);
  return table.chains.flatMap((chain) => {
    const owner = ownerOfChain(chain.name);
    const entering = byChain.get(chain.name)?.map(({ rule }) => rule) ?? [];
    const app = appOf([...entering, ...chain.rules.filter((rule) => rule.kind === 'known')]);
    // Nothing leads into the chain: it diverts nothing.
    if (owner === null || app === null || entering.length === 0) return [];
    return [
      {
        app,
        mark: encodeMark(owner),
        table: table.name,
        chain: chain.name,
        hashes: unique([...entering, ...tagged(chain)].map(({ tag }) => (tag?.app === app ? tag.hash : null))),
        ipv4: scope === 'ip',
        ipv6: scope === 'ip6',
        expiresMs: null,
        epochSeconds: earliestDate(entering),
        off: [...new Set(headSwitches(chain).flatMap(({ tag }) => tag?.by ?? []))],
      },
    ];
  });
}

/** The direction and slot in the name of an application's chain, null for tails and chains of all applications. */
function ownerOfChain(name: string): { readonly slot: number; readonly direction: Direction } | null {
  const slot = Number.parseInt(/^WEIR_[OI]_([0-9a-f]{4})$/.exec(name)?.[1] ?? '', 16);
  if (!(slot >= 1 && slot <= MAX_SLOT)) return null;
  const direction = name === iptablesAppChain('outbound', slot) ? 'outbound' : 'inbound';
  return { slot, direction };
}

function tagged(chain: Chain): KnownRule[] {
  return chain.rules.filter((rule) => rule.kind === 'known' && rule.tag !== null) as KnownRule[];
}

function appOf(rules: readonly KnownRule[]): string | null {
  return rules.flatMap(({ tag }) => tag?.app ?? [])[0] ?? null;
}

function earliestDate(rules: readonly KnownRule[]): number | null {
  const dates = rules.flatMap(({ matches }) =>
    matches.flatMap((match) => (match.on === 'before' ? [match.epochSeconds] : [])),
  );
  return dates.length > 0 ? Math.min(...dates) : null;
}

function unique(texts: readonly (string | null | undefined)[]): string[] {
  return [...new Set(texts.flatMap((text) => text ?? []))];
}
