/** A gateway as a bootstrap of Envoy: listeners by port and host name, certificates by SDS files, routes of VirtualServices. Pure. */

import { stringify } from 'yaml';
import type { Gateway } from '../object-schemas.ts';
import { dubboClusters, dubboFilter } from './dubbo-routes.ts';
import { domainsOf, hostsOf, routesPort } from './gateway-coverage.ts';
import { routeOf, targetsOf } from './gateway-routes.ts';
import { isAddress } from './is-address.ts';
import { clusterName, type RouteTarget, type VirtualService, weightOf } from './virtual-service.ts';

type Listener = Gateway['spec']['listeners'][number];
type Json = Readonly<Record<string, unknown>>;

/** Folders and addresses of one gateway. */
export interface GatewayPlace {
  /** Where the bootstrap and the SDS files are. */
  readonly config: string;
  /** Each secret is a folder in it, with tls.crt and tls.key. */
  readonly secrets: string;
  readonly runDir: string;
  readonly binary: string;
  /** The account of Envoy. */
  readonly user: number | string;
}

/** The sidecar of mesh.yaml that a gateway is. */
export const GATEWAY_SIDECAR = 'gateway';

const TYPE = 'type.googleapis.com/envoy';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The files of a gateway, by name: mesh.yaml for `weir sidecar run gateway`, the bootstrap, and one for each secret. */
export function gatewayFiles(
  gateway: Gateway,
  services: readonly VirtualService[],
  place: GatewayPlace,
): Readonly<Record<string, string>> {
  const secrets = [...new Set(gateway.spec.listeners.flatMap(({ tls }) => (tls === undefined ? [] : [tls.secret])))];
  const sidecar = {
    user: place.user,
    binary: place.binary,
    bootstrap: `${place.config}/bootstrap.json`,
    admin: `unix:${adminSocket(place)}`,
  };
  return {
    'mesh.yaml': stringify({ apiVersion: 'weir.dev/v1', sidecars: { [GATEWAY_SIDECAR]: sidecar }, apps: {} }),
    'bootstrap.json': pretty(gatewayBootstrap(gateway, services, place)),
    ...Object.fromEntries(secrets.map((secret) => [`sds-${secret}.json`, pretty(secretFile(secret, place))])),
  };
}

function adminSocket({ runDir }: GatewayPlace): string {
  return `${runDir}/${GATEWAY_SIDECAR}/admin.sock`;
}

/** The bootstrap. */
export function gatewayBootstrap(gateway: Gateway, services: readonly VirtualService[], place: GatewayPlace): Json {
  const byPort = Map.groupBy(gateway.spec.listeners, ({ port }) => port);
  const targets = services.flatMap(targetsOf);
  const clusters = new Map(
    targets.flatMap((target) =>
      (['http1', 'http2'] as const).map((protocol): [string, Json] => [
        clusterName(target, protocol),
        clusterOf(target, protocol),
      ]),
    ),
  );
  return {
    node: { id: `weir-gateway-${gateway.metadata.name}`, cluster: gateway.metadata.name },
    admin: { address: { pipe: { path: adminSocket(place), mode: 0o600 } } },
    static_resources: {
      listeners: [...byPort].map(([port, listeners]) => listenerOf(port, listeners, services, place)),
      clusters: [...clusters.values(), ...dubboClusters(services).values()],
    },
  };
}

