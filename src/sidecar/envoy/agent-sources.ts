/** The parts of a bootstrap that lead to the discovery agent of the host. */

const TYPE = 'type.googleapis.com/envoy.extensions';
/** The name of the agent's cluster. */
export const AGENT_CLUSTER = 'weir-discovery';

/**
 * The most that a connection holds in memory, in bytes. Dubbo's messages have 8 MiB at most by default, and Envoy's own
 * default of 1 MiB would close the connection of a larger one.
 */
const BUFFER_BYTES = 17 * 1_048_576;

/** Where a connection goes whose destination the agent has nothing for; its resources name this cluster. */
export function originalCluster(): object {
  return {
    name: 'original',
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: '1s',
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
  };
}

/** Who is asked: the agent's socket, or a control plane on an address, and in which variant of xDS. */
export interface DiscoverySource {
  readonly place: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly variant: 'delta' | 'sotw';
}

/** Where it is asked. A frozen agent is noticed by a ping that it does not answer. */
export function agentCluster({ place }: DiscoverySource): object {
  const address =
    'path' in place
      ? { pipe: { path: place.path } }
      : { socket_address: { address: place.host, port_value: place.port } };
  return {
    name: AGENT_CLUSTER,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: AGENT_CLUSTER,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: '2s', timeout: '1s' } },
        },
      },
    },
  };
}

/**
 * Everything over one stream. Envoy waits for the agent for ever: after a finite time it would go live without clusters
 * and refuse every call. The node goes with the first message only; it has 61 KB, and each message would carry it.
 */
export function agentResources({ variant }: DiscoverySource): object {
  const source = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
  return {
    ads_config: {
      api_type: variant === 'delta' ? 'DELTA_GRPC' : 'GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [
        {
          envoy_grpc: {
            cluster_name: AGENT_CLUSTER,
            retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '1s' } },
          },
        },
      ],
    },
    cds_config: source,
    lds_config: source,
  };
}
