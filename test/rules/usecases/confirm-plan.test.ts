/** Plans confirmed by a real engine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { confirmPlan } from '../../../src/rules/usecases/confirm-plan.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';
import type { Estate, RouterQuestion, ScriptOracle } from '../../../src/rules/usecases/ports.ts';

const ESTATE: Estate = {
  providers: [
    { id: 'p1', host: '10.1.0.1', port: 20880, params: {} },
    { id: 'p2', host: '10.2.0.1', port: 20880, params: {} },
  ],
  services: [],
  types: {},
  machineGroups: {},
};
const GRAY = "invokers.findAll { it.url.host.startsWith('10.1.') }";
const SCRIPT = `if (invocation.methodName == 'pay') { return ${GRAY} }\nreturn invokers`;

/** An engine that gives the same providers for every call of a method, and all for the others. */
function engine(answers: Readonly<Record<string, readonly string[] | string>>): ScriptOracle {
  return { ask: async (_script, _providers, calls) => calls.map((call) => answers[call.method] ?? call.only ?? []) };
}

describe('a plan that the real engine is asked about', () => {
  it('stays as it is where the engine agrees', async () => {
    const planned = planRuleFile('a.groovy', SCRIPT, ESTATE);
    const real: ScriptOracle = {
      ask: async (_script, _providers, calls) =>
        calls.map((call) => (call.only ?? []).filter((id) => call.method !== 'pay' || id === 'p1')),
    };
    const found = await confirmPlan(planned, ESTATE, real);
    assert.deepEqual(found.differences, []);
    assert.ok(found.asked > 2);
    assert.equal(found.planned, planned);
  });

  it('loses the rule for which the engine does something else, with the call as witness', async () => {
    const planned = planRuleFile('a.groovy', SCRIPT, ESTATE);
    const found = await confirmPlan(planned, ESTATE, engine({ pay: [] }));
    assert.deepEqual(
      found.differences.map(({ rule, call, real }) => [rule, call.method, real]),
      [['r1', 'pay', '[]']],
    );
    const [first, second] = found.planned.plan.rules;
    assert.equal(first?.then.kind, 'opaque');
    assert.equal(first?.notes[0]?.code, 'WR060');
    assert.notEqual(second?.then.kind, 'opaque');
  });

  it('is not called dead where the engine shows an effect', async () => {
    const planned = planRuleFile('a.groovy', 'return invokers', ESTATE);
    assert.equal(planned.plan.effect.state, 'dead');
    const found = await confirmPlan(planned, ESTATE, engine({ get: ['p2'] }));
    assert.equal(found.planned.plan.effect.state, 'live');
    assert.equal(found.planned.plan.rules[0]?.then.kind, 'opaque');
  });

  it('is not asked about in another language', async () => {
    const text =
      'configVersion: v3.0\nscope: application\ntype: javascript\nkey: a\nscript: |\n  (function () { return invokers; })()\n';
    const found = await confirmPlan(planRuleFile('a.yaml', text, ESTATE), ESTATE, engine({}));
    assert.equal(found.asked, 0);
  });

  it('is not asked about where its carrier switches it off', async () => {
    const text = `type: groovy\nenabled: false\nkey: a\nscript: |\n  return ${GRAY}\n`;
    const planned = planRuleFile('a.yaml', text, ESTATE);
    const found = await confirmPlan(planned, ESTATE, engine({ get: ['p2'] }));
    assert.equal(found.asked, 0);
    assert.equal(found.planned.plan.effect.state, 'dead');
  });
});

describe('a condition rule that the routers of Dubbo are asked about', () => {
  const estate: Estate = { ...ESTATE, keyScope: 'service', app: 'shop' };
  const text = 'scope: service\nforce: true\nkey: s\nconditions:\n  - "method=pay => host=10.1.*"\n';
  /** Routers that give the first provider to calls of pay, but for one line. */
  const routers = (odd: string, questions: RouterQuestion[] = []): ScriptOracle => ({
    ask: () => assert.fail('no Groovy is to be asked'),
    askRouter: async (line, question) => {
      questions.push(question);
      return question.calls.map(({ method, only = [] }) =>
        only.filter((id) => method !== 'pay' || (line === odd ? id === 'p2' : id === 'p1')),
      );
    },
  });

  it('stays as it is where each line agrees, and is asked with its carrier', async () => {
    const questions: RouterQuestion[] = [];
    const found = await confirmPlan(planRuleFile('a.yaml', text, estate), estate, routers('none', questions));
    assert.deepEqual(found.differences, []);
    assert.deepEqual(
      questions.map(({ kind, rule, app }) => [kind, rule, app]),
      Array(3).fill(['condition-yaml', text, 'shop']),
    );
  });

  it('loses the rule that one line contradicts, which is named', async () => {
    const found = await confirmPlan(planRuleFile('a.yaml', text, estate), estate, routers('2.7'));
    assert.deepEqual(
      found.differences.map(({ rule, engine: name }) => [rule, name]),
      [['r1', 'Dubbo 2.7.23']],
    );
    assert.match(found.planned.plan.rules[0]?.notes.at(-1)?.message ?? '', /^Real Dubbo 2\.7\.23 gives \[p2\]/);
  });

  it('is left as it is by another line where the report tells that the lines differ', async () => {
    const differs = text.replace('host=10.1.*', 'region != hz');
    const planned = planRuleFile('a.yaml', differs, estate);
    assert.ok(planned.plan.rules[0]?.notes.some(({ code }) => code === 'WR070'));
    const real: ScriptOracle = {
      ask: () => assert.fail('no Groovy is to be asked'),
      // No provider has the key: 2.7 takes that as different.
      askRouter: async (line, { calls }) =>
        calls.map(({ method, only = [] }) => (method === 'pay' && line !== '2.7' ? [] : only)),
    };
    assert.deepEqual((await confirmPlan(planned, estate, real)).differences, []);
  });
});
