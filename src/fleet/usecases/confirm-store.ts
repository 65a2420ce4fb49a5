/** `weir fleet confirm` and `forget`: the present store is the right one; a host is gone for good. */
import {
  type FleetPorts,
  inRegion,
  notAllRead,
  type Region,
  type RegionFailure,
  readRegions,
  regionsNamed,
  requireSome,
  unknownName,
  unreadOf,
  writeFailed,
} from './fleet.ts';
import { historyChange } from './write-history.ts';

/** One region in the result of `confirm`. */
export interface ConfirmedRegion {
  readonly name: string;
  readonly clusterId: string | null;
  readonly revision: string | null;
  readonly error: string | null;
}

/** Writes `accepted` for the store's present cluster id. Throws WEIR1603 when no region could be written, WEIR1604. */
export async function confirmStores(
  ports: FleetPorts,
  { regions, reason }: { readonly regions: readonly string[] | undefined; readonly reason: string | null },
): Promise<{ readonly result: { readonly regions: readonly ConfirmedRegion[] }; readonly isWhole: boolean }> {
  const named = regionsNamed(ports, regions);
  const failures: RegionFailure[] = [];
  const rows = await Promise.all(
    named.map(async (region): Promise<ConfirmedRegion> => {
      const { name } = region;
      const end = await inRegion(region, () => acceptStore(ports, region, reason));
      if ('done' in end) return { name, ...end.done, error: null };
      failures.push(end.failure);
      return { name, clusterId: null, revision: null, error: end.failure.error };
    }),
  );
  const isUnsure = failures.some(({ fate }) => fate === 'unknown');
  if (isUnsure || failures.length === named.length)
    throw writeFailed(failures, 'the confirmation', { details: { regions: rows } });
  return { result: { regions: rows }, isWhole: failures.length === 0 };
}

async function acceptStore(
  ports: FleetPorts,
  region: Region,
  reason: string | null,
): Promise<{ readonly clusterId: string; readonly revision: string }> {
  const { name, keys, store } = region;
  const { items, clusterId, revision } = await store.list([keys.accepted]);
  const at = new Date(ports.now()).toISOString();
  const accepted = { clusterId, revision, at, by: ports.by, why: reason };
  const from = items[0] === undefined ? null : parse(items[0].value);
  const change = { verb: 'confirm', kind: 'Store', name, why: reason, from, to: accepted } as const;
  const entry = historyChange(ports, region, change);
  await store.write(
    [{ key: entry.key, revision: null }],
    [{ key: keys.accepted, value: JSON.stringify(accepted) }, entry],
  );
  return { clusterId, revision };
}

/**
 * Removes the Host of a machine that is gone; regions where it could not be are in `warnings`. Throws WEIR1606, WEIR1603
 * (nothing was changed), WEIR1604.
 */
export async function forgetHost(
  ports: FleetPorts,
  host: string,
  { regions, reason }: { readonly regions: readonly string[] | undefined; readonly reason: string | null },
): Promise<{
  readonly result: { readonly host: string; readonly regions: readonly string[] };
  readonly warnings: readonly string[];
}> {
  const readings = await readRegions(regionsNamed(ports, regions));
  const answered = requireSome(readings);
  const unread = unreadOf(readings);
  const known = answered.filter(({ view }) => view.hosts.has(host));
  if (known.length === 0) {
    // A region that does not answer may have it.
    if (unread.length > 0) throw notAllRead(host, unread);
    throw unknownName(
      'host',
      host,
      answered.flatMap(({ view }) => [...view.hosts.keys()]),
      'the fleet',
    );
  }
  const done: string[] = [];
  const failures: RegionFailure[] = [];
  for (const { region, view } of known) {
    const from = view.hosts.get(host)?.record ?? null;
    const change = { verb: 'forget', kind: 'Host', name: host, why: reason, from, to: null } as const;
    const changes = [`${region.keys.hosts}${host}`, `${region.keys.hostStatuses}${host}`].map((key) => ({
      key,
      value: null,
    }));
    const entry = historyChange(ports, region, change);
    const end = await inRegion(region, () =>
      region.store.write([{ key: entry.key, revision: null }], [...changes, entry]),
    );
    if ('failure' in end) failures.push(end.failure);
    else done.push(region.name);
  }
  const result = { host, regions: done };
  const isUnsure = failures.some(({ fate }) => fate === 'unknown');
  if (isUnsure || done.length === 0)
    throw writeFailed(failures, `the removal of ${host}`, { unread, ...(isUnsure && { details: result }) });
  const warnings = [
    ...unread.map(({ region, error }) => `${region.name} could not be read, and nothing was removed there: ${error}`),
    ...failures.map(({ region, error }) => `${region.name} did not take it: ${error}`),
  ];
  return { result, warnings };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
