/** Composition of the fleet's commands: the stores of fleet.yaml, and this machine's clock and user. */
import { hostname, userInfo } from 'node:os';
import { systemClock } from '../platform/clock.ts';
import { etcdStore } from './adapters/etcd/etcd-store.ts';
import { missingOf, readFleetConfigText, readObjectsText, writeFolder, writeText } from './adapters/fleet-files.ts';
import { KubeClient } from './adapters/kubernetes/kube-client.ts';
import { kubeCluster } from './adapters/kubernetes/kube-cluster.ts';
import { kubeStore } from './adapters/kubernetes/kube-store.ts';
import { type FleetConfig, parseFleetConfig, type RegionConfig } from './model/fleet-config.ts';
import { RegionKeys } from './model/keys.ts';
import { type FleetPorts, fleetMistakes, type Region } from './usecases/fleet.ts';

export { missingOf, readObjectsText, writeFolder, writeText };

/** Reads fleet.yaml. Throws WEIR1601, WEIR1602. */
export async function readFleetConfig(file: string): Promise<FleetConfig> {
  const parsed = parseFleetConfig(await readFleetConfigText(file), file);
  if ('errors' in parsed) throw fleetMistakes(parsed.errors);
  return parsed.config;
}

/** The fleet of a fleet.yaml. `warn` hears of changes that are made and not recorded. Throws WEIR1601, WEIR1602. */
export async function openFleet(file: string, warn: (text: string) => void): Promise<FleetPorts> {
  const config = await readFleetConfig(file);
  return {
    file,
    regions: config.regions.map((region) => openRegion(region, warn)),
    by: whoAsks(),
    now: systemClock.now,
    monotonic: systemClock.monotonic,
    sleep: systemClock.sleep,
    writer: `${hostname()}-${process.pid}`,
  };
}

/** A region with its store; nothing is asked yet. */
export function openRegion(config: RegionConfig, warn: (text: string) => void): Region {
  const { name, kind } = config;
  const keys = new RegionKeys(name);
  if (config.kind === 'etcd') return { name, kind, keys, store: etcdStore(config) };
  const client = new KubeClient(config);
  const cluster = kubeCluster(client, config, whoAsks());
  return { name, kind, keys, store: kubeStore(config, warn, client), cluster };
}

/** `$WEIR_BY`, else user@host. */
export function whoAsks(): string {
  const by = process.env.WEIR_BY?.trim();
  if (by) return by;
  let user = `uid ${process.getuid?.() ?? '?'}`;
  try {
    user = userInfo().username;
  } catch {
    // No passwd entry: the number says it.
  }
  return `${user}@${hostname()}`;
}
