/** The generator of a sidecar's bootstrap. */
import { agentCluster, agentResources, type DiscoverySource, originalCluster } from './agent-sources.ts';
import { dubboChain } from './dubbo-chain.ts';

/** The request for a bootstrap of `weir sidecar init`. Ports are null where the sidecar has no such listener. */
export interface BootstrapWish {
  readonly name: string;
  readonly outbound: number | null;
  readonly inbound: number | null;
  /** As mesh.yaml has it. */
  readonly admin:
    | { readonly kind: 'unix'; readonly path: string }
    | { readonly kind: 'http'; readonly host: string; readonly port: number };
  /** Null: none is written, where nobody reads and rotates it. */
  readonly accessLog: string | null;
  readonly ipv6: boolean;
  /** Whether listeners take connections to addresses of others (IP_TRANSPARENT), as `mode: tproxy` brings them. */
  readonly isTransparent: boolean;
  /** Ports of Dubbo providers, inbound and outbound alike. */
  readonly dubboPorts: readonly number[];
  /** The discovery agent, from which outbound listener, clusters and routes come; null without it. */
  readonly discovery: DiscoverySource | null;
}

const TYPE = 'type.googleapis.com/envoy.extensions';

/** The largest part of a request or answer that a connection holds in memory, in bytes. */
const BUFFER_LIMIT = 1_048_576;

/**
 * A bootstrap for diverted traffic: each connection goes where its client wanted to go (SO_ORIGINAL_DST, or the local
 * address of a transparent listener's socket), HTTP is
 * recognised on the way out, Dubbo by its ports, everything else passes as TCP. Inbound connections reach the app from 127.0.0.6 and ::6, so
 * that weir's own rules leave them alone. With a discovery agent the outbound listener is the agent's.
 */
export function sidecarBootstrap(wish: BootstrapWish): object {
  const listeners = [];
  const isFollowed = wish.discovery !== null;
  if (wish.outbound !== null && !isFollowed)
    listeners.push(listener(wish, 'outbound', wish.outbound, ['127.0.0.1', '::1']));
  if (wish.inbound !== null) listeners.push(listener(wish, 'inbound', wish.inbound, ['0.0.0.0', '::']));
  const { admin } = wish;
  const address =
    admin.kind === 'unix'
      ? { pipe: { path: admin.path, mode: 0o600 } }
      : { socket_address: { address: admin.host, port_value: admin.port } };
  return {
    node: { id: `weir-${wish.name}`, cluster: wish.name },
    admin: { address },
    ...(wish.discovery === null
      ? { static_resources: { listeners, clusters: [cluster('outbound', null), cluster('inbound', wish)] } }
      : {
          static_resources: {
            listeners,
            clusters: [originalCluster(), agentCluster(wish.discovery), cluster('inbound', wish)],
          },
          dynamic_resources: agentResources(wish.discovery),
        }),
  };
}

function listener(wish: BootstrapWish, name: 'outbound' | 'inbound', port: number, hosts: readonly [string, string]) {
  const [v4, v6] = hosts.map((address) => ({
    socket_address: { address, port_value: port, ...(address === '::' ? { ipv4_compat: false } : {}) },
  }));
  return {
    name,
    address: v4,
    ...(wish.ipv6 ? { additional_addresses: [{ address: v6 }] } : {}),
    ...(wish.isTransparent ? { transparent: true } : {}),
    per_connection_buffer_limit_bytes: BUFFER_LIMIT,
    listener_filters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typed_config: { '@type': `${TYPE}.filters.listener.original_dst.v3.OriginalDst` },
      },
      {
        name: 'envoy.filters.listener.http_inspector',
        typed_config: { '@type': `${TYPE}.filters.listener.http_inspector.v3.HttpInspector` },
      },
    ],
    // A protocol in which the server speaks first waits for this long, because the inspector waits for the client.
    listener_filters_timeout: '0.5s',
    continue_on_listener_filters_timeout: true,
    filter_chains: [
      {
        name: `${name}-http`,
        filter_chain_match: { application_protocols: ['http/1.0', 'http/1.1', 'h2c'] },
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: http(wish, name) }],
      },
      ...wish.dubboPorts.map((dubboPort) => dubboChain(name, dubboPort, accessLogs(wish))),
    ],
    default_filter_chain: {
      name: `${name}-tcp`,
      filters: [
        {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: {
            '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
            stat_prefix: `${name}_tcp`,
            cluster: name,
            access_log: accessLogs(wish),
          },
        },
      ],
    },
  };
}

function http(wish: BootstrapWish, name: string) {
  return {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: `${name}_http`,
    codec_type: 'AUTO',
    drain_timeout: '5s',
    access_log: accessLogs(wish),
    route_config: {
      name,
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: name, timeout: '0s' } }] },
      ],
    },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
    ],
  };
}

function accessLogs({ accessLog: path }: BootstrapWish): object[] {
  if (path === null) return [];
  const fields = {
    time: '%START_TIME%',
    method: '%REQ(:METHOD)%',
    path: '%REQ(:PATH)%',
    code: '%RESPONSE_CODE%',
    flags: '%RESPONSE_FLAGS%',
    details: '%RESPONSE_CODE_DETAILS%',
    ms: '%DURATION%',
    peer: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
    to: '%UPSTREAM_HOST%',
  };
  return [
    {
      name: 'file',
      typed_config: {
        '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
        path,
        log_format: { json_format: fields },
      },
    },
  ];
}

function cluster(name: string, bound: BootstrapWish | null) {
  const extra = bound?.ipv6 ? [{ address: { address: '::6', port_value: 0 } }] : [];
  return {
    name,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: '5s',
    per_connection_buffer_limit_bytes: BUFFER_LIMIT,
    ...(bound === null
      ? {}
      : {
          upstream_bind_config: {
            source_address: { address: '127.0.0.6', port_value: 0 },
            ...(extra.length > 0 ? { extra_source_addresses: extra } : {}),
          },
        }),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
      },
    },
  };
}
