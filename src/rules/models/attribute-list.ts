/** Models of Aeraki and of Envoy's dubbo_proxy: both walk a list of routes with tests on named texts. */
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import { compileJavaRegex } from '../regex/run-pattern.ts';
import {
  destinations,
  proxyDocument,
  readProxyDocuments,
  readStrictly,
  requireOneHost,
  textTest,
} from './proxy-documents.ts';
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

const metaRouter = proxyDocument('MetaRouter', {
  hosts: z.array(z.string()).min(1),
  routes: z
    .array(
      z.strictObject({
        name: z.string().exactOptional(),
        match: z.strictObject({ attributes: z.record(z.string(), textTest).exactOptional() }).exactOptional(),
        route: destinations.min(1),
      }),
    )
    .min(1),
});

/** Reads an Aeraki MetaRouter with its DestinationRule. Throws Error when there is none, or weir cannot tell what it does. */
export function readAerakiModel(text: string): AttributeListModel {
  const { rules, subsets, host } = readProxyDocuments(text, metaRouter);
  const labels = new Map(subsets.map((subset) => [subset.name, subset.labels ?? {}]));
  const routes = rules.spec.routes.map(({ name, match, route }): AttributeRoute => {
    requireOneHost(route, host, name);
    return {
      name: name ?? null,
      tests: new Map(Object.entries(match?.attributes ?? {}).map(([key, test]) => [key, presence(test)])),
      targets: route.map(({ destination, weight }) => ({
        labels: destination.subset === undefined ? null : (labels.get(destination.subset) ?? { '': '' }),
        weight: weight ?? 0,
      })),
    };
  });
  return new AttributeListModel(routes);
}

function presence(test: TextTest): TextTest {
  const fields = Object.keys(test);
  if (fields.length > 1) throw new Error(`a match says ${fields.join(' and ')} at once`);
  return fields.length === 0 ? { present: true } : test;
}

const matcher = z.union([
  z.strictObject({ exact: z.string() }),
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ safe_regex: z.strictObject({ regex: z.string() }) }),
]);
const header = z.union([
  z.strictObject({ name: z.string(), string_match: matcher }),
  z.strictObject({ name: z.string(), present_match: z.literal(true), invert_match: z.boolean().exactOptional() }),
]);
const routeConfig = z.strictObject({
  route_config: z
    .array(
      z.strictObject({
        name: z.string(),
        interface: z.string().refine((name) => name === '*' || !name.includes('*'), 'weir does not read patterns here'),
        routes: z.array(
          z.strictObject({
            metadata: z
              .strictObject({ filter_metadata: z.strictObject({ weir: z.strictObject({ rule: z.string() }) }) })
              .exactOptional(),
            match: z.strictObject({
              method: z.strictObject({ name: matcher }),
              headers: z.array(header).exactOptional(),
            }),
            route: z.strictObject({
              cluster: z.string(),
              metadata_match: z
                .strictObject({
                  filter_metadata: z.strictObject({ 'envoy.lb': z.record(z.string(), z.string()) }),
                })
                .exactOptional(),
            }),
          }),
        ),
      }),
    )
    .min(1),
});

/** Reads a route_config of Envoy's dubbo_proxy. Throws Error when there is none, or weir cannot tell what it does. */
export function readEnvoyDubboModel(text: string): AttributeListModel {
  const documents = parseAllDocuments(text);
  const [document] = documents;
  const [error] = documents.flatMap(({ errors }) => errors);
  if (document === undefined || documents.length !== 1 || error !== undefined)
    throw new Error(error?.message ?? 'it is not one document');
  const configs = readStrictly(routeConfig, document.toJS()).route_config;
  const clusters = new Set(configs.flatMap((config) => config.routes.map(({ route }) => route.cluster)));
  if (clusters.size > 1) throw new Error(`it leads to several clusters: ${[...clusters].join(', ')}`);
  const routes = configs.flatMap((config) =>
    config.routes.map(({ match, route, metadata }): AttributeRoute => {
      const tests = new Map<string, TextTest>();
      if (config.interface !== '*') tests.set('interface', { exact: config.interface });
      tests.set('method', matcherTest(match.method.name));
      for (const one of match.headers ?? []) {
        if (tests.has(one.name)) throw new Error(`a route asks for ${one.name} twice`);
        const isAbsent = 'invert_match' in one && one.invert_match === true;
        tests.set(one.name, 'string_match' in one ? matcherTest(one.string_match) : { present: !isAbsent });
      }
      const labels = route.metadata_match?.filter_metadata['envoy.lb'] ?? null;
      return { name: metadata?.filter_metadata.weir.rule ?? null, tests, targets: [{ labels, weight: 0 }] };
    }),
  );
  if (routes.length === 0) throw new Error('there is no route_config with routes');
  return new AttributeListModel(routes);
}

function matcherTest(test: z.infer<typeof matcher>): TextTest {
  if (!('safe_regex' in test)) return test;
  // Envoy's safe_regex is a full match; `.*` stands for any name.
  return test.safe_regex.regex === '.*' ? {} : { regex: test.safe_regex.regex };
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

  services(): LeafConstants {
    return constantsOf(this.routes, 'interface');
  }

  /** The host in the mesh may have another name than the application of a rule. */
  otherScope(): null {
    return null;
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
