/** Composition of `weir operator run`: on plain hosts the leader of waves, on Kubernetes reconcilers beside it. */
import { hostname } from 'node:os';
import type { CommandOutput } from '../cli/command-output.ts';
import { systemClock } from '../platform/clock.ts';
import { openMetricsFile } from '../platform/process/metrics-file.ts';
import { publishMetrics } from '../platform/process/publish-metrics.ts';
import { notifyServiceManager } from '../platform/process/service-manager.ts';
import { askPrometheus } from './adapters/ask-prometheus.ts';
import { KubeClient } from './adapters/kubernetes/kube-client.ts';
import { kubeCluster } from './adapters/kubernetes/kube-cluster.ts';
import { kubeStore } from './adapters/kubernetes/kube-store.ts';
import { openRegion, readFleetConfig } from './compose.ts';
import { OperatorMetrics } from './metrics/operator-metrics.ts';
import type { RegionConfig } from './model/fleet-config.ts';
import { RegionKeys } from './model/keys.ts';
import { leadCluster } from './operator/lead-cluster.ts';
import { leadRegion } from './operator/lead-region.ts';
import { unknownName } from './usecases/fleet.ts';

/** The flags of `weir operator run`. */
export interface OperatorRun {
  readonly fleetConfig: string;
  readonly region: string;
  readonly metricsFile: string | null;
}

/** Leads a region until the signal aborts. Throws WEIR1601, WEIR1602, WEIR1606. */
export async function runOperator(
  { fleetConfig, region, metricsFile }: OperatorRun,
  output: CommandOutput,
  signal: AbortSignal,
): Promise<0> {
  const config = await readFleetConfig(fleetConfig);
  const found = config.regions.find(({ name }) => name === region);
  if (found === undefined)
    throw unknownName(
      'region',
      region,
      config.regions.map(({ name }) => name),
      fleetConfig,
    );
  const file = metricsFile === null ? null : await openMetricsFile(metricsFile);
  const { keys, store, cluster } = openRegionWithCluster(found, (text) => output.warn(text));
  const metrics = new OperatorMetrics(region, systemClock);
  const isMetered = file !== null;
  const holder = `${hostname()}-${process.pid}`;
  output.progress(`${holder} stands by for ${region} (${store.place})`);
  void notifyServiceManager('READY=1', `--status=region ${region}`);
  const ports = {
    ...{ region, keys, store: isMetered ? metrics.meter(store) : store, watcher: isMetered ? metrics.watcher : null },
    ...{ holder, pid: process.pid, clock: systemClock, askGate: askPrometheus },
    tell: (line: string) => output.progress(line),
    warn: (text: string) => output.warn(text),
  };
  const print = () => metrics.print(process.memoryUsage.rss());
  const { warn } = ports;
  const leading = cluster === null ? leadRegion(ports, signal) : leadCluster({ ...ports, ...cluster }, signal);
  await Promise.all([leading, publishMetrics(file, print, { clock: systemClock, warn }, signal)]);
  return 0;
}

/** A region with its store, and on Kubernetes the cluster by the same connections. */
function openRegionWithCluster(config: RegionConfig, warn: (text: string) => void) {
  if (config.kind === 'etcd') return { ...openRegion(config, warn), cluster: null };
  const client = new KubeClient(config);
  const cluster = kubeCluster(client, config, `${hostname()}-${process.pid}`);
  const { namespace } = config;
  const gatewayImage = process.env.WEIR_GATEWAY_IMAGE ?? 'weir:latest';
  return {
    keys: new RegionKeys(config.name),
    store: kubeStore(config, warn, client),
    cluster: { cluster, namespace, gatewayImage },
  };
}
