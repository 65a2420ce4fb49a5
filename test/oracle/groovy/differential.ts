/** The registry and the calls of the differential tests. */
import { WeirError } from '../../../src/errors/weir-error.ts';
import type { GroovyOracle, OracleOutcome } from '../../../src/rules/adapters/oracle/groovy-oracle.ts';
import type { CaseFile, RoutingCall } from '../../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { answerCall, type CallOutcome } from '../../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';
import { KnowledgeScripts } from './knowledge-script.ts';
import { argumentValues } from './random-script.ts';

const provider = (id: string, host: string, port: number, params: Record<string, string>) => ({
  id,
  host,
  port,
  params,
});

/** The registry that generated scripts are judged over. */
export const DIFFERENTIAL_CASE: CaseFile = {
  providers: [
    provider('p1', '10.1.0.1', 20880, { zone: 'a', env: 'prod' }),
    provider('p2', '10.1.0.2', 20881, { zone: 'b' }),
    provider('p3', '172.1.0.3', 20882, { env: 'gray' }),
    provider('p4', '172.1.0.4', 20880, { zone: 'a', env: '' }),
  ],
  services: [],
  types: {},
  machineGroups: {},
  calls: [],
};

/** Calls on both sides of the constants that scripts use. */
export function differentialCalls(seed: number): RoutingCall[] {
  const rest = argumentValues.length;
  const types = ['java.lang.Object', 'java.lang.String', 'long', 'java.lang.Long', 'int'];
  return argumentValues.map((value, i) => {
    const k = ['', 'a', 'ab', '10', '7', ' 7 ', 'a.b,c'][i % 7] ?? '';
    return {
      service: 's.Svc',
      method: i % 2 === 0 ? 'getX' : 'ab',
      paramTypes: [types[i % types.length] ?? 'int', types[(i + 2) % types.length] ?? 'int'],
      args: [value, argumentValues[(i * 7 + seed) % rest] ?? value],
      attachments: i % 4 === 0 ? {} : { k, ...(i % 3 === 0 ? { z: 'a' } : {}) },
      consumer: {},
    };
  });
}

/** What came of one script. */
export interface ScriptVerdict {
  readonly calls: number;
  /** Calls of which evaluator and plan said nothing. */
  readonly refused: { readonly script: number; readonly plan: number };
  /** Calls with another answer than the real engine, or a claim that is untrue. */
  readonly wrong: readonly string[];
  readonly crash: string | null;
}

function textOf(outcome: CallOutcome): OracleOutcome | undefined {
  if (outcome.kind === 'providers') return outcome.ids;
  if (outcome.kind === 'ignored') return 'ALL(ignored)';
  return outcome.kind === 'error' ? `ERROR:${outcome.exception}` : undefined;
}

