/** The choices of --when-empty. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluateDocuments } from '../../../src/rules/evaluate-documents.ts';
import type { TargetName } from '../../../src/rules/targets/target.ts';
import type { WhenEmpty } from '../../../src/rules/targets/when-empty.ts';
import { convertRules } from '../../../src/rules/usecases/convert-rules.ts';
import { loadRules } from '../../../src/rules/usecases/evaluate-rules.ts';
import { verifyRules } from '../../../src/rules/usecases/verify-rules.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const SCRIPT = [
  "if (invocation.methodName == 'save') return []",
  "if (invocation.methodName == 'pay') return invokers.findAll { it.url.getParameter('env') == 'gray' }",
  'return invokers',
].join('\n');
const FALLING = "def r = invokers.findAll { it.url.getParameter('env') == 'gray' }\nreturn r ? r : invokers";
const PROVIDERS = ['gray', 'prod'].map((env, index) => ({
  id: env,
  host: `10.0.0.${index}`,
  port: 1,
  params: { env },
}));

async function run(script: string, whenEmpty: WhenEmpty, target: TargetName = 'dubbo-mesh') {
  const files = new MemoryRuleFiles({ 'a.groovy': script });
  const ports = { files, today: '2026-01-01' };
  const outcome = await convertRules(
    { paths: ['a.groovy'], out: 'out', target, check: false, whenEmpty },
    { ...ports, weirVersion: '0', frame: () => '', progress: () => undefined },
  );
  const loaded = await loadRules(files, 'out', { target });
  const ask = (method: string, only?: string[]) => {
    assert.ok(loaded.kind === 'documents');
    const call = { service: 'a.B', method, paramTypes: [], args: [], attachments: {}, consumer: {} };
    return evaluateDocuments(loaded.documents, only === undefined ? call : { ...call, only }, 0, PROVIDERS);
  };
  return {
    outcome,
    ask,
    text: files.texts.get(`out/a.${target}.yaml`) ?? '',
    verify: () => verifyRules({ paths: ['a.groovy'], rules: 'out', target }, ports),
  };
}

describe('--when-empty', () => {
  it('keep leaves a call that is denied, or whose group is empty, to the script', async () => {
    const { outcome, ask, text, verify } = await run(SCRIPT, 'keep');
    assert.equal(outcome.exit, 1);
    assert.equal(ask('save').outcome, 'REFUSED');
    assert.equal(ask('pay', ['prod']).outcome, 'REFUSED');
    assert.deepEqual(ask('pay').providers, ['gray']);
    assert.doesNotMatch(text, /when empty/);
    assert.equal((await verify()).open, 1);
  });

  it('all gives those calls to every provider, says so in the head, and is noted', async () => {
    const { outcome, ask, text, verify } = await run(SCRIPT, 'all');
    assert.equal(outcome.exit, 0);
    assert.deepEqual(
      outcome.json.scripts[0]?.rules.map((rule) => rule.fidelity),
      ['noted', 'noted', 'exact'],
    );
    assert.deepEqual(ask('save').providers, ['gray', 'prod']);
    assert.deepEqual(ask('pay', ['prod']).providers, ['prod']);
    assert.match(text, /^# when empty: all;/m);
    assert.match(text, /# line 1: method = save -> no provider in the script, every provider here/);
    assert.equal((await verify()).open, 0);
  });

  it('deny writes a fallback that Istio has not as a call that fails', async () => {
    const kept = await run(FALLING, 'keep', 'istio');
    assert.equal(kept.outcome.exit, 1);
    const { outcome, ask, text, verify } = await run(FALLING, 'deny', 'istio');
    assert.equal(outcome.exit, 0);
    assert.equal(outcome.json.scripts[0]?.fidelity, 'noted');
    assert.match(text, /^# when empty: deny;/m);
    assert.deepEqual(ask('x').providers, ['gray']);
    assert.equal((await verify()).open, 0);
  });

  it('tells when a target has no words for it', async () => {
    assert.match((await run(SCRIPT, 'deny')).outcome.warnings.join(), /changes nothing for dubbo-mesh/);
    assert.match((await run(SCRIPT, 'all', 'istio')).outcome.warnings.join(), /changes nothing for istio/);
  });

  it('is not taken for the work of a document that says nothing about it', async () => {
    const { text } = await run(SCRIPT, 'all');
    const files = new MemoryRuleFiles({
      'a.groovy': SCRIPT,
      'out/a.dubbo-mesh.yaml': text.replace(/^# when empty.*\n/m, ''),
    });
    const result = await verifyRules(
      { paths: ['a.groovy'], rules: 'out', target: 'dubbo-mesh' },
      { files, today: '2026-01-01' },
    );
    assert.ok(result.disagreements > 0);
  });
});
