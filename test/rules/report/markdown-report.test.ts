/** The table of the Markdown report: what is counted of each script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { markdownReport } from '../../../src/rules/report/markdown-report.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';

const SCRIPT = `
if (invocation.methodName == "a") { return invokers.findAll { it.url.host == "10.0.0.1" } }
if (invocation.methodName == "b") { return invokers.findAll { it.url.host == "10.0.0.2" } }
return invokers
`;

test('converted rules, and those that the documents do not carry, stand in columns of their own', () => {
  const providers = ['10.0.0.1', '10.0.0.2'].map((host) => ({ id: host, host, port: 20_880, params: {} }));
  const estate = { providers, services: [], types: {}, machineGroups: {} };
  const { plan } = planRuleFile('two.groovy', SCRIPT, estate);
  const request = { name: 'two', target: 'dubbo-mesh', version: 'and-match', accepted: new Set<string>() } as const;
  const converted = convertPlan({ ...request, plan, providers, services: [] });
  const [first, ...rest] = converted.rules;
  assert.ok(first);
  const states = ['left', 'converted', 'converted'] as const;
  const rules = states.map((state, index) => ({ ...first, id: `r${index}`, state }));
  const result = { path: 'two.groovy', name: 'two', plan, target: 'dubbo-mesh' as const, diagnostics: [], outputs: [] };
  const report = markdownReport([{ ...result, converted: { ...converted, rules } }], 'dubbo-mesh');
  const row = report.split('\n').find((line) => line.startsWith('| two.groovy'));
  assert.match(row ?? '', /\| 3 \| 2 \| 1 \|$/, String(rest.length));
});
