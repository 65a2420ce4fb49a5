/** Documents for Istio, judged by Istio's own validation and analyzers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { arbitraryPlan, SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../fakes/arbitrary-plan.ts';
import { fixtureCases } from '../fakes/fixture-cases.ts';
import { analyzeByIstio, judgeByIstio } from '../oracle/istio/istio-oracle.ts';

const REQUEST = { name: 'rule', target: 'istio', version: '1.20', accepted: new Set<string>() } as const;

/** The hosts that documents name, as Istio must know them: it finds fault with routes to a host that is nowhere. */
function withServices(documents: string): string {
  const hosts = [...new Set([...documents.matchAll(/\bhost: '([^']+)'/g)].map((found) => found[1] ?? ''))];
  const entries = hosts.map((host) =>
    JSON.stringify({
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: host.replace(/[^a-z0-9]+/g, '-') },
      spec: { hosts: [host], ports: [{ number: 20880, name: 'grpc', protocol: 'GRPC' }], resolution: 'DNS' },
    }),
  );
  return [documents, ...entries].join('\n---\n');
}

/** Findings of the analyzers about the documents themselves. */
function findings(documents: string): string[] {
  return analyzeByIstio(withServices(documents))
    .filter((finding) => !finding.origin.startsWith('ServiceEntry'))
    .map(({ code, level, origin, message }) => `${code} ${level} ${origin}: ${message}`);
}

describe("Istio's own analyzers", () => {
  const document = (subset: string) =>
    [
      'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}',
      `spec: {hosts: [a], http: [{route: [{destination: {host: 'a', subset: ${subset}}}]}]}`,
      '---',
      'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: v}',
      "spec: {host: 'a', subsets: [{name: known, labels: {x: 'y'}}]}",
    ].join('\n');

  it('find a subset that nobody defines, which validation takes', () => {
    const dangling = document('unknown');
    assert.deepEqual(
      judgeByIstio(dangling).map((verdict) => verdict.error),
      ['', ''],
    );
    assert.match(findings(dangling).join('\n'), /^IST0101 Error/m);
    assert.deepEqual(findings(document('known')), []);
  });

  it('have nothing to say about the documents of every fixture rule', () => {
    let documents = 0;
    for (const { id, path, text, known } of fixtureCases()) {
      const { plan } = planRuleFile(path, text, known);
      const converted = convertPlan({ ...REQUEST, plan, services: known.services, providers: known.providers });
      if (converted.text === null) continue;
      assert.deepEqual(findings(converted.text), [], `${id}: ${converted.text}`);
      documents += 1;
    }
    assert.ok(documents > 20, `${documents} texts`);
  });
});

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
