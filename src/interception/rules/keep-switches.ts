/** Carries switches and leases of the kernel over into new rules. */
import { headSwitches, rulesBelowSwitches } from './iptables/head-switches.ts';
import { formatElementKey } from './map-element.ts';
import { BYPASS_SET, LEASE_SET, OFF_SET } from './nft/table-maps.ts';
import type { Chain, MapElement, RuleMap, Ruleset, Table } from './ruleset.ts';
import type { OffCause } from './tag.ts';

/** The switches that a change removes although their application stays. */
export interface SwitchClearing {
  /** Applications whose switches are removed; `all` also removes leases, so that only the wanted rules stay. */
  readonly clearSwitches?: readonly string[] | 'all';
  /** Only switches of these causes go; without it those of every cause. */
  readonly clearCauses?: readonly OffCause[];
}

const SWITCH_SETS: readonly string[] = [OFF_SET, BYPASS_SET, LEASE_SET];

/**
 * The wanted rules, plus the switches and leases that the kernel holds for applications that stay. No compiler makes
 * those: `weir off`, off.sh and the supervisor write them at any time, also between our read and our commit. A
 * transaction about something else must not undo them.
 */
export function keepSwitches(current: Ruleset, wanted: Ruleset, clearing: SwitchClearing = {}): Ruleset {
  if (clearing.clearSwitches === 'all') return wanted;
  const tables = wanted.tables.map((table) => {
    const now = current.tables.find(({ name }) => name === table.name);
    if (now === undefined) return table;
    return { ...table, maps: keepElements(now, table, clearing), chains: keepHeads(now, table, clearing) };
  });
  return { ...wanted, tables };
}

/** Whether `clearing` takes away a switch of this application and cause; an untagged one counts as an operator's. */
function isCleared(app: string | null, cause: OffCause, { clearSwitches = [], clearCauses }: SwitchClearing): boolean {
  if (clearSwitches === 'all') return true;
  return app !== null && clearSwitches.includes(app) && (clearCauses?.includes(cause) ?? true);
}

function keepElements(now: Table, wanted: Table, clearing: SwitchClearing): readonly RuleMap[] {
  const owners = markOwners(wanted);
  return wanted.maps.map((map) => {
    const old = SWITCH_SETS.includes(map.name) ? now.maps.find(({ name }) => name === map.name) : undefined;
    if (old === undefined) return map;
    const known = new Set(map.elements.map(({ key }) => formatElementKey(key)));
    const kept = old.elements.filter((element) => {
      const owner = typeof element.key === 'number' ? owners.get(element.key) : undefined;
      if (owner === undefined || known.has(formatElementKey(element.key))) return false;
      // The slot was given to another application since: its switch is not this one's.
      if (element.tag !== null && element.tag.app !== owner) return false;
      return map.name === LEASE_SET || !isCleared(owner, causeOf(map.name, element), clearing);
    });
    return { ...map, elements: [...map.elements, ...kept] };
  });
}

/** The cause of an element in a switch set, by its tag; an untagged one counts as an operator's. */
function causeOf(set: string, element: MapElement): OffCause {
  return element.tag?.by ?? (set === BYPASS_SET ? 'bypass' : 'operator');
}

function markOwners(table: Table): ReadonlyMap<number, string> {
  const marks = table.maps.filter(({ value }) => value === 'mark').flatMap(({ elements }) => elements);
  return new Map(
    marks.flatMap(({ value, tag }) =>
      value !== null && 'mark' in value && typeof tag?.app === 'string' ? [[value.mark, tag.app]] : [],
    ),
  );
}

function keepHeads(now: Table, wanted: Table, clearing: SwitchClearing): readonly Chain[] {
  const installed = new Map(now.chains.map((chain) => [chain.name, chain]));
  return wanted.chains.map((chain) => {
    const old = installed.get(chain.name);
    const app = chain.rules.flatMap((rule) => (rule.kind === 'known' && rule.tag?.app ? [rule.tag.app] : []))[0];
    if (old === undefined || app === undefined) return chain;
    const kept = headSwitches(old).filter(
      ({ tag }) => tag?.app === app && !isCleared(app, tag.by ?? 'operator', clearing),
    );
    const causes = kept.map(({ tag }) => tag?.by);
    const added = headSwitches(chain).filter(({ tag }) => !causes.includes(tag?.by));
    return { ...chain, rules: [...added, ...kept, ...rulesBelowSwitches(chain)] };
  });
}
