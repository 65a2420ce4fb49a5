/** The target aeraki: MetaRouter and DestinationRule. */
import { type ProxyDialect, proxyLowering } from './proxy-lowering.ts';
import type { LoweredPlan, LoweringInput } from './target.ts';
import type { WireMatch, WireText } from './wire-entries.ts';
import { YamlCommented, type YamlTree } from './yaml-text.ts';

/**
 * Lowers a plan to an Aeraki MetaRouter (metaprotocol.aeraki.io/v1alpha1) and a DestinationRule. Its Dubbo codec gives
 * `interface`, `method` and every attachment as attributes. All entries of a match must hold, and an empty value asks
 * for presence. The language has no test for absence and no route that denies.
 */
export function lowerAeraki(input: LoweringInput): LoweredPlan {
  const host = input.plan.scope.providerApp ?? input.name;
  const dialect: ProxyDialect = {
    capabilities: { absence: false, caller: false, name: 'Aeraki' },
    denies: false,
    invalidHost: false,
    exactWeights: true,
    print: (entries, subsets) => {
      const scope = input.plan.scope.service;
      const routes = entries.flatMap(({ name, matches, action, comment }): YamlTree[] => {
        if (action.kind === 'deny') return [];
        const route = action.destinations.map(({ subset, weight }) => ({ destination: { host, subset }, weight }));
        return matches.map((match, index) => {
          const tree = { name, match: attributesOf(match, scope), route };
          return index === 0 ? new YamlCommented(comment, tree) : tree;
        });
      });
      // Calls to other interfaces of the application would meet no route.
      if (scope !== null) routes.push({ name: 'rest', route: [{ destination: { host } }] });
      return [
        {
          apiVersion: 'metaprotocol.aeraki.io/v1alpha1',
          kind: 'MetaRouter',
          metadata: { name: input.name },
          spec: { hosts: [host], routes },
        },
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'DestinationRule',
          metadata: { name: input.name },
          spec: { host, subsets: subsets.map((subset) => ({ name: subset.name, labels: { ...subset.labels } })) },
        },
      ];
    },
  };
  return proxyLowering(input, dialect);
}

function attributesOf(match: WireMatch, scope: string | null): YamlTree | undefined {
  const attributes: { [key: string]: YamlTree } = {};
  const service: WireText | null = match.service ?? (scope === null ? null : { kind: 'exact', text: scope });
  if (service !== null) attributes.interface = attribute(service);
  if (match.method !== null) attributes.method = attribute(match.method);
  for (const { key, match: text } of match.attributes) if (key !== null) attributes[key] = attribute(text);
  return Object.keys(attributes).length === 0 ? undefined : { attributes };
}

function attribute(text: WireText): YamlTree {
  if (text.kind === 'exact') return { exact: text.text };
  if (text.kind === 'prefix') return { prefix: text.text };
  return text.kind === 'regex' ? { regex: text.pattern } : {};
}
