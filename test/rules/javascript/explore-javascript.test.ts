/** JavaScript rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoutingCall } from '../../../src/rules/case-file.ts';
import { GroovySource } from '../../../src/rules/groovy/syntax/source.ts';
import { runJavaScript } from '../../../src/rules/javascript/explore-javascript.ts';
import { answerCall } from '../../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';

const providers = [
  { id: 'p1', host: '10.20.3.1', port: 20880, params: { zone: 'a' } },
  { id: 'p2', host: '172.24.1.1', port: 20881, params: {} },
];
const call: RoutingCall = {
  service: 'com.pets.CatService',
  method: 'find',
  paramTypes: ['java.lang.String', 'java.lang.Integer'],
  args: [
    { t: 'java.lang.String', v: '5' },
    { t: 'java.lang.Integer', v: '5' },
  ],
  attachments: { user: 'tom', empty: '' },
  consumer: { application: 'web', host: '10.8.0.7' },
};

function outcome(script: string, asked = call): unknown {
  const said = runJavaScript(new GroovySource('rule.js', script), asked, providers);
  if (said.kind === 'providers') return said.ids;
  return said.kind === 'error' ? said.exception : said.kind;
}

/** The documented form, with a test on each provider. */
function selecting(test: string): string {
  return `(function route(invokers, invocation, context) {
    var keep = new java.util.ArrayList(invokers.size());
    for (var i = 0; i < invokers.size(); i++) { var x = invokers.get(i); if (${test}) keep.add(x); }
    return keep;
  }(invokers, invocation, context));`;
}

