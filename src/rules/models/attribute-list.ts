/** Models of Aeraki and of Envoy's dubbo_proxy: both walk a list of routes with tests on named texts. */
import { parseAllDocuments } from 'yaml';
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import { compileJavaRegex } from '../regex/run-pattern.ts';
import type { LeafConstants, TargetEntries, TargetModel, TargetOutcome } from './target-model.ts';

/** A test on one text of a call, as the proxies have it. `present` may be false for "must be absent". */
interface TextTest {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
  readonly present?: boolean;
}

/** One route: tests by name (`interface`, `method`, attachments), where it goes, and with which labels. */
interface AttributeRoute {
  readonly name: string | null;
  readonly tests: ReadonlyMap<string, TextTest>;
  readonly targets: readonly { readonly labels: Readonly<Record<string, string>> | null; readonly weight: number }[];
}

/** Reads an Aeraki MetaRouter with its DestinationRule. Throws Error when there is no MetaRouter. */
export function readAerakiModel(text: string): AttributeListModel {
  const routes: AttributeRoute[] = [];
  const subsets = new Map<string, Record<string, string>>();
  const documents = parseAllDocuments(text).map((document) => document.toJS() as AerakiDocument | null);
  for (const document of documents) {
    for (const subset of document?.spec?.subsets ?? []) subsets.set(subset.name, subset.labels ?? {});
  }
  for (const document of documents) {
    if (document?.kind !== 'MetaRouter') continue;
    for (const route of document.spec?.routes ?? []) {
      const tests = new Map(Object.entries(route.match?.attributes ?? {}).map(([key, test]) => [key, presence(test)]));
      const targets = (route.route ?? []).map(({ destination, weight }) => ({
        labels: destination.subset === undefined ? null : (subsets.get(destination.subset) ?? { '': '' }),
        weight: weight ?? 0,
      }));
      routes.push({ name: route.name ?? null, tests, targets });
    }
  }
  if (routes.length === 0) throw new Error('there is no MetaRouter with routes');
  return new AttributeListModel(routes);
}

interface AerakiDocument {
  readonly kind?: string;
  readonly spec?: {
    readonly subsets?: readonly { readonly name: string; readonly labels?: Record<string, string> }[];
    readonly routes?: readonly {
      readonly name?: string;
      readonly match?: { readonly attributes?: Record<string, TextTest> };
      readonly route?: readonly { readonly destination: { readonly subset?: string }; readonly weight?: number }[];
    }[];
  };
}

function presence(test: TextTest): TextTest {
  return Object.keys(test).length === 0 ? { present: true } : test;
}

/** Reads a route_config of Envoy's dubbo_proxy. Throws Error when there is none. */
export function readEnvoyDubboModel(text: string): AttributeListModel {
  const value = parseAllDocuments(text)[0]?.toJS() as EnvoyDocument | null | undefined;
  const routes: AttributeRoute[] = [];
  for (const config of value?.route_config ?? []) {
    for (const route of config.routes ?? []) {
      const tests = new Map<string, TextTest>();
      if (config.interface !== '*') tests.set('interface', { exact: config.interface });
      tests.set('method', matcherTest(route.match.method.name));
      for (const header of route.match.headers ?? []) {
        const absent = header.invert_match === true;
        tests.set(
          header.name,
          header.string_match === undefined ? { present: !absent } : matcherTest(header.string_match),
        );
      }
      const labels = route.route.metadata_match?.filter_metadata['envoy.lb'] ?? null;
      const name = route.metadata?.filter_metadata?.weir?.rule ?? null;
      routes.push({ name, tests, targets: [{ labels, weight: 0 }] });
    }
  }
  if (routes.length === 0) throw new Error('there is no route_config with routes');
  return new AttributeListModel(routes);
}

interface EnvoyMatcher {
  readonly exact?: string;
  readonly prefix?: string;
  readonly safe_regex?: { readonly regex: string };
}

interface EnvoyDocument {
  readonly route_config?: readonly {
    readonly interface: string;
    readonly routes?: readonly {
      readonly metadata?: { readonly filter_metadata?: { readonly weir?: { readonly rule?: string } } };
      readonly match: {
        readonly method: { readonly name: EnvoyMatcher };
        readonly headers?: readonly {
          readonly name: string;
          readonly string_match?: EnvoyMatcher;
          readonly invert_match?: boolean;
        }[];
      };
      readonly route: {
        readonly metadata_match?: { readonly filter_metadata: { readonly 'envoy.lb'?: Record<string, string> } };
      };
    }[];
  }[];
}

