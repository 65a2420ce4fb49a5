/** The model of an Istio VirtualService with its DestinationRule, for calls over Triple. */
import { parseAllDocuments } from 'yaml';
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import { JavaRegexError } from '../regex/java-regex-error.ts';
import { compileJavaRegex } from '../regex/run-pattern.ts';
import type {
  LeafConstants,
  LeafValue,
  TargetEntries,
  TargetModel,
  TargetOutcome,
  TargetPick,
} from './target-model.ts';

interface StringMatch {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

interface HttpMatch {
  readonly uri?: StringMatch;
  readonly headers?: Readonly<Record<string, StringMatch>>;
  readonly withoutHeaders?: Readonly<Record<string, StringMatch>>;
}

interface HttpRoute {
  readonly name?: string;
  readonly match?: readonly HttpMatch[];
  readonly route?: readonly {
    readonly destination: { readonly host: string; readonly subset?: string };
    readonly weight?: number;
  }[];
  readonly directResponse?: { readonly status: number };
}

interface Subset {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Header by which Triple tells the application of the caller. */
const CALLER_HEADER = 'tri-consumer-appname';
/** Attachments that Triple never sends (dubbo-rpc-triple, TripleHeaderEnum). */
const NOT_SENT = new Set(['group', 'interface', 'path', 'application', 'remote.application']);

/** Reads the documents for one host. Throws Error with the reason when Istio would not take them. */
export function readIstioModel(text: string): IstioModel {
  const routes: HttpRoute[] = [];
  const subsets: Subset[] = [];
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(error.message);
    const value = document.toJS() as { kind?: string; spec?: { http?: HttpRoute[]; subsets?: Subset[] } } | null;
    if (value?.kind === 'VirtualService') routes.push(...(value.spec?.http ?? []));
    if (value?.kind === 'DestinationRule') subsets.push(...(value.spec?.subsets ?? []));
  }
  if (routes.length === 0) throw new Error('there is no VirtualService with spec.http');
  return new IstioModel(routes, subsets);
}

/**
 * Evaluates an Istio VirtualService for Triple calls as Envoy does: the first route with a match that holds decides.
 */
export class IstioModel implements TargetModel {
  private readonly routes: readonly HttpRoute[];
  private readonly subsets: readonly Subset[];
  /** One entry for each match of a route, so that an entry is a conjunction. */
  private readonly pairs: readonly { readonly name: string | null; readonly match: HttpMatch; readonly id: number }[];

  constructor(routes: readonly HttpRoute[], subsets: readonly Subset[]) {
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
      const part = strip === '' ? test.regex : test.regex.slice(test.regex.lastIndexOf('/') + 1);
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
