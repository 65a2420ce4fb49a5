/** A whole bootstrap with everything in it, from which a stock Envoy starts without an agent. */
import type { HealthConfig } from '../../mesh/discovery-config.ts';
import type { SidecarConfig } from '../../mesh/mesh-config.ts';
import { originalCluster, originalHttpCluster, staticCluster } from './clusters.ts';
import { outboundListener } from './outbound-listener.ts';
import type { ClusterPlan } from './plan-clusters.ts';

/** The bootstrap of a sidecar; `outbound` is the port of its listener. */
export function staticBootstrap(
  { name, admin }: Pick<SidecarConfig, 'name' | 'admin'>,
  outbound: number,
  plan: ClusterPlan,
  ipv6: boolean,
  { spillPercent, health }: { readonly spillPercent?: number | undefined; readonly health: HealthConfig | null },
): object {
  const address =
    admin.kind === 'unix'
      ? { pipe: { path: admin.path, mode: 0o600 } }
      : { socket_address: { address: admin.host, port_value: admin.port } };
  return {
    node: { id: `weir-${name}`, cluster: name },
    admin: { address },
    static_resources: {
      listeners: [outboundListener(plan, outbound, ipv6)],
      clusters: [
        originalCluster(),
        ...(plan.http === undefined ? [] : [originalHttpCluster()]),
        ...plan.clusters.map((cluster) =>
          staticCluster(cluster, spillPercent, { chain: cluster.chain ?? 'dubbo', health }),
        ),
      ],
    },
  };
}
