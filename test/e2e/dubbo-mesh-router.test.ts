/** The model of Dubbo's mesh router against the real one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { loadTargetModel } from '../../src/rules/models/load-model.ts';
import { presentProviders } from '../../src/rules/plan/evaluate-plan.ts';
import { applyLabels } from '../../src/rules/targets/apply-labels.ts';
import { arbitraryCall, arbitraryPlan, SAMPLE_PROVIDERS, SAMPLE_SERVICE } from '../fakes/arbitrary-plan.ts';
import { MeshOracle } from '../oracle/dubbo/mesh-oracle.ts';

describe('the mesh router of Dubbo 3.3.6', () => {
  it('does with documents of arbitrary plans what the model says', async () => {
    await using oracle = await MeshOracle.start();
    const cases = fc.sample(fc.tuple(arbitraryPlan, fc.array(arbitraryCall, { minLength: 25, maxLength: 25 })), {
      numRuns: 80,
      seed: 336,
    });
    let compared = 0;
    for (const [plan, calls] of cases) {
      const converted = convertPlan({
        plan,
        name: 'sample',
        target: 'dubbo-mesh',
        version: 'and-match',
        services: [SAMPLE_SERVICE],
        providers: SAMPLE_PROVIDERS,
        accepted: new Set(),
      });
      if (converted.text === null) continue;
      const loading = loadTargetModel('dubbo-mesh', 'and-match', converted.text);
      assert.ok(loading.ok);
      const providers = applyLabels(converted.labels, SAMPLE_PROVIDERS);
      const answers = await oracle.ask({ app: 'sample-app', yaml: converted.text, providers, calls });
      calls.forEach((call, index) => {
        const outcome = loading.model.evaluate(call, presentProviders(call, providers));
        const said =
          outcome.kind === 'error'
            ? { error: outcome.exception }
            : {
                providers:
                  outcome.kind === 'routed'
                    ? outcome.picks[0]?.providers
                    : outcome.kind === 'unrouted'
                      ? outcome.providers
                      : [],
              };
        assert.deepEqual(answers[index], said, `${JSON.stringify(call)}\n${converted.text}`);
        compared += 1;
      });
    }
    assert.ok(compared > 1000, `${compared} calls compared`);
  });

  it('fails only the calls that chance gives to an entry of a route without destination', async () => {
    await using oracle = await MeshOracle.start();
    const providers = ['gray', 'blue'].map((env, at) => ({
      ...{ id: env, host: `10.0.0.${at + 1}`, port: 20880 },
      params: { env },
    }));
    const call = { service: 'com.a.B', method: 'm', paramTypes: [], args: [], attachments: {}, consumer: {} };
    const calls = Array.from({ length: 60 }, () => call);
    const gray = '{destination: {subset: gray}, weight: 50}';
    const none = '{destination: {subset: none}, weight: 50}';
    const nowhere = '{weight: 50}';
    for (const route of [
      [nowhere, gray],
      [gray, nowhere],
      [none, nowhere],
      [nowhere, none],
      [none, gray, nowhere],
      [gray, nowhere, none],
      [gray, '{destination: blue, weight: 50}'],
      [nowhere],
    ]) {
      const service = `kind: VirtualService\nmetadata: {name: shop}\nspec: {dubbo: [{routedetail: [{name: r1, route: [${route.join(', ')}]}]}]}`;
      const subsets = ['gray', 'none'].map((name) => `{name: ${name}, labels: {env: ${name}}}`).join(', ');
      const yaml = `${service}\n---\nkind: DestinationRule\nmetadata: {name: shop}\nspec: {subsets: [${subsets}]}\n`;
      const answers = await oracle.ask({ app: 'shop', yaml, providers, calls });
      const loading = loadTargetModel('dubbo-mesh', 'and-match', yaml);
      assert.ok(loading.ok);
      const outcome = loading.model.evaluate(call, providers);
      const said =
        outcome.kind === 'routed'
          ? outcome.picks.map(({ providers: reached, exception }) => exception ?? reached.join())
          : [outcome.kind === 'error' ? outcome.exception : outcome.kind];
      const got = answers.map((answer) => ('error' in answer ? answer.error : answer.providers.join()));
      // Each of two halves comes up among 60 calls, but for one time in 10^10.
      assert.deepEqual([...new Set(got)].sort(), [...new Set(said)].sort(), route.join(', '));
    }
  });
});
