/** The model of an Istio VirtualService with its DestinationRule, for calls over Triple. */
import * as z from 'zod';
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import { JavaRegexError } from '../regex/java-regex-error.ts';
import { compileJavaRegex } from '../regex/run-pattern.ts';
import {
  destinations,
  type ProxySubset,
  proxyDocument,
  readProxyDocuments,
  requireOneHost,
  textTest,
} from './proxy-documents.ts';
import {
  type LeafConstants,
  type LeafValue,
  NO_CONSTANTS,
  type TargetEntries,
  type TargetModel,
  type TargetOutcome,
  type TargetPick,
} from './target-model.ts';

type StringMatch = z.infer<typeof textTest>;

const httpMatch = z.strictObject({
  uri: textTest.exactOptional(),
  headers: z.record(z.string(), textTest).exactOptional(),
  withoutHeaders: z.record(z.string(), textTest).exactOptional(),
});
type HttpMatch = z.infer<typeof httpMatch>;

const httpRoute = z.strictObject({
  name: z.string().exactOptional(),
  match: z.array(httpMatch).exactOptional(),
  route: destinations.exactOptional(),
  directResponse: z.strictObject({ status: z.int().min(400).max(599) }).exactOptional(),
  // How long and how often, not where.
  timeout: z.unknown().exactOptional(),
  retries: z.unknown().exactOptional(),
});
type HttpRoute = z.infer<typeof httpRoute>;

const virtualService = proxyDocument('VirtualService', {
  hosts: z.array(z.string()).length(1),
  http: z.array(httpRoute).min(1),
});

/** Header by which Triple tells the application of the caller. */
const CALLER_HEADER = 'tri-consumer-appname';
/** Attachments that Triple never sends (dubbo-rpc-triple, TripleHeaderEnum). */
const NOT_SENT = new Set(['group', 'interface', 'path', 'application', 'remote.application']);

/** Reads the documents for one host. Throws Error with the reason when Istio would not take them, or weir cannot tell. */
export function readIstioModel(text: string): IstioModel {
  const { rules, subsets, host } = readProxyDocuments(text, virtualService);
  for (const { match = [], route = [], directResponse, name } of rules.spec.http) {
    const isOne = route.length > 0 !== (directResponse !== undefined);
    if (!isOne) throw new Error(`the route ${name ?? ''} needs either destinations or a direct response`);
    requireOneHost(route, host, name);
    const tests = match.flatMap(({ uri, headers = {}, withoutHeaders = {} }) => [
      ...(uri === undefined ? [] : [uri]),
      ...Object.values(headers),
      ...Object.values(withoutHeaders),
    ]);
    const both = tests.find((test) => Object.keys(test).length > 1);
    if (both !== undefined) throw new Error(`a match says ${Object.keys(both).join(' and ')} at once`);
  }
  return new IstioModel(rules.spec.http, subsets);
}

/**
 * Evaluates an Istio VirtualService for Triple calls as Envoy does: the first route with a match that holds decides.
 */
export class IstioModel implements TargetModel {
  private readonly routes: readonly HttpRoute[];
  private readonly subsets: readonly ProxySubset[];
  /** One entry for each match of a route, so that an entry is a conjunction. */
  private readonly pairs: readonly { readonly name: string | null; readonly match: HttpMatch; readonly id: number }[];

  constructor(routes: readonly HttpRoute[], subsets: readonly ProxySubset[]) {
    this.routes = routes;
    this.subsets = subsets;
    this.pairs = routes
      .flatMap((route) =>
        (route.match === undefined || route.match.length === 0 ? [{}] : route.match).map((match: HttpMatch) => ({
          name: route.name ?? null,
          match,
        })),
      )
      .map((pair, id) => ({ ...pair, id }));
  }

  names(): readonly (string | null)[] {
    return this.pairs.map(({ name }) => name);
  }

