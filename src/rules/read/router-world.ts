/** The world of a router: it answers the router's questions about one call, or follows every call. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { Explorer } from '../groovy/machine/explorer.ts';
import { conditionHolds, predicateHolds, presentProviders } from '../plan/evaluate-plan.ts';
import type { PlanCondition, ProviderPredicate } from '../plan/route-plan.ts';
import { type BehaviourId, linesDiffer, ROUTER_BEHAVIOUR, type RouterEngine } from './router-behaviour.ts';
import type { RuleSource } from './rule-source.ts';

/** The calls that a router decides: one, or every call (`call` is null). */
export interface RouterWorld {
  readonly call: RoutingCall | null;
  /** The registry snapshot; for one call, the providers that it sees. */
  readonly providers: readonly RoutingProvider[];
  /** Whether a condition on the call holds. */
  decide(condition: PlanCondition): boolean;
  /** Whether a set of providers is not empty. */
  decideGroup(where: ProviderPredicate): boolean;
  /** Lines of Dubbo that may read the rule. */
  readonly engines: readonly RouterEngine[];
  /** The behaviour of this release line in a row. Where the possible lines disagree, the difference is remembered. */
  does(id: BehaviourId): boolean;
}

/** Differences between lines of Dubbo that mattered on a path. */
export type MetDifferences = Set<BehaviourId>;

/** The lines that may read a rule, the one whose behaviour is taken first. */
export function enginesOf(named: RouterEngine | undefined, source: RuleSource): readonly RouterEngine[] {
  if (named !== undefined) return [named];
  // Only 3.3 reads from/to.
  if (source.destinations !== undefined) return ['3.3'];
  return source.configVersion?.toLowerCase().startsWith('v3') === true ? ['3.2', '3.3'] : ['3.2', '3.3', '2.7'];
}

/** Every call: conditions are decided by an explorer, both ways. */
export function everyCall(
  explorer: Explorer,
  providers: readonly RoutingProvider[],
  engines: readonly RouterEngine[],
  met: MetDifferences,
): RouterWorld {
  return {
    call: null,
    providers,
    engines,
    decide: (condition) => explorer.decide(condition),
    decideGroup: (where) => explorer.decideGroup(where),
    does: (id) => behaves(id, engines, met),
  };
}

/** One call over the providers that it sees. */
export function oneCall(
  call: RoutingCall,
  all: readonly RoutingProvider[],
  engines: readonly RouterEngine[],
  met: MetDifferences,
): RouterWorld {
  const providers = presentProviders(call, all);
  const down = new Set(call.down ?? []);
  return {
    call,
    providers,
    engines,
    decide: (condition) => {
      const { term } = condition;
      if (term.t === 'callerHost' && call.consumer.host === undefined)
        throw new OpaqueSignal('unsupported', 'the call does not say from which host it comes');
      return conditionHolds(condition, call);
    },
    decideGroup: (where) => providers.some((provider) => predicateHolds(where, provider, down)),
    does: (id) => behaves(id, engines, met),
  };
}

function behaves(id: BehaviourId, engines: readonly RouterEngine[], met: MetDifferences): boolean {
  if (linesDiffer(id, engines)) met.add(id);
  return ROUTER_BEHAVIOUR[id][engines[0] ?? '3.2'];
}
