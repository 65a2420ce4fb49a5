/** Shapes of calls. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { callShapes, namedServices } from '../../../src/rules/equivalence/call-shape.ts';
import { evaluateDocuments } from '../../../src/rules/evaluate-documents.ts';
import { loadTargetModel } from '../../../src/rules/models/load-model.ts';
import { NO_CONSTANTS } from '../../../src/rules/models/target-model.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const plan = planRuleSource(readRuleFile('rule', 'key: pets\nconditions: ["interface != *CatService =>"]\n'), {});

it('a service that a plan tells apart by a pattern has a shape of its own', () => {
  const named = namedServices(plan, NO_CONSTANTS) ?? [];
  const services = callShapes(plan, [], named).map(({ service }) => service);
  assert.ok(services.some((service) => service.endsWith('CatService')));
  assert.ok(services.some((service) => !service.endsWith('CatService')));
});

it('a rule for services of a pattern is not left out as one that no call comes to', () => {
  const request = { plan, name: 'rule', target: 'istio', version: '1.20', services: [], providers: [] } as const;
  const converted = convertPlan({ ...request, accepted: new Set() });
  const loading = loadTargetModel('istio', '1.20', converted.text ?? '');
  assert.ok(loading.ok);
  const call = { service: 'a.CatService', method: 'm', paramTypes: [], args: [], attachments: {}, consumer: {} };
  const said = evaluateDocuments({ model: loading.model, labels: converted.labels, generated: true }, call, 0, [
    { id: 'p1', host: '10.1.1.1', port: 1, params: {} },
  ]);
  assert.notDeepEqual(said.providers, []);
});
