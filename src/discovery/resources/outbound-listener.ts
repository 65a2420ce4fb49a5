/** The listener for redirected outbound connections: Dubbo and HTTP by registered address, everything else straight through. */
import type { EncodedList } from '../xds/encode-message.ts';
import { type AddressRange, addressRanges } from './address-ranges.ts';
import { ADS } from './clusters.ts';
import { DUBBO_ROUTES, dubboRoutes, ORIGINAL_CLUSTER } from './dubbo-routes.ts';
import { DUBBO_BUFFER_BYTES, NETWORK, typed } from './envoy-types.ts';
import { followedHttpChain, staticHttpChain } from './http-chain.ts';
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
  const rangesOf = (read: ClusterPlan['read']) =>
    [...Map.groupBy(read, (one) => one.port)].map(
      ([at, members]): PortRanges => [at, addressRanges(members.map(({ address }) => address))],
    );
  const dubbo = { ranges: rangesOf(plan.read), chain: dubboChain({ route_config: dubboRoutes(plan) }) };
  const { http } = plan;
  const parts = http === undefined ? [] : [{ ranges: rangesOf(http.read), chain: staticHttpChain(http.services) }];
  return listener([dubbo, ...parts], port, ipv6);
}

/**
 * The same, with routes that it asks for. Its Dubbo chain is there with no address to read too: a chain that goes closes
 * its connections, one whose addresses change does not. `http`: null where no address was ever read as HTTP.
 */
export function followedListener(
  read: readonly PortRanges[],
  port: number,
  ipv6: boolean,
  http: readonly PortRanges[] | null = null,
): object {
  const dubbo = dubboChain({ generic_rds: { config_source: ADS, route_config_name: DUBBO_ROUTES } });
  const parts = http === null ? [] : [{ ranges: http, chain: followedHttpChain() }];
  return listener([{ ranges: read, chain: dubbo }, ...parts], port, ipv6);
}

/** A chain, and the addresses whose connections it reads. */
interface ChainPart {
  readonly chain: { readonly name: string };
  readonly ranges: readonly PortRanges[];
}

function listener(parts: readonly ChainPart[], port: number, ipv6: boolean) {
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
    filter_chain_matcher: chainMatcher(parts),
    filter_chains: parts.map(({ chain }) => chain),
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
function chainMatcher(parts: readonly ChainPart[]): object {
  const byPort = Map.groupBy(
    parts.flatMap(({ chain, ranges: read }) => read.map(([port, ranges]) => ({ port, ranges, name: chain.name }))),
    ({ port }) => port,
  );
  const ports = [...byPort].map(([port, lists]) => {
    const matchers = lists.map(({ ranges, name }) => ({ ranges, on_match: to(name) }));
    const matcher = typed('xds.type.matcher.v3.IPMatcher', { range_matchers: matchers });
    return [port, { matcher: lookUp('DestinationIPInput', { custom_match: { name: 'ip', typed_config: matcher } }) }];
  });
  const map: Readonly<Record<string, unknown>> = Object.fromEntries(
    ports.length > 0 ? ports : [[NO_PORT, to(DUBBO_CHAIN)]],
  );
  return lookUp('DestinationPortInput', { exact_match_map: { map } });
}

function to(chain: string): object {
  return { action: { name: chain, typed_config: typed('google.protobuf.StringValue', { value: chain }) } };
}

function lookUp(input: string, tree: Readonly<Record<string, unknown>>): object {
  return { matcher_tree: { input: { name: input, typed_config: typed(`${INPUTS}.${input}`) }, ...tree } };
}

function dubboChain(routes: Readonly<Record<string, object>>) {
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
