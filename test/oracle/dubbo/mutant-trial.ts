/** Documents that were changed after their conversion, before the real mesh router, weir's model of it and the proof. */
import * as fc from 'fast-check';
import type { RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { OracleSample } from '../../../src/rules/equivalence/oracle-sample.ts';
import type { RuleProof } from '../../../src/rules/equivalence/tally.ts';
import { loadTargetModel } from '../../../src/rules/models/load-model.ts';
import type { TargetModel, TargetOutcome } from '../../../src/rules/models/target-model.ts';
import { evaluatePlan, presentProviders } from '../../../src/rules/plan/evaluate-plan.ts';
import type { RoutePlan } from '../../../src/rules/plan/route-plan.ts';
import { JavaRegexError } from '../../../src/rules/regex/java-regex-error.ts';
import { applyLabels } from '../../../src/rules/targets/apply-labels.ts';
import { isVerified } from '../../../src/rules/usecases/verify-rules.ts';
import { verifyDocuments } from '../../../src/rules/verify-documents.ts';
import { arbitraryCall, arbitraryPlan, SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../../fakes/arbitrary-plan.ts';
import type { MeshOracle, OracleAnswer } from './mesh-oracle.ts';
import { type MutationSeed, mutateDocuments } from './mutate-documents.ts';

/** A plan, calls, whether the registry is known to the converter, and the changes to its documents. */
export interface MutantCase {
  readonly plan: RoutePlan;
  readonly calls: readonly RoutingCall[];
  readonly isRegistryKnown: boolean;
  readonly seeds: readonly MutationSeed[];
}

/** Plans, some of which divide calls by weight, with three changes to the documents of each. */
export const mutantCase: fc.Arbitrary<MutantCase> = fc.record({
  plan: fc.tuple(arbitraryPlan, fc.boolean()).map(([plan, isWeighted]) => (isWeighted ? weighted(plan) : plan)),
  calls: fc.array(arbitraryCall, { minLength: 30, maxLength: 30 }),
  isRegistryKnown: fc.boolean(),
  seeds: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 3, maxLength: 3 }),
});

/** What came of the changes to the documents of one plan. */
export interface MutantTally {
  mutants: number;
  /** The real router gives a call of a proved rule other providers than the script. */
  different: number;
  /** Documents of which a rule is called proved that is not, each with a call. */
  readonly falselyProved: string[];
  /** Documents that weir's model reads otherwise than the router, each with a call. */
  readonly misread: string[];
}

