/** An index over the details of a mesh route, so that long lists stay fast. */
import type { RoutingCall } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { MeshMatchRequest, MeshRouteDetail, MeshStringMatch } from './mesh-rule.ts';
import { type LeafValue, leafKey } from './target-model.ts';

/** The values of one leaf that the requests of a detail accept: any, a closed list, or those that pass a test. */
export function domainOf(
  requests: readonly (MeshMatchRequest | null)[],
  leaf: CallLeaf,
): 'any' | readonly string[] | 'test' {
  let domain: 'any' | readonly string[] | 'test' = 'any';
  for (const request of requests) {
    const own = request === null ? 'any' : requestDomain(request, leaf);
    if (own === 'any') continue;
    domain = domain === 'any' ? own : 'test';
  }
  return domain;
}

function requestDomain(request: MeshMatchRequest, leaf: CallLeaf): 'any' | readonly string[] | 'test' {
  if (leaf.t === 'method') return textDomain(request.method?.name);
  if (leaf.t === 'attachment') return textDomain(request.attachments?.dubboContext?.get(leaf.key));
  if (leaf.t !== 'arg') return request.sourceLabels === null ? 'any' : 'test';
  const args = (request.method?.args ?? []).filter((argument) => argument.index === leaf.index);
  const [only] = args;
  if (only === undefined) return 'any';
  if (args.length > 1) return 'test';
  const texts = only.text?.map((match) => textDomain(match));
  if (texts !== undefined) return texts.every((one) => typeof one !== 'string') ? texts.flat() : 'test';
  const numbers = only.number;
  const plain = numbers?.every((match) => match.exact !== null && match.mod === null) ?? false;
  return plain && numbers ? numbers.map((match) => `n:${match.exact}`) : 'test';
}

function textDomain(match: MeshStringMatch | null | undefined): 'any' | readonly string[] | 'test' {
  if (match == null) return 'any';
  return match.exact !== null && match.empty === null && match.noempty === null ? [`s:${match.exact}`] : 'test';
}

/**
 * The details of a route by the values of the leaf that most of them name. A call then tries a few instead of
 * thousands. Order is kept, and a detail that might throw for the call is never left out.
 */
export class DetailIndex {
  private readonly details: readonly MeshRouteDetail[];
  private readonly leaf: CallLeaf | null;
  private readonly listed = new Map<string, number[]>();
  private readonly others: number[] = [];

  constructor(details: readonly MeshRouteDetail[], mode: 'and' | 'or') {
    this.details = details;
    this.leaf = mode === 'and' && details.length > 16 ? bestLeaf(details) : null;
    details.forEach((detail, index) => {
      const domain = this.leaf === null ? 'test' : domainOf(detail.match ?? [], this.leaf);
      if (typeof domain === 'string') this.others.push(index);
      else for (const key of new Set(domain)) this.listed.set(key, [...(this.listed.get(key) ?? []), index]);
    });
  }

  candidates(call: RoutingCall): readonly MeshRouteDetail[] {
    if (this.leaf === null) return this.details;
    const value = leafValue(call, this.leaf);
    // A null or missing argument throws in a detail that looks at it: every detail must be tried in its turn.
    if (this.leaf.t === 'arg' && (value === null || leafKey(value) === null)) return this.details;
    const key = leafKey(value);
    const own = key === null ? [] : (this.listed.get(key) ?? []);
    return [...own, ...this.others].sort((a, b) => a - b).flatMap((index) => this.details[index] ?? []);
  }
}

// The leaf whose constants tell most details apart.
function bestLeaf(details: readonly MeshRouteDetail[]): CallLeaf | null {
  const keys = new Map<string, { leaf: CallLeaf; distinct: Set<string> }>();
  for (const detail of details) {
    for (const leaf of leavesOf(detail)) {
      const domain = domainOf(detail.match ?? [], leaf);
      if (typeof domain === 'string') continue;
      const key = JSON.stringify(leaf);
      const entry = keys.get(key) ?? { leaf, distinct: new Set<string>() };
      for (const value of domain) entry.distinct.add(value);
      keys.set(key, entry);
    }
  }
  const best = [...keys.values()].sort((a, b) => b.distinct.size - a.distinct.size)[0];
  return best?.leaf ?? null;
}

function leavesOf(detail: MeshRouteDetail): CallLeaf[] {
  return (detail.match ?? []).flatMap((request): CallLeaf[] => [
    { t: 'method' },
    ...(request?.method?.args ?? []).map((argument): CallLeaf => ({ t: 'arg', index: argument.index })),
    ...[...(request?.attachments?.dubboContext?.keys() ?? [])].map((key): CallLeaf => ({ t: 'attachment', key })),
  ]);
}

function leafValue(call: RoutingCall, leaf: CallLeaf): LeafValue {
  if (leaf.t === 'method') return call.method;
  if (leaf.t === 'attachment') return call.attachments[leaf.key] ?? null;
  return leaf.t === 'arg' ? (call.args[leaf.index] ?? null) : null;
}
