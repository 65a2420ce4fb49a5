/** Clusters as Envoy reads them. */
import type { HealthConfig } from '../../mesh/discovery-config.ts';
import { encodeEndpoints } from '../xds/encode-endpoints.ts';
import type { ClusterMember } from './app-shape.ts';
import type { ChainName } from './chains.ts';
import { ORIGINAL_CLUSTER } from './dubbo-routes.ts';
import { DUBBO_BUFFER_BYTES, typed } from './envoy-types.ts';
import { ORIGINAL_HTTP_CLUSTER } from './http-routes.ts';
import type { PlannedCluster } from './plan-clusters.ts';

/** Envoy opens a connection for each call in flight; its default limit of 1,024 would refuse the rest with status 80. */
const CALLS_IN_FLIGHT = 100_000;

const MAX_WEIGHT_SUM = 0xffff_ffff;

/** How a cluster is used. */
export interface ClusterUse {
  /** The chain whose calls it takes. */
  readonly chain: ChainName;
  /** Null: its members are not checked. */
  readonly health: HealthConfig | null;
}

const PLAIN: ClusterUse = { chain: 'dubbo', health: null };

/** A cluster with its members written into it. */
export function staticCluster(
  { name, members }: Pick<PlannedCluster, 'name' | 'members'>,
  spillPercent?: number,
  use: ClusterUse = PLAIN,
): object {
  const load = assignment(name, members, spillPercent);
  return { name, type: 'STATIC', ...forCalls(use.chain), ...healthChecks(members.length, use), load_assignment: load };
}

/**
 * A cluster that asks the agent for its members. It waits for them for ever: one without members would refuse calls.
 * `size`: how many members it has now.
 */
export function followedCluster(name: string, size = 0, use: ClusterUse = PLAIN): object {
  const source = { eds_cluster_config: { eds_config: ADS } };
  return { name, type: 'EDS', ...source, ...forCalls(use.chain), ...healthChecks(size, use) };
}

/**
 * Checks by connecting, where there are few enough members. Envoy takes no notice of failed calls in a Dubbo chain, so nothing
 * else tells it that a registered member is gone. One that leaves the registry leaves at once, whatever its checks say.
 */
function healthChecks(size: number, { health }: ClusterUse): object {
  if (health === null || size > health.most) return {};
  const interval = `${health.intervalMs / 1000}s`;
  const check = {
    ...{ timeout: '1s', interval, no_traffic_interval: interval, interval_jitter: `${health.intervalMs / 10_000}s` },
    ...{ unhealthy_threshold: 2, healthy_threshold: 1, tcp_health_check: {} },
  };
  return { health_checks: [check], ignore_health_on_host_removal: true };
}

/** Where a resource comes from that names another one: the same stream, and no time after which it is done without. */
export const ADS = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' } as const;

/**
 * The members of a cluster. Priorities have no gap: where no member of the first is left, the others take its place.
 * `spillPercent`: below this share of healthy members of the first, calls go to the others as well.
 */
export function assignment(name: string, members: readonly ClusterMember[], spillPercent?: number): object {
  return assignmentOf(name, members, spillPercent, (group) =>
    asDefault(group).map(({ address, port, weight }) => ({
      endpoint: { address: { socket_address: { address, port_value: port } } },
      ...(weight === 1 ? {} : { load_balancing_weight: weight }),
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
  const others = members.filter(({ priority }) => priority === 1);
  const first = others.length === 0 ? members : members.filter(({ priority }) => priority === 0);
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

/** Members that all have the same weight have that of Envoy's default, which is not sent. */
function asDefault(members: readonly ClusterMember[]): readonly ClusterMember[] {
  const [first] = members;
  if (first?.weight === 1 || members.some(({ weight }) => weight !== first?.weight)) return members;
  return members.map((member) => ({ ...member, weight: 1 }));
}

/** Envoy refuses members whose weights are more than 32 bits together; shares stay as they are, at least 1 each. */
function withinSum(members: readonly ClusterMember[]): readonly ClusterMember[] {
  const sum = members.reduce((total, { weight }) => total + weight, 0);
  if (sum <= MAX_WEIGHT_SUM) return members;
  const share = (MAX_WEIGHT_SUM - members.length) / sum;
  return members.map((member) => ({ ...member, weight: Math.max(1, Math.floor(member.weight * share)) }));
}

function forCalls(chain: ChainName): object {
  return {
    lb_policy: 'ROUND_ROBIN',
    ...common(),
    ...(chain === 'http' ? HTTP_AS_IT_CAME : {}),
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

/** The same for HTTP requests. */
export function originalHttpCluster(): object {
  return {
    name: ORIGINAL_HTTP_CLUSTER,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    ...common(),
    ...HTTP_AS_IT_CAME,
  };
}

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Requests go out in the version of HTTP in which they came. */
const HTTP_AS_IT_CAME = {
  typed_extension_protocol_options: {
    [HTTP_OPTIONS]: typed(HTTP_OPTIONS, {
      use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
    }),
  },
};

function common(): object {
  return { connect_timeout: '1s', per_connection_buffer_limit_bytes: DUBBO_BUFFER_BYTES };
}
