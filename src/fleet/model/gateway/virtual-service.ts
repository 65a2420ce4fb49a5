/** VirtualService documents as a gateway reads them: routes of HTTP (with Triple and gRPC, which are HTTP/2), of Dubbo and of TCP. Pure. */
import * as z from 'zod/mini';
import type { ConfigProblem } from '../../../mesh/yaml/config-problem.ts';
import { explainIssue } from '../../../mesh/yaml/explain-issue.ts';
import { quoteValue, type ReadValue, refuseValue } from '../../../mesh/yaml/field-value.ts';
import { ProblemList } from '../../../mesh/yaml/problem-list.ts';
import { noteField, scalarField } from '../../../mesh/yaml/schema-field.ts';
import { readYamlDocuments } from '../../../mesh/yaml/yaml-tree.ts';
import { integerField, lineField, listField } from '../fields.ts';

/** How a text of a call is compared. */
export type TextMatch = { readonly exact: string } | { readonly prefix: string } | { readonly regex: string };

const TEXT_MATCHES = ['exact', 'prefix', 'regex'] as const;
const ONE_MATCH = 'one of {exact: TEXT}, {prefix: TEXT} and {regex: PATTERN}';
const matchNotes = (description: string, accepts: string) => ({ description, accepts, json: { type: 'object' } });

const textMatch = (description: string) => scalarField(readTextMatch, matchNotes(description, ONE_MATCH));
const headerMatch = scalarField(readHeaderMatch, matchNotes('A header; {} asks only that it is there.', ONE_MATCH));
const mapField = <S extends z.core.$ZodType>(description: string, accepts: string, schema: S) =>
  noteField(schema, { description, accepts });
const texts = (description: string) =>
  mapField(description, 'a map of texts', z.record(z.string(), lineField('A value.')));

const duration = (description: string) =>
  scalarField(readDuration, { description, accepts: 'a duration such as 1.5s or 2m', json: { type: 'string' } });
const headers = mapField(
  'What is changed of the headers.',
  'a map with set, add or remove',
  z.strictObject({
    set: z.optional(texts('Headers that get this value.')),
    add: z.optional(texts('Headers that get this value beside those that are there.')),
    remove: z.optional(mapField('Headers taken away.', 'a list of names', z.array(lineField('A name.')))),
  }),
);
const port = mapField('The port.', 'a map such as {number: 8080}', z.strictObject({ number: portNumber('The port.') }));
const destination = mapField(
  'Where calls go.',
  'a map such as {host: payment.example, port: {number: 8080}}',
  z.strictObject({ host: lineField('An address or a host name.'), port: z.optional(port) }),
);
const route = mapField(
  'A destination with its weight.',
  'a map with destination',
  z.strictObject({ destination, weight: z.optional(integerField('Its share of the calls.', 0, 1_000_000)) }),
);
const routes = listField('Destinations.', 'a list such as [{destination: {host: payment.example}}]', route);

/** Codes by which Envoy redirects. */
export const REDIRECT_CODES = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
} as const;

