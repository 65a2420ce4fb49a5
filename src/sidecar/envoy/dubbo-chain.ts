/** Envoy's filter chain for Dubbo connections. */

const TYPE = 'type.googleapis.com/envoy.extensions.filters.network.generic_proxy';

/**
 * The filter chain for connections to a Dubbo provider's port. Envoy has no inspector for Dubbo, so the port decides.
 * The filter is generic_proxy with the Dubbo codec. Of Envoy's filters it alone releases a Dubbo connection without
 * calls when the process drains; tcp_proxy and dubbo_proxy keep it to the end.
 */
export function dubboChain(direction: 'outbound' | 'inbound', port: number, accessLogs: readonly object[]) {
  return {
    name: `${direction}-dubbo-${port}`,
    filter_chain_match: { destination_port: port },
    filters: [
      {
        name: 'envoy.filters.network.generic_proxy',
        typed_config: {
          '@type': `${TYPE}.v3.GenericProxy`,
          stat_prefix: `${direction}_dubbo_${port}`,
          codec_config: {
            name: 'envoy.generic_proxy.codecs.dubbo',
            typed_config: { '@type': `${TYPE}.codecs.dubbo.v3.DubboCodecConfig` },
          },
          access_log: accessLogs,
          filters: [
            {
              name: 'envoy.filters.generic.router',
              // One connection to the provider for each of the client's: a notice on the one reaches the other.
              typed_config: { '@type': `${TYPE}.router.v3.Router`, bind_upstream_connection: true },
            },
          ],
          route_config: { name: `${direction}-dubbo`, virtual_hosts: [everything(direction)] },
        },
      },
    ],
  };
}

function everything(cluster: string) {
  return {
    name: 'all',
    hosts: ['*'],
    routes: {
      matcher_tree: {
        input: {
          name: 'request-service',
          typed_config: { '@type': `${TYPE}.matcher.v3.ServiceMatchInput` },
        },
        prefix_match_map: {
          map: {
            '': {
              action: {
                name: 'route',
                typed_config: { '@type': `${TYPE}.action.v3.RouteAction`, cluster, timeout: '0s' },
              },
            },
          },
        },
      },
    },
  };
}
