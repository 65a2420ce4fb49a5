/** The listener for redirected outbound connections: Dubbo and HTTP by registered address, everything else straight through. */
import { AddressSet } from './address-set.ts';
import { ADS } from './clusters.ts';
import { DUBBO_ROUTES, dubboRoutes, ORIGINAL_CLUSTER } from './dubbo-routes.ts';
import { DUBBO_BUFFER_BYTES, NETWORK, typed } from './envoy-types.ts';
import { followedHttpChain, staticHttpChain } from './http-chain.ts';
import type { ClusterPlan } from './plan-clusters.ts';

const INPUTS = 'envoy.extensions.matching.common_inputs.network.v3';
const DUBBO_CHAIN = 'dubbo';

/** By port, the addresses whose connections to it are read. */
export type ReadPorts = ReadonlyMap<number, Pick<AddressSet, 'pattern' | 'others'>>;

/** The name of the listener. */
export const OUTBOUND_LISTENER = 'outbound';

/** A port that no connection wants to go to: a matcher must have an entry. */
const NO_PORT = '0';

/**
 * The listener. No filter looks at first bytes: a protocol in which the server speaks first works too. The chain is chosen
 * by the address that the client wanted, because an Envoy that cannot read a provider's frames closes its connections.
 */
export function outboundListener(plan: ClusterPlan, port: number, ipv6: boolean): object {
  const portsOf = (read: ClusterPlan['read']) =>
    new Map(
      [...Map.groupBy(read, (one) => one.port)].map(
        ([at, members]) => [at, new AddressSet(members.map(({ address }) => address))] as const,
      ),
    );
  const dubbo = { read: portsOf(plan.read), chain: dubboChain({ route_config: dubboRoutes(plan) }) };
  const { http } = plan;
  const parts = http === undefined ? [] : [{ read: portsOf(http.read), chain: staticHttpChain(http.services) }];
  return listener([dubbo, ...parts], port, ipv6);
}

/**
 * The same, with routes that it asks for. Its Dubbo chain is there with no address to read too: a chain that goes closes
 * its connections, one whose addresses change does not. `http`: null where no address was ever read as HTTP.
 */
export function followedListener(read: ReadPorts, port: number, ipv6: boolean, http: ReadPorts | null = null): object {
  const dubbo = dubboChain({ generic_rds: { config_source: ADS, route_config_name: DUBBO_ROUTES } });
  const parts = http === null ? [] : [{ read: http, chain: followedHttpChain() }];
  return listener([{ read, chain: dubbo }, ...parts], port, ipv6);
}

/** A chain, and the addresses whose connections it reads. */
interface ChainPart {
  readonly chain: { readonly name: string };
  readonly read: ReadPorts;
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

/** First by port, then by address: a look-up and a pattern a chain, however many providers there are. */
function chainMatcher(parts: readonly ChainPart[]): object {
  const numbers = new Set(parts.flatMap(({ read }) => [...read.keys()]));
  const ports = [...numbers].flatMap((port) => {
    const lists = parts.flatMap(({ chain, read }) => ({ name: chain.name, addresses: read.get(port) }));
    const matcher = addressMatcher(lists);
    return matcher === null ? [] : [[String(port), { matcher }] as const];
  });
  const map: Readonly<Record<string, unknown>> = Object.fromEntries(
    ports.length > 0 ? ports : [[NO_PORT, to(DUBBO_CHAIN)]],
  );
  return lookUp('DestinationPortInput', { exact_match_map: { map } });
}

interface ChainAddresses {
  readonly name: string;
  readonly addresses: Pick<AddressSet, 'pattern' | 'others'> | undefined;
}

/** IPv4 by its text, of which there is one for each address; IPv6, which can be written in several ways, by its bits. */
function addressMatcher(lists: readonly ChainAddresses[]): object | null {
  const input = { input: { name: 'DestinationIPInput', typed_config: typed(`${INPUTS}.DestinationIPInput`) } };
  const matchers = lists.flatMap(({ name, addresses }) => {
    const regex = addresses?.pattern ?? null;
    if (regex === null) return [];
    const value_match = { safe_regex: { google_re2: {}, regex } };
    return [{ predicate: { single_predicate: { ...input, value_match } }, on_match: to(name) }];
  });
  const range_matchers = lists.flatMap(({ name, addresses }) => {
    const ranges = (addresses?.others ?? []).map((address) => ({ address_prefix: address, prefix_len: 128 }));
    return ranges.length === 0 ? [] : [{ ranges, on_match: to(name) }];
  });
  const typed_config = typed('xds.type.matcher.v3.IPMatcher', { range_matchers });
  const others = lookUp('DestinationIPInput', { custom_match: { name: 'ip', typed_config } });
  if (matchers.length === 0) return range_matchers.length === 0 ? null : others;
  return { matcher_list: { matchers }, ...(range_matchers.length === 0 ? {} : { on_no_match: { matcher: others } }) };
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
