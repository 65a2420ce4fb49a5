/** Generated JavaScript rules: weir's model against Nashorn in Dubbo. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareRule } from '../oracle/dubbo/compare-rule.ts';
import { startRouterOracle } from '../oracle/dubbo/router-oracle.ts';
import { randomJavaScriptRule, scriptYaml } from '../oracle/javascript/random-javascript.ts';
import { GATE_SEED } from '../seed.ts';

describe('Nashorn 15.6 inside the script router of Dubbo 3.2', () => {
  it('does with generated JavaScript rules what weir says', { timeout: 300_000 }, async (t) => {
    await using oracle = await startRouterOracle('3.2');
    const seed = GATE_SEED;
    const counted = { calls: 0, refused: 0 };
    const property = fc.asyncProperty(randomJavaScriptRule, fc.boolean(), async (rule, snapshot) => {
      const real = await oracle.ask(rule);
      const { app, providers, calls } = rule;
      const asked = { file: 'rule', text: scriptYaml(rule.rule), app, providers, calls, real, snapshot };
      for (const [arm, { right, refused, wrong }] of compareRule(asked)) {
        assert.deepEqual(wrong.slice(0, 1), [], `${arm}${snapshot ? ' with a snapshot' : ''}\n${rule.rule}`);
        if (arm !== 'source') continue;
        counted.calls += right + refused;
        counted.refused += refused;
      }
    });
    t.diagnostic(`seed ${seed}`);
    await fc.assert(property, { numRuns: 100, seed });
    t.diagnostic(`${counted.calls} calls, ${counted.refused} refused by the model of the script`);
    assert.ok(counted.refused * 2 < counted.calls, 'the model answers most calls');
  });
});
