/** Scripts made to take for ever. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convertPlan } from '../../src/rules/convert-plan.ts';
import { planRuleSource } from '../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../src/rules/read/read-rule-file.ts';

const services = [
  {
    interface: 'com.acme.S',
    methods: [
      { name: 'load', paramTypes: ['long'] },
      { name: 'find', paramTypes: ['java.lang.String'] },
    ],
  },
];
const REQUEST = { target: 'dubbo-mesh', version: 'and-match', name: 'rule', accepted: new Set<string>() } as const;
const numbered = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i));
const turns = (count: number, body: string) => `for (int i = 0; i < ${count}; i++) { ${body} }\n`;

/** Processor time, so that a busy machine fails no test; some 2 s here, days without the limits. */
const MOST_MS = 15_000;

function convert(text: string, file = 'hostile.groovy') {
  const began = process.cpuUsage();
  const plan = planRuleSource(readRuleFile(file, text), { services });
  const converted = convertPlan({ ...REQUEST, plan, services, providers: [] });
  const ms = process.cpuUsage(began).user / 1000;
  assert.ok(ms < MOST_MS, `${ms} ms`);
  const opaque = plan.rules.flatMap(({ then }) => (then.kind === 'opaque' ? [then.code] : []));
  return { plan, converted, opaque };
}

/** How many texts the rules list, in as few rules as patterns of documents can hold. */
function textsOf(plan: ReturnType<typeof convert>['plan']): number {
  return plan.rules
    .flatMap(({ when }) => when)
    .reduce((sum, { test }) => sum + (test.op === 'eq' ? test.values.length : 0), 0);
}

