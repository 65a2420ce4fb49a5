/** The target envoy-dubbo: the route_config of Envoy's dubbo_proxy. */
import { type ProxyDialect, proxyLowering } from './proxy-lowering.ts';
import type { LoweredPlan, LoweringInput } from './target.ts';
import type { WireMatch, WireText } from './wire-entries.ts';
import { YamlCommented, type YamlTree } from './yaml-text.ts';

/**
 * Lowers a plan to the route_config of Envoy's dubbo_proxy (envoy.extensions.filters.network.dubbo_proxy.v3): method by
 * StringMatcher, attachments as headers, subsets through `metadata_match` under envoy.lb. Its params_match sees only
 * String arguments and one exact value, so rules about arguments stay with the script. A call without a route fails,
 * but no route can make a part of the calls fail.
 */
export function lowerEnvoyDubbo(input: LoweringInput): LoweredPlan {
  const cluster = input.plan.scope.providerApp ?? input.name;
  const dialect: ProxyDialect = {
    capabilities: { absence: true, caller: false, name: 'dubbo_proxy' },
    denies: false,
    exactWeights: false,
    invalidHost: input.plan.rules.some((rule) => rule.when.some((condition) => condition.term.t === 'service')),
    print: (entries, subsets) => {
      const labels = new Map(subsets.map((subset) => [subset.name, subset.labels]));
      const routes = entries.flatMap(({ name, matches, action, comment }): YamlTree[] => {
        if (action.kind === 'deny') return [];
        const subset = action.destinations[0]?.subset;
        const own = subset === undefined ? undefined : labels.get(subset);
        const route = {
          cluster,
          metadata_match: own === undefined ? undefined : { filter_metadata: { 'envoy.lb': { ...own } } },
        };
        return matches.map((match, index) => {
          const tree = { metadata: { filter_metadata: { weir: { rule: name } } }, match: routeMatch(match), route };
          return index === 0 ? new YamlCommented(comment, tree) : tree;
        });
      });
      return [{ route_config: [{ name: input.name, interface: input.plan.scope.service ?? '*', routes }] }];
    },
  };
  return proxyLowering(input, dialect);
}

function routeMatch(match: WireMatch): YamlTree {
  const method: WireText = match.method ?? { kind: 'present' };
  const headers = match.attributes.flatMap(({ key, match: text }): YamlTree[] => {
    if (key === null) return [];
    if (text.kind === 'absent') return [{ name: key, present_match: true, invert_match: true }];
    if (text.kind === 'present') return [{ name: key, present_match: true }];
    return [{ name: key, string_match: matcher(text) }];
  });
  return { method: { name: matcher(method) }, headers: headers.length === 0 ? undefined : headers };
}

function matcher(text: WireText): YamlTree {
  if (text.kind === 'exact') return { exact: text.text };
  if (text.kind === 'prefix') return { prefix: text.text };
  return { safe_regex: { regex: text.kind === 'regex' ? text.pattern : '.*' } };
}