  evaluate(call: RoutingCall, present: readonly RoutingProvider[]): TargetOutcome {
    const path = `/${call.service}/${call.method}`;
    const headers = headersOf(call);
    const route = this.routes.find(
      ({ match }) => match === undefined || match.length === 0 || match.some((one) => matches(one, path, headers)),
    );
    // No route: Envoy answers 404.
    if (route === undefined) return { kind: 'denied', entry: null };
    const entry = route.name ?? null;
    if (route.directResponse !== undefined) return { kind: 'denied', entry };
    const destinations = route.route ?? [];
    const total = destinations.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
    const picks = destinations.map(
      ({ destination, weight }): TargetPick => ({
        subset: destination.subset ?? null,
        providers: this.members(destination.subset, present),
        share: total === 0 ? 1 / destinations.length : (weight ?? 0) / total,
        emptyToAll: false,
      }),
    );
    return { kind: 'routed', entry, picks };
  }

  entries(service: string, signature: { readonly method: string | null }): TargetEntries {
    const known = this.pairs.filter(
      ({ match }) => signature.method === null || uriHolds(match, `/${service}/${signature.method}`),
    );
    return {
      names: known.map(({ name }) => name),
      ids: known.map(({ id }) => id),
      domain: (entry, leaf) => (reads(known[entry]?.match ?? {}, leaf) ? 'test' : 'any'),
      holds: (entry, leaf, value) => leafHolds(known[entry]?.match ?? {}, service, leaf, value),
      constants: (leaf) =>
        constantsOf(
          known.map(({ match }) => match),
          service,
          leaf,
        ),
    };
  }

  services(): LeafConstants | null {
    const found = { texts: [] as string[], prefixes: [] as string[], patterns: [] as string[] };
    for (const { match } of this.pairs) {
      const { uri } = match;
      const text = (uri?.exact ?? uri?.prefix)?.slice(1);
      if (text?.includes('/')) found.texts.push(text.slice(0, text.indexOf('/')));
      else if (text !== undefined) found.prefixes.push(text);
      if (uri?.regex === undefined) continue;
      const parts = pathParts(uri.regex);
      if (parts === null) return null;
      found.patterns.push(javaSpelling(parts.service));
    }
    return { ...NO_CONSTANTS, ...found };
  }

  /** The host in the mesh may have another name than the application of a rule. */
  otherScope(): null {
    return null;
  }

  leaves(): readonly CallLeaf[] {
    const keys = new Set<string>();
    let method = false;
    for (const match of this.routes.flatMap((route) => route.match ?? [])) {
      method ||= match.uri !== undefined;
      for (const key of [...Object.keys(match.headers ?? {}), ...Object.keys(match.withoutHeaders ?? {})])
        keys.add(key);
    }
    const leaves: CallLeaf[] = method ? [{ t: 'method' }] : [];
    for (const key of keys) leaves.push(...leavesOfHeader(key));
    return leaves;
  }

  private members(name: string | undefined, present: readonly RoutingProvider[]): string[] {
    if (name === undefined) return present.map((provider) => provider.id);
    const labels = this.subsets.find((subset) => subset.name === name)?.labels;
    if (labels === undefined) return [];
    return present
      .filter((provider) => Object.entries(labels).every(([key, value]) => provider.params[key] === value))
      .map((provider) => provider.id);
  }
}

function leavesOfHeader(key: string): CallLeaf[] {
  return key === CALLER_HEADER
    ? [{ t: 'attachment', key: 'remote.application' }, { t: 'callerApp' }]
    : [{ t: 'attachment', key }];
}

function headersOf(call: RoutingCall): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [key, value] of Object.entries(call.attachments)) {
    if (!NOT_SENT.has(key)) headers.set(key.toLowerCase(), value);
  }
  const caller = call.attachments['remote.application'] ?? call.consumer.application;
  if (caller !== undefined) headers.set(CALLER_HEADER, caller);
  return headers;
}

function matches(match: HttpMatch, path: string, headers: ReadonlyMap<string, string>): boolean {
  if (!uriHolds(match, path)) return false;
  for (const [key, test] of Object.entries(match.headers ?? {})) if (!headerHolds(test, headers.get(key))) return false;
  for (const [key, test] of Object.entries(match.withoutHeaders ?? {})) {
    if (withoutHeaderFails(test, headers.get(key))) return false;
  }
  return true;
}

