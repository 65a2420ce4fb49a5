/** Generated scripts: weir's evaluators against real Groovy. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { OracleOutcome } from '../../src/rules/adapters/oracle/groovy-oracle.ts';
import type { RoutingCall } from '../../src/rules/case-file.ts';
import { evaluateRuleSource } from '../../src/rules/evaluate-rule-source.ts';
import { answerCall, type CallOutcome } from '../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../src/rules/read/read-rule-file.ts';
import { DIFFERENTIAL_CASE } from '../oracle/groovy/differential.ts';
import { startTestOracle } from '../oracle/groovy/groovy-oracle.ts';
import { argumentValues, randomScript } from '../oracle/groovy/random-script.ts';
import { GATE_SEED } from '../seed.ts';

function randomCalls(seed: number): RoutingCall[] {
  const rest = argumentValues.length;
  return argumentValues.map((value, i) => {
    const other = argumentValues[(i * 7 + seed) % rest] ?? value;
    const attachments: Record<string, string> = i % 3 === 0 ? {} : { k: ['5', 'ab', '', '10'][i % 4] ?? '' };
    return {
      service: 's',
      method: i % 2 === 0 ? 'getX' : 'ab',
      paramTypes: ['java.lang.Object', 'java.lang.Object'],
      args: [value, other],
      attachments,
      consumer: {},
    };
  });
}

function textOf(outcome: CallOutcome): OracleOutcome | undefined {
  if (outcome.kind === 'providers') return outcome.ids;
  if (outcome.kind === 'ignored') return 'ALL(ignored)';
  return outcome.kind === 'error' ? `ERROR:${outcome.exception}` : undefined;
}

const runs = Number(process.env.WEIR_ORACLE_RUNS ?? 150);

describe('real Groovy 2.4.21', () => {
  it('does with generated scripts what the evaluator and the plan say', { timeout: 300_000 }, async (t) => {
    const oracle = await startTestOracle();
    const tally = { calls: 0, script: 0, scriptRefused: 0, plan: 0, planRefused: 0 };
    try {
      await fc.assert(
        fc.asyncProperty(randomScript, fc.nat(1_000), async (script, seed) => {
          const calls = randomCalls(seed);
          const real = await oracle.ask(script, DIFFERENTIAL_CASE.providers, calls);
          const source = readRuleFile('random.groovy', script);
          const plan = planRuleSource(source, DIFFERENTIAL_CASE);
          calls.forEach((call, i) => {
            tally.calls++;
            const where = `${script}\ncall ${JSON.stringify([call.method, call.args, call.attachments])}`;
            const direct = textOf(evaluateRuleSource(source, call, DIFFERENTIAL_CASE));
            if (direct === undefined) tally.scriptRefused++;
            else assert.deepEqual(direct, real[i], `evaluator: ${where}`);
            const answer = answerCall(plan, call, DIFFERENTIAL_CASE.providers);
            const planned = textOf(answer.outcome);
            if (planned === undefined) tally.planRefused++;
            else assert.deepEqual(planned, real[i], `plan ${answer.rule}: ${where}`);
          });
        }),
        { numRuns: runs, seed: GATE_SEED },
      );
    } finally {
      oracle.close();
    }
    t.diagnostic(
      `${tally.calls} calls; refused by the evaluator ${tally.scriptRefused}, by the plan ${tally.planRefused}`,
    );
    assert.ok(tally.calls - tally.planRefused > runs, `${tally.calls - tally.planRefused} calls compared`);
  });
});
