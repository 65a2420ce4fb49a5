/** Questions to a real engine. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { OracleSample } from '../../../src/rules/equivalence/oracle-sample.ts';
import { askEngine } from '../../../src/rules/usecases/ask-engine.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';

it('a script in JavaScript is not asked of real Groovy, which would run another language', async () => {
  const estate = { providers: [], services: [], types: {}, machineGroups: {} };
  const planned = planRuleFile('rule.yaml', 'type: javascript\nscript: invokers\n', estate);
  const warnings: string[] = [];
  const sample = { callsOf: () => assert.fail('nothing is to be asked') } as Pick<
    OracleSample,
    'callsOf'
  > as OracleSample;
  const oracle = { isDemanded: true, ask: () => assert.fail('nothing is to be asked') };
  const question = { sample, providers: [], estate };
  const rules = await askEngine(planned, [], question, { oracle, warn: (text) => void warnings.push(text) });
  assert.deepEqual(rules, []);
  assert.match(warnings[0] ?? '', /script in javascript/);
});
