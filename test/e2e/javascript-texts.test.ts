/** Texts in JavaScript rules: each row of the table, with many texts, against Nashorn in Dubbo. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASKED_TEXTS, KNOWN_TEXTS } from '../../src/rules/javascript/known-texts.ts';
import { compareRule } from '../oracle/dubbo/compare-rule.ts';
import { startRouterOracle } from '../oracle/dubbo/router-oracle.ts';
import { scriptYaml } from '../oracle/javascript/random-javascript.ts';

const APP = 'shop';
const PROVIDERS = [
  { id: 'p1', host: '10.20.3.1', port: 20880, params: { zone: 'a' } },
  { id: 'p2', host: '10.20.3.12', port: 20881, params: {} },
];
const CALLS = [...ASKED_TEXTS, null].map((text) => ({
  service: 'com.acme.Shop',
  method: 'find',
  paramTypes: [],
  args: [],
  attachments: text === null ? {} : { k: text },
  consumer: { application: 'web', host: '10.9.0.7' },
}));

const onCall = (test: string): string =>
  `(function (invokers, invocation) {\n  var s = invocation.getAttachment("k");\n  var none = new java.util.ArrayList();\n  return (${test}) ? none : invokers;\n}(invokers, invocation));`;
const onProvider = (test: string): string =>
  `(function (invokers) {\n  var keep = new java.util.ArrayList();\n  for (var i = 0; i < invokers.size(); i++) {\n    var s = invokers.get(i).getUrl().getHost();\n    if (${test}) keep.add(invokers.get(i));\n  }\n  return keep;\n}(invokers));`;

describe('texts in JavaScript rules', () => {
  it('are in every row of the table what Nashorn says', { timeout: 300_000 }, async (t) => {
    await using oracle = await startRouterOracle('3.2');
    let asked = 0;
    let left = 0;
    for (const [row, tests] of Object.entries(KNOWN_TEXTS)) {
      for (const test of tests) {
        for (const [rule, calls] of [
          [onCall(test), CALLS],
          [onProvider(test), CALLS.slice(0, 1)],
        ] as const) {
          const question = { app: APP, providers: PROVIDERS, calls };
          const real = await oracle.ask({ ...question, kind: 'javascript', rule });
          const said = compareRule({ ...question, file: 'rule', text: scriptYaml(rule), real, snapshot: true });
          for (const [arm, { right, wrong, refused }] of said) {
            assert.deepEqual(wrong, [], `${row}: ${test}, ${arm}`);
            if (arm !== 'source') continue;
            asked += right + refused;
            left += refused;
            assert.ok(right > refused, `${row}: ${test} is refused`);
          }
        }
      }
    }
    t.diagnostic(`${asked} calls, ${left} refused`);
    assert.ok(left * 20 < asked);
  });
});
