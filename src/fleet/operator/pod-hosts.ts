/** Hosts that were pods: what a killed one left in the store is removed when its pod is gone. */
import { viewRegion } from '../model/region-view.ts';
import type { ClusterPort } from './cluster-port.ts';
import type { LeaderPorts } from './lead-region.ts';

/** Removes the records of pods that do not speak and are not there any more. Rejects with `StoreFailure`. */
export async function forgetGonePods({
  store,
  keys,
  region,
  cluster,
  tell,
}: Pick<LeaderPorts, 'store' | 'keys' | 'region' | 'tell'> & { readonly cluster: ClusterPort }): Promise<void> {
  const { hosts } = viewRegion(region, await store.list([keys.hosts, keys.hostStatuses]));
  for (const { key, record, status, damaged } of hosts.values()) {
    if (record?.pod === undefined || status !== null || damaged !== null) continue;
    const { name, namespace } = record.pod;
    if ((await cluster.podsNamed(name, namespace)).length > 0) continue;
    const gone = [`${keys.hosts}${key}`, `${keys.hostStatuses}${key}`].map((one) => ({ key: one, value: null }));
    await store.write([], gone);
    tell(`${key}: its pod is gone, and the host is forgotten`);
  }
}
