/** Routes of the Dubbo chain: from interface, group and version to a cluster (generic_proxy's RouteConfiguration). */
import { formatServiceKey, parseServiceKey, type ServiceKey } from '../world/service-key.ts';
import { type EncodedList, encodeList, joinLists } from '../xds/encode-message.ts';
import { NETWORK, typed } from './envoy-types.ts';
import type { ClusterPlan } from './plan-clusters.ts';
import { firstMatch } from './rule-matchers.ts';

/** The cluster that sends a connection where its client wanted to go. */
export const ORIGINAL_CLUSTER = 'original';

const ROUTES_MESSAGE = `${NETWORK}.generic_proxy.v3.RouteConfiguration`;

/** The name of the routes, by which a listener asks for them. */
export const DUBBO_ROUTES = 'dubbo';

/** What the codec gives for a call without a version. */
const NO_VERSION = '0.0.0';

/** Every value of a property; negated: a call without it. */
const ANY_VALUE = '(?s).*';

/**
 * One virtual host an interface. A call whose group or version nobody offers goes to the address that its consumer
 * picked, as does a call of an unknown interface: MetadataService has to reach the instance that was asked.
 */
export function dubboRoutes(plan: Pick<ClusterPlan, 'services' | 'ruled'>): object {
  return { name: DUBBO_ROUTES, virtual_hosts: [...virtualHosts(plan)], routes: { on_no_match: to(ORIGINAL_CLUSTER) } };
}

/** The same with its virtual hosts encoded one after the other: as JSON, thousands of them would be many times as large. */
export function encodedDubboRoutes(plan: Pick<ClusterPlan, 'services' | 'ruled'>): object {
  const hosts: EncodedList[] = [];
  for (const host of virtualHosts(plan)) hosts.push(encodeList(ROUTES_MESSAGE, 'virtual_hosts', [host]));
  return { name: DUBBO_ROUTES, virtual_hosts: joinLists(hosts), routes: { on_no_match: to(ORIGINAL_CLUSTER) } };
}

function* virtualHosts({ services, ruled }: Pick<ClusterPlan, 'services' | 'ruled'>): Generator<object> {
  const actionOf = (key: string): object => {
    const routes = (ruled?.get(key) ?? []).map(({ test, cluster }) => ({ test, action: to(cluster) }));
    return firstMatch(routes, to(services.get(key) ?? ORIGINAL_CLUSTER));
  };
  const keys = [...services.keys()].map(parseServiceKey);
  const hosts = Map.groupBy(keys, (key) => key.interface);
  for (const [name, offered] of [...hosts].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    yield {
      name,
      hosts: [name],
      routes: {
        matcher_list: {
          matchers: offered.map((key) => ({
            predicate: serviceMatch(key),
            on_match: actionOf(formatServiceKey(key)),
          })),
        },
        on_no_match: to(ORIGINAL_CLUSTER),
      },
    };
  }
}

/** Envoy's default timeout of a route is 15 s, which no consumer asked for: its own timeout decides. */
function to(cluster: string): object {
  return {
    action: {
      name: 'route',
      typed_config: typed(`${NETWORK}.generic_proxy.action.v3.RouteAction`, { name: cluster, cluster, timeout: '0s' }),
    },
  };
}

function serviceMatch({ group, version }: ServiceKey): object {
  const versionMatch = property('version', { exact: version === '' ? NO_VERSION : version });
  const groupMatch =
    group === ''
      ? { not_matcher: property('group', { safe_regex: { google_re2: {}, regex: ANY_VALUE } }) }
      : property('group', { exact: group });
  return { and_matcher: { predicate: [versionMatch, groupMatch] } };
}

function property(name: string, match: Readonly<Record<string, unknown>>): object {
  const input = typed(`${NETWORK}.generic_proxy.matcher.v3.PropertyMatchInput`, { property_name: name });
  return { single_predicate: { input: { name: 'property', typed_config: input }, value_match: match } };
}
