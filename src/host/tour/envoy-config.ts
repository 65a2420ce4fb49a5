/** Ports and paths of the tour's Envoy. */
export interface TourEnvoyPaths {
  readonly adminSocket: string;
  readonly accessLog: string;
  readonly outboundPort: number;
}

const TYPE = 'type.googleapis.com/envoy.extensions';

/**
 * A bootstrap for outbound interception that Envoy 1.37 to 1.40 accept: one listener on both loopback addresses that asks
 * the kernel for the original destination, HTTP where it is HTTP, plain TCP else. Envoy reads JSON as YAML.
 */
export function tourEnvoyConfig(paths: TourEnvoyPaths): object {
  return {
    admin: { address: { pipe: { path: paths.adminSocket, mode: 0o600 } } },
    static_resources: {
      listeners: [outboundListener(paths)],
      clusters: [{ name: 'original_dst', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '5s' }],
    },
  };
}

function outboundListener({ outboundPort, accessLog }: TourEnvoyPaths): object {
  const address = (host: string): object => ({ socket_address: { address: host, port_value: outboundPort } });
  return {
    name: 'outbound',
    address: address('127.0.0.1'),
    additional_addresses: [{ address: address('::1') }],
    listener_filters: [
      listenerFilter('original_dst', 'OriginalDst'),
      listenerFilter('http_inspector', 'HttpInspector'),
    ],
    // Long: a client that is slow to send its first byte would else pass as plain TCP, which adds no header and logs nothing.
    listener_filters_timeout: '10s',
    continue_on_listener_filters_timeout: true,
    filter_chains: [
      {
        name: 'http',
        filter_chain_match: { application_protocols: ['http/1.0', 'http/1.1', 'h2c'] },
        filters: [httpFilter(accessLog)],
      },
    ],
    default_filter_chain: {
      name: 'tcp',
      filters: [
        networkFilter('tcp_proxy', 'tcp_proxy.v3.TcpProxy', { stat_prefix: 'out_tcp', cluster: 'original_dst' }),
      ],
    },
  };
}

function httpFilter(accessLog: string): object {
  return networkFilter('http_connection_manager', 'http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'out_http',
    access_log: [
      {
        name: 'envoy.access_loggers.file',
        typed_config: {
          '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
          path: accessLog,
          log_format: {
            text_format_source: { inline_string: '%REQ(X-TOUR-APP)% %DOWNSTREAM_LOCAL_ADDRESS% %RESPONSE_CODE%\n' },
          },
        },
      },
    ],
    route_config: {
      name: 'out',
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'original_dst', timeout: '0s' } }],
        },
      ],
    },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
    ],
  });
}

function listenerFilter(name: string, type: string): object {
  return {
    name: `envoy.filters.listener.${name}`,
    typed_config: { '@type': `${TYPE}.filters.listener.${name}.v3.${type}` },
  };
}

function networkFilter(name: string, type: string, config: object): object {
  return {
    name: `envoy.filters.network.${name}`,
    typed_config: { '@type': `${TYPE}.filters.network.${type}`, ...config },
  };
}