// Every outcome is that of Nashorn 15.6 inside ScriptStateRouter, which test/e2e/javascript-rules.test.ts asks.
describe('a JavaScript rule', () => {
  it('selects by host, port, parameters, availability, method and attachments', () => {
    const first = [
      '"10.20.3.1".equals(x.getUrl().getHost())',
      'x.url.host === "10.20.3.1"',
      'x.getUrl().getPort() == "20880"',
      'invokers[i].getUrl().getParameter("zone") == "a"',
      'x.getUrl().getParameter("zone")',
      'x.getUrl().getHost().indexOf("10.") == 0',
      '/^10\\./.test(x.getUrl().getHost())',
      '["10.20.3.1"].indexOf(x.url.host) >= 0',
      'invocation.methodName == "find" && x.url.port < 20881',
      'invocation.getAttachment("empty", "vip") == "vip" && x.url.port == 20880',
      'invocation.getArguments()[0] == "5" && !"5".equals(invocation.arguments[1]) && x.url.port == 20880',
      'x.getUrl().getHost() + ":" + x.getUrl().getPort() == "10.20.3.1:20880"',
      'x.getUrl().getParameters().zone == "a"',
      'x.url.parameters["zone"] !== undefined',
      'x.getUrl().getParameters().zone !== undefined && invocation.attachments.user == "tom"',
      'invocation.attachments["nokey"] === undefined && invocation.attachments.user !== undefined && x.url.port == 20880',
      'x.getUrl().getHost().substring(0, 3) == "10." && "1".equals(x.url.host.charAt(0))',
      'x.url.host.split("0").length == 3 && x.url.host.split(".").length > 3 && !(x.url.host.split(".").length != 4)',
      'parseInt(x.getUrl().getHost().split(".")[0]) < 100 && x.url.host.split(".")[9] != "1"',
      'invocation.getMethodName().toUpperCase() == "FIND" && x.url.host.toLowerCase() == "10.20.3.1"',
    ];
    for (const test of first) assert.deepEqual(outcome(selecting(test)), ['p1'], test);
    const none = [
      '"20880".equals(x.getUrl().getPort())',
      'x.getUrl().getPort() === "20880"',
      'x.url.getParameter("zone") === undefined',
    ];
    for (const test of none) assert.deepEqual(outcome(selecting(test)), [], test);
    assert.deepEqual(outcome(selecting('x.isAvailable()'), { ...call, down: ['p1'] }), ['p2']);
  });

  it('is ignored where it fails, as with a member of a missing parameter', () => {
    assert.equal(outcome(selecting('x.getUrl().getParameter("zone").equals("a")')), 'ignored');
    assert.equal(outcome('throw new Error("no")'), 'ignored');
    const plan = planRuleSource(
      readRuleFile(
        'rule',
        `type: javascript\nscript: ${JSON.stringify(selecting('x.url.getParameter("zone").equals("a")'))}\n`,
      ),
      {},
    );
    assert.equal(plan.assumptions.length, 1);
  });

  it('fails the call for a result that is no list', () => {
    assert.equal(outcome('null'), 'java.lang.NullPointerException');
    assert.equal(outcome('(function () {}())'), 'java.lang.NullPointerException');
    assert.equal(outcome('[]'), 'java.lang.ClassCastException');
  });

  it('is dead when it returns its input, also in the documented form without the outer parentheses', () => {
    const script = 'function route(invokers) { return new java.util.ArrayList(); }\n(invokers);';
    assert.deepEqual(outcome(script), ['p1', 'p2']);
    const { effect } = planRuleSource(readRuleFile('rule', `script: ${JSON.stringify(script)}\n`), {});
    assert.equal(effect.state, 'dead');
    assert.ok(effect.reasons.some(({ code }) => code === 'WR001'));
  });

  it('is broken with full-width signs and with a return outside of a function', () => {
    for (const script of ['\uff08function route(a) { return a; }(invokers)\uff09', 'return invokers']) {
      assert.equal(outcome(script), 'ignored');
      assert.equal(
        planRuleSource(readRuleFile('rule', `script: ${JSON.stringify(script)}\n`), {}).effect.state,
        'broken',
      );
    }
  });

  it('is refused, not called broken, where engines differ or weir does not know', () => {
    const unknown = [
      'let a = 1; invokers',
      'for each (var x = 1 in invokers) {} invokers',
      'for each (var x of invokers) {} invokers',
      'var keep = new java.util.ArrayList(); for each (var x in keep.subList(0, 0)) {} invokers',
      'var all = ["a"]; for each (var one in all) all.push("b"); invokers',
      '"use strict"; for (i = 0; i < 1; i++) {} invokers',
      'invokers.stream()',
      'foo(invokers)',
      'invokers.get(0)',
      selecting('count++ < 1'),
      selecting('Math.random() < 0.5'),
      selecting('x.getUrl().getParameter("zone") > "4"'),
      selecting('parseInt(x.url.host, 24) == 1'),
      selecting('parseInt(x.url.host, "10") == 1'),
      selecting('+x.url.host'),
      selecting('!(x.url.port + +x.url.host)'),
      selecting('Number(x.url.host) > 0.5'),
      selecting('Number(x.url.host.substring(0, 2)) > 0'),
      selecting('-x.url.host < 0'),
      selecting('x.url.host.split(".")[9] == undefined'),
      selecting('x.url.host.split(".").length == x.url.port'),
      selecting('x.url.host.split(".").length > 5000'),
      selecting('x.url.host.split(/[.]/)[0] == "10"'),
      selecting('x.url.host.substring(0, 1)'),
      selecting('x.url.host.split("2")[0].equals("1")'),
      selecting('parseInt(x.url.host) % 2 == 0'),
      `${selecting('true')} while (true) {}`,
    ];
    for (const script of unknown) {
      assert.equal(outcome(script), 'opaque', script);
      assert.equal(
        planRuleSource(readRuleFile('rule', `script: ${JSON.stringify(script)}\n`), {}).effect.state,
        'live',
      );
    }
  });

  it('reads numbers as Nashorn does, up to its own second sign', () => {
    const keeps = (test: string, k: string): unknown =>
      outcome(selecting(test.replaceAll('$', 'invocation.attachments.k')), { ...call, attachments: { k } });
    const holds: readonly (readonly [string, string])[] = [
      ...(['--5', '+5.0', ' 5. ', '0x5', '05'] as const).map((k) => ['Number($) == 5', k] as const),
      ...(['+$ < 1', '$ == 0', '!Number($)'] as const).flatMap((test) => [[test, ''] as const, [test, ' '] as const]),
      ...(['Number($) > 1000', '$ > 1000', 'parseFloat($) > 1000'] as const).map((test) => [test, 'Infinity'] as const),
      ...(['parseFloat($) == 5', 'parseInt($, 10) == 5', 'isNaN($)'] as const).map((test) => [test, '5e+x'] as const),
      ...([
        ['parseInt($, 16) == 31', '0x1f'],
        ['parseInt($, 8) == 10', '0129'],
        ['parseInt($, 2) == 2', '102'],
        ['isNaN(parseInt($, 8))', '9'],
        ['isNaN(Number($))', '---5'],
      ] as const),
    ];
    for (const [test, k] of holds) assert.deepEqual(keeps(test, k), ['p1', 'p2'], `${test} of ${k}`);
    for (const k of ['5x', '1e', 'NaN', '0b11', '- 5', '5,0', '\u0665']) {
      assert.deepEqual(keeps('Number($) <= 5', k), [], k);
      assert.deepEqual(keeps('isNaN(+$)', k), ['p1', 'p2'], k);
    }
    for (const k of ['1e3', '5.0000000001', '0x\u0665'])
      assert.equal(keeps('Number($) <= 5', k), 'opaque', `${k} may be rounded, or is read by Java`);
  });

  it('says nothing where a provider has a number that it does not read', () => {
    const script = selecting('Number(x.getUrl().getParameter("zone")) < 7');
    assert.deepEqual(outcome(script), ['p2'], 'null is 0, a is NaN');
    const plan = planRuleSource(readRuleFile('rule', `script: ${JSON.stringify(script)}\n`), {});
    assert.deepEqual(
      plan.assumptions.map(({ exception }) => exception),
      [null],
    );
    const odd = [{ id: 'p1', host: '10.20.3.1', port: 20880, params: { zone: '1e0' } }];
    assert.equal(runJavaScript(new GroovySource('rule.js', script), call, odd).kind, 'opaque');
    assert.equal(answerCall(plan, call, odd).outcome.kind, 'opaque');
  });

  it('loops over what is in invokers by for each, and over their places by for in', () => {
    const loops = [
      'for each (var x in invokers) { if (x.url.port == 20880) keep.add(x); }',
      'for /* all */ each (x in invokers) { if (x.url.port != 20880) continue; keep.add(x); }',
      'for (var at in invokers) { if (invokers[at].url.port == 20880) keep.add(invokers.get(at)); }',
      'var hosts = ["10.20.3.1", "a"]; for each (var x in invokers) for (var n in hosts) if (x.url.host == hosts[n]) keep.add(x);',
      'var texts = new java.util.ArrayList(); texts.add("10.20.3.1"); for each (var x in invokers) for each (var one in texts) { if (x.url.host != one) break; keep.add(x); }',
    ];
    for (const loop of loops) {
      const script = `(function (invokers) { var keep = new java.util.ArrayList(); ${loop} return keep; }(invokers))`;
      assert.deepEqual(outcome(script), ['p1'], loop);
    }
    assert.deepEqual(outcome('var each = 1; for (each in ["a"]) {} invokers'), ['p1', 'p2']);
  });

  it('leaves out calls whose text has a pair of surrogates before a part that it reads', () => {
    const script = selecting('invocation.attachments.k.substring(1) == "bc"');
    const said = (k: string): unknown => outcome(script, { ...call, attachments: { k } });
    assert.deepEqual(said('abc'), ['p1', 'p2']);
    assert.equal(said('\u{1d7d7}bc'), 'opaque', 'what is left is half of a pair, and bc');
    const plan = planRuleSource(readRuleFile('rule', `script: ${JSON.stringify(script)}\n`), {});
    assert.equal(answerCall(plan, { ...call, attachments: { k: '\u{1d7d7}bc' } }, providers).outcome.kind, 'opaque');
    assert.ok(plan.notes.some(({ code }) => code === 'WR071'));
  });

  it('ends for every provider or for none where a loop returns', () => {
    assert.equal(outcome(selecting('x.url.port == 20880) { keep.add(x); return keep; } if (false')), 'opaque');
    assert.deepEqual(outcome(selecting('invocation.methodName == "find") { return invokers; } if (false')), [
      'p1',
      'p2',
    ]);
  });

  it('is refused where a loop ends at one provider and fails at another: the first of them decides', () => {
    // Nashorn ends at p1, which has a zone, and never sees p2, which would fail the script.
    assert.equal(outcome(selecting('x.url.getParameter("zone").startsWith("")) break; if (false')), 'opaque');
    assert.equal(
      outcome(selecting('x.url.getParameter("zone").startsWith("b")) return invokers; if (false')),
      'opaque',
    );
    assert.equal(outcome(selecting('x.url.getParameter("zone").startsWith("a")')), 'ignored');
  });

  it('asks whether a list of unavailable providers is empty with those that are down in the call', () => {
    const script = selecting('!x.available').replace('return keep;', 'return keep.isEmpty() ? invokers : keep;');
    assert.deepEqual(outcome(script, { ...call, down: ['p1'] }), ['p1']);
    assert.deepEqual(outcome(script), ['p1', 'p2']);
  });
});
