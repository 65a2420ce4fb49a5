/** Scopes of rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertPlan } from '../../../src/rules/convert-plan.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';
import { resolveScope } from '../../../src/rules/read/rule-scope.ts';

const condition = (head: string): string => `${head}conditions: ["method = find => region = hz"]\n`;
const url = (host: string, more: string): string =>
  `condition://${host}/com.pets.CatService?${more}rule=method%20%3D%20find%20%3D%3E%20region%20%3D%20hz`;

describe('the scope of a rule', () => {
  it('is refused where a document would drop the group, the version or the one consumer', () => {
    for (const [text, why] of [
      [url('0.0.0.0', 'group=blue&'), 'group blue'],
      [url('0.0.0.0', 'version=1.0&'), 'version 1.0'],
      [url('10.9.0.5', ''), '10.9.0.5'],
      [condition('scope: service\nkey: blue/com.pets.CatService:1.0.0\n'), 'group blue and version 1.0.0'],
      [condition('scope: service\nkey: com.pets.CatService:1.0.0:blue\n'), 'group blue and version 1.0.0'],
    ] as const) {
      const { refusal } = resolveScope(readRuleFile('rule', text), {});
      assert.ok(refusal?.includes(why), `${text}: ${refusal}`);
    }
  });

  it('is kept where the snapshot shows nothing else', () => {
    const providers = [{ id: 'p1', host: '10.1.1.1', port: 1, params: { group: 'blue' } }];
    assert.equal(resolveScope(readRuleFile('rule', url('0.0.0.0', 'group=blue&')), { providers }).refusal, null);
  });

  it('is a service by its form, or by --scope', () => {
    const source = readRuleFile('rule', condition('key: com.pets.CatService\n'));
    assert.equal(resolveScope(source, {}).scope.service, 'com.pets.CatService');
    assert.equal(resolveScope(source, { keyScope: 'app' }).scope.providerApp, 'com.pets.CatService');
  });

  it('is doubted where the key may be the consumer, and refused where the provider is another', () => {
    const source = readRuleFile('rule', condition('scope: application\nkey: web\n'));
    assert.ok(resolveScope(source, {}).question?.includes('--app'));
    assert.deepEqual(resolveScope(source, { app: 'web' }), {
      scope: { providerApp: 'web', service: null, group: null, version: null },
      refusal: null,
      question: null,
    });
    assert.ok(resolveScope(source, { app: 'pets' }).refusal?.includes('web'));
  });

  it('keeps a rule from being written, unless WR073 is accepted', () => {
    const plan = planRuleSource(readRuleFile('rule', url('0.0.0.0', 'group=blue&')), {});
    const request = { plan, name: 'rule', target: 'istio', version: '1.20', services: [], providers: [] } as const;
    const refused = convertPlan({ ...request, accepted: new Set() });
    assert.equal(refused.text, null);
    assert.ok(refused.rules.every(({ findings }) => findings.some(({ code }) => code === 'WR073')));
    assert.notEqual(convertPlan({ ...request, accepted: new Set(['WR073']) }).text, null);
  });
});