function listenerOf(
  port: number,
  listeners: readonly Listener[],
  services: readonly VirtualService[],
  place: GatewayPlace,
): Json {
  const hasTls = listeners.some(({ tls }) => tls !== undefined);
  const tcp = services.flatMap(({ spec }) => spec.tcp ?? []).find((one) => routesPort(one, port));
  return {
    name: `port-${port}`,
    address: { socket_address: { address: '::', ipv4_compat: true, port_value: port } },
    ...(hasTls && {
      listener_filters: [
        {
          name: 'tls_inspector',
          typed_config: { '@type': `${TYPE}.extensions.filters.listener.tls_inspector.v3.TlsInspector` },
        },
      ],
    }),
    filter_chains: listeners.map((listener) => ({
      name: listener.name,
      // Without TLS there is no name before the first request: the routes look at it.
      ...(listener.tls !== undefined &&
        hostsOf(listener) !== null && { filter_chain_match: { server_names: hostsOf(listener) } }),
      filters: [filterOf(listener, services, tcp?.route)],
      ...(listener.tls !== undefined && { transport_socket: tlsOf(listener.tls.secret, place) }),
    })),
  };
}

function filterOf(
  listener: Listener,
  services: readonly VirtualService[],
  tcp: readonly RouteTarget[] | undefined,
): Json {
  if (listener.protocol === 'dubbo') return dubboFilter(listener.name, services);
  return tcp === undefined ? httpFilter(listener, services) : tcpFilter(listener, tcp);
}

function httpFilter(listener: Listener, services: readonly VirtualService[]): Json {
  const own = services.filter(({ spec }) => (spec.http ?? []).length > 0);
  const virtualHosts = [...domainsOf(own, listener)].flatMap(([{ metadata, spec }, domains]) =>
    domains.length === 0 ? [] : [{ name: metadata.name, domains, routes: (spec.http ?? []).flatMap(routeOf) }],
  );
  return {
    name: 'http',
    typed_config: {
      '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: listener.name,
      // Triple and gRPC are HTTP/2: a connection says what it speaks.
      codec_type: 'AUTO',
      use_remote_address: true,
      // A path with tricks in it must not pass by a route.
      normalize_path: true,
      merge_slashes: true,
      path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT',
      common_http_protocol_options: { idle_timeout: '300s', headers_with_underscores_action: 'REJECT_REQUEST' },
      strip_any_host_port: true,
      route_config: { name: listener.name, virtual_hosts: virtualHosts },
      http_filters: [{ name: 'router', typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` } }],
    },
  };
}

function tcpFilter(listener: Listener, route: readonly RouteTarget[]): Json {
  return {
    name: 'tcp',
    typed_config: {
      '@type': `${TYPE}.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: listener.name,
      ...(route.length === 1
        ? { cluster: clusterName(route[0] as RouteTarget) }
        : {
            weighted_clusters: {
              clusters: route
                .filter((one) => weightOf(one) > 0)
                .map((one) => ({ name: clusterName(one), weight: weightOf(one) })),
            },
          }),
    },
  };
}

function tlsOf(secret: string, { config }: GatewayPlace): Json {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        tls_certificate_sds_secret_configs: [
          {
            name: secret,
            sds_config: { path_config_source: { path: `${config}/sds-${secret}.json` }, resource_api_version: 'V3' },
          },
        ],
      },
    },
  };
}

/** The files are read again when something is moved into their folder: so a Secret of Kubernetes is replaced. */
function secretFile(secret: string, { secrets }: GatewayPlace): Json {
  const folder = `${secrets}/${secret}`;
  return {
    resources: [
      {
        '@type': `${TYPE}.extensions.transport_sockets.tls.v3.Secret`,
        name: secret,
        tls_certificate: {
          certificate_chain: { filename: `${folder}/tls.crt` },
          private_key: { filename: `${folder}/tls.key` },
          watched_directory: { path: folder },
        },
      },
    ],
  };
}

function clusterOf(target: RouteTarget, protocol: 'http1' | 'http2'): Json {
  const { host, port } = target.destination;
  return {
    name: clusterName(target, protocol),
    type: isAddress(host) ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: '2s',
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
        explicit_http_config: protocol === 'http2' ? { http2_protocol_options: {} } : { http_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: clusterName(target, protocol),
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: host, port_value: port?.number ?? 80 } } } },
          ],
        },
      ],
    },
  };
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
