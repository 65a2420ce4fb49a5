/** Asks real engines about a plan before its use: every cell of every rule, and the claims dead and broken. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { compareWithTarget } from '../equivalence/compare.ts';
import { type EngineDifference, judgeEngine, OracleSample, type SampledCall } from '../equivalence/oracle-sample.ts';
import { sampleProviders } from '../equivalence/sample-providers.ts';
import { NO_CONSTANTS, type TargetModel } from '../models/target-model.ts';
import { outsideCall } from '../plan/call-outcome.ts';
import { evaluatePlan, predicateHolds } from '../plan/evaluate-plan.ts';
import { refuseRules } from '../plan/refuse-rules.ts';
import type { PlanNote, RoutePlan } from '../plan/route-plan.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import type { Estate, PlannedRule, ScriptOracle } from './ports.ts';
import { type AskedEngine, enginesFor, putQuestion } from './put-question.ts';

/** A plan after the real engine was asked. */
export interface ConfirmedRule {
  readonly planned: PlannedRule;
  readonly asked: number;
  /** Rules for which an engine did something else, with a call as witness. */
  readonly differences: readonly RuleDifference[];
  /** Why it gave no answer; null when it did. */
  readonly unanswered: string | null;
}

/** A rule that an engine contradicts: the first call on which it does. */
export interface RuleDifference extends EngineDifference {
  readonly rule: string;
  /** `Groovy 2.4.21`. */
  readonly engine: string;
}

/** Most calls of a rule that are asked; the cells of ordinary rules are fewer. */
const CALLS_PER_RULE = 1024;

/** A provider that is in no group of a plan: beside members alone every choice looks the same. */
const STRANGER: RoutingProvider = { id: 'stranger', host: '198.51.100.1', port: 9, params: {} };

/** A document without entries: a comparison with it visits the cells of the plan alone. */
const NO_DOCUMENT: TargetModel = {
  evaluate: (_, present) => ({ kind: 'unrouted', providers: present.map((provider) => provider.id) }),
  entries: () => ({
    names: [],
    ids: [],
    domain: () => 'any',
    holds: () => true,
    constants: () => NO_CONSTANTS,
  }),
  services: () => NO_CONSTANTS,
  otherScope: () => null,
  leaves: () => [],
  names: () => [],
};

/**
 * Puts the calls of a plan to the real engines that run its rule. A rule that one of them contradicts becomes opaque, with
 * the witness as WR060. A rule that weir wrongly called dead or broken becomes live and opaque. A plan that no engine runs
 * comes back as it is.
 */
export async function confirmPlan(planned: PlannedRule, estate: Estate, oracle: ScriptOracle): Promise<ConfirmedRule> {
  const { plan } = planned;
  const none = { planned, asked: 0, differences: [], unanswered: null };
  const engines = enginesFor(planned, estate, oracle);
  if (engines.length === 0 || plan.rules.every((rule) => rule.then.kind === 'opaque')) return none;
  const providers = estate.providers.length > 0 ? estate.providers : withStranger(plan);
  const calls = callsOf(plan, estate, providers);
  const answers = await Promise.all(engines.map((engine) => putEach(engine, plan, providers, calls)));
  const unanswered = answers.map((answer) => answer.unanswered).filter((why) => why !== null);
  const differences = answers.flatMap((answer) => answer.differences);
  const asked = answers.reduce((sum, answer) => sum + answer.asked, 0);
  const result = { asked, unanswered: unanswered.length > 0 ? unanswered.join('; ') : null };
  if (differences.length === 0) return { ...none, ...result };
  const witness = new Map<string, RuleDifference>();
  for (const one of differences) if (!witness.has(one.rule)) witness.set(one.rule, one);
  return {
    ...result,
    planned: { ...planned, plan: withWitnesses(plan, witness) },
    differences: [...witness.values()],
  };
}

interface EngineAnswers {
  readonly asked: number;
  readonly unanswered: string | null;
  readonly differences: readonly RuleDifference[];
}

async function putEach(
  engine: AskedEngine,
  plan: RoutePlan,
  providers: readonly RoutingProvider[],
  calls: readonly SampledCall[],
): Promise<EngineAnswers> {
  const answer = await putQuestion(
    engine,
    providers,
    calls.map(({ call }) => call),
  );
  if (answer === null) return { asked: 0, unanswered: null, differences: [] };
  const { outcomes, unanswered } = answer;
  const differing = new Set(plan.rules.flatMap(({ id, notes }) => (notes.some(isNoted) ? [id] : [])));
  const differences = calls.flatMap((asked, index) => {
    const outcome = outcomes[index];
    const verdict = outcome === undefined ? 'unseen' : judgeEngine(asked, outcome);
    if (typeof verdict === 'string') return [];
    // A line whose behaviour the report tells already.
    if (!engine.isPlanned && differing.has(asked.rule)) return [];
    return [{ ...verdict, rule: asked.rule, engine: engine.name }];
  });
  return { asked: outcomes.length, unanswered, differences };
}

// Lines of Dubbo differ in the rule.
function isNoted({ code }: PlanNote): boolean {
  return code === 'WR070';
}

/** The bug report for a rule that a real engine runs differently: the rule, and a call for each part of it. */
export function bugReport(name: string, text: string, differences: readonly RuleDifference[]): string {
  const rows = differences.map(
    ({ rule, plan, real, call, engine }) =>
      `- ${rule}: weir ${plan}, real ${engine} ${real}\n\n  \`${JSON.stringify(call)}\`\n`,
  );
  return `## ${name}\n\n\`\`\`\n${text}\n\`\`\`\n\n${rows.join('\n')}`;
}

