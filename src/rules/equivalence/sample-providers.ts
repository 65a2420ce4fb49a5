/** Made-up providers for proofs without a registry snapshot. */
import type { RoutingProvider } from '../case-file.ts';
import { leavesOf, type ProviderLeaf } from '../plan/plan-term.ts';
import type { ProviderPredicate, RoutePlan } from '../plan/route-plan.ts';

const MAX_PROVIDERS = 64;

/**
 * Providers made up from the constants of a plan's groups, for proofs without a registry snapshot. Each differs from a
 * plain provider in one constant and in its address, so that every group has members and others.
 */
export function sampleProviders(plan: RoutePlan): RoutingProvider[] {
  const plain = { host: '10.255.255.254', port: 20880, params: {} as Record<string, string> };
  const made = [plain];
  for (const { leaf, text } of plan.groups.flatMap((group) => constantsOf(group.where))) {
    if (leaf.t === 'host') made.push({ ...plain, host: text });
    else if (leaf.t === 'port' && /^\d+$/.test(text)) made.push({ ...plain, port: Math.min(Number(text), 65_535) });
    else if (leaf.t === 'param') made.push({ ...plain, params: { [leaf.key]: text } });
    else if (leaf.t === 'address') {
      const [host = plain.host, port = ''] = text.split(':');
      made.push({ ...plain, host, port: Number.parseInt(port, 10) || plain.port });
    }
  }
  const seen = new Set<string>();
  return made
    .filter((provider) => {
      const key = JSON.stringify(provider);
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, MAX_PROVIDERS)
    .map((provider, index) => ({ id: `sample${index + 1}`, ...provider, host: ownHost(provider, index) }));
}

// Two providers never have one address: routers of Dubbo tell them apart by it.
function ownHost({ host, params }: Pick<RoutingProvider, 'host' | 'params'>, index: number): string {
  return Object.keys(params).length === 0 ? host : host.replace(/254$/, String(253 - index));
}

function constantsOf(where: ProviderPredicate): { leaf: ProviderLeaf; text: string }[] {
  if (where.p === 'and' || where.p === 'or') return where.of.flatMap(constantsOf);
  if (where.p === 'not') return constantsOf(where.of);
  if (where.p !== 'test' && where.p !== 'glob') return [];
  const leaf = leavesOf(where.term)[0] as ProviderLeaf | undefined;
  if (leaf === undefined) return [];
  const texts: string[] = [];
  if (where.p === 'glob')
    texts.push(where.pattern.replaceAll('*', '').replaceAll('?', '0'), where.pattern.replaceAll('*', '7'));
  else {
    const { test } = where;
    if (test.op === 'eq') texts.push(...test.values.flatMap((value) => ('v' in value ? [String(value.v)] : [])));
    else if (test.op === 'range') {
      for (const bound of [test.min, test.max])
        if (bound !== null) texts.push(bound, String(Number(bound) + 1), String(Number(bound) - 1));
    } else if ('text' in test) texts.push(`${test.text}7`, `x${test.text}`, test.text);
  }
  return texts.map((text) => ({ leaf, text }));
}
