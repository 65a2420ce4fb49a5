/** Entries of documents that no call can reach. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { compareWithTarget } from '../../src/rules/equivalence/compare.ts';
import { sampleProviders } from '../../src/rules/equivalence/sample-providers.ts';
import { loadTargetModel } from '../../src/rules/models/load-model.ts';
import type { RoutePlan } from '../../src/rules/plan/route-plan.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import type { LoweringInput, TargetName } from '../../src/rules/targets/target.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { arbitraryPlan, SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../fakes/arbitrary-plan.ts';
import { fixtureCases } from '../fakes/fixture-cases.ts';
import { withKnowledge } from '../fakes/fixture-knowledge.ts';

const TARGETS: readonly TargetName[] = ['dubbo-mesh', 'istio', 'envoy', 'envoy-dubbo', 'aeraki'];

/** Names of the entries that no call reaches, by the target's own model. */
function deadEntries(
  plan: RoutePlan,
  target: TargetName,
  { services, providers }: Pick<LoweringInput, 'services' | 'providers'>,
): string[] {
  const version = targetVersion(target, undefined);
  const converted = convertPlan({ plan, name: 'rule', target, version, services, providers, accepted: new Set() });
  if (converted.text === null) return [];
  const loading = loadTargetModel(target, version, converted.text);
  assert.ok(loading.ok);
  const present = providers.length > 0 ? providers : sampleProviders(plan);
  const { unreachable } = compareWithTarget(plan, loading.model, services, present);
  const names = loading.model.names();
  // The guard of a rule about arguments stays in front of it for classes that no declared type admits. Without described
  // methods no call with arguments is made up, and what reads arguments is left to the script.
  const isGuard = (name: string | null | undefined): boolean =>
    target === 'envoy' &&
    name?.endsWith('-refused') === true &&
    (services.length === 0 || names.includes(name.replace(/-refused$/, '')));
  return unreachable.filter((id) => !isGuard(names[id])).map((id) => `${id} ${names[id]}`);
}

describe('entries of documents', () => {
  for (const target of TARGETS) {
    it(`can all be reached: every fixture rule for ${target}, with and without a case`, () => {
      for (const { id, path, text, known } of fixtureCases()) {
        for (const given of ['nothing', 'case'] as const) {
          const estate = withKnowledge(known, given);
          assert.deepEqual(deadEntries(planRuleFile(path, text, estate).plan, target, estate), [], `${id} ${given}`);
        }
      }
    });

    it(`can all be reached: arbitrary plans for ${target}`, () => {
      const estate = { services: [SAMPLE_SERVICE], providers: SAMPLE_PROVIDERS };
      fc.assert(
        fc.property(arbitraryPlan, (plan) => {
          assert.deepEqual(deadEntries(plan, target, estate), []);
        }),
        { numRuns: 100, seed: 20_261_128 },
      );
    });
  }

  it('are found when they are dead', () => {
    const text = "if (invocation.methodName == 'a') return []\nreturn invokers";
    const { plan } = planRuleFile('a.groovy', text, withKnowledge(emptyCase(), 'nothing'));
    const entry = (name: string): string =>
      `        - name: '${name}'\n          route:\n            - destination: {host: 'h', subset: 'all'}\n`;
    const document = `apiVersion: 'service.dubbo.apache.org/v1alpha1'
kind: 'VirtualService'
metadata: {name: 'a'}
spec:
  hosts: ['h']
  dubbo:
    - name: 'all'
      routedetail:
${entry('first')}${entry('second')}---
apiVersion: 'service.dubbo.apache.org/v1alpha1'
kind: 'DestinationRule'
metadata: {name: 'a'}
spec:
  host: 'h'
  subsets:
    - {name: 'all'}
`;
    const loading = loadTargetModel('dubbo-mesh', 'and-match', document);
    assert.ok(loading.ok);
    assert.deepEqual(compareWithTarget(plan, loading.model, [], sampleProviders(plan)).unreachable, [1]);
  });
});

function emptyCase(): Parameters<typeof withKnowledge>[0] {
  return { providers: [], services: [], types: {}, machineGroups: {}, calls: [] };
}
