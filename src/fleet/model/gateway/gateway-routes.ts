/** Routes of a VirtualService as routes of Envoy, in their order. Pure. */
import {
  clusterName,
  type HttpRule,
  REDIRECT_CODES,
  type RouteTarget,
  type TextMatch,
  type VirtualService,
  weightOf,
} from './virtual-service.ts';

type Json = Readonly<Record<string, unknown>>;
type Match = NonNullable<HttpRule['match']>[number];

/** All destinations of a document. */
export function targetsOf({ spec }: VirtualService): RouteTarget[] {
  return [...(spec.http ?? []).flatMap(({ route }) => route ?? []), ...(spec.tcp ?? []).flatMap(({ route }) => route)];
}

/** What calls of gRPC and Triple have in common: they need HTTP/2 upstream too. */
const IS_RPC = { name: 'content-type', string_match: { prefix: 'application/grpc' } };

/** Two routes for each of the alternatives of a rule: calls of gRPC and Triple go on in HTTP/2, the rest in HTTP/1.1. */
export function routeOf(rule: HttpRule): Json[] {
  const matches = rule.match === undefined || rule.match.length === 0 ? [{}] : rule.match;
  const common = { ...headersOf(rule.headers?.request, 'request'), ...headersOf(rule.headers?.response, 'response') };
  const name = rule.name === undefined ? {} : { name: rule.name };
  return matches.flatMap((match: Match) => {
    const found = matchOf(match);
    const plain = { ...name, match: found, ...actionOf(rule, match, 'http1'), ...common };
    if (rule.route === undefined) return [plain];
    const headers = [...((found.headers as readonly Json[] | undefined) ?? []), IS_RPC];
    return [{ ...name, match: { ...found, headers }, ...actionOf(rule, match, 'http2'), ...common }, plain];
  });
}

function matchOf({ uri, method, authority, headers, queryParams, ignoreUriCase }: Match): Json {
  const named = [
    ...Object.entries(headers ?? {}),
    ...(method === undefined ? [] : [[':method', method] as const]),
    ...(authority === undefined ? [] : [[':authority', authority] as const]),
  ];
  return {
    ...pathOf(uri),
    ...(ignoreUriCase === true && { case_sensitive: false }),
    ...(named.length > 0 && {
      headers: named.map(([name, value]) => ({
        name,
        ...(Object.keys(value).length === 0
          ? { present_match: true }
          : { string_match: stringMatch(value as TextMatch) }),
      })),
    }),
    ...(queryParams !== undefined && {
      query_parameters: Object.entries(queryParams).map(([name, value]) => ({
        name,
        string_match: stringMatch(value),
      })),
    }),
  };
}

function pathOf(uri: TextMatch | undefined): Json {
  if (uri === undefined) return { prefix: '/' };
  if ('exact' in uri) return { path: uri.exact };
  if ('prefix' in uri) return { prefix: uri.prefix };
  return { safe_regex: { regex: uri.regex } };
}

function stringMatch(value: TextMatch): Json {
  return 'regex' in value ? { safe_regex: { regex: value.regex } } : { ...value };
}

function actionOf(rule: HttpRule, match: Match, protocol: 'http1' | 'http2'): Json {
  const { redirect, directResponse, route = [] } = rule;
  if (directResponse !== undefined) {
    const body = directResponse.body === undefined ? {} : { body: { inline_string: directResponse.body.string } };
    return { direct_response: { status: directResponse.status, ...body } };
  }
  if (redirect !== undefined) {
    return {
      redirect: {
        ...(redirect.authority !== undefined && { host_redirect: redirect.authority }),
        ...(redirect.uri !== undefined && { path_redirect: redirect.uri }),
        response_code: REDIRECT_CODES[redirect.redirectCode ?? 301],
      },
    };
  }
  const taking = route.filter((one) => weightOf(one) > 0);
  const [only] = taking;
  return {
    route: {
      ...(taking.length === 1 && only !== undefined
        ? { cluster: clusterName(only, protocol) }
        : {
            weighted_clusters: {
              clusters: taking.map((one) => ({ name: clusterName(one, protocol), weight: weightOf(one) })),
            },
          }),
      // As Istio has it: none, unless one is given. Streams live long.
      timeout: rule.timeout === undefined ? '0s' : seconds(rule.timeout),
      ...rewriteOf(rule, match),
      ...(rule.retries !== undefined && {
        retry_policy: {
          num_retries: rule.retries.attempts,
          retry_on: rule.retries.retryOn?.on ?? 'connect-failure,refused-stream,unavailable',
          ...((rule.retries.retryOn?.codes.length ?? 0) > 0 && { retriable_status_codes: rule.retries.retryOn?.codes }),
          ...(rule.retries.perTryTimeout !== undefined && { per_try_timeout: seconds(rule.retries.perTryTimeout) }),
        },
      }),
    },
  };
}

/** A prefix is replaced by a prefix; any other match by the whole path. */
function rewriteOf({ rewrite }: HttpRule, { uri }: Match): Json {
  if (rewrite === undefined) return {};
  const whole = { regex_rewrite: { pattern: { regex: '^[^?]*' }, substitution: rewrite.uri } };
  return {
    ...(rewrite.authority !== undefined && { host_rewrite_literal: rewrite.authority }),
    ...(rewrite.uri !== undefined && (uri !== undefined && 'prefix' in uri ? { prefix_rewrite: rewrite.uri } : whole)),
  };
}

function headersOf(change: NonNullable<HttpRule['headers']>['request'], side: 'request' | 'response'): Json {
  if (change === undefined) return {};
  const { set = {}, add = {}, remove } = change;
  const entry =
    (action: string) =>
    ([key, value]: [string, string]) => ({ header: { key, value }, append_action: action });
  const added = [
    ...Object.entries(set).map(entry('OVERWRITE_IF_EXISTS_OR_ADD')),
    ...Object.entries(add).map(entry('APPEND_IF_EXISTS_OR_ADD')),
  ];
  return {
    ...(added.length > 0 && { [`${side}_headers_to_add`]: added }),
    ...(remove !== undefined && { [`${side}_headers_to_remove`]: remove }),
  };
}

/** Envoy takes seconds only. */
function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(6))}s`;
}