/** Changes the documents of a plan and asks everybody. Adds to the tally. */
export async function tryMutants(oracle: MeshOracle, one: MutantCase, tally: MutantTally): Promise<void> {
  const { plan, isRegistryKnown } = one;
  const services = [SAMPLE_SERVICE];
  const known = isRegistryKnown ? SAMPLE_PROVIDERS : [];
  const request = {
    plan,
    name: 'sample',
    target: 'dubbo-mesh',
    version: 'and-match',
    services,
    providers: known,
  } as const;
  const accepted = new Set(['WR041']);
  const { text, labels } = convertPlan({ ...request, accepted });
  if (text === null) return;
  const providers = applyLabels(labels, SAMPLE_PROVIDERS);
  const sample = new OracleSample(12);
  const prove = (model: TargetModel): readonly RuleProof[] => {
    const documents = { model, labels, generated: true };
    return verifyDocuments({ ...request, accepted, documents, watch: sample.watch }).rules;
  };
  const original = loadTargetModel('dubbo-mesh', 'and-match', text);
  if (!original.ok) throw new Error(original.reason);
  const proved = new Set(prove(original.model).flatMap((rule) => (isVerified(rule) ? [rule.id] : [])));
  for (const seed of one.seeds) {
    const mutant = mutateDocuments(text, seed);
    if (mutant === null) continue;
    tally.mutants += 1;
    const loading = loadTargetModel('dubbo-mesh', 'and-match', mutant.text);
    const proofs = loading.ok ? prove(loading.model) : [];
    const cells = sample.callsOf(new Set(plan.rules.map(({ id }) => id))).map(({ call }) => call);
    const calls = [...one.calls, ...cells.map(({ only: _, ...call }) => call)];
    const question = { app: 'sample-app', providers, calls };
    const [before, after] = [
      await oracle.ask({ ...question, yaml: text }),
      await oracle.ask({ ...question, yaml: mutant.text }),
    ];
    const [misread, falselyProved] = [new Set<string>(), new Set<string>()];
    let isDifferent = false;
    for (const [at, call] of calls.entries()) {
      const told = `${mutant.what}: ${JSON.stringify(call)} gets ${JSON.stringify(after[at])}\n${mutant.text}`;
      const wrong = misreading(loading.ok ? loading.model : null, call, providers, after[at]);
      if (wrong !== null) misread.add(`weir ${wrong}; ${told}`);
      const { rule, decision } = evaluatePlan(plan, call, presentProviders(call, SAMPLE_PROVIDERS));
      const picks = decision.kind === 'providers' ? decision.picks.map((pick) => pick.providers) : [];
      const isWanted = (answer: OracleAnswer | undefined): boolean =>
        answer !== undefined && 'providers' in answer && picks.some((pick) => isSame(pick, answer.providers));
      if (!proved.has(rule.id) || !isWanted(before[at]) || isWanted(after[at])) continue;
      isDifferent = true;
      const said = proofs.find(({ id }) => id === rule.id);
      if (said !== undefined && isVerified(said))
        falselyProved.add(`${rule.id} wants ${JSON.stringify(picks)}; ${told}`);
    }
    if (isDifferent) tally.different += 1;
    // One call is enough to tell.
    tally.misread.push(...[...misread].slice(0, 1));
    tally.falselyProved.push(...[...falselyProved].slice(0, 1));
  }
}

/** How the model answers where the router answers otherwise; null where they agree. */
function misreading(
  model: TargetModel | null,
  call: RoutingCall,
  providers: readonly RoutingProvider[],
  answer: OracleAnswer | undefined,
): string | null {
  const present = presentProviders(call, providers);
  // A text that the router does not take leaves it without a rule.
  const outcome = outcomeOf(model, call, present) ?? { kind: 'unrouted', providers: present.map(({ id }) => id) };
  if (answer === undefined) return 'was not asked';
  if (outcome === 'unread') return null;
  if (outcome.kind === 'error')
    return 'error' in answer && answer.error === outcome.exception ? null : outcome.exception;
  const met = outcome.kind === 'routed' ? outcome.picks.filter(({ share }) => share > 0) : [];
  if ('error' in answer && met.some(({ exception }) => exception === answer.error)) return null;
  const picks =
    outcome.kind === 'routed'
      ? met.flatMap(({ providers: reached, exception }) => (exception === undefined ? [reached] : []))
      : [outcome.kind === 'unrouted' ? outcome.providers : []];
  const isRight = 'providers' in answer && picks.some((pick) => isSame(pick, answer.providers));
  return isRight ? null : JSON.stringify(picks);
}

/** `unread` where weir says that it does not read a pattern. */
function outcomeOf(
  model: TargetModel | null,
  call: RoutingCall,
  present: readonly RoutingProvider[],
): TargetOutcome | 'unread' | undefined {
  try {
    return model?.evaluate(call, present);
  } catch (error) {
    if (error instanceof JavaRegexError && error.kind === 'unsupported') return 'unread';
    throw error;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join() === [...b].sort().join();
}

function weighted(plan: RoutePlan): RoutePlan {
  const rules = plan.rules.map((rule, at) => {
    const { then } = rule;
    if (then.kind !== 'route') return rule;
    const [first] = then.choices;
    const other = { weight: at + 2, chain: at % 2 === 0 ? ['g4'] : ['g2', 'g1'], otherwise: 'all' as const };
    // biome-ignore lint/suspicious/noThenProperty: the field of a plan's rule
    return first === undefined ? rule : { ...rule, then: { ...then, choices: [first, other] } };
  });
  return { ...plan, rules };
}
