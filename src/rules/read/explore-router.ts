/** From a condition or tag rule to its decision tree, and to the outcome of one call. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { ExploredRule } from '../groovy/machine/explore-script.ts';
import { Explorer, type PathLeaf } from '../groovy/machine/explorer.ts';
import type { GroovySource, TextRange } from '../groovy/syntax/source.ts';
import type { CallOutcome } from '../plan/call-outcome.ts';
import { predicateHolds, presentProviders } from '../plan/evaluate-plan.ts';
import type { PlanNote } from '../plan/route-plan.ts';
import { callAssumptions } from './call-assumptions.ts';
import { conditionOutcome, type RouterOutcome } from './explore-conditions.ts';
import { tagOutcome } from './explore-tags.ts';
import { describeDifference, type RouterEngine } from './router-behaviour.ts';
import { enginesOf, everyCall, type MetDifferences, oneCall, type RouterWorld } from './router-world.ts';
import type { RuleSource } from './rule-source.ts';

/** Follows a condition or tag rule for every call. `engine`: the line of Dubbo that reads it, where that is known. */
export function exploreRouterRule(
  source: RuleSource,
  text: GroovySource,
  providers: readonly RoutingProvider[],
  engine: RouterEngine | undefined,
): ExploredRule {
  const explorer = new Explorer();
  const engines = enginesOf(engine, source);
  const whole: TextRange = { start: 0, end: Math.min(1, text.text.length) };
  const step = (): { leaf: PathLeaf } => {
    const met: MetDifferences = new Set();
    const world = everyCall(explorer, providers, engines, met);
    try {
      const { outcome, range } = routerOutcome(source, text, world);
      return { leaf: { kind: 'leaf', outcome, range, notes: differenceNotes(met, text, range) } };
    } catch (error) {
      if (!(error instanceof OpaqueSignal)) throw error;
      const at = error.range ?? whole;
      const outcome = { kind: 'opaque', code: error.code, reason: error.reason, span: text.span(at) } as const;
      return { leaf: { kind: 'leaf', outcome, range: at, notes: [] } };
    }
  };
  const limited = (): PathLeaf => {
    const reason = 'the lines combine in more ways than weir follows';
    const outcome = { kind: 'opaque', code: 'path-limit', reason, span: text.span(whole) } as const;
    return { kind: 'leaf', outcome, range: whole, notes: [] };
  };
  const tree = explorer.explore<null>(null, step, limited);
  return { tree, assumptions: [], callAssumptions: callAssumptions(source, engines) };
}

function routerOutcome(source: RuleSource, text: GroovySource, world: RouterWorld): RouterOutcome {
  if (source.kind === 'tag') {
    return { outcome: tagOutcome(source, world), range: { start: 0, end: Math.min(1, text.text.length) } };
  }
  return conditionOutcome(source, text, world);
}

function differenceNotes(met: MetDifferences, text: GroovySource, range: TextRange): PlanNote[] {
  return [...met].map((id) => ({ code: 'WR070', message: describeDifference(id), span: text.span(range) }));
}

/**
 * The providers that one call reaches by a condition or tag rule, in weir's model of the routers. If no line of Dubbo
 * was named and the possible lines answer differently, `note` says so.
 */
export function routeOneCall(
  source: RuleSource,
  text: GroovySource,
  call: RoutingCall,
  providers: readonly RoutingProvider[],
  engine: RouterEngine | undefined,
): CallOutcome {
  const [first, ...others] = enginesOf(engine, source);
  if (first === undefined) throw new TypeError('no line of Dubbo may read the rule');
  const answer = byOneLine(source, text, call, providers, first);
  const differing = others.flatMap((line) => {
    const other = byOneLine(source, text, call, providers, line);
    const same = JSON.stringify(reached(other, call, providers)) === JSON.stringify(reached(answer, call, providers));
    return same ? [] : [`Dubbo ${line}: ${describeReached(other, call, providers)}`];
  });
  if (differing.length === 0 || answer.kind !== 'providers') return answer;
  return { ...answer, note: `this is Dubbo ${first}; ${differing.join('; ')}` };
}

function byOneLine(
  source: RuleSource,
  text: GroovySource,
  call: RoutingCall,
  providers: readonly RoutingProvider[],
  engine: RouterEngine,
): CallOutcome {
  const world = oneCall(call, providers, [engine], new Set());
  try {
    const { outcome } = routerOutcome(source, text, world);
    if (outcome.kind === 'group') {
      const left = presentProviders(call, providers).filter((provider) => predicateHolds(outcome.where, provider));
      return { kind: 'providers', ids: left.map(({ id }) => id) };
    }
    if (outcome.kind === 'deny') return { kind: 'providers', ids: [] };
    if (outcome.kind === 'all' && outcome.ignored !== undefined) return { kind: 'ignored', exception: outcome.ignored };
    return { kind: 'opaque', reason: 'the router was not followed for this call' };
  } catch (error) {
    if (!(error instanceof OpaqueSignal)) throw error;
    return { kind: 'opaque', reason: error.reason };
  }
}

/** The providers that an outcome leaves; null where weir cannot tell. */
function reached(
  outcome: CallOutcome,
  call: RoutingCall,
  providers: readonly RoutingProvider[],
): readonly string[] | null {
  if (outcome.kind === 'providers') return outcome.ids;
  return outcome.kind === 'ignored' ? presentProviders(call, providers).map(({ id }) => id) : null;
}

function describeReached(outcome: CallOutcome, call: RoutingCall, providers: readonly RoutingProvider[]): string {
  return reached(outcome, call, providers)?.join(', ') ?? 'not known';
}
