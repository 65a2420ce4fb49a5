/** The listener for redirected outbound connections: Dubbo by registered address, everything else straight through. */
import type { EncodedList } from '../xds/encode-message.ts';
import { type AddressRange, addressRanges } from './address-ranges.ts';
import { ADS } from './clusters.ts';
import { DUBBO_ROUTES, dubboRoutes, ORIGINAL_CLUSTER } from './dubbo-routes.ts';
import { DUBBO_BUFFER_BYTES, NETWORK, typed } from './envoy-types.ts';
import type { ClusterPlan } from './plan-clusters.ts';

const INPUTS = 'envoy.extensions.matching.common_inputs.network.v3';
const DUBBO_CHAIN = 'dubbo';

/** A port, and the addresses whose connections to it are read: ranges as JSON, or encoded. */
export type PortRanges = readonly [number, readonly AddressRange[] | EncodedList];

/** The name of the listener. */
export const OUTBOUND_LISTENER = 'outbound';

/** A port that no connection wants to go to: a matcher must have an entry. */
const NO_PORT = '0';

/**
 * The listener. No filter looks at first bytes: a protocol in which the server speaks first works too. The chain is chosen
 * by the address that the client wanted, because an Envoy that cannot read a provider's frames closes its connections.
 */
export function outboundListener(plan: ClusterPlan, port: number, ipv6: boolean): object {
  const byPort = Map.groupBy(plan.read, (one) => one.port);
  const ranges = [...byPort].map(
    ([at, members]): PortRanges => [at, addressRanges(members.map(({ address }) => address))],
  );
  return listener(ranges, port, ipv6, { route_config: dubboRoutes(plan) });
}

/**
 * The same, with routes that it asks for. Its Dubbo chain is there with no address to read too: a chain that goes closes
 * its connections, one whose addresses change does not.
 */
export function followedListener(read: readonly PortRanges[], port: number, ipv6: boolean): object {
  return listener(read, port, ipv6, { generic_rds: { config_source: ADS, route_config_name: DUBBO_ROUTES } });
}

function listener(read: readonly PortRanges[], port: number, ipv6: boolean, routes: Readonly<Record<string, object>>) {
  const address = (host: string) => ({ socket_address: { address: host, port_value: port } });
  return {
    name: OUTBOUND_LISTENER,
    address: address('127.0.0.1'),
    ...(ipv6 ? { additional_addresses: [{ address: address('::1') }] } : {}),
    per_connection_buffer_limit_bytes: DUBBO_BUFFER_BYTES,
    listener_filters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typed_config: typed('envoy.extensions.filters.listener.original_dst.v3.OriginalDst'),
      },
    ],
    filter_chain_matcher: chainMatcher(read),
    filter_chains: [dubboChain(routes)],
    default_filter_chain: {
      name: 'straight',
      filters: [
        {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: typed(`${NETWORK}.tcp_proxy.v3.TcpProxy`, {
            stat_prefix: 'straight',
            cluster: ORIGINAL_CLUSTER,
          }),
        },
      ],
    },
  };
}

/** First by port, then by address: two look-ups, however many providers there are. */
function chainMatcher(read: readonly PortRanges[]): object {
  const chain = {
    action: { name: DUBBO_CHAIN, typed_config: typed('google.protobuf.StringValue', { value: DUBBO_CHAIN }) },
  };
  const ports = read.map(([port, ranges]) => {
    const matcher = typed('xds.type.matcher.v3.IPMatcher', { range_matchers: [{ ranges, on_match: chain }] });
    return [port, { matcher: lookUp('DestinationIPInput', { custom_match: { name: 'ip', typed_config: matcher } }) }];
  });
  const map: Readonly<Record<string, unknown>> = Object.fromEntries(ports.length > 0 ? ports : [[NO_PORT, chain]]);
  return lookUp('DestinationPortInput', { exact_match_map: { map } });
}

function lookUp(input: string, tree: Readonly<Record<string, unknown>>): object {
  return { matcher_tree: { input: { name: input, typed_config: typed(`${INPUTS}.${input}`) }, ...tree } };
}

function dubboChain(routes: Readonly<Record<string, object>>): object {
  const codec = typed(`${NETWORK}.generic_proxy.codecs.dubbo.v3.DubboCodecConfig`);
  const router = typed(`${NETWORK}.generic_proxy.router.v3.Router`);
  const proxy = typed(`${NETWORK}.generic_proxy.v3.GenericProxy`, {
    stat_prefix: DUBBO_CHAIN,
    codec_config: { name: 'envoy.generic_proxy.codecs.dubbo', typed_config: codec },
    filters: [{ name: 'envoy.filters.generic.router', typed_config: router }],
    ...routes,
  });
  return { name: DUBBO_CHAIN, filters: [{ name: 'envoy.filters.network.generic_proxy', typed_config: proxy }] };
}
