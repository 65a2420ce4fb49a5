/** Clusters as Envoy reads them. */

import { encodeEndpoints } from '../xds/encode-endpoints.ts';
import type { ClusterMember } from './app-shape.ts';
import { ORIGINAL_CLUSTER } from './dubbo-routes.ts';
import { DUBBO_BUFFER_BYTES } from './envoy-types.ts';
import type { PlannedCluster } from './plan-clusters.ts';

/** Envoy opens a connection for each call in flight; its default limit of 1,024 would refuse the rest with status 80. */
const CALLS_IN_FLIGHT = 100_000;

const MAX_WEIGHT_SUM = 0xffff_ffff;

/** A cluster with its members written into it. */
export function staticCluster({ name, members }: PlannedCluster, spillPercent?: number): object {
  return { name, type: 'STATIC', ...forCalls(), load_assignment: assignment(name, members, spillPercent) };
}

/** A cluster that asks the agent for its members. It waits for them for ever: one without members would refuse calls. */
export function followedCluster(name: string): object {
  return { name, type: 'EDS', eds_cluster_config: { eds_config: ADS }, ...forCalls() };
}

/** Where a resource comes from that names another one: the same stream, and no time after which it is done without. */
export const ADS = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' } as const;

/**
 * The members of a cluster. Priorities have no gap: where no member of the first is left, the others take its place.
 * `spillPercent`: below this share of healthy members of the first, calls go to the others as well.
 */
export function assignment(name: string, members: readonly ClusterMember[], spillPercent?: number): object {
  return assignmentOf(name, members, spillPercent, (group) =>
    group.map(({ address, port, weight }) => ({
      endpoint: { address: { socket_address: { address, port_value: port } } },
      load_balancing_weight: weight,
    })),
  );
}

/** The same for `encodeMessage`, with the members encoded already. */
export function encodedAssignment(name: string, members: readonly ClusterMember[], spillPercent?: number): object {
  return assignmentOf(name, members, spillPercent, encodeEndpoints);
}

function assignmentOf(
  name: string,
  members: readonly ClusterMember[],
  spillPercent: number | undefined,
  listOf: (group: readonly ClusterMember[]) => object,
): object {
  const first = members.filter(({ priority }) => priority === 0);
  const others = members.filter(({ priority }) => priority === 1);
  const groups = [first, others].filter((group) => group.length > 0);
  // Envoy spills when healthy members times this factor are fewer than all (overprovisioning, in percent).
  const factor = spillPercent === undefined || groups.length < 2 ? undefined : Math.round(10_000 / spillPercent);
  return {
    cluster_name: name,
    endpoints: groups.map((group, priority) => ({
      lb_endpoints: listOf(withinSum(group)),
      ...(priority === 0 ? {} : { priority }),
    })),
    ...(factor === undefined ? {} : { policy: { overprovisioning_factor: factor } }),
  };
}

/** Envoy refuses members whose weights are more than 32 bits together; shares stay as they are, at least 1 each. */
function withinSum(members: readonly ClusterMember[]): readonly ClusterMember[] {
  const sum = members.reduce((total, { weight }) => total + weight, 0);
  if (sum <= MAX_WEIGHT_SUM) return members;
  const share = (MAX_WEIGHT_SUM - members.length) / sum;
  return members.map((member) => ({ ...member, weight: Math.max(1, Math.floor(member.weight * share)) }));
}

function forCalls(): object {
  return {
    lb_policy: 'ROUND_ROBIN',
    ...common(),
    circuit_breakers: {
      thresholds: [
        { max_connections: CALLS_IN_FLIGHT, max_pending_requests: CALLS_IN_FLIGHT, max_requests: CALLS_IN_FLIGHT },
      ],
    },
  };
}

/** The cluster that sends a connection where its client wanted to go. */
export function originalCluster(): object {
  return { name: ORIGINAL_CLUSTER, type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', ...common() };
}

function common(): object {
  return { connect_timeout: '1s', per_connection_buffer_limit_bytes: DUBBO_BUFFER_BYTES };
}
