/** Calls of Dubbo's own protocol at a gateway, by service and method, as routes of Envoy's generic_proxy. Pure. */
import { isAddress } from './is-address.ts';
import { type RouteTarget, type TextMatch, type VirtualService, weightOf } from './virtual-service.ts';

type Json = Readonly<Record<string, unknown>>;

const NETWORK = 'envoy.extensions.filters.network';
/** The port of a provider where a destination names none. */
const DUBBO_PORT = 20_880;

/** One rule of a document: whose calls, and where they go. */
interface DubboRoute {
  readonly services: readonly TextMatch[];
  readonly methods: readonly TextMatch[];
  readonly route: readonly RouteTarget[];
}

/** The filter of a listener of `protocol: dubbo`. A call that no rule takes is answered with an error by Envoy. */
export function dubboFilter(name: string, services: readonly VirtualService[]): Json {
  const matchers = services.flatMap(dubboRoutesOf).map(({ services: called, methods, route }) => ({
    predicate: all([
      anyOf(input('service', 'ServiceMatchInput'), called),
      anyOf(input('method', 'MethodMatchInput'), methods),
    ]),
    on_match: {
      action: {
        name: 'route',
        typed_config: typed('action.v3.RouteAction', { cluster: dubboClusterName(route), timeout: '0s' }),
      },
    },
  }));
  const routes = { matcher_list: { matchers } };
  return {
    name: 'envoy.filters.network.generic_proxy',
    typed_config: typed('v3.GenericProxy', {
      stat_prefix: name,
      codec_config: { name: 'dubbo', typed_config: typed('codecs.dubbo.v3.DubboCodecConfig') },
      filters: [{ name: 'router', typed_config: typed('router.v3.Router') }],
      route_config: { name, virtual_hosts: [{ name: 'all', hosts: ['*'], routes }] },
    }),
  };
}

/** The clusters of all rules, by name: one a set of destinations, whose weights are of its endpoints. */
export function dubboClusters(services: readonly VirtualService[]): ReadonlyMap<string, Json> {
  return new Map(
    services.flatMap(dubboRoutesOf).map(({ route }): [string, Json] => [dubboClusterName(route), clusterOf(route)]),
  );
}

function dubboRoutesOf({ spec }: VirtualService): DubboRoute[] {
  return (spec.dubbo ?? []).flatMap(({ services = [], routedetail }) =>
    routedetail.map(({ match = [], route }) => ({
      services,
      methods: match.map(({ method }) => method.name_match),
      route: route.filter((one) => weightOf(one) > 0),
    })),
  );
}

function dubboClusterName(route: readonly RouteTarget[]): string {
  const targets = route.map(({ destination: { host, port }, weight }) => {
    return `${host}:${port?.number ?? DUBBO_PORT}${route.length === 1 ? '' : `*${weight ?? 1}`}`;
  });
  return `dubbo|${targets.join('|')}`;
}

function clusterOf(route: readonly RouteTarget[]): Json {
  const name = dubboClusterName(route);
  return {
    name,
    type: route.every(({ destination: { host } }) => isAddress(host)) ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: '2s',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: route.map(({ destination: { host, port }, weight }) => ({
            endpoint: {
              address: { socket_address: { address: host, port_value: port?.number ?? DUBBO_PORT } },
            },
            ...(weight !== undefined && { load_balancing_weight: weight }),
          })),
        },
      ],
    },
  };
}

/** Null: nothing is asked, every value fits. */
function anyOf(of: Json, texts: readonly TextMatch[]): Json | null {
  return joined(
    'or_matcher',
    texts.map((text) => ({ single_predicate: { input: of, value_match: stringMatch(text) } })),
  );
}

/** A list of Envoy's matchers has at least one test: each call has a service. */
function all(predicates: readonly (Json | null)[]): Json {
  const asked = predicates.filter((one) => one !== null);
  const always = {
    single_predicate: { input: input('service', 'ServiceMatchInput'), value_match: pattern('.*') },
  };
  return joined('and_matcher', asked) ?? always;
}

function joined(kind: 'and_matcher' | 'or_matcher', predicates: readonly Json[]): Json | null {
  const [only] = predicates;
  if (only === undefined) return null;
  return predicates.length === 1 ? only : { [kind]: { predicate: predicates } };
}

function stringMatch(text: TextMatch): Json {
  return 'regex' in text ? pattern(text.regex) : { ...text };
}

/** Matchers of the matching tree want the engine named. */
function pattern(regex: string): Json {
  return { safe_regex: { google_re2: {}, regex } };
}

function input(name: string, type: string): Json {
  return { name, typed_config: typed(`matcher.v3.${type}`) };
}

function typed(type: string, fields: Json = {}): Json {
  return { '@type': `type.googleapis.com/${NETWORK}.generic_proxy.${type}`, ...fields };
}