/** What Envoy repeats a request for (its documentation of x-envoy-retry-on and x-envoy-retry-grpc-on), beside status codes. */
const RETRY_ON = [
  ...['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'envoy-ratelimited'],
  ...['retriable-4xx', 'refused-stream', 'retriable-status-codes', 'retriable-headers', 'http3-post-connect-failure'],
  ...['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'],
];

const http = z.strictObject({
  name: z.optional(lineField('The name of the route.')),
  match: z.optional(
    mapField(
      'Alternatives; any of them is enough.',
      'a list of maps',
      z.array(
        z.strictObject({
          name: z.optional(lineField('The name of the alternative.')),
          uri: z.optional(textMatch('The path.')),
          method: z.optional(textMatch('The method of HTTP.')),
          authority: z.optional(textMatch('The host that is asked for.')),
          headers: z.optional(mapField('Headers.', 'a map of headers', z.record(z.string(), headerMatch))),
          queryParams: z.optional(
            mapField('Parameters of the query.', 'a map', z.record(z.string(), textMatch('A parameter.'))),
          ),
          ignoreUriCase: z.optional(z.boolean()),
        }),
      ),
    ),
  ),
  route: z.optional(routes),
  redirect: z.optional(
    mapField(
      'An answer that sends the caller elsewhere.',
      'a map with uri or authority',
      z.strictObject({
        uri: z.optional(lineField('The new path.')),
        authority: z.optional(lineField('The new host.')),
        redirectCode: z.optional(scalarField(readRedirectCode, matchNotes('The code.', 'a redirect code such as 302'))),
      }),
    ),
  ),
  directResponse: z.optional(
    mapField(
      'An answer by the gateway itself.',
      'a map with status',
      z.strictObject({
        status: integerField('The status.', 200, 599),
        body: z.optional(
          mapField('The body.', 'a map with string', z.strictObject({ string: z.string().check(z.minLength(1)) })),
        ),
      }),
    ),
  ),
  rewrite: z.optional(
    mapField(
      'What upstreams see instead.',
      'a map with uri or authority',
      z.strictObject({
        uri: z.optional(lineField('The path, or the prefix of one.')),
        authority: z.optional(lineField('The host.')),
      }),
    ),
  ),
  timeout: z.optional(duration('How long an answer may take.')),
  retries: z.optional(
    mapField(
      'Repeated requests.',
      'a map with attempts',
      z.strictObject({
        attempts: integerField('How often at most.', 0, 1000),
        perTryTimeout: z.optional(duration('How long each may take.')),
        retryOn: z.optional(
          scalarField(readRetryOn, matchNotes('For what.', 'words and status codes such as connect-failure,503')),
        ),
      }),
    ),
  ),
  headers: z.optional(
    mapField(
      'Changes of headers.',
      'a map with request or response',
      z.strictObject({ request: z.optional(headers), response: z.optional(headers) }),
    ),
  ),
});
/** Routes of Dubbo's own protocol, in the form of the Dubbo service mesh. */
const dubbo = z.strictObject({
  name: z.optional(lineField('The name of the rule.')),
  /** Interfaces; every one if left out. */
  services: z.optional(mapField('Interfaces.', 'a list', z.array(textMatch('An interface.')))),
  routedetail: listField(
    'Routes.',
    'a list of maps with route',
    z.strictObject({
      name: z.optional(lineField('The name of the route.')),
      match: z.optional(
        mapField(
          'Methods; any of them is enough.',
          'a list',
          z.array(z.strictObject({ method: z.strictObject({ name_match: textMatch('The method.') }) })),
        ),
      ),
      route: routes,
    }),
  ),
});
const names = (description: string) =>
  mapField(description, 'a list of names', z.array(lineField('A name.')).check(z.minLength(1)));
const virtualService = z.object({
  kind: z.literal('VirtualService'),
  metadata: z.object({ name: lineField('The name.') }),
  spec: z.strictObject({
    hosts: names('Host names, or "*".'),
    gateways: z.optional(names('The gateways that it is for; all if left out.')),
    exportTo: z.optional(names('Not used by gateways.')),
    http: z.optional(mapField('Routes of HTTP.', 'a list of maps', z.array(http))),
    dubbo: z.optional(mapField('Routes of Dubbo.', 'a list of maps', z.array(dubbo))),
    tcp: z.optional(
      mapField(
        'Routes by port.',
        'a list of maps',
        z.array(
          z.strictObject({
            match: listField(
              'Ports.',
              'a list such as [{port: 9000}]',
              z.strictObject({ port: portNumber('A port.') }),
            ),
            route: routes,
          }),
        ),
      ),
    ),
  }),
});

/** One document. */
export type VirtualService = z.output<typeof virtualService>;
/** One route of HTTP. */
export type HttpRule = NonNullable<VirtualService['spec']['http']>[number];
/** Where calls go, with its weight. */
export type RouteTarget = z.output<typeof route>;

/** A document, and what is found wrong with it. */
export interface RouteDocument {
  readonly service: VirtualService;
  readonly problems: ProblemList;
}

/** The documents of a file, and what a gateway cannot do of it. A part that is not known is never left out. Never throws. */
export function readVirtualServices(
  source: string,
  file: string,
): { readonly documents: readonly RouteDocument[]; readonly errors: readonly ConfigProblem[] } {
  const documents: RouteDocument[] = [];
  const errors: ConfigProblem[] = [];
  for (const tree of readYamlDocuments(source)) {
    const problems = new ProblemList(file, tree);
    const { value } = tree;
    if (tree.faults.length === 0 && value === null) continue;
    if (tree.faults.length === 0 && (value as { kind?: unknown }).kind !== 'VirtualService') {
      problems.atValue(['kind'], {
        what: `${quoteValue((value as { kind?: unknown }).kind)} is not read`,
        why: 'a gateway takes documents of kind VirtualService',
        hint: 'take the document out',
      });
    }
    const parsed = problems.all.length === 0 ? virtualService.safeParse(JSON.parse(JSON.stringify(value))) : undefined;
    if (parsed?.success) {
      checkMeaning(parsed.data, problems);
      documents.push({ service: parsed.data, problems });
      continue;
    }
    for (const issue of parsed?.error.issues ?? []) explainIssue(issue, virtualService, value, problems);
    errors.push(...problems.all);
  }
  return { documents, errors };
}

/** What is read and still says nothing, or more than one thing. */
function checkMeaning({ spec }: VirtualService, problems: ProblemList): void {
  for (const [index, rule] of (spec.http ?? []).entries()) checkHttp(rule, ['spec', 'http', index], problems);
  for (const [index, { routedetail }] of (spec.dubbo ?? []).entries()) {
    for (const [at, { route: targets }] of routedetail.entries())
      checkWeights(targets, ['spec', 'dubbo', index, 'routedetail', at, 'route'], problems);
  }
  for (const [index, { route: targets }] of (spec.tcp ?? []).entries())
    checkWeights(targets, ['spec', 'tcp', index, 'route'], problems);
}

function checkHttp(rule: HttpRule, path: readonly (string | number)[], problems: ProblemList): void {
  const ends = (['route', 'redirect', 'directResponse'] as const).filter((key) => rule[key] !== undefined);
  if (ends.length !== 1) {
    problems.atKey(path, {
      what: `${ends.length === 0 ? 'none' : ends.join(' and ')} of route, redirect and directResponse is given`,
      why: 'each route of HTTP has one end',
      hint: ends.length === 0 ? 'add one of them' : 'keep one of them',
    });
  }
  if (rule.route !== undefined) checkWeights(rule.route, [...path, 'route'], problems);
  const upstream = (['rewrite', 'timeout', 'retries'] as const).filter((key) => rule[key] !== undefined);
  if (rule.route === undefined && ends.length > 0) {
    for (const key of upstream) {
      problems.atKey([...path, key], {
        what: `it has no meaning beside ${ends[0]}`,
        why: 'the gateway answers by itself: nothing goes on to an upstream',
        hint: `take ${key} out`,
      });
    }
  }
  for (const key of ['redirect', 'rewrite'] as const) {
    if (rule[key] === undefined || rule[key].uri !== undefined || rule[key].authority !== undefined) continue;
    problems.atKey([...path, key], {
      what: 'neither uri nor authority is given',
      why: key === 'redirect' ? 'the caller would be sent to where it came from' : 'nothing would be rewritten',
      hint: 'add one of them',
    });
  }
  for (const side of ['request', 'response'] as const) {
    for (const change of ['set', 'add', 'remove'] as const) {
      const given = rule.headers?.[side]?.[change] ?? [];
      for (const name of Array.isArray(given) ? given : Object.keys(given)) {
        if (isHeaderName(name)) continue;
        problems.atKey([...path, 'headers', side, change, ...(Array.isArray(given) ? [] : [name])], {
          what: `${quoteValue(name)} cannot be changed`,
          why: 'Envoy changes headers of plain names; the host is changed by rewrite.authority',
          hint: name.toLowerCase() === 'host' ? 'write rewrite: {authority: ...}' : 'write the name of a header',
        });
      }
    }
  }
}

/** A token of HTTP (RFC 9110), and not one that stands for the host. */
function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && name.toLowerCase() !== 'host';
}

