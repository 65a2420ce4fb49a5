import { type ProxyDialect, proxyLowering } from './proxy-lowering.ts';
import type { LoweredPlan, LoweringInput } from './target.ts';
import type { WireMatch, WireText } from './wire-entries.ts';
import type { YamlTree } from './yaml-text.ts';

/**
 * Lowers a plan to the route_config of Envoy's dubbo_proxy (envoy.extensions.filters.network.dubbo_proxy.v3): method by
 * StringMatcher, attachments as headers, subsets through `metadata_match` under envoy.lb. Its params_match sees String
 * arguments only and one exact value, so rules about arguments stay with the script; a call without a route fails, but no
 * route says so for a part of the calls.
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
      const routes = entries.flatMap(({ name, matches, action }): YamlTree[] => {
        if (action.kind === 'deny') return [];
        const subset = action.destinations[0]?.subset;
        const own = subset === undefined ? undefined : labels.get(subset);
        const route = {
          cluster,
          metadata_match: own === undefined ? undefined : { filter_metadata: { 'envoy.lb': { ...own } } },
        };
        return matches.map((match) => ({
          metadata: { filter_metadata: { weir: { rule: name } } },
          match: routeMatch(match),
          route,
        }));
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
