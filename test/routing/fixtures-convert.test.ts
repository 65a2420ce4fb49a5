import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertPlan, hasNoEffect } from '../../src/routing/convert-plan.ts';
import { evaluateDocuments } from '../../src/routing/evaluate-documents.ts';
import { loadTargetModel } from '../../src/routing/models/load-model.ts';
import { presentProviders } from '../../src/routing/plan-evaluate.ts';
import { worseFidelity } from '../../src/routing/targets/fidelity.ts';
import { targetVersion } from '../../src/routing/targets/lower.ts';
import type { Fidelity, TargetName } from '../../src/routing/targets/target.ts';
import { planRuleFile } from '../../src/usecases/rules/plan-rule-file.ts';
import { type FixtureCase, fixtureCases, judgeAnswer } from '../fakes/fixture-cases.ts';

const ORDER: readonly Fidelity[] = ['exact', 'noted', 'lossy', 'refused'];

/** Converts a case and answers its calls by the documents alone. */
function run({ path, text, known }: FixtureCase, target: TargetName) {
  const { plan } = planRuleFile(path, text, known);
  const version = targetVersion(target, undefined);
  const { providers, services } = known;
  const converted = convertPlan({ plan, name: 'rule', target, version, services, providers, accepted: new Set() });
  const fidelity = converted.rules.map((rule) => rule.fidelity).reduce(worseFidelity, 'exact');
  const counts = { equal: 0, refused: 0, wrong: 0 };
  const wrong: string[] = [];
  const loading = converted.text === null ? null : loadTargetModel(target, version, converted.text);
  known.calls.forEach((call, index) => {
    const all = presentProviders(call, providers).map((provider) => provider.id);
    const line =
      loading === null
        ? hasNoEffect(plan)
          ? { call: index, providers: all }
          : { call: index, outcome: 'REFUSED' }
        : loading.ok
          ? evaluateDocuments(
              { model: loading.model, labels: converted.labels, generated: true },
              call,
              index,
              providers,
            )
          : assert.fail(loading.reason);
    const verdict = judgeAnswer(line, call, known);
    counts[verdict] += 1;
    if (verdict === 'wrong')
      wrong.push(`call ${index}: ${JSON.stringify(line)}, wanted ${JSON.stringify(call.expect)}`);
  });
  return { fidelity, counts, wrong };
}

for (const target of ['dubbo-mesh', 'istio', 'envoy-dubbo', 'aeraki'] as const) {
  describe(`every fixture rule converted to ${target}`, () => {
    for (const fixture of fixtureCases()) {
      it(`${fixture.id}: real Groovy's providers or a refusal, and no more claimed than is honest`, () => {
        const { fidelity, wrong } = run(fixture, target);
        assert.deepEqual(wrong, []);
        const honest = fixture.known.expectConvertible?.[target];
        if (honest !== undefined)
          assert.ok(ORDER.indexOf(fidelity) >= ORDER.indexOf(honest), `${fidelity} claimed, ${honest} is honest`);
      });
    }
  });
}
