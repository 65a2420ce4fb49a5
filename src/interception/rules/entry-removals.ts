/** The last resort of a switch: takes applications out of the maps that dispatch to rules which heed no switch. */
import type { Operation } from './operations.ts';
import type { Ruleset } from './ruleset.ts';

/** Deletes the applications' elements from nft's verdict maps; iptables needs none, its switch stands before all rules. */
export function entryRemovals({ tables }: Ruleset, apps: readonly string[]): Operation[] {
  return tables.flatMap((table) =>
    table.maps
      .filter(({ value }) => value === 'verdict')
      .flatMap(({ name, elements }) =>
        elements
          .filter(({ tag }) => typeof tag?.app === 'string' && apps.includes(tag.app))
          .map(({ key }): Operation => ({ op: 'delete-element', table: table.name, map: name, key })),
      ),
  );
}
