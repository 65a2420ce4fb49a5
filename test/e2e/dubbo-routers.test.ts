/** The models of condition and tag routers against the real ones. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type BehaviourId, ROUTER_BEHAVIOUR, ROUTER_ENGINES } from '../../src/rules/read/router-behaviour.ts';
import { confirmPlan } from '../../src/rules/usecases/confirm-plan.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import type { Estate, ScriptOracle } from '../../src/rules/usecases/ports.ts';
import { BEHAVIOUR_PROBES } from '../oracle/dubbo/behaviour-probes.ts';
import { ARMS, type Arm, compareRule } from '../oracle/dubbo/compare-rule.ts';
import { type RandomRule, randomConditionRule } from '../oracle/dubbo/random-condition.ts';
import { randomTagRule } from '../oracle/dubbo/random-tag.ts';
import { startRouterOracle } from '../oracle/dubbo/router-oracle.ts';
import { GATE_SEED } from '../seed.ts';

const RULES = 200;

for (const engine of ROUTER_ENGINES) {
  describe(`the condition and tag routers of Dubbo ${engine}`, () => {
    const kinds: readonly (readonly [string, fc.Arbitrary<RandomRule>])[] = [
      ['condition', randomConditionRule],
      ['tag', randomTagRule],
    ];
    // The documents are asked for the line that is taken where none is named; the model of the router for all.
    const arms: readonly Arm[] = engine === '3.2' ? ARMS : ['source'];
    for (const [kind, rules] of kinds) {
      it(`do with generated ${kind} rules what weir says`, { timeout: 300_000 }, async (t) => {
        await using oracle = await startRouterOracle(engine);
        const seed = GATE_SEED;
        const counted = { calls: 0, refused: 0 };
        const property = fc.asyncProperty(rules, fc.boolean(), async (rule, snapshot) => {
          const real = await oracle.ask(rule);
          const { app, providers, calls } = rule;
          const asked = { file: 'rule', text: rule.rule, app, providers, calls, engine, real, snapshot };
          for (const [arm, { right, refused, wrong }] of compareRule(asked, arms)) {
            assert.deepEqual(wrong.slice(0, 1), [], `${arm}${snapshot ? ' with a snapshot' : ''}\n${rule.rule}`);
            if (arm !== 'source') continue;
            counted.calls += right + refused;
            counted.refused += refused;
          }
        });
        t.diagnostic(`seed ${seed}`);
        await fc.assert(property, { numRuns: RULES, seed });
        t.diagnostic(`${counted.calls} calls, ${counted.refused} refused by the model of the router`);
        assert.ok(counted.refused * 20 < counted.calls, 'the model answers nearly all calls');
      });
    }
  });
}

describe('the table of what differs between the lines of Dubbo', () => {
  it('has rows that the real routers confirm', { timeout: 120_000 }, async () => {
    const answers = new Map<string, string>();
    for (const engine of ROUTER_ENGINES) {
      await using oracle = await startRouterOracle(engine);
      for (const [id, probe] of Object.entries(BEHAVIOUR_PROBES)) {
        const real = await oracle.ask(probe);
        answers.set(`${id} ${engine}`, JSON.stringify(real));
        const { app, providers, calls } = probe;
        const asked = { file: 'rule', text: probe.rule, app, providers, calls, engine, real, snapshot: true };
        assert.deepEqual(compareRule(asked, ['source']).get('source')?.wrong, [], `${id} on ${engine}`);
      }
    }
    for (const id of Object.keys(ROUTER_BEHAVIOUR) as BehaviourId[]) {
      const row = ROUTER_BEHAVIOUR[id];
      for (const one of ROUTER_ENGINES) {
        for (const other of ROUTER_ENGINES) {
          const same = answers.get(`${id} ${one}`) === answers.get(`${id} ${other}`);
          assert.equal(same, row[one] === row[other], `${id}: ${one} and ${other}`);
        }
      }
    }
  });
});

describe('a real router that weir rules convert asks', () => {
  const rule = 'scope: service\nforce: true\nkey: com.pets.CatService\nconditions:\n  - "=> region != hz"\n';
  const estate: Estate = { providers: [], services: [], types: {}, machineGroups: {}, app: 'pets', engine: '3.2' };

  it('agrees, or refuses a rule that weir reads otherwise, with the call', { timeout: 120_000 }, async () => {
    await using oracle = await startRouterOracle('3.2');
    const real: ScriptOracle = {
      ask: () => assert.fail('this is no script'),
      askRouter: async (line, question) => (line === '3.2' ? await oracle.ask(question) : null),
    };
    const planned = planRuleFile('rule.yaml', rule, estate);
    const agreed = await confirmPlan(planned, estate, real);
    assert.ok(agreed.asked > 0);
    assert.deepEqual(agreed.differences, []);
    // The planted error: the rule as 2.7 reads it, which takes a key that is missing as different.
    const planted = planRuleFile('rule.yaml', rule, { ...estate, engine: '2.7' });
    const found = await confirmPlan({ ...planted, engines: ['3.2'] }, estate, real);
    assert.equal(found.differences[0]?.engine, 'Dubbo 3.2.16');
    assert.equal(found.planned.plan.rules[0]?.then.kind, 'opaque');
  });
});