/** With one destination a weight says nothing; of several each says its share. */
function checkWeights(
  targets: readonly RouteTarget[],
  path: readonly (string | number)[],
  problems: ProblemList,
): void {
  const unsaid = targets.findIndex(({ weight }) => weight === undefined);
  if (targets.length > 1 && unsaid >= 0) {
    problems.atKey([...path, unsaid], {
      what: 'weight is missing',
      why: 'of several destinations each says its share',
      hint: 'add weight to each of them',
    });
    return;
  }
  if (targets.every(({ weight }) => weight === 0)) {
    problems.atKey(path, { what: 'all weights are 0', why: 'no destination gets a call', hint: 'give one a weight' });
  }
}

/** The share of a destination; 1 where it is the only one. */
export function weightOf({ weight }: RouteTarget): number {
  return weight ?? 1;
}

function portNumber(description: string) {
  return integerField(description, 1, 65_535);
}

function readTextMatch(value: unknown): ReadValue<TextMatch> {
  const refuse = (what: string) => refuseValue(what, `a text is compared by ${ONE_MATCH}`, 'write {exact: TEXT}');
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(`${quoteValue(value)} is not accepted`);
  const keys = Object.keys(value);
  const [key] = keys;
  const how = TEXT_MATCHES.find((one) => one === key);
  if (keys.length !== 1 || how === undefined)
    return refuse(`${keys.length === 0 ? 'an empty map' : keys.join(' and ')} is not accepted`);
  const wanted: unknown = Reflect.get(value, how);
  if (typeof wanted !== 'string' || wanted === '') return refuse(`${how}: ${quoteValue(wanted)} is not a text`);
  return { value: { [how]: wanted } as unknown as TextMatch };
}

