/** Conversion of arbitrary plans to every target. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { RoutingCall } from '../../src/rules/case-file.ts';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { evaluateDocuments } from '../../src/rules/evaluate-documents.ts';
import { loadTargetModel } from '../../src/rules/models/load-model.ts';
import { evaluatePlan } from '../../src/rules/plan/evaluate-plan.ts';
import type { RoutePlan } from '../../src/rules/plan/route-plan.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import type { TargetName } from '../../src/rules/targets/target.ts';
import { arbitraryCall, arbitraryPlan, SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../fakes/arbitrary-plan.ts';

function convert(plan: RoutePlan, target: TargetName) {
  return convertPlan({
    plan,
    name: 'sample',
    target,
    version: targetVersion(target, undefined),
    services: [SAMPLE_SERVICE],
    providers: SAMPLE_PROVIDERS,
    accepted: new Set(),
  });
}

/** What the documents say for a call: providers as text, or REFUSED. */
function answers(converted: ReturnType<typeof convert>, target: TargetName): (call: RoutingCall) => string {
  if (converted.text === null) return () => 'REFUSED';
  const loading = loadTargetModel(target, targetVersion(target, undefined), converted.text);
  assert.ok(loading.ok);
  const documents = { model: loading.model, labels: converted.labels, generated: true };
  return (call) => {
    const line = evaluateDocuments(documents, call, 0, SAMPLE_PROVIDERS);
    return line.outcome ?? (line.providers ?? []).join(',');
  };
}

function wanted(plan: RoutePlan, call: RoutingCall): string {
  const { decision } = evaluatePlan(plan, call, SAMPLE_PROVIDERS);
  if (decision.kind === 'providers') return decision.picks.map((pick) => pick.providers.join(',')).join('|');
  return decision.kind === 'ignored' ? decision.providers.join(',') : decision.kind;
}

describe('conversion of arbitrary plans', () => {
  for (const target of ['dubbo-mesh', 'istio', 'envoy', 'envoy-dubbo', 'aeraki'] as const) {
    it(`gives the plan's providers or refuses, for ${target}`, () => {
      fc.assert(
        fc.property(arbitraryPlan, fc.array(arbitraryCall, { minLength: 20, maxLength: 20 }), (plan, calls) => {
          const answer = answers(convert(plan, target), target);
          for (const call of calls) {
            const got = answer(call);
            if (got !== 'REFUSED') assert.equal(got, wanted(plan, call), JSON.stringify(call));
          }
        }),
        { numRuns: 100, seed: 20_261_124 },
      );
    });
  }

  it('gives the same bytes twice', () => {
    fc.assert(
      fc.property(arbitraryPlan, (plan) => {
        assert.deepEqual(convert(plan, 'dubbo-mesh'), convert(structuredClone(plan), 'dubbo-mesh'));
      }),
      { numRuns: 30, seed: 7 },
    );
  });
});
