/** The sets and maps of a native nft table while it is compiled. */
import type { DirectedPolicy } from '../app-policy.ts';
import type { LookupKey, MapElement, RuleMap } from '../ruleset.ts';
import type { OwnerTag } from '../tag.ts';
import type { Lookup } from './app-lookup.ts';

/** Sets of marks whose new connections go direct; an operator's decision and a supervisor's stay apart. */
export const OFF_SET = 'off';
/** See OFF_SET. */
export const BYPASS_SET = 'bypass';
/** Marks of leased apps that may be diverted; elements lapse in the kernel. */
export const LEASE_SET = 'lease';

/** Collects the maps of one table; the sets of switches and leases are there from the start. */
export class TableMaps {
  readonly #maps = new Map<string, { map: Omit<RuleMap, 'elements'>; elements: MapElement[] }>();

  constructor() {
    for (const marks of [OFF_SET, BYPASS_SET, LEASE_SET])
      this.declare(marks, { by: 'mark' }, 'none', marks === LEASE_SET);
  }

  /** Makes a map unless it is there; resolves to its elements. */
  declare(name: string, key: LookupKey, value: RuleMap['value'], timeout: boolean): MapElement[] {
    const known = this.#maps.get(name);
    if (known) return known.elements;
    const elements: MapElement[] = [];
    this.#maps.set(name, { map: { name, key, value, timeout }, elements });
    return elements;
  }

  /** Enters a direction of an application: its keys lead to the chain, and to its mark. */
  enter(one: DirectedPolicy, lookup: Lookup, chain: string): void {
    const verdicts = this.declare(`${lookup.name}_app`, lookup.key, 'verdict', true);
    const marks = this.declare(`${lookup.name}_mark`, lookup.key, 'mark', false);
    const tag: OwnerTag = { app: one.app.name, hash: one.hash, by: null };
    for (const key of lookup.keys) {
      verdicts.push({ key, value: { goto: chain }, timeoutMs: one.app.deadline?.timeoutMs ?? null, tag });
      marks.push({ key, value: { mark: one.mark }, timeoutMs: null, tag });
    }
  }

  names(): readonly string[] {
    return [...this.#maps.keys()];
  }

  /** All of them by name, elements in the order of their keys. */
  all(): RuleMap[] {
    return [...this.#maps.values()]
      .map(({ map, elements }) => ({ ...map, elements: sortElements(elements) }))
      .sort(byName);
  }
}

/** Compares names for sorting. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function sortElements(elements: readonly MapElement[]): MapElement[] {
  const order = (key: MapElement['key']): number =>
    typeof key === 'number' ? key : typeof key === 'string' ? 0 : key.from;
  return [...elements].sort((a, b) => order(a.key) - order(b.key) || (String(a.key) < String(b.key) ? -1 : 1));
}
