/** Every fixture rule on every target, beside the answers of real Groovy. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertPlan, hasNoEffect } from '../../src/rules/convert-plan.ts';
import { evaluateDocuments } from '../../src/rules/evaluate-documents.ts';
import { loadTargetModel } from '../../src/rules/models/load-model.ts';
import { presentProviders } from '../../src/rules/plan/evaluate-plan.ts';
import { worseFidelity } from '../../src/rules/targets/fidelity.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import type { Fidelity, TargetName } from '../../src/rules/targets/target.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { type FixtureCase, fixtureCases, judgeAnswer } from '../fakes/fixture-cases.ts';
import { KNOWLEDGE, withKnowledge } from '../fakes/fixture-knowledge.ts';

const ORDER: readonly Fidelity[] = ['exact', 'noted', 'lossy', 'refused'];

/** Converts a case by what is known of its estate, and answers its calls by the documents alone. */
function run({ path, text, known }: FixtureCase, target: TargetName, given: (typeof KNOWLEDGE)[number]) {
  const estate = withKnowledge(known, given);
  const { plan } = planRuleFile(path, text, estate);
  const version = targetVersion(target, undefined);
  const { services } = estate;
  const { providers } = known;
  const converted = convertPlan({
    plan,
    name: 'rule',
    target,
    version,
    services,
    providers: estate.providers,
    accepted: new Set(),
  });
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

for (const target of ['dubbo-mesh', 'istio', 'envoy', 'envoy-dubbo', 'aeraki'] as const) {
  describe(`every fixture rule converted to ${target}`, () => {
    for (const fixture of fixtureCases()) {
      it(`${fixture.id}: real Groovy's providers or a refusal, and no more claimed than is honest`, () => {
        const { fidelity, wrong } = run(fixture, target, 'case');
        assert.deepEqual(wrong, []);
        // Whoever converts knows less: what is not known may be refused, and is never answered wrongly.
        for (const given of KNOWLEDGE) assert.deepEqual(run(fixture, target, given).wrong, [], given);
        const honest = fixture.known.expectConvertible?.[target];
        if (honest !== undefined)
          assert.ok(ORDER.indexOf(fidelity) >= ORDER.indexOf(honest), `${fidelity} claimed, ${honest} is honest`);
      });
    }
  });
}
