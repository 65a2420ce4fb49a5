/** What decides a call: the rule, its place in the file, and the outcome in words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainCall } from '../../../src/rules/usecases/explain-call.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const PROVIDERS = JSON.stringify(
  ['gray', 'prod'].map((env, index) => ({ id: env[0], host: `10.0.0.${index + 1}`, port: 20_880, params: { env } })),
);
const BY_METHOD = [
  "if (invocation.methodName == 'save') {",
  "  return invokers.findAll { it.url.getParameter('env') == 'gray' }",
  '}',
  "return invokers.findAll { it.url.getParameter('env') == 'prod' }",
].join('\n');

function call(method: string): string {
  return JSON.stringify({ service: 'com.acme.Orders', method, paramTypes: [], args: [] });
}

function explain(text: string, asked: string, script = 'in/rule.groovy') {
  const files = new MemoryRuleFiles({ [script]: text, 'providers.json': PROVIDERS });
  return explainCall({ script, call: asked, providers: 'providers.json' }, { files });
}

describe('explaining a call', () => {
  it('names the branch that the call takes, with its line and the text of that line', async () => {
    const saved = await explain(BY_METHOD, call('save'));
    assert.deepEqual([saved.line, saved.outcome], [2, '[g]']);
    assert.equal(saved.source, BY_METHOD.split('\n')[1]);
    const read = await explain(BY_METHOD, call('read'));
    assert.deepEqual([read.line, read.outcome], [4, '[p]']);
    assert.notEqual(saved.rule, read.rule);
    assert.equal(saved.path, 'in/rule.groovy');
  });

  it('marks the part of the line that decides', async () => {
    const { source, column, endColumn } = await explain(BY_METHOD, call('save'));
    assert.match(source.slice(column - 1, endColumn - 1), /^(?:return )?invokers\.findAll/);
  });

  it('counts lines in the carrier, not in the script that it holds', async () => {
    const indented = BY_METHOD.split('\n').map((line) => `  ${line}`);
    const carrier = [
      'scope: application',
      'type: groovy',
      'key: orders',
      'enabled: true',
      'script: |',
      ...indented,
    ].join('\n');
    const { line, source, outcome } = await explain(carrier, call('save'), 'in/rule.yaml');
    assert.deepEqual([line, outcome], [7, '[g]']);
    assert.equal(source, indented[1]);
  });

  it('puts a share to each list where chance decides', async () => {
    const script = [
      'def r = new Random().nextInt(100)',
      "if (r < 20) return invokers.findAll { it.url.getParameter('env') == 'gray' }",
      "return invokers.findAll { it.url.getParameter('env') == 'prod' }",
    ].join('\n');
    assert.equal((await explain(script, call('save'))).outcome, '[g] in 20 %, [p] in 80 %');
  });

  it('names the choice itself where no providers were given, and says of nobody that he is picked or not', async () => {
    const files = new MemoryRuleFiles({ 'in/rule.groovy': BY_METHOD });
    const { outcome, decision } = await explainCall({ script: 'in/rule.groovy', call: call('save') }, { files });
    assert.equal(outcome, 'env=gray; --providers says which those are');
    assert.deepEqual(decision, { kind: 'providers', picks: null });
  });

  it('knows without providers that a denied call reaches nobody', async () => {
    const files = new MemoryRuleFiles({ 'in/rule.groovy': 'return []' });
    const { outcome, decision } = await explainCall({ script: 'in/rule.groovy', call: call('save') }, { files });
    assert.doesNotMatch(outcome, /--providers/);
    assert.deepEqual(decision, { kind: 'providers', picks: [{ providers: [], share: 1 }] });
  });

  it('says that every provider gets the call when the script throws', async () => {
    const { outcome, decision } = await explain('invocation.methodName.nothing()\nreturn []', call('save'));
    assert.equal(decision.kind, 'ignored');
    assert.match(outcome, /^all providers, for the script throws groovy\.lang\.MissingMethodException/);
  });

  it('does not guess where a branch is opaque', async () => {
    const { outcome, decision } = await explain('return com.acme.Routing.choose(invokers)', call('save'));
    assert.equal(decision.kind, 'opaque');
    assert.match(outcome, /^weir cannot say: Routing\.choose\(\)$/);
  });

  it('says what the script does, and why no document does, where weir follows it and has no rule for it', async () => {
    const { outcome, decision } = await explain('return invokers.take(1)', call('save'));
    assert.equal(decision.kind, 'opaque');
    assert.match(outcome, /^\[g\]; that is what the script does, .*: some providers are chosen by their position$/);
    const files = new MemoryRuleFiles({ 'in/rule.groovy': 'return invokers.take(1)' });
    const blind = await explainCall({ script: 'in/rule.groovy', call: call('save') }, { files });
    assert.equal(blind.outcome, 'weir cannot say: some providers are chosen by their position');
  });

  it('gives no choice of the plan for a call that the plan takes not to happen', async () => {
    const rule = 'force: false\nenabled: true\nkey: orders\ntags:\n  - {name: gray, addresses: [10.0.0.1:20880]}';
    const tagged = JSON.stringify({
      ...{ service: 'com.acme.Orders', method: 'save', paramTypes: [], args: [] },
      consumer: { params: { 'dubbo.tag': 'gray' } },
    });
    const { outcome, decision } = await explain(rule, tagged, 'in/rule.yaml');
    assert.equal(decision.kind, 'opaque');
    assert.match(outcome, /^\[g\]; that is what the script does/);
  });

  it('refuses a call that is none, with its place in the flag', async () => {
    await assert.rejects(explain(BY_METHOD, '{"method":'), { code: 'WEIR5001' });
    await assert.rejects(explain(BY_METHOD, ''), { code: 'WEIR5001', what: /--call holds no call/ });
    const noService = { code: 'WEIR5001', why: 'service: it is missing', hint: /^write \{"service"/ };
    await assert.rejects(explain(BY_METHOD, '{"attachments":{}}'), noService);
  });
});