function matcherTest(matcher: EnvoyMatcher): TextTest {
  if (matcher.safe_regex === undefined) return matcher as TextTest;
  // Envoy's safe_regex is a full match; `.*` stands for any name.
  return matcher.safe_regex.regex === '.*' ? {} : { regex: matcher.safe_regex.regex };
}

/**
 * Evaluates routes as MetaRouter and dubbo_proxy do: the first route that passes all its tests; no route, no provider.
 */
class AttributeListModel implements TargetModel {
  private readonly routes: readonly AttributeRoute[];
  private readonly ids: ReadonlyMap<AttributeRoute, number>;

  constructor(routes: readonly AttributeRoute[]) {
    this.routes = routes;
    this.ids = new Map(routes.map((route, index) => [route, index]));
  }

  evaluate(call: RoutingCall, present: readonly RoutingProvider[]): TargetOutcome {
    const route = this.routes.find(({ tests }) =>
      [...tests].every(([key, test]) => textHolds(test, valueOfKey(call, key))),
    );
    if (route === undefined) return { kind: 'denied', entry: null };
    const total = route.targets.reduce((sum, target) => sum + target.weight, 0);
    const picks = route.targets.map(({ labels, weight }) => ({
      subset: subsetOf(labels),
      providers: present
        .filter((provider) => Object.entries(labels ?? {}).every(([key, value]) => provider.params[key] === value))
        .map((provider) => provider.id),
      share: total === 0 ? 1 / route.targets.length : weight / total,
      emptyToAll: false,
    }));
    return { kind: 'routed', entry: route.name, picks };
  }

  entries(service: string, signature: { readonly method: string | null }): TargetEntries {
    const known = this.routes.filter(({ tests }) => {
      const own = tests.get('interface');
      const method = tests.get('method');
      return (
        (own === undefined || textHolds(own, service)) &&
        (signature.method === null || method === undefined || textHolds(method, signature.method))
      );
    });
    return {
      names: known.map((route) => route.name),
      ids: known.map((route) => this.ids.get(route) ?? -1),
      domain: (entry, leaf) => (known[entry]?.tests.has(keyOfLeaf(leaf)) === true ? 'test' : 'any'),
      holds: (entry, leaf, value) => {
        const test = known[entry]?.tests.get(keyOfLeaf(leaf));
        return test === undefined || textHolds(test, typeof value === 'string' ? value : undefined);
      },
      constants: (leaf) => constantsOf(known, keyOfLeaf(leaf)),
    };
  }

  names(): readonly (string | null)[] {
    return this.routes.map((route) => route.name);
  }

  leaves(): readonly CallLeaf[] {
    const keys = new Set(this.routes.flatMap((route) => [...route.tests.keys()]));
    keys.delete('interface');
    return [...keys].map((key): CallLeaf => (key === 'method' ? { t: 'method' } : { t: 'attachment', key }));
  }
}

// The label plan calls subset and label alike.
function subsetOf(labels: Readonly<Record<string, string>> | null): string | null {
  const [label] = Object.keys(labels ?? {});
  return label?.startsWith('weir.io/') === true ? label.slice('weir.io/'.length) : null;
}

function valueOfKey(call: RoutingCall, key: string): string | undefined {
  if (key === 'interface') return call.service;
  return key === 'method' ? call.method : call.attachments[key];
}

function keyOfLeaf(leaf: CallLeaf): string {
  return leaf.t === 'attachment' ? leaf.key : leaf.t === 'method' ? 'method' : '';
}

function textHolds(test: TextTest, value: string | undefined): boolean {
  if (test.present !== undefined) return (value !== undefined) === test.present;
  if (value === undefined) return Object.keys(test).length === 0;
  if (test.exact !== undefined) return value === test.exact;
  if (test.prefix !== undefined) return value.startsWith(test.prefix);
  return test.regex === undefined || compileJavaRegex(javaSpelling(test.regex)).matches(value);
}

function javaSpelling(pattern: string): string {
  return pattern.replace(/\\x\{([0-9a-fA-F]{1,4})\}/g, (_, hex: string) => `\\u${hex.padStart(4, '0')}`);
}

function constantsOf(routes: readonly AttributeRoute[], key: string): LeafConstants {
  const texts: string[] = [];
  const prefixes: string[] = [];
  const patterns: string[] = [];
  for (const { tests } of routes) {
    const test = tests.get(key);
    if (test?.exact !== undefined) texts.push(test.exact);
    if (test?.prefix !== undefined) prefixes.push(test.prefix);
    if (test?.regex !== undefined) patterns.push(javaSpelling(test.regex));
  }
  return { texts, prefixes, patterns, numbers: [], moduli: [] };
}
