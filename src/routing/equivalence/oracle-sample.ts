import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { PlanDecision } from '../plan-evaluate.ts';
import type { PlanRule } from '../route-plan.ts';
import { describeDecision } from './compare.ts';

/** A call to put to the real engine, and what the plan decides for it. */
export interface SampledCall {
  readonly rule: string;
  readonly call: RoutingCall;
  readonly decided: PlanDecision;
}

/** How many calls of one rule are asked: the cells of ordinary rules are fewer. */
const CALLS_PER_RULE = 64;

/**
 * Keeps up to 64 of the calls that were compared for each rule, spread evenly over them: when there are too many, every
 * second one goes, and from then on every second one is taken. The same calls give the same sample.
 */
export class OracleSample {
  readonly #rules = new Map<string, { kept: SampledCall[]; stride: number; seen: number }>();

  /** A watcher for `compareWithTarget`. */
  readonly watch = (
    rule: PlanRule,
    call: RoutingCall,
    present: readonly RoutingProvider[],
    decided: PlanDecision,
  ): void => {
    // What is left to the script, and what only HSF knows, has no counterpart.
    if (decided.kind === 'opaque' || decided.kind === 'stale' || decided.kind === 'tag') return;
    const entry = this.#rules.get(rule.id) ?? { kept: [], stride: 1, seen: 0 };
    this.#rules.set(rule.id, entry);
    if (entry.seen % entry.stride === 0) {
      const only = { ...call, only: present.map((provider) => provider.id) };
      entry.kept.push({ rule: rule.id, call: only, decided });
    }
    entry.seen += 1;
    if (entry.kept.length <= CALLS_PER_RULE) return;
    entry.kept = entry.kept.filter((_, index) => index % 2 === 0);
    entry.stride *= 2;
  };

  /** The calls of these rules, in the order in which the comparison met the rules. */
  callsOf(rules: ReadonlySet<string>): SampledCall[] {
    return [...this.#rules].flatMap(([id, { kept }]) => (rules.has(id) ? kept : []));
  }
}

/** Outcome of a call as the real engine tells it: ids, `ALL(ignored)`, `ERROR:<class>`, or `UNASKABLE`. */
export type EngineOutcome = readonly string[] | string;

/** A call for which the real engine does not do what the plan says. */
export interface EngineDifference {
  readonly call: RoutingCall;
  readonly plan: string;
  readonly real: string;
}

/**
 * Compares what the plan decides with what the real engine did. `unseen`: one call cannot tell, because the choice is a
 * draw or the call could not be made; a draw outside of the choices is a difference all the same.
 */
export function judgeEngine(asked: SampledCall, outcome: EngineOutcome): 'equal' | 'unseen' | EngineDifference {
  if (outcome === 'UNASKABLE') return 'unseen';
  const { decided, call } = asked;
  const got = outcome === 'ALL(ignored)' ? (call.only ?? []) : outcome;
  const picks = wantedPicks(decided);
  const equal =
    typeof got === 'string'
      ? decided.kind === 'error' && got === `ERROR:${decided.exception}`
      : picks.some((pick) => sameMembers(pick, got));
  if (equal) return picks.length > 1 ? 'unseen' : 'equal';
  const real = typeof outcome === 'string' ? outcome : `[${outcome.join(', ')}]`;
  return { call, plan: describeDecision(decided), real };
}

function wantedPicks(decided: PlanDecision): (readonly string[])[] {
  if (decided.kind === 'providers') return decided.picks.map((pick) => pick.providers);
  return decided.kind === 'ignored' ? [decided.providers] : [];
}

function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  return [...left].sort().join(',') === [...right].sort().join(',');
}
