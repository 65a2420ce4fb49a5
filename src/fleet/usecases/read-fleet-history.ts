/** `weir fleet history`: who changed what, when and why. */

import type { HistoryEntry } from '../model/records.ts';
import { historySchema, readFleetRecord } from '../model/records.ts';
import { type FleetPorts, inRegion, type RegionFailure, regionsNamed, unreachable } from './fleet.ts';

/** Entries of all regions, oldest first; those of one region in the order of its revisions. */
export async function readFleetHistory(
  ports: FleetPorts,
  regions: readonly string[] | undefined,
): Promise<{ readonly entries: readonly HistoryEntry[]; readonly warnings: readonly string[] }> {
  const named = regionsNamed(ports, regions);
  const failures: RegionFailure[] = [];
  const warnings: string[] = [];
  const lists = await Promise.all(
    named.map(async (region): Promise<HistoryEntry[]> => {
      const end = await inRegion(region, () => region.store.list([region.keys.history]));
      if ('failure' in end) {
        failures.push(end.failure);
        return [];
      }
      const ordered = end.done.items.toSorted(
        (a, b) => Number(BigInt(a.created) - BigInt(b.created)) || (a.key < b.key ? -1 : 1),
      );
      return ordered.flatMap(({ key, value }) => {
        const reading = readFleetRecord(historySchema, value);
        if (reading.state === 'read')
          return [{ ...reading.value, from: reading.value.from ?? null, to: reading.value.to ?? null }];
        warnings.push(`${key} cannot be read: ${reading.why}`);
        return [];
      });
    }),
  );
  if (failures.length > 0 && failures.length === named.length) throw unreachable(failures);
  warnings.push(...failures.map(({ region, error }) => `${region.name} could not be read: ${error}`));
  const entries = lists.length === 1 ? (lists[0] ?? []) : mergeByTime(lists);
  return { entries, warnings };
}

/** Regions have no common order but time; the order within each stays. */
function mergeByTime(lists: readonly (readonly HistoryEntry[])[]): HistoryEntry[] {
  const rest = lists.map((list) => [...list]);
  const merged: HistoryEntry[] = [];
  for (;;) {
    const next = rest
      .filter((list) => list.length > 0)
      .sort((a, b) => ((a[0]?.at ?? '') < (b[0]?.at ?? '') ? -1 : 1))[0];
    const entry = next?.shift();
    if (entry === undefined) return merged;
    merged.push(entry);
  }
}