describe('scripts made to take for ever', () => {
  const refused: readonly (readonly [string, string, string])[] = [
    ['a text that doubles', `def s = 'x'\n${turns(900, 's = s + s')}return invokers`, 'size-limit'],
    ['a number that squares', `def s = 3G\n${turns(900, 's = s * s')}return invokers`, 'size-limit'],
    ['a decimal that squares', `def s = 3.1\n${turns(900, 's = s * s')}return invokers`, 'size-limit'],
    [
      'a list that holds itself twice',
      `def s = [1]\n${turns(200, 's = [s, s]')}return s.flatten().size() > 5 ? invokers : []`,
      'size-limit',
    ],
    [
      'a text of the call that doubles',
      `def s = invocation.methodName\n${turns(900, 's = s + s')}return s == 'x' ? [] : invokers`,
      'size-limit',
    ],
    [
      'a number of the call that doubles',
      `def s = invocation.arguments[0]\n${turns(900, 's = s + s')}return s == 3 ? [] : invokers`,
      'size-limit',
    ],
    [
      'a large list without repeats',
      `def s = (1..10000).toList()\n${turns(1000, 's.unique()')}return invokers`,
      'path-limit',
    ],
    ['a large list as a set', `def s = (1..10000).toList()\n${turns(1000, 's.toSet()')}return invokers`, 'path-limit'],
    ['a text padded without end', "def s = 'x'.padLeft(2000000)\nreturn s.length() > 5 ? invokers : []", 'size-limit'],
    [
      'a map that grows',
      `def m = [:]\n${turns(1000, 'for (x in 1..1000) { m["$i $x"] = 1 }')}return invokers`,
      'path-limit',
    ],
    ['a list that grows', `def m = []\n${turns(1000, `for (x in 1..1000) { m << x }`)}return invokers`, 'path-limit'],
    ['two calls in each call', 'def f(n) { n < 2 ? n : f(n - 1) + f(n - 2) }\nf(40)\nreturn invokers', 'path-limit'],
    ['branches', numbered(40, (i) => `if (invocation.getAttachment('k${i}')) x${i} = 1`).join('\n'), 'path-limit'],
    [
      'branches in one value',
      `return ${numbered(40, (i) => `(invocation.arguments[${i}] > 3 ? 1 : 0)`).join(' + ')} > 20 ? invokers : []`,
      'path-limit',
    ],
  ];
  for (const [name, text, code] of refused) {
    it(`${name}: opaque (${code}) in bounded time`, () =>
      assert.ok(convert(text).opaque.includes(code as 'clock'), name));
  }

  const ofJavaScript: readonly (readonly [string, string, string])[] = [
    ['a text that doubles', "var s = 'x'; for (var i = 0; i < 900; i++) { s = s + s }\ninvokers", 'size-limit'],
    [
      'a text of the call that doubles',
      "var s = invocation.getMethodName(); for (var i = 0; i < 900; i++) { s = s + s }\nif (s == 'x') { invokers }",
      'size-limit',
    ],
    ['a function that calls itself', 'function f(n) { return f(n + 1) }\nf(0)', 'loop-limit'],
    ['a loop without end', 'while (true) { }\ninvokers', 'loop-limit'],
  ];
  for (const [name, text, code] of ofJavaScript) {
    it(`JavaScript, ${name}: opaque (${code}) in bounded time`, () =>
      assert.ok(convert(text, 'hostile.js').opaque.includes(code as 'clock'), name));
  }

  it('follows a loop over 1,000 constants, a turn a step', () => {
    const { plan, opaque } = convert(
      `${turns(1000, "if (invocation.methodName == 'm' + i) return []")}return invokers`,
    );
    assert.deepEqual(opaque, []);
    assert.equal(textsOf(plan), 1000);
  });

  it('ends for 3,000 links of an else-if chain', () => {
    const links = numbered(3000, (i) => `else if (invocation.methodName == 'm${i}') return []`);
    const { plan } = convert(`if (invocation.methodName == 'a') return []\n${links.join('\n')}\nreturn invokers`);
    // Real Groovy makes more than 64 KB of it: whether it compiles is not known, and it is refused in bounded time.
    assert.deepEqual(
      plan.rules.map((rule) => rule.then.kind),
      ['opaque'],
    );
  });

  it('follows 1,000 links of an else-if chain', () => {
    const links = numbered(1000, (i) => `else if (invocation.methodName == 'm${i}') return []`);
    const { plan } = convert(`if (invocation.methodName == 'a') return []\n${links.join('\n')}\nreturn invokers`);
    assert.equal(textsOf(plan), 1001);
    assert.ok(plan.rules.length < 20, String(plan.rules.length));
  });
});

describe('loops that are followed turn by turn', () => {
  const outcomes = (body: string) =>
    convert(`def a = []\n${body}\nreturn a.size() == 3 ? [] : invokers`).plan.rules.map((rule) => rule.then.kind);
  const loops: readonly (readonly [string, string])[] = [
    ['break', 'for (x in [1, 2, 3, 4]) { if (x == 4) break\n a << x }'],
    ['continue', 'for (x in [1, 2, 3, 4]) { if (x == 2) { continue }\n a << x }'],
    ['labels', 'outer: for (x in [1, 2, 3]) { for (y in [1, 2]) { if (y == 2) continue outer\n a << y } }'],
    ['a labelled break', 'outer: for (x in [1, 2]) { for (y in [1, 2, 3, 4]) { if (y == 4) break outer\n a << y } }'],
    ['a switch inside', 'for (x in [1, 2, 3, 4]) { switch (x) { case 4: break\n default: a << x } }'],
    ['continue in a switch', 'for (x in [1, 2, 3, 4]) { switch (x) { case 4: continue\n default: break }\n a << x }'],
    ['an update after continue', 'for (int i = 0; i < 4; i++) { if (i == 2) continue\n a << i }'],
    ['while', 'def n = 0\nwhile (n < 3) { a << n\n n++ }'],
    ['a variable of each turn', 'for (x in [1, 2, 3]) { def y = x\n a << y }'],
  ];
  for (const [name, body] of loops)
    it(`end as Groovy ends them: ${name}`, () => assert.deepEqual(outcomes(body), ['deny']));
});