/** Sample providers and one outside all groups, without those that the plan's assumptions exclude. */
function withStranger(plan: RoutePlan): RoutingProvider[] {
  return [...sampleProviders(plan), STRANGER].filter(
    (provider) => !plan.assumptions.some(({ where }) => predicateHolds(where, provider)),
  );
}

function callsOf(plan: RoutePlan, estate: Estate, providers: readonly RoutingProvider[]): SampledCall[] {
  const sample = new OracleSample(CALLS_PER_RULE);
  compareWithTarget(plan, NO_DOCUMENT, estate.services, providers, { watch: sample.watch, whenEmpty: 'keep' });
  const cells = sample
    .callsOf(new Set(plan.rules.map((rule) => rule.id)))
    .filter(({ call }) => outsideCall(plan.callAssumptions, call) === undefined);
  // The cells are those that the plan knows of: calls of all shapes find what it does not know.
  const only = providers.map((provider) => provider.id);
  const others = [...plainCalls(estate), ...callsNear(plan)].flatMap((bare): SampledCall[] => {
    const call = { ...bare, only };
    if (outsideCall(plan.callAssumptions, call) !== undefined) return [];
    const { rule, decision } = evaluatePlan(plan, call, providers);
    return ['opaque', 'stale', 'tag'].includes(decision.kind) ? [] : [{ rule: rule.id, call, decided: decision }];
  });
  return [...cells, ...others];
}

/** A caller always has an address. */
const CONSUMER = { application: 'web', host: '10.9.0.7' } as const;

const VALUES: readonly TypedValue[] = [
  { t: 'java.lang.String', v: 'a' },
  { t: 'java.lang.String', v: '' },
  { t: 'java.lang.String', v: 'gray' },
  { t: 'java.lang.Long', v: '7' },
  { t: 'java.lang.Integer', v: '-3' },
  { t: 'null' },
];

/** Calls of ordinary shapes: known signatures, or any, with each value in each place, with and without attachments. */
function plainCalls(estate: Estate): RoutingCall[] {
  const named = estate.services.flatMap(({ interface: service, methods }) =>
    methods.map(({ name, paramTypes }) => ({ service, method: name, count: paramTypes.length, paramTypes })),
  );
  const shapes =
    named.length > 0
      ? named.slice(0, 20)
      : [0, 1, 2].map((count) => ({
          service: 's',
          method: 'get',
          count,
          paramTypes: Array(count).fill('java.lang.Object'),
        }));
  return shapes.flatMap(({ service, method, count, paramTypes }) =>
    VALUES.flatMap((value, at): RoutingCall[] => {
      const args = Array.from({ length: count }, (_, index) => VALUES[(at + index) % VALUES.length] ?? value);
      const call = { service, method, paramTypes: [...paramTypes], args, consumer: CONSUMER };
      return [
        { ...call, attachments: {} },
        { ...call, attachments: { tag: 'gray', env: 'gray', version: '2.0.0' } },
      ];
    }),
  );
}

/** Most constants of a plan whose neighbourhood is asked. */
const MOST_CONSTANTS = 24;

/** Calls around the constants of a plan: one member of a cell does not show that its border lies where weir says. */
function callsNear(plan: RoutePlan): RoutingCall[] {
  const text = JSON.stringify(plan.rules.map(({ when }) => when));
  const texts = new Set(
    [...text.matchAll(/"(?:text|v|min|max)":("(?:[^"\\]|\\.)*")/g)].map(
      ([, json = '""']) => JSON.parse(json) as string,
    ),
  );
  const keys = new Set(
    [...text.matchAll(/"t":"attachment","key":("(?:[^"\\]|\\.)*")/g)].map(
      ([, json = '""']) => JSON.parse(json) as string,
    ),
  );
  return [...texts].slice(0, MOST_CONSTANTS).flatMap((constant) => {
    const near = [
      constant,
      `${constant}x`,
      `x${constant}`,
      `x${constant}x`,
      constant.slice(0, -1),
      constant.toUpperCase(),
    ];
    const whole = /^-?\d{1,15}$/.test(constant) ? [-1, 0, 1].map((step) => String(Number(constant) + step)) : [];
    const args: TypedValue[] = [
      ...near.map((v) => ({ t: 'java.lang.String', v })),
      ...whole.flatMap((v) => [
        { t: 'java.lang.Long', v },
        { t: 'java.lang.Integer', v: String(Number(v) | 0) },
      ]),
    ];
    return args.map((arg, at): RoutingCall => {
      const value = near[at % near.length] ?? '';
      return {
        service: 's',
        method: value,
        paramTypes: ['java.lang.Object', 'java.lang.Object'],
        args: [arg, arg],
        attachments: Object.fromEntries([...keys].map((key) => [key, value])),
        consumer: CONSUMER,
      };
    });
  });
}

function withWitnesses(plan: RoutePlan, witness: ReadonlyMap<string, RuleDifference>): RoutePlan {
  const messages = new Map(
    [...witness].map(([rule, { call, plan: said, real, engine }]) => {
      const asked = JSON.stringify({ method: call.method, args: call.args, attachments: call.attachments });
      return [rule, `Real ${engine} gives ${real} where weir says ${said}, for the call ${asked}: a bug of weir`];
    }),
  );
  return refuseRules(plan, messages);
}
