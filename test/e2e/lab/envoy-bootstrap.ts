/** The listeners of a lab's Envoy. */
export interface EnvoyBootstrapOptions {
  /** Unix socket of the admin interface. */
  readonly adminPath: string;
  readonly accessLog: string;
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Listen on IPv6 as well. */
  readonly ipv6: boolean;
  /** Listeners take connections to addresses of others (IP_TRANSPARENT). */
  readonly transparent?: boolean;
}

const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;

/**
 * The bootstrap of a sidecar that sends redirected connections on to where they were going, as HTTP when they are HTTP
 * and as TCP otherwise. Inbound connections leave from 127.0.0.6 or ::6, as in Istio, so that rules can leave them alone.
 */
export function envoyBootstrap(options: EnvoyBootstrapOptions): unknown {
  const { adminPath, ipv6, outboundPort, inboundPort } = options;
  const transparency = options.transparent === true ? { transparent: true } : {};
  return {
    admin: { address: { pipe: { path: adminPath, mode: 0o600 } } },
    static_resources: {
      listeners: [
        {
          name: 'outbound',
          // REDIRECT in the output hook rewrites to loopback, so nobody else has to reach this listener.
          ...listenOn('127.0.0.1', '::1', outboundPort, ipv6),
          ...transparency,
          listener_filters: [originalDestination(), httpInspector()],
          listener_filters_timeout: '0.5s',
          continue_on_listener_filters_timeout: true,
          filter_chains: [
            {
              name: 'outbound-http',
              filter_chain_match: { application_protocols: ['http/1.0', 'http/1.1', 'h2c'] },
              filters: [httpProxy('outbound_http', 'to_original_destination', options)],
            },
          ],
          default_filter_chain: {
            name: 'outbound-tcp',
            filters: [tcpProxy('outbound_tcp', 'to_original_destination', options)],
          },
        },
        {
          name: 'inbound',
          ...listenOn('0.0.0.0', '::', inboundPort, ipv6),
          ...transparency,
          listener_filters: [originalDestination()],
          filter_chains: [{ filters: [tcpProxy('inbound_tcp', 'to_application', options)] }],
        },
      ],
      clusters: [
        originalDestinationCluster('to_original_destination'),
        {
          ...originalDestinationCluster('to_application'),
          upstream_bind_config: {
            source_address: { address: '127.0.0.6', port_value: 0 },
            ...(ipv6 ? { extra_source_addresses: [{ address: { address: '::6', port_value: 0 } }] } : {}),
          },
        },
      ],
    },
  };
}

function listenOn(ipv4: string, ipv6: string, port: number, both: boolean): object {
  const address = (host: string) => ({ socket_address: { address: host, port_value: port } });
  return {
    address: address(ipv4),
    ...(both ? { additional_addresses: [{ address: address(ipv6) }] } : {}),
  };
}

function originalDestination(): unknown {
  return {
    name: 'envoy.filters.listener.original_dst',
    typed_config: { '@type': type('filters.listener.original_dst.v3.OriginalDst') },
  };
}

function httpInspector(): unknown {
  return {
    name: 'envoy.filters.listener.http_inspector',
    typed_config: { '@type': type('filters.listener.http_inspector.v3.HttpInspector') },
  };
}

function accessLog(path: string): unknown {
  return [
    {
      name: 'envoy.access_loggers.file',
      typed_config: {
        '@type': type('access_loggers.file.v3.FileAccessLog'),
        path,
        log_format: {
          json_format: {
            start: '%START_TIME%',
            upstream: '%UPSTREAM_HOST%',
            downstream: '%DOWNSTREAM_REMOTE_ADDRESS%',
            path: '%REQ(:PATH)%',
            code: '%RESPONSE_CODE%',
            flags: '%RESPONSE_FLAGS%',
          },
        },
      },
    },
  ];
}

function httpProxy(statPrefix: string, cluster: string, options: EnvoyBootstrapOptions): unknown {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: statPrefix,
      codec_type: 'AUTO',
      access_log: accessLog(options.accessLog),
      route_config: {
        virtual_hosts: [
          { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s' } }] },
        ],
      },
      http_filters: [
        { name: 'envoy.filters.http.router', typed_config: { '@type': type('filters.http.router.v3.Router') } },
      ],
    },
  };
}

function tcpProxy(statPrefix: string, cluster: string, options: EnvoyBootstrapOptions): unknown {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': type('filters.network.tcp_proxy.v3.TcpProxy'),
      stat_prefix: statPrefix,
      cluster,
      access_log: accessLog(options.accessLog),
    },
  };
}

function originalDestinationCluster(name: string): Record<string, unknown> {
  return {
    name,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: '5s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
      },
    },
  };
}
