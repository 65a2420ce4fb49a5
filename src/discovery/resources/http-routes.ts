/** Routes of the HTTP chain: from the path and headers of a Triple or gRPC call to a cluster (envoy.config.route.v3). */
import { parseServiceKey } from '../world/service-key.ts';

/** The name of the routes, by which a listener asks for them. */
export const HTTP_ROUTES = 'http';

/** The cluster that sends an HTTP request where its client wanted to go. */
export const ORIGINAL_HTTP_CLUSTER = 'original-http';

/** Added by Envoy; a Triple provider would take it for an attachment. */
const ADDED = ['x-forwarded-proto'];

/** By these a REST client of Dubbo 3.3 names version and group; its call keeps its address. */
const REST_HEADERS = ['rest-service-version', 'rest-service-group'];

/**
 * A route a service, by `formatServiceKey` and the name of its cluster. What no registered service offers goes to the address
 * that its client picked. Envoy's own timeout of 15 s is off: that of the call travels in `grpc-timeout`.
 */
export function httpRoutes(services: ReadonlyMap<string, string>): object {
  const routes = [...services].map(([key, cluster]) => {
    const { interface: name, group, version } = parseServiceKey(key);
    // A consumer that names no version sends no header, or the one that stands for none.
    const ofVersion = version === '' ? { safe_regex: { google_re2: {}, regex: '(?:0\\.0\\.0)?' } } : { exact: version };
    const headers = [header('tri-service-version', ofVersion), header('tri-service-group', { exact: group })];
    return { match: { prefix: `/${name}/`, headers }, route: { cluster, timeout: '0s' } };
  });
  const route = { cluster: ORIGINAL_HTTP_CLUSTER, timeout: '0s' };
  const rest = REST_HEADERS.map((name) => ({
    match: { prefix: '/', headers: [{ name, present_match: true }] },
    route,
  }));
  const original = { match: { prefix: '/' }, route };
  return {
    name: HTTP_ROUTES,
    virtual_hosts: [{ name: 'all', domains: ['*'], routes: [...rest, ...routes, original] }],
    request_headers_to_remove: ADDED,
  };
}

function header(name: string, match: object): object {
  return { name, string_match: match, treat_missing_header_as_empty: true };
}
