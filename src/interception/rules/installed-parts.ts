/** Recovers applications and directions from rules that were read from the kernel. */
import { iptablesAppChain } from './iptables/compile-iptables.ts';
import { headSwitches } from './iptables/head-switches.ts';
import { elementKeyId } from './map-element.ts';
import { type Direction, encodeMark, MAX_SLOT } from './mark.ts';
import { TPROXY_TABLE } from './nft/compile-tproxy.ts';
import { BYPASS_SET, OFF_SET } from './nft/table-maps.ts';
import type { DivertMode } from './policy.ts';
import { isDiverting } from './redirect-counter.ts';
import type { Action, Chain, KnownRule, MapElement, Match, RuleMap, Ruleset, Table } from './ruleset.ts';
import type { OffCause } from './tag.ts';

/** One direction of one application in one ruleset: what a single switch sends direct. */
export interface InstalledPart {
  readonly app: string;
  readonly mode: DivertMode;
  /** 0 where somebody took the mark away: connections are diverted then, and no switch of nft finds them. */
  readonly mark: number;
  readonly table: string;
  /** The chain that a switch goes to the head of; null under nft, where it goes into a set. */
  readonly chain: string | null;
  readonly hashes: readonly string[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Milliseconds until the kernel has dropped its last element (nft); null when one of them stays. */
  readonly expiresMs: number | null;
  /** When the last of its rules ends by its own date (iptables); null when one of them has none. */
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
  const look: NftLook = { table, switches: switchesByMark(table), factsOf: chainFacts(table) };
  return table.maps.flatMap((verdicts) => {
    // Other verdict maps are no dispatch of applications: the listeners of tproxy are found by mark.
    if (verdicts.value !== 'verdict' || !verdicts.name.endsWith('_app')) return [];
    const marks = marksByKey(table.maps.find(({ name }) => name === verdicts.name.replace(/_app$/, '_mark')));
    // Thousands of elements are gone through once; most applications have a mark of their own.
    const groups: Group[] = [];
    const byMark = new Map<number, Group[]>();
    for (const element of verdicts.elements) {
      const app = element.tag?.app;
      if (!app) continue;
      const mark = marks.get(elementKeyId(element.key)) ?? 0;
      const sharing = byMark.get(mark);
      const known = sharing?.find((one) => one.app === app);
      if (known !== undefined) known.elements.push(element);
      else {
        const group = { app, mark, elements: [element] };
        groups.push(group);
        if (sharing === undefined) byMark.set(mark, [group]);
        else sharing.push(group);
      }
    }
    return groups.map((group) => nftPart(group, look));
  });
}

/** The elements of one application under one mark; there is at least one. */
interface Group {
  readonly app: string;
  readonly mark: number;
  readonly elements: MapElement[];
}

/** What the elements of a table are read with. */
interface NftLook {
  readonly table: Table;
  readonly switches: ReadonlyMap<number, readonly OffCause[]>;
  readonly factsOf: (name: string) => ChainFacts;
}

function nftPart({ app, mark, elements }: Group, { table, switches, factsOf }: NftLook): InstalledPart {
  const hashes: string[] = [];
  let ipv4 = false;
  let ipv6 = false;
  let heedsOff = true;
  let heedsBypass = true;
  for (const { value, tag } of elements) {
    const chain = factsOf(value !== null && 'goto' in value ? value.goto : '');
    ipv4 ||= chain.ipv4;
    ipv6 ||= chain.ipv6;
    heedsOff &&= chain.heedsOff;
    heedsBypass &&= chain.heedsBypass;
    const hash = tag?.hash ?? null;
    if (hash !== null && !hashes.includes(hash)) hashes.push(hash);
  }
  const left = elements.map(({ timeoutMs, expiresMs }) => (timeoutMs === null ? null : (expiresMs ?? timeoutMs)));
  const off = switches.get(mark)?.filter((by) => (by === 'bypass' ? heedsBypass : heedsOff)) ?? [];
  const mode = table.name === TPROXY_TABLE ? 'tproxy' : 'redirect';
  const expiresMs = lastEnd(left);
  return { app, mode, mark, table: table.name, chain: null, hashes, ipv4, ipv6, expiresMs, epochSeconds: null, off };
}

/** The facts about a profile chain, which a thousand applications may share. */
interface ChainFacts {
  readonly heedsOff: boolean;
  readonly heedsBypass: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** Looks at each chain once. */
function chainFacts(table: Table): (name: string) => ChainFacts {
  const known = new Map<string, ChainFacts>();
  return (name) => {
    const facts = known.get(name) ?? {
      heedsOff: heedsSwitch(table, name, OFF_SET),
      heedsBypass: heedsSwitch(table, name, BYPASS_SET),
      ipv4: divertsFamily(table, name, 4),
      ipv6: divertsFamily(table, name, 6),
    };
    known.set(name, facts);
    return facts;
  };
}

/**
 * Whether a profile chain sends the marks of a set direct: it marks the connection, then looks into the set, and
 * redirects only below that. Somebody may have deleted one of these rules.
 */
function heedsSwitch(table: Table, name: string, set: string): boolean {
  const rules = table.chains.find((chain) => chain.name === name)?.rules ?? [];
  const known = rules.map((one) => (one.kind === 'known' ? one : null));
  const marks = known.findIndex((one) => one?.actions.some(({ do: what }) => FROM_MAP.includes(what)) ?? false);
  const looks = known.findIndex(
    (one) =>
      one?.verdict.to === 'return' &&
      one.matches.length === 1 &&
      one.matches.some((match) => SWITCHED.includes(match.on) && 'set' in match && match.set === set) &&
      one.matches.every((match) => !('negate' in match) || !match.negate),
  );
  const redirects = known.findIndex((one) => one !== null && isDiverting(one));
  return redirects === -1 || (marks !== -1 && marks < looks && looks < redirects);
}

const FROM_MAP: readonly Action['do'][] = ['set-mark-from-map', 'set-packet-mark-from-map'];
const SWITCHED: readonly Match['on'][] = ['mark-in', 'packet-mark-in'];

function marksByKey(map: RuleMap | undefined): ReadonlyMap<number | string, number> {
  const marks = new Map<number | string, number>();
  for (const { key, value } of map?.elements ?? [])
    if (value !== null && 'mark' in value) marks.set(elementKeyId(key), value.mark);
  return marks;
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
      // A mark without a tag was added by hand, so it counts as an operator's decision.
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
    // No rule jumps to the chain, so it diverts nothing.
    if (owner === null || app === null || entering.length === 0) return [];
    return [
      {
        app,
        mode: 'redirect',
        mark: encodeMark(owner),
        table: table.name,
        chain: chain.name,
        hashes: unique([...entering, ...tagged(chain)].map(({ tag }) => (tag?.app === app ? tag.hash : null))),
        ipv4: scope === 'ip',
        ipv6: scope === 'ip6',
        expiresMs: null,
        epochSeconds: lastEnd(entering.map(dateOf)),
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

function dateOf({ matches }: KnownRule): number | null {
  const dates = matches.flatMap((match) => (match.on === 'before' ? [match.epochSeconds] : []));
  return dates.length > 0 ? Math.min(...dates) : null;
}

/** When all have ended; null where there are none, or one has no end. */
export function lastEnd(ends: readonly (number | null)[]): number | null {
  let last: number | null = null;
  for (const end of ends) {
    if (end === null) return null;
    last = last === null ? end : Math.max(last, end);
  }
  return last;
}

function unique(texts: readonly (string | null | undefined)[]): string[] {
  return [...new Set(texts.flatMap((text) => text ?? []))];
}
