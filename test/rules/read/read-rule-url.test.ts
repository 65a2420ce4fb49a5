/** Rules in registry URLs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

describe('a registry URL', () => {
  it('may be a route:// one that says by `router` what it is', () => {
    const url =
      'route://0.0.0.0/com.pets.CatService?router=condition&rule=method%20%3D%20find%20%3D%3E%20region%20%3D%20hz';
    const source = readRuleFile('rule', url);
    assert.equal(source.kind, 'condition');
    assert.deepEqual(source.conditions, ['method = find => region = hz']);
  });

  it('keeps its group, its version and the one consumer that it is for', () => {
    const source = readRuleFile(
      'rule',
      'script://10.9.0.5/com.pets.CatService?group=blue&version=1.0&type=groovy&rule=invokers',
    );
    assert.deepEqual(source.scope, {
      providerApp: null,
      service: 'com.pets.CatService',
      group: 'blue',
      version: '1.0',
      consumerHost: '10.9.0.5',
    });
  });

  it('reads + as a blank, and flags in any case', () => {
    const source = readRuleFile('rule', 'condition://0.0.0.0/a.B?force=TRUE&rule=method+%3D+find+%3D%3E');
    assert.deepEqual(source.conditions, ['method = find =>']);
    assert.equal(source.force, true);
  });
});

describe('a kind of rule that is known and not converted', () => {
  const cases = {
    'an affinity rule': 'configVersion: v3.1\nkey: a\naffinityAware:\n  key: region\n  ratio: 20\n',
    'several destinations':
      'configVersion: v3.1\nconditions:\n  - from: {match: "env=gray"}\n    to: [{match: "env=gray", weight: 10}, {match: "", weight: 90}]\n',
    'a ratio':
      'configVersion: v3.1\nconditions:\n  - from: {match: "env=gray"}\n    to: [{match: "env=gray"}]\n    ratio: 30\n',
    'an HSF same-room rule': '{"localPreferredSwitch": "on", "threshold": 0.2}',
  };
  for (const [what, text] of Object.entries(cases)) {
    it(`is refused by name: ${what}`, () => {
      const plan = planRuleSource(readRuleFile('rule', text), {});
      assert.deepEqual(
        plan.rules.map(({ then }) => then.kind),
        ['opaque'],
      );
      assert.ok(plan.notes.some(({ code }) => code === 'WR072'));
    });
  }

  it('is read where v3.1 has one destination only', () => {
    const text =
      'configVersion: v3.1\nforce: true\nconditions:\n  - from: {match: "method=find"}\n    to: [{match: "env=gray"}]\n';
    const plan = planRuleSource(readRuleFile('rule', text), {});
    assert.deepEqual(
      plan.rules.map(({ then }) => then.kind),
      ['route', 'all'],
    );
  });
});
