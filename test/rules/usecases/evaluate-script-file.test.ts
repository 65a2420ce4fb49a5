/** The answers of a legacy rule as lines of `weir rules eval`: each kind of outcome has a form of its own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCaseFile } from '../../../src/rules/case-file.ts';
import { evaluateScriptFile } from '../../../src/rules/usecases/evaluate-script-file.ts';
import { MemoryRuleFiles } from '../../fakes/memory-rule-files.ts';

const CASE = parseCaseFile(
  JSON.stringify({
    providers: ['gray', 'prod'].map((env, index) => {
      return { id: env[0], host: `10.0.0.${index + 1}`, port: 20_880, params: { env } };
    }),
    calls: [
      { service: 'com.acme.Orders', method: 'save' },
      { service: 'com.acme.Orders', method: 'read', only: ['p'] },
    ],
  }),
  'case.json',
);

function evaluate(text: string, path = 'rule.groovy') {
  return evaluateScriptFile(new MemoryRuleFiles({ [path]: text }), path, CASE);
}

describe('evaluating a script file', () => {
  it('runs no document of something else as Groovy', async () => {
    const none = { code: 'WEIR5002' };
    await assert.rejects(evaluate('apiVersion: v1\nkind: ConfigMap\n', 'map.yaml'), none);
    await assert.rejects(evaluate('[1, 2]', 'list.json'), { ...none, why: 'it is JSON, but no rule that weir knows' });
    await assert.rejects(evaluate('{"a":', 'cut.json'), { ...none, why: 'it is JSON that is cut short' });
  });

  it('answers each call in its order by the providers that it reaches', async () => {
    const script =
      "invokers.findAll { it.url.getParameter('env') == (invocation.methodName == 'save' ? 'gray' : 'prod') }";
    assert.deepEqual(await evaluate(script), [
      { call: 0, providers: ['g'] },
      { call: 1, providers: ['p'] },
    ]);
  });

  it('gives every present provider when the script throws, and says why', async () => {
    const lines = await evaluate('invocation.methodName.nothing()\nreturn []');
    assert.deepEqual(
      lines.map(({ providers, outcome }) => [providers, outcome]),
      [
        [['g', 'p'], 'ALL(ignored)'],
        [['p'], 'ALL(ignored)'],
      ],
    );
    assert.match(lines[0]?.reason ?? '', /MissingMethodException/);
  });

  it('gives shares where chance decides', async () => {
    const script = [
      'def r = new Random().nextInt(100)',
      "if (r < 20) return invokers.findAll { it.url.getParameter('env') == 'gray' }",
      "return invokers.findAll { it.url.getParameter('env') == 'prod' }",
    ].join('\n');
    const [first] = await evaluate(script);
    assert.deepEqual(first, {
      call: 0,
      choices: [
        { providers: ['g'], share: 0.2 },
        { providers: ['p'], share: 0.8 },
      ],
    });
  });

  it('says of each share what becomes of it: no provider is not the same as a failure, or as not known', async () => {
    const script = [
      'def r = new Random().nextInt(4)',
      'if (r == 0) return []',
      "if (r == 1) throw new IllegalStateException('x')",
      'if (r == 2) return com.acme.Routing.choose(invokers)',
      'return invokers',
    ].join('\n');
    const [first] = await evaluate(script);
    assert.deepEqual(
      first?.choices?.map(({ providers, outcome }) => [providers.join(), outcome]),
      [
        ['', undefined],
        ['g,p', 'ALL(ignored)'],
        ['', 'REFUSED'],
        ['g,p', undefined],
      ],
    );
    assert.match(first?.choices?.[2]?.reason ?? '', /Routing/);
  });

  it('refuses a call of which no share is known', async () => {
    const draw = 'new Random().nextInt(2) == 0';
    const [first] = await evaluate(`def f(n) { return ${draw} ? f(n + 1) : f(n + 2) }\nreturn f(0)`);
    assert.deepEqual([first?.outcome, first?.choices], ['REFUSED', undefined]);
  });

  it('refuses what it cannot tell, with the reason', async () => {
    const [first] = await evaluate('return com.acme.Routing.choose(invokers)');
    assert.equal(first?.outcome, 'REFUSED');
    assert.notEqual(first?.reason ?? '', '');
    assert.equal(first?.providers, undefined);
  });

  it('throws for a file that is no rule', async () => {
    await assert.rejects(evaluate('conditions: [\n', 'rule.yaml'), { code: /^WEIR50/ });
  });
});
