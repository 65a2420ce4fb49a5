/** Tables of scripts as rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { answerCall } from '../../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const providers = ['a', 'b', 'c', 'd'].map((zone, index) => ({
  id: zone,
  host: `10.0.0.${index + 1}`,
  port: 20880,
  params: { zone },
}));
const estate = { providers, services: [], types: {}, machineGroups: {}, calls: [] };

function table(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => `  method${index}: '${'abc'[index % 3]}',`);
  return `def zones = [\n${rows.join('\n')}\n]\ndef zone = zones[invocation.methodName]\nif (zone) return invokers.findAll { it.url.parameters.zone == zone }\nreturn invokers\n`;
}

/** The plan of a script, which answers calls of these methods as the script does. */
function planOf(script: string, methods: readonly string[]) {
  const source = readRuleFile('table.groovy', script);
  const plan = planRuleSource(source, estate);
  for (const method of methods) {
    const call = { service: 's', method, paramTypes: [], args: [], attachments: {}, consumer: {} };
    assert.deepEqual(answerCall(plan, call, providers).outcome, evaluateRuleSource(source, call, estate), method);
  }
  return plan;
}

const METHODS = [
  'method0',
  'method1',
  'method2',
  'method3',
  'method29',
  'method30',
  'method2999',
  'method3000',
  'other',
];

describe('the rules of one table', () => {
  it('are one rule for each of its outcomes, which lists its texts', () => {
    const { rules } = planOf(table(30), METHODS);
    assert.deepEqual(
      rules.map(({ when }) => when.map(({ test }) => (test.op === 'eq' ? test.values.length : 0))),
      [[10], [10], [10], []],
    );
  });

  it('are cut where a pattern would be too long for a document, and are converted', () => {
    const plan = planOf(table(3000), METHODS);
    assert.ok(plan.rules.length > 20 && plan.rules.length < 80, String(plan.rules.length));
    for (const [target, version] of [
      ['dubbo-mesh', 'and-match'],
      ['istio', '1.26'],
    ] as const) {
      const request = { target, version, name: 'rule', accepted: new Set<string>(), services: [], providers };
      const { rules } = convertPlan({ ...request, plan });
      assert.deepEqual([...new Set(rules.map(({ state, verdict }) => `${state} ${verdict}`))], ['converted proved']);
    }
  });

  it('keep their order where a text comes twice, and their lines where statements differ', () => {
    const twice = "if (['pay', 'get'].contains(invocation.methodName)) return []\n";
    const line = (method: string, zone: string): string =>
      `if (invocation.methodName == '${method}') return invokers.findAll { it.url.parameters.zone == '${zone}' }\n`;
    const script = `${twice}${line('pay', 'a')}${line('find', 'b')}${line('list', 'a')}${line('load', 'b')}return invokers\n`;
    const { rules } = planOf(script, ['pay', 'get', 'find', 'list', 'load', 'other']);
    assert.deepEqual(
      rules.map(({ span }) => span.line),
      [1, 3, 4, 5, 6],
    );
  });
});
