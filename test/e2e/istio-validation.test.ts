import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { convertPlan } from '../../src/routing/convert-plan.ts';
import { planRuleFile } from '../../src/usecases/rules/plan-rule-file.ts';
import { arbitraryPlan, SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../fakes/arbitrary-plan.ts';
import { fixtureCases } from '../fakes/fixture-cases.ts';
import { judgeByIstio } from '../oracle/istio/istio-oracle.ts';

const REQUEST = { name: 'rule', target: 'istio', version: '1.20', accepted: new Set<string>() } as const;

describe("Istio's own validation", () => {
  it('finds faults where there are some', () => {
    const spec = (http: string) => `kind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [a], http: [${http}]}\n`;
    const faults = [
      spec('{match: [{uri: {regex: "(?=a)"}}], route: [{destination: {host: a}}]}'),
      'kind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [a], dubbo: []}\n',
    ];
    for (const text of faults) assert.notEqual(judgeByIstio(text)[0]?.error, '', text);
  });

  it('takes the documents of every fixture rule', () => {
    let documents = 0;
    for (const { id, path, text, known } of fixtureCases()) {
      const { plan } = planRuleFile(path, text, known);
      const converted = convertPlan({ ...REQUEST, plan, services: known.services, providers: known.providers });
      if (converted.text === null) continue;
      for (const verdict of judgeByIstio(converted.text)) {
        assert.equal(verdict.error, '', `${id}: ${converted.text}`);
        documents += 1;
      }
    }
    assert.ok(documents > 40, `${documents} documents`);
  });

  it('takes the documents of arbitrary plans', () => {
    for (const plan of fc.sample(arbitraryPlan, { numRuns: 60, seed: 11 })) {
      const converted = convertPlan({ ...REQUEST, plan, services: [SAMPLE_SERVICE], providers: SAMPLE_PROVIDERS });
      if (converted.text === null) continue;
      for (const verdict of judgeByIstio(converted.text)) assert.equal(verdict.error, '', converted.text);
    }
  });
});
