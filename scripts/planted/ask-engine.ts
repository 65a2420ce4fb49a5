/** Asks real Groovy about the plan of a script, as `convert` does. Ends with 1 where a rule is refused for its answer. */
import { readFileSync } from 'node:fs';
import { confirmPlan } from '../../src/rules/usecases/confirm-plan.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import type { Estate } from '../../src/rules/usecases/ports.ts';
import { startTestOracle } from '../../test/oracle/groovy/groovy-oracle.ts';

const [, , path = ''] = process.argv;
const estate: Estate = { providers: [], services: [], types: {}, machineGroups: {} };
const planned = planRuleFile(path, readFileSync(path, 'utf8'), estate);
const oracle = await startTestOracle();
const found = await confirmPlan(planned, estate, {
  ask: (script, providers, calls, types) => oracle.ask(script, providers, calls, types),
});
oracle.close();
for (const { rule, plan, real, call } of found.differences)
  process.stdout.write(`${rule}: weir ${plan}, real Groovy ${real}: ${JSON.stringify(call)}\n`);
if (found.asked === 0) throw new Error('real Groovy answered no call');
process.exitCode = found.differences.length > 0 ? 1 : 0;