function readHeaderMatch(value: unknown): ReadValue<TextMatch | Readonly<Record<string, never>>> {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty && !Array.isArray(value) ? { value: {} } : readTextMatch(value);
}

/** Durations as Istio has them, those of Go: the value is in milliseconds. */
function readDuration(value: unknown): ReadValue<number> {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  if (typeof value === 'string' && /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) {
    const parts = value.matchAll(/([\d.]+)(ms|s|m|h)/g);
    const ms = [...parts].reduce((sum, [, number, unit = '']) => sum + Number(number) * (units[unit] ?? 0), 0);
    if (ms === 0 || (ms >= 1 && ms <= 86_400_000)) return { value: ms };
  }
  return refuseValue(
    `${quoteValue(value)} is not a duration here`,
    'a duration is 0s (no limit) or 1ms to 24h, numbers with ms, s, m or h',
    'write for example 1.5s',
  );
}

function readRedirectCode(value: unknown): ReadValue<keyof typeof REDIRECT_CODES> {
  if (Object.keys(REDIRECT_CODES).includes(String(value)) && typeof value === 'number')
    return { value: value as keyof typeof REDIRECT_CODES };
  return refuseValue(
    `${quoteValue(value)} is no code by which Envoy redirects`,
    `the codes are ${Object.keys(REDIRECT_CODES).join(', ')}`,
    'write one of them',
  );
}

/** Words of Envoy, and status codes as numbers: as Istio reads `retryOn`. */
function readRetryOn(value: unknown): ReadValue<{ readonly on: string; readonly codes: readonly number[] }> {
  const words = String(value)
    .split(',')
    .map((word) => word.trim());
  const codes = words.filter((word) => /^[2-5]\d\d$/.test(word)).map(Number);
  const unknown = words.find((word) => !(RETRY_ON.includes(word) || /^[2-5]\d\d$/.test(word)));
  if (typeof value !== 'string' || unknown !== undefined) {
    return refuseValue(
      `${quoteValue(unknown ?? value)} is nothing that Envoy repeats a request for`,
      `the words are ${RETRY_ON.join(', ')}, and status codes such as 503`,
      typeof value === 'number' ? `put it into quotes: "${value}"` : 'write one of them',
    );
  }
  const named = words.filter((word) => RETRY_ON.includes(word));
  const on =
    codes.length > 0 && !named.includes('retriable-status-codes') ? [...named, 'retriable-status-codes'] : named;
  return { value: { on: on.join(','), codes } };
}

/** The cluster of a destination. */
export function clusterName(
  { destination: { host, port: to } }: RouteTarget,
  protocol: 'http1' | 'http2' = 'http1',
): string {
  return `${host}:${to?.number ?? 80}${protocol === 'http2' ? '|h2' : ''}`;
}
