/** The chain for Triple and gRPC: HTTP of either version, read and sent on as it came. */
import { ADS } from './clusters.ts';
import { typed } from './envoy-types.ts';
import { HTTP_ROUTES, httpRoutes } from './http-routes.ts';

const FILTERS = 'envoy.extensions.filters';

const HTTP_CHAIN = 'http';

/** The chain with routes that it asks for. */
export function followedHttpChain(): { readonly name: string } {
  return httpChain({ rds: { config_source: ADS, route_config_name: HTTP_ROUTES } });
}

/** The chain with its routes written into it. */
export function staticHttpChain(services: ReadonlyMap<string, string>): { readonly name: string } {
  return httpChain({ route_config: httpRoutes(services) });
}

/**
 * Providers take headers that Envoy adds for attachments, so it adds none. Streams may be silent for as long as they like, and
 * WebSocket, which Triple serves on the same port, passes.
 */
function httpChain(routes: Readonly<Record<string, object>>) {
  const router = typed(`${FILTERS}.http.router.v3.Router`, { suppress_envoy_headers: true });
  const manager = typed(`${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`, {
    stat_prefix: HTTP_CHAIN,
    ...routes,
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: router }],
    common_http_protocol_options: { idle_timeout: '0s' },
    generate_request_id: false,
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    stream_idle_timeout: '0s',
    server_header_transformation: 'PASS_THROUGH',
  });
  return {
    name: HTTP_CHAIN,
    filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
  };
}
