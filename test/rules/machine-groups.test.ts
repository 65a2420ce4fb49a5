/** Machine groups of HSF with and without members. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { CaseFile } from '../../src/rules/case-file.ts';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import type { TargetName } from '../../src/rules/targets/target.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';
import { fixtureCases } from '../fakes/fixture-cases.ts';
import { withKnowledge } from '../fakes/fixture-knowledge.ts';

const RULE = `Groovy_v200907@package hsf.address.router
public class RoutingRule {
  Map<String, List<String>> routingRuleMap() { return ["G1": ["{pets_host_c}"]]; }
  String interfaceRoutingRule() { return "G1"; }
  boolean isIpRegexOn() { return false; }
}`;
const NOTHING: CaseFile = { providers: [], services: [], types: {}, machineGroups: {}, calls: [] };

function convert(estate: CaseFile, target: TargetName) {
  const { plan } = planRuleFile('rule.groovy', RULE, estate);
  const { services, providers } = estate;
  const version = targetVersion(target, undefined);
  return { plan, ...convertPlan({ plan, name: 'rule', target, version, services, providers, accepted: new Set() }) };
}

describe('a machine group of HSF whose members nobody gave', () => {
  for (const target of ['dubbo-mesh', 'istio', 'envoy', 'aeraki', 'envoy-dubbo'] as const) {
    it(`is a label for ${target}, never an empty set`, () => {
      const { text, labels, plan, rules } = convert(NOTHING, target);
      assert.ok(plan.rules.every((rule) => rule.then.kind === 'route'));
      assert.deepEqual(
        labels.groups.map((group) => group.label),
        ['weir.io/pets_host_c'],
      );
      assert.match(text ?? '', /weir\.io\/pets_host_c/);
      assert.doesNotMatch(text ?? '', /directResponse/);
      assert.ok(rules.every((rule) => rule.state === 'converted' && rule.verdict === 'proved'));
    });
  }

  it('is not known for the providers of a snapshot', () => {
    const providers = [{ id: 'p1', host: '10.0.0.1', port: 1, params: {} }];
    for (const machineGroups of [{}, { other: ['10.0.0.1'] }]) {
      const { plan, text } = convert({ ...NOTHING, providers, machineGroups }, 'istio');
      assert.equal(plan.rules[0]?.then.kind, 'opaque');
      assert.equal(text, null);
    }
  });

  it('is what the case says where it says it', () => {
    const { labels } = convert({ ...NOTHING, machineGroups: { pets_host_c: ['10.0.0.*'] } }, 'istio');
    assert.doesNotMatch(JSON.stringify(labels.groups[0]?.label), /pets_host_c/);
    assert.match(JSON.stringify(labels.groups[0]?.select), /10\.0\.0\./);
  });
});

it('a push that may fail is no answer while the methods are not known', () => {
  const fixture = fixtureCases().find(({ id }) => id.startsWith('54'));
  assert.ok(fixture);
  const text = readFileSync(fixture.path, 'utf8');
  const kinds = (estate: CaseFile) => planRuleFile(fixture.path, text, estate).plan.rules.map((rule) => rule.then.kind);
  for (const kind of kinds(withKnowledge(fixture.known, 'nothing'))) assert.match(kind, /^(?:opaque|stale)$/);
  assert.ok(kinds(withKnowledge(fixture.known, 'services')).every((kind) => kind === 'stale'));
});
