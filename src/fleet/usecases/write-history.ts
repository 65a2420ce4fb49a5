/** The history entry of a change, written in the same transaction. */
import type { HistoryVerb } from '../model/records.ts';
import type { StoreChange } from '../ports.ts';
import type { FleetPorts, Region } from './fleet.ts';

/** A change as history tells it. */
export interface Change {
  readonly verb: HistoryVerb;
  readonly kind: string;
  readonly name: string;
  readonly why: string | null;
  readonly from: unknown;
  readonly to: unknown;
}

let written = 0;

/** The key sorts by time; the writer and a counter keep two changes of a moment apart. */
export function historyChange(
  ports: Pick<FleetPorts, 'by' | 'now' | 'writer'>,
  region: Pick<Region, 'name' | 'keys'>,
  change: Change,
): StoreChange {
  const now = ports.now();
  written += 1;
  const time = `${String(now)}${String(written % 1_000_000).padStart(6, '0')}`.padStart(20, '0');
  const { verb, kind, name, why, from, to } = change;
  const at = new Date(now).toISOString();
  const entry = { at, by: ports.by, why, verb, kind, name, region: region.name, from, to };
  return { key: `${region.keys.history}${time}-${ports.writer}`, value: JSON.stringify(entry), isOwn: true };
}
