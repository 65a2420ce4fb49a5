/** Puts sampled calls of converted rules to the real engines that run them. */
import type { RoutingProvider } from '../case-file.ts';
import {
  type EngineDifference,
  judgeEngine,
  type OracleSample,
  type SampledCall,
} from '../equivalence/oracle-sample.ts';
import type { RuleProof } from '../equivalence/tally.ts';
import type { Estate, PlannedRule, ScriptOracle } from './ports.ts';
import { type AskedEngine, enginesFor, putQuestion } from './put-question.ts';

/** The answers of the real engines about one rule. */
export interface EngineFinding {
  /** How many calls of the rule the engines were asked about, and how many answers were those of the plan. */
  readonly asked: number;
  readonly equal: number;
  /** At most three. */
  readonly differences: readonly (EngineDifference & { readonly engine: string })[];
  /** Why there was no answer; null when there was. */
  readonly unanswered: string | null;
}

/** Which calls, over which providers, in which estate. */
export interface EngineQuestion {
  readonly sample: OracleSample;
  readonly providers: readonly RoutingProvider[];
  readonly estate: Estate;
}

const KEPT_DIFFERENCES = 3;

/**
 * Puts calls of converted rules to the real engines. A proved rule becomes `proved+oracle` when every one of them was seen
 * to be equal on each engine; any rule becomes `unverified` when one differs. Rule classes of HSF are not run: they stay as
 * they are.
 */
export async function askEngine(
  planned: PlannedRule,
  rules: readonly RuleProof[],
  { sample, providers, estate }: EngineQuestion,
  ports: { readonly oracle?: ScriptOracle | undefined; readonly warn?: (warning: string) => void },
): Promise<(RuleProof & { readonly oracle?: EngineFinding })[]> {
  const { oracle, warn } = ports;
  if (oracle === undefined) return [...rules];
  const { kind, language, path } = planned.plan.source;
  if (oracle.isDemanded === true && (kind !== 'dubbo-script' || (language !== undefined && language !== 'groovy'))) {
    warn?.(
      `${path}: real Groovy runs scripts of the script router only, this is a ${kind === 'dubbo-script' ? `script in ${language}` : kind}`,
    );
  }
  const isAsked = ({ verdict, state }: RuleProof): boolean =>
    state === 'converted' && (verdict === 'proved' || verdict === 'sampled');
  const asked = new Set(rules.filter(isAsked).map((rule) => rule.id));
  let judged: (RuleProof & { readonly oracle?: EngineFinding })[] = [...rules];
  for (const engine of enginesFor(planned, estate, oracle)) {
    const differing = planned.plan.rules.filter(({ notes }) => notes.some(({ code }) => code === 'WR070'));
    // Where the lines of Dubbo differ and none was named, the documents do what the first does.
    const known = engine.isPlanned ? asked : asked.difference(new Set(differing.map(({ id }) => id)));
    judged = await judgeBy(engine, judged, sample.callsOf(known), providers, (why) => warn?.(`${path}: ${why}`));
  }
  return judged;
}

async function judgeBy(
  engine: AskedEngine,
  rules: readonly (RuleProof & { readonly oracle?: EngineFinding })[],
  calls: readonly SampledCall[],
  providers: readonly RoutingProvider[],
  warn: (why: string) => void,
): Promise<(RuleProof & { readonly oracle?: EngineFinding })[]> {
  const answer = await putQuestion(
    engine,
    providers,
    calls.map(({ call }) => call),
  );
  if (answer === null) return [...rules];
  const { outcomes, unanswered } = answer;
  if (unanswered !== null) warn(unanswered);
  const indexes = Map.groupBy(
    calls.map((call, index) => ({ call, index })),
    ({ call }) => call.rule,
  );
  return rules.map((rule) => {
    const own = indexes.get(rule.id);
    if (own === undefined) return rule;
    const judged = own.flatMap(({ call, index }) => {
      const outcome = outcomes[index];
      return outcome === undefined ? [] : [judgeEngine(call, outcome)];
    });
    const before = rule.oracle ?? { asked: 0, equal: 0, differences: [], unanswered: null };
    const differing = judged.flatMap((one) => (typeof one === 'string' ? [] : [{ ...one, engine: engine.name }]));
    const finding: EngineFinding = {
      asked: before.asked + own.length,
      equal: before.equal + judged.filter((one) => one === 'equal').length,
      differences: [...before.differences, ...differing].slice(0, KEPT_DIFFERENCES),
      unanswered: judged.length < own.length ? unanswered : before.unanswered,
    };
    return { ...rule, verdict: verdictAfter(rule, finding), oracle: finding };
  });
}

function verdictAfter({ verdict }: RuleProof, { differences, asked, equal }: EngineFinding): RuleProof['verdict'] {
  if (differences.length > 0) return 'unverified';
  if (verdict === 'proved+oracle' && equal < asked) return 'proved';
  return equal === asked && verdict === 'proved' ? 'proved+oracle' : verdict;
}
