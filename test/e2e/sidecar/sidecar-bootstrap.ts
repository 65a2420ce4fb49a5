/** Listeners and files of a test's Envoy. */
export interface TestBootstrap {
  readonly port: number;
  readonly upstreamPort: number;
  readonly adminPath: string;
  readonly accessLog: string;
  /** Any text: two bootstraps that differ in it alone are two versions. */
  readonly label: string;
  /** More listeners, on these ports. */
  readonly extraPorts?: readonly number[];
  /** Adds a cluster whose endpoints come from a server that never answers, for so many seconds. */
  readonly hangSeconds?: number;
}

const TYPE = 'type.googleapis.com/envoy.extensions';

function listener(name: string, port: number, accessLog: string) {
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'hcm', typed_config: httpManager(name, accessLog) }] }],
  };
}

function httpManager(name: string, accessLog: string) {
  return {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    access_log: [
      {
        name: 'file',
        typed_config: {
          '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`,
          path: accessLog,
          log_format: {
            json_format: {
              code: '%RESPONSE_CODE%',
              flags: '%RESPONSE_FLAGS%',
              details: '%RESPONSE_CODE_DETAILS%',
              peer: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
            },
          },
        },
      },
    ],
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'up', timeout: '0s' } }] },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } }],
  };
}

function endpoint(address: string, port: number) {
  return { endpoint: { address: { socket_address: { address, port_value: port } } } };
}

/** A bootstrap of one HTTP listener on loopback in front of one upstream; JSON, which Envoy takes as well as YAML. */
export function sidecarBootstrap(options: TestBootstrap): object {
  const { port, upstreamPort, adminPath, accessLog, label, extraPorts = [], hangSeconds } = options;
  const up = {
    name: 'up',
    type: 'STATIC',
    connect_timeout: '2s',
    load_assignment: { cluster_name: 'up', endpoints: [{ lb_endpoints: [endpoint('127.0.0.1', upstreamPort)] }] },
  };
  return {
    node: { id: label, cluster: 'weir-test' },
    admin: { address: { pipe: { path: adminPath, mode: 384 } } },
    static_resources: {
      listeners: [
        listener('main', port, accessLog),
        ...extraPorts.map((extra, index) => listener(`extra${index}`, extra, accessLog)),
      ],
      clusters: hangSeconds === undefined ? [up] : [up, ...hangingClusters(upstreamPort, hangSeconds)],
    },
  };
}

/** Clusters by which a start hangs: the endpoints of one come from a server at this port that says nothing, for so long. */
export function hangingClusters(serverPort: number, seconds: number): readonly object[] {
  const xds = {
    name: 'xds',
    type: 'STATIC',
    connect_timeout: '60s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: { cluster_name: 'xds', endpoints: [{ lb_endpoints: [endpoint('127.0.0.1', serverPort)] }] },
  };
  const hanging = {
    name: 'hanging',
    type: 'EDS',
    connect_timeout: '2s',
    eds_cluster_config: {
      eds_config: {
        resource_api_version: 'V3',
        initial_fetch_timeout: `${seconds}s`,
        api_config_source: {
          api_type: 'GRPC',
          transport_api_version: 'V3',
          grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
        },
      },
    },
  };
  return [xds, hanging];
}
