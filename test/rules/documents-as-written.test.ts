/** Documents that read as a person would write them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConvertedPlan, convertPlan } from '../../src/rules/convert-plan.ts';
import { targetVersion } from '../../src/rules/targets/lower.ts';
import type { TargetName } from '../../src/rules/targets/target.ts';
import { planRuleFile } from '../../src/rules/usecases/plan-rule-file.ts';

const NOTHING = { providers: [], services: [], types: {}, machineGroups: {} };

function convert(text: string, target: TargetName = 'dubbo-mesh', path = 'rule.groovy'): ConvertedPlan {
  const { plan } = planRuleFile(path, text, NOTHING);
  const version = targetVersion(target, undefined);
  return convertPlan({ plan, name: 'rule', target, version, services: [], providers: [], accepted: new Set() });
}

function choosing(test: string): string {
  return `if (invocation.methodName == 'pay') return invokers.findAll { ${test} }\nreturn invokers`;
}

describe('documents that a person would have written', () => {
  for (const idiom of [
    "it.url.getParameter('region') == 'hz'",
    "'hz'.equals(it.url.getParameter('region'))",
    "it.url.getParameter('region').equals('hz')",
    "it.url.getParameter('region')?.equals('hz')",
    "it.url.getParameter('region', '') == 'hz'",
    "it.url.getParameter('region') != null && it.url.getParameter('region') == 'hz'",
    "it.url.getParameter('region') && it.url.getParameter('region').equals('hz')",
    "it.url.parameters.region == 'hz'",
    "it.url.getParameter('region') in ['hz']",
  ]) {
    it(`read the parameter as it is: ${idiom}`, () => {
      const { text, labels } = convert(choosing(idiom));
      assert.deepEqual(labels.groups, []);
      assert.match(text ?? '', /labels: \{region: 'hz'\}/);
    });
  }

  for (const [idiom, why] of [
    ["it.url.getParameter('region') != 'hz'", 'a negation'],
    ["it.url.getParameter('region', 'hz') == 'hz'", 'the default is the value'],
    ["it.url.getParameter('region') == ''", 'an empty value'],
    ["it.url.getParameter('region') == 'hz' || it.url.host == '10.0.0.1'", 'two things'],
  ] as const) {
    it(`invent a label for ${why}: ${idiom}`, () => {
      assert.equal(convert(choosing(idiom)).labels.groups.length, 1);
    });
  }

  it('read a parameter of a condition rule, too', () => {
    const yaml = 'scope: service\nkey: a.B\nconditions:\n  - method=pay => region=Hangzhou\n';
    assert.deepEqual(convert(yaml, 'dubbo-mesh', 'rule.yaml').labels.groups, []);
  });

  it('name a group alike whatever other groups there are', () => {
    const label = (text: string) => convert(text, 'istio').labels.groups.map((group) => group.label);
    const one = label(choosing("it.url.host.startsWith('10.1.')"));
    const both = label(
      `if (invocation.methodName == 'a') return invokers.findAll { it.url.host.startsWith('10.2.') }\n${choosing("it.url.host.startsWith('10.1.')")}`,
    );
    assert.equal(both.length, 2);
    assert.ok(both.includes(one[0] ?? ''), `${both} has ${one}`);
  });

  it('put rules that have no call in common with a refused one in front of it, and leave out what the rest does anyway', () => {
    const text = [
      "def app = invocation.getAttachment('remote.application')",
      'if (app == null) return invokers',
      "if (app == 'shop') return invokers.findAll { it.url.getParameter('tag') == 'vip' }",
      'return invokers',
    ].join('\n');
    const { text: yaml, rules } = convert(text);
    assert.doesNotMatch(yaml ?? '', /-refused/);
    assert.ok(
      rules.every((rule) => rule.state === 'converted' && rule.verdict === 'proved'),
      JSON.stringify(rules),
    );
  });

  it('have one entry for neighbours that stay with the script', () => {
    const text = [
      "if (invocation.methodName == 'a') return invokers.take(1)",
      "if (invocation.methodName == 'b') return invokers.drop(1)",
      'return invokers',
    ].join('\n');
    const yaml = convert(text).text;
    // Nothing was converted but the default; the two methods are one entry.
    assert.equal(yaml?.match(/-refused'/g)?.length, 1);
    assert.match(yaml ?? '', /name_match: \{regex: 'a\|b'\}/);
  });

  it('say above each entry what it does and where that stands', () => {
    const yaml = convert(choosing("it.url.getParameter('region') == 'hz'")).text ?? '';
    assert.match(yaml, /# line 1: method = pay -> region=hz\n\s+- name: 'r1'/);
    assert.match(yaml, /# line 2: otherwise -> all providers\n\s+- name: 'r2'/);
  });
});

describe('what becomes of a rule', () => {
  it('is shadowed behind an entry that takes its calls, and names that', () => {
    const text = [
      'if (invocation.arguments[0].level > 3) return []',
      "if (invocation.methodName == 'pay') return invokers.findAll { it.url.getParameter('a') == 'b' }",
      'return invokers',
    ].join('\n');
    const { rules } = convert(text, 'istio');
    const shadowed = rules.filter((rule) => rule.state === 'shadowed');
    assert.ok(shadowed.length > 0, JSON.stringify(rules.map(({ id, state }) => [id, state])));
    for (const rule of shadowed) {
      assert.equal(rule.verdict, 'unverified');
      assert.equal(rule.fidelity, 'refused');
      assert.ok(rule.shadowedBy.length > 0);
      assert.ok(rule.findings.some((finding) => finding.code === 'WR061'));
    }
  });

  it('is left for a refused rule and none for one that no call comes to', () => {
    const { rules } = convert("if (invocation.methodName == 'a') return invokers.take(1)\nreturn invokers");
    assert.deepEqual(
      rules.map(({ state, verdict }) => [state, verdict]),
      [
        ['left', 'unverified'],
        ['converted', 'proved'],
      ],
    );
  });
});
