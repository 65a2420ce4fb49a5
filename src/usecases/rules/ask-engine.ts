import { WeirError } from '../../errors/weir-error.ts';
import type { RoutingProvider } from '../../routing/case-file.ts';
import type { RuleProof } from '../../routing/equivalence/compare.ts';
import {
  type EngineDifference,
  type EngineOutcome,
  judgeEngine,
  type OracleSample,
  type SampledCall,
} from '../../routing/equivalence/oracle-sample.ts';
import type { Estate, PlannedRule, ScriptOracle } from './ports.ts';

/** What a real engine said about one rule. */
export interface EngineFinding {
  readonly asked: number;
  readonly equal: number;
  /** At most three. */
  readonly differences: readonly EngineDifference[];
  /** Why it gave no answer; null when it did. */
  readonly unanswered: string | null;
}

/** Which calls, over which providers, with which classes. */
export interface EngineQuestion {
  readonly sample: OracleSample;
  readonly providers: readonly RoutingProvider[];
  readonly types: Estate['types'];
}

/** Calls in one question: keeps a document of 3,000 rules to lines of a few megabytes. */
const CALLS_PER_QUESTION = 2000;
const KEPT_DIFFERENCES = 3;

/**
 * Puts the sampled calls of proved rules to the real engine. A rule becomes `proved+oracle` when every one of them was seen
 * to be equal, `unverified` when one differs. Rule classes of HSF and declarative rules are not run: they stay as they are.
 */
export async function askEngine(
  { plan, script }: PlannedRule,
  rules: readonly RuleProof[],
  { sample, providers, types }: EngineQuestion,
  ports: { readonly oracle?: ScriptOracle | undefined; readonly warn?: (warning: string) => void },
): Promise<(RuleProof & { readonly oracle?: EngineFinding })[]> {
  const { oracle, warn } = ports;
  if (oracle === undefined) return [...rules];
  if (plan.source.kind !== 'dubbo-script') {
    warn?.(`${plan.source.path}: real Groovy runs scripts of the script router only, this is a ${plan.source.kind}`);
    return [...rules];
  }
  const calls = sample.callsOf(new Set(rules.filter((rule) => rule.verdict === 'proved').map((rule) => rule.id)));
  const outcomes: EngineOutcome[] = [];
  let unanswered: string | null = null;
  for (let at = 0; at < calls.length && unanswered === null; at += CALLS_PER_QUESTION) {
    const part = calls.slice(at, at + CALLS_PER_QUESTION).map(({ call }) => call);
    try {
      outcomes.push(...(await oracle.ask(script, providers, part, types)));
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'WEIR5030') throw error;
      unanswered = `${error.what}: ${error.why}`;
      warn?.(`${plan.source.path}: ${unanswered}`);
    }
  }
  const indexes = new Map<string, { readonly call: SampledCall; readonly index: number }[]>();
  for (const [index, call] of calls.entries())
    indexes.set(call.rule, [...(indexes.get(call.rule) ?? []), { call, index }]);
  return rules.map((rule) => {
    const own = indexes.get(rule.id);
    if (own === undefined) return rule;
    const judged = own.flatMap(({ call, index }) => {
      const outcome = outcomes[index];
      return outcome === undefined ? [] : [judgeEngine(call, outcome)];
    });
    const differences = judged.filter((one) => typeof one !== 'string').slice(0, KEPT_DIFFERENCES);
    const equal = judged.filter((one) => one === 'equal').length;
    const finding = {
      asked: own.length,
      equal,
      differences,
      unanswered: judged.length < own.length ? unanswered : null,
    };
    if (differences.length > 0) return { ...rule, verdict: 'unverified' as const, oracle: finding };
    return equal === own.length
      ? { ...rule, verdict: 'proved+oracle' as const, oracle: finding }
      : { ...rule, oracle: finding };
  });
}
