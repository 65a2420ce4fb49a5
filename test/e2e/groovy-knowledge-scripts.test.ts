/** Generated scripts over all tables of knowledge, against real Groovy. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runDifferential } from '../oracle/groovy/differential.ts';
import { startTestOracle } from '../oracle/groovy/groovy-oracle.ts';

const SCRIPTS = Number(process.env.WEIR_DIFFERENTIAL_SCRIPTS ?? 300);
const SEED = Number(process.env.WEIR_DIFFERENTIAL_SEED ?? 20_261_128);

it('generated scripts over all tables of knowledge: never another answer than real Groovy', {
  timeout: 280_000,
}, async (t) => {
  const oracle = await startTestOracle(4_000);
  try {
    const run = await runDifferential(oracle, SCRIPTS, SEED);
    t.diagnostic(
      `seed ${SEED}: ${run.scripts} scripts, ${run.calls} calls, ${run.unanswered} without end; ` +
        `refused by the evaluator ${run.refusedCalls.script}, by the plan ${run.refusedCalls.plan}`,
    );
    assert.deepEqual(run.wrongFiles, []);
    assert.deepEqual(run.crashes, []);
    assert.ok(run.calls - run.refusedCalls.plan > SCRIPTS * 8, 'most calls are compared');
  } finally {
    oracle.close();
  }
});
