/** Converted fixture rules in the real mesh router of Dubbo. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { evaluateDocuments } from '../../src/rules/evaluate-documents.ts';
import { loadTargetModel } from '../../src/rules/models/load-model.ts';
import { applyLabels } from '../../src/rules/targets/apply-labels.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { fixtureCases, judgeAnswer } from '../fakes/fixture-cases.ts';
import { MeshOracle } from '../oracle/dubbo/mesh-oracle.ts';

describe('the fixture rules in the mesh router of Dubbo 3.3.6', () => {
  it('give the providers of real Groovy for every call that was converted', async () => {
    await using oracle = await MeshOracle.start();
    const wrong: string[] = [];
    let equal = 0;
    let refused = 0;
    for (const { id, path, text, known } of fixtureCases()) {
      const { plan } = planRuleFile(path, text, known);
      const { providers, services } = known;
      const version = 'and-match';
      const converted = convertPlan({
        plan,
        name: 'rule',
        target: 'dubbo-mesh',
        version,
        services,
        providers,
        accepted: new Set(),
      });
      if (converted.text === null) continue;
      const loading = loadTargetModel('dubbo-mesh', version, converted.text);
      assert.ok(loading.ok);
      const question = {
        app: known.app ?? 'app',
        yaml: converted.text,
        providers: applyLabels(converted.labels, providers),
        calls: known.calls,
      };
      const answers = await oracle.ask(question);
      known.calls.forEach((call, index) => {
        const documents = { model: loading.model, labels: converted.labels, generated: true };
        const line = evaluateDocuments(documents, call, index, providers);
        const answer = answers[index];
        if (line.outcome === 'REFUSED' || answer === undefined) refused += 1;
        else if (!('providers' in answer)) wrong.push(`${id} call ${index}: ${answer.error}`);
        else {
          // A real cluster leaves out providers that are down; the router alone does not know.
          const reached = answer.providers.filter(
            (one) => line.providers?.includes(one) === true || !(call.down ?? []).includes(one),
          );
          if (judgeAnswer({ call: index, providers: reached }, call, known) === 'equal') equal += 1;
          else wrong.push(`${id} call ${index}: Dubbo ${reached.join(',')}, Groovy ${JSON.stringify(call.expect)}`);
        }
      });
    }
    assert.deepEqual(wrong, []);
    assert.ok(equal > 700, `${equal} equal, ${refused} refused`);
    process.stderr.write(`calls through a real Dubbo 3.3.6: ${equal} equal, ${refused} refused\n`);
  });
});
