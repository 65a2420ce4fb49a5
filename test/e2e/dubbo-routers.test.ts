/** The models of condition and tag routers against the real ones. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import type { RouterOracle } from '../../src/rules/adapters/oracle/router-oracle.ts';
import { OpaqueSignal } from '../../src/rules/groovy/machine/exceptions.ts';
import { predicateHolds } from '../../src/rules/plan/evaluate-plan.ts';
import { ipExpression, isUncompared } from '../../src/rules/read/ip-expression.ts';
import {
  type BehaviourId,
  ROUTER_BEHAVIOUR,
  ROUTER_ENGINES,
  type RouterEngine,
} from '../../src/rules/read/router-behaviour.ts';
import { confirmPlan } from '../../src/rules/usecases/confirm-plan.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import type { Estate, ScriptOracle } from '../../src/rules/usecases/ports.ts';
import { BEHAVIOUR_PROBES } from '../oracle/dubbo/behaviour-probes.ts';
import { ARMS, type Arm, compareRule } from '../oracle/dubbo/compare-rule.ts';
import { ODD_ADDRESSES, ODD_PROVIDERS } from '../oracle/dubbo/ip-patterns.ts';
import { type RandomRule, randomConditionRule } from '../oracle/dubbo/random-condition.ts';
import { randomTagRule } from '../oracle/dubbo/random-tag.ts';
import { startRouterOracle } from '../oracle/dubbo/router-oracle.ts';
import { GATE_SEED } from '../seed.ts';

const RULES = 200;

/** One process a line of Dubbo for all tests: to compile and start one takes longer than to ask it a hundred times. */
const started = new Map<RouterEngine, Promise<RouterOracle>>();

function routersOf(engine: RouterEngine): Promise<RouterOracle> {
  const oracle = started.get(engine) ?? startRouterOracle(engine);
  started.set(engine, oracle);
  return oracle;
}

after(async () => {
  for (const oracle of started.values()) await (await oracle)[Symbol.asyncDispose]();
});

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
        const oracle = await routersOf(engine);
        const seed = GATE_SEED;
        const counted = { calls: 0, refused: 0 };
        const property = fc.asyncProperty(rules, fc.boolean(), async (rule, snapshot) => {
          const real = await oracle.ask(rule);
          const { app, providers, calls } = rule;
          const asked = { file: 'rule', text: rule.rule, app, providers, calls, engine, real, snapshot };
          // Without a snapshot a plan leaves providers with such addresses out, and says so (WR071).
          const isLeftOut = kind === 'tag' && !snapshot && providers.some(({ host }) => isUncompared(host));
          for (const [arm, { right, refused, wrong }] of compareRule(asked, isLeftOut ? ['source'] : arms)) {
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

describe('the addresses of tag rules', () => {
  for (const engine of ROUTER_ENGINES) {
    it(`take on Dubbo ${engine} the providers that weir says, odd addresses and ports among them`, async (t) => {
      const oracle = await routersOf(engine);
      const comparison = { linkLocal: ROUTER_BEHAVIOUR['link-local-compared'][engine] };
      const known = ODD_ADDRESSES.flatMap((address) => {
        try {
          return [{ address, where: ipExpression(address, comparison) }];
        } catch (error) {
          assert.ok(error instanceof OpaqueSignal, address);
          return [];
        }
      });
      // A provider counts by its ID, and each address is the group of a tag of its own.
      const tags = known.map(({ address }, at) => `  - {name: t${at}, addresses: [${JSON.stringify(address)}]}\n`);
      const calls = known.map((_, at) => ({
        ...{ service: 'a.B', method: 'm', paramTypes: [], args: [], consumer: { application: 'c', host: '10.8.0.7' } },
        attachments: { 'dubbo.tag': `t${at}`, 'dubbo.force.tag': 'true' },
      }));
      const rule = `key: o\nenabled: true\nforce: true\ntags:\n${tags.join('')}`;
      const real = await oracle.ask({ kind: 'tag', rule, app: 'o', providers: ODD_PROVIDERS, calls });
      for (const [at, { address, where }] of known.entries()) {
        const said = ODD_PROVIDERS.filter((provider) => predicateHolds(where, provider)).map(({ id }) => id);
        assert.deepEqual(said, real[at], `${JSON.stringify(address)} on Dubbo ${engine}`);
      }
      t.diagnostic(`${known.length} of ${ODD_ADDRESSES.length} addresses, ${ODD_PROVIDERS.length} providers`);
      assert.ok(known.length * 2 > ODD_ADDRESSES.length);
    });
  }
});

describe('the table of what differs between the lines of Dubbo', () => {
  it('has rows that the real routers confirm', { timeout: 120_000 }, async () => {
    const answers = new Map<string, string>();
    for (const engine of ROUTER_ENGINES) {
      const oracle = await routersOf(engine);
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
    const oracle = await routersOf('3.2');
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