/** Compares evaluator, plan and the claims dead and broken with what the real engine gave. */
export function judgeScript(
  text: string,
  calls: readonly RoutingCall[],
  real: readonly OracleOutcome[],
): ScriptVerdict {
  const wrong: string[] = [];
  const refused = { script: 0, plan: 0 };
  try {
    const source = readRuleFile('random.groovy', text);
    const plan = planRuleSource(source, DIFFERENTIAL_CASE);
    const everyone = JSON.stringify(DIFFERENTIAL_CASE.providers.map((one) => one.id));
    const ineffective = real.every((outcome) => outcome === 'ALL(ignored)' || JSON.stringify(outcome) === everyone);
    const failing = real.every((outcome) => typeof outcome === 'string');
    if (plan.effect.state === 'dead' && !ineffective) wrong.push('called dead, and it has an effect');
    if (plan.effect.state === 'broken' && !failing) wrong.push('called broken, and it works');
    calls.forEach((call, i) => {
      const wanted = JSON.stringify(real[i]);
      const where = JSON.stringify([call.method, call.args, call.attachments, call.paramTypes]);
      const direct = textOf(evaluateRuleSource(source, call, DIFFERENTIAL_CASE));
      if (direct === undefined) refused.script++;
      else if (JSON.stringify(direct) !== wanted)
        wrong.push(`evaluator ${JSON.stringify(direct)}, Groovy ${wanted}: ${where}`);
      const answer = answerCall(plan, call, DIFFERENTIAL_CASE.providers);
      const planned = textOf(answer.outcome);
      if (planned === undefined) refused.plan++;
      else if (JSON.stringify(planned) !== wanted)
        wrong.push(`plan ${answer.rule} ${JSON.stringify(planned)}, Groovy ${wanted}: ${where}`);
    });
    return { calls: calls.length, refused, wrong, crash: null };
  } catch (error) {
    return {
      calls: calls.length,
      refused,
      wrong,
      crash: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

/** The sums of a run, and every script with a wrong answer, without the lines that it is wrong without. */
export interface DifferentialRun {
  readonly scripts: number;
  readonly calls: number;
  /** Scripts that the real engine did not end in time. */
  readonly unanswered: number;
  readonly wrongFiles: readonly { readonly script: string; readonly wrong: readonly string[] }[];
  readonly crashes: readonly string[];
  readonly refusedCalls: { readonly script: number; readonly plan: number };
  readonly constructs: ReadonlyMap<string, { scripts: number; wrong: number; refused: number }>;
}

/** Generates scripts from a seed and compares them with the real engine. */
export async function runDifferential(oracle: GroovyOracle, count: number, seed: number): Promise<DifferentialRun> {
  const generator = new KnowledgeScripts(seed);
  const wrongFiles: { script: string; wrong: readonly string[] }[] = [];
  const crashes: string[] = [];
  const refusedCalls = { script: 0, plan: 0 };
  const constructs = new Map<string, { scripts: number; wrong: number; refused: number }>();
  let calls = 0;
  let unanswered = 0;
  for (let at = 0; at < count; at++) {
    const lines = generator.next();
    const asked = differentialCalls(seed + at);
    const judge = async (parts: readonly string[]): Promise<ScriptVerdict> => {
      const text = parts.join('\n');
      try {
        return judgeScript(text, asked, await oracle.ask(text, DIFFERENTIAL_CASE.providers, asked));
      } catch (error) {
        // A loop without end on the real engine: there is nothing to compare.
        if (!(error instanceof WeirError) || error.code !== 'WEIR5030') throw error;
        unanswered++;
        return { calls: 0, refused: { script: 0, plan: 0 }, wrong: [], crash: null };
      }
    };
    const verdict = await judge(lines);
    calls += verdict.calls;
    refusedCalls.script += verdict.refused.script;
    refusedCalls.plan += verdict.refused.plan;
    for (const name of constructsOf(lines.slice(1).join('\n'))) {
      const entry = constructs.get(name) ?? { scripts: 0, wrong: 0, refused: 0 };
      constructs.set(name, entry);
      entry.scripts++;
      if (verdict.wrong.length > 0) entry.wrong++;
      if (verdict.refused.plan > 0) entry.refused++;
    }
    if (verdict.crash !== null) crashes.push(`${verdict.crash}\n${lines.join('\n')}`);
    if (verdict.wrong.length === 0) continue;
    const least = await shrink(lines, async (parts) => (await judge(parts)).wrong.length > 0);
    wrongFiles.push({ script: least.join('\n'), wrong: (await judge(least)).wrong });
  }
  return { scripts: count, calls, unanswered, wrongFiles, crashes, refusedCalls, constructs };
}

async function shrink(
  lines: readonly string[],
  isWrong: (lines: readonly string[]) => Promise<boolean>,
): Promise<readonly string[]> {
  let least = lines;
  for (let at = least.length - 2; at >= 1; at--) {
    const shorter = least.filter((_, index) => index !== at);
    if (await isWrong(shorter)) least = shorter;
  }
  return least;
}

function constructsOf(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, name] of text.matchAll(/\.(\w+)\(/g)) if (name) found.add(`${name}()`);
  for (const [word] of text.matchAll(/\b(?:switch|for|try|as|instanceof|in)\b|==~|<=>|\?:|\*\.|\[-?\d\.\.-?\d\]/g))
    found.add(word);
  return found;
}