function uriHolds(match: HttpMatch, path: string): boolean {
  return match.uri === undefined || textHolds(match.uri, path);
}

// An empty StringMatch asks whether the header is there.
function headerHolds(test: StringMatch, value: string | undefined): boolean {
  return value !== undefined && (Object.keys(test).length === 0 || textHolds(test, value));
}

// A missing header counts as empty under withoutHeaders, unless presence itself is asked for.
function withoutHeaderFails(test: StringMatch, value: string | undefined): boolean {
  return Object.keys(test).length === 0 ? value !== undefined : textHolds(test, value ?? '');
}

function textHolds(test: StringMatch, value: string): boolean {
  if (test.exact !== undefined) return value === test.exact;
  if (test.prefix !== undefined) return value.startsWith(test.prefix);
  return test.regex !== undefined && re2Matches(test.regex, value);
}

// RE2's common core is run by the evaluator of Java patterns; `\x{...}` is the one spelling that differs.
function re2Matches(pattern: string, value: string): boolean {
  return compileJavaRegex(javaSpelling(pattern)).matches(value);
}

/** The patterns of service and method in the pattern of a path; null where a slash does not divide them. */
function pathParts(pattern: string): { readonly service: string; readonly method: string } | null {
  const slashes: number[] = [];
  let [depth, inClass] = [0, false];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charAt(at);
    if (char === '\\') at += 1;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    else if (depth === 0 && char === '|') return null;
    else if (depth === 0 && char === '/') slashes.push(at);
  }
  const [first, second] = slashes;
  if (first !== 0 || second === undefined || slashes.length > 2) return null;
  return { service: pattern.slice(1, second), method: pattern.slice(second + 1) };
}

function javaSpelling(pattern: string): string {
  return pattern.replace(/\\x\{([0-9a-fA-F]{1,4})\}/g, (_, hex: string) => `\\u${hex.padStart(4, '0')}`);
}

function leafHolds(match: HttpMatch, service: string, leaf: CallLeaf, value: LeafValue): boolean | 'error' {
  const text = typeof value === 'string' ? value : undefined;
  try {
    if (leaf.t === 'method') return uriHolds(match, `/${service}/${text ?? ''}`);
    const key = headerKey(leaf);
    if (key === null) return true;
    const test = match.headers?.[key];
    const without = match.withoutHeaders?.[key];
    return (
      (test === undefined || headerHolds(test, text)) && (without === undefined || !withoutHeaderFails(without, text))
    );
  } catch (error) {
    if (error instanceof JavaRegexError) return 'error';
    throw error;
  }
}

function reads(match: HttpMatch, leaf: CallLeaf): boolean {
  if (leaf.t === 'method') return match.uri !== undefined;
  const key = headerKey(leaf);
  return key !== null && (match.headers?.[key] !== undefined || match.withoutHeaders?.[key] !== undefined);
}

function headerKey(leaf: CallLeaf): string | null {
  if (leaf.t === 'callerApp') return CALLER_HEADER;
  if (leaf.t !== 'attachment') return null;
  return leaf.key === 'remote.application' ? CALLER_HEADER : leaf.key.toLowerCase();
}

function constantsOf(matchList: readonly HttpMatch[], service: string, leaf: CallLeaf): LeafConstants {
  const texts: string[] = [];
  const prefixes: string[] = [];
  const patterns: string[] = [];
  const add = (test: StringMatch | undefined, strip: string): void => {
    if (test === undefined) return;
    if (test.exact !== undefined) texts.push(test.exact.slice(strip.length));
    else if (test.prefix !== undefined) prefixes.push(test.prefix.slice(strip.length));
    else if (test.regex !== undefined) {
      const part = strip === '' ? test.regex : (pathParts(test.regex)?.method ?? test.regex);
      patterns.push(javaSpelling(part));
    }
  };
  for (const match of matchList) {
    if (leaf.t === 'method') add(match.uri, `/${service}/`);
    const key = headerKey(leaf);
    if (key !== null) {
      add(match.headers?.[key], '');
      add(match.withoutHeaders?.[key], '');
    }
  }
  return { texts, prefixes, patterns, numbers: [], moduli: [] };
}
