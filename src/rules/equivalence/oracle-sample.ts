/** The sample of calls for a real engine, and the judgement of its answers. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { PlanDecision } from '../plan/evaluate-plan.ts';
import type { PlanRule } from '../plan/route-plan.ts';
import { describeDecision } from './compare-outcomes.ts';

/** A call to put to the real engine, and what the plan decides for it. */
export interface SampledCall {
  readonly rule: string;
  readonly call: RoutingCall;
  readonly decided: PlanDecision;
}

/** Most calls of one rule that are put to the engine. Ordinary rules have fewer cells. */
const CALLS_PER_RULE = 64;

/**
 * Keeps up to 64 of the compared calls of each rule, spread evenly. At the limit it drops every second call, and from
 * then on takes only every second one. The same calls give the same sample.
 */
export class OracleSample {
  readonly #limit: number;
  readonly #rules = new Map<string, { kept: SampledCall[]; stride: number; seen: number }>();

  /** @param limit most calls of one rule */
  constructor(limit = CALLS_PER_RULE) {
    this.#limit = limit;
  }

  /** A watcher for `compareWithTarget`. */
  readonly watch = (
    rule: PlanRule,
    call: RoutingCall,
    present: readonly RoutingProvider[],
    decided: PlanDecision,
  ): void => {
    // Calls that stay with the script, and outcomes that only HSF knows, have no counterpart.
    if (decided.kind === 'opaque' || decided.kind === 'stale' || decided.kind === 'tag') return;
    const entry = this.#rules.get(rule.id) ?? { kept: [], stride: 1, seen: 0 };
    this.#rules.set(rule.id, entry);
    if (entry.seen % entry.stride === 0) {
      const only = { ...call, only: present.map((provider) => provider.id) };
      entry.kept.push({ rule: rule.id, call: only, decided });
    }
    entry.seen += 1;
    if (entry.kept.length <= this.#limit) return;
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
 * Compares the plan's decision with the real engine's. `unseen`: one call cannot tell, because the choice is a draw or
 * the call could not be made. A draw outside of the choices is a difference all the same.
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
