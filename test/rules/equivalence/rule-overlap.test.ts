/** Which rules have no call in common, and what follows for the order of entries. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { RuleOverlap } from '../../../src/rules/equivalence/rule-overlap.ts';
import { targetVersion } from '../../../src/rules/targets/lower.ts';
import { planRuleFile } from '../../../src/rules/usecases/plan-rule-file.ts';

const SCRIPT = `if (invocation.parameterTypes[0].name == 'java.lang.String' && invocation.arguments[0].hashCode() % 2 == 0)
  return invokers.findAll { it.url.getParameter('env') == 'gray' }
return invokers`;
const KNOWN = {
  ...{ types: {}, machineGroups: {}, calls: [] },
  providers: [
    { id: 'a', host: '10.0.0.1', port: 1, params: { env: 'gray' } },
    { id: 'b', host: '10.0.0.2', port: 1, params: { env: 'base' } },
  ],
  services: [{ interface: 'a.S', methods: [{ name: 'get', paramTypes: ['java.lang.String'] }] }],
};

it('rules that ask for the same declared types and counts are not apart', () => {
  const { plan } = planRuleFile('a.groovy', SCRIPT, KNOWN);
  const overlap = new RuleOverlap(plan);
  const hash = plan.rules.find(({ then: { kind } }) => kind === 'opaque');
  assert.ok(hash);
  for (const later of plan.rules.slice(plan.rules.indexOf(hash) + 1)) {
    const other = later.when.every(({ term }) => term.t !== 'arg');
    if (other) assert.equal(overlap.areDisjoint(hash, later), false, `${hash.id} ${later.id}`);
  }
});

for (const target of ['dubbo-mesh', 'envoy'] as const) {
  it(`calls that a hash decides stay with the script: no later rule about the same types takes them, for ${target}`, () => {
    const { plan } = planRuleFile('a.groovy', SCRIPT, KNOWN);
    const { services, providers } = KNOWN;
    const version = targetVersion(target, undefined);
    const { rules } = convertPlan({ plan, name: 'r', target, version, services, providers, accepted: new Set() });
    const hash = plan.rules.find(({ then }) => then.kind === 'opaque' && then.code === 'hash');
    const converted = rules.find(({ id }) => id === hash?.id);
    assert.deepEqual([converted?.state, converted?.fidelity], ['left', 'refused']);
  });
}
