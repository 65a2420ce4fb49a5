/** Tests of rules as Envoy reads them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { describeTest } from '../../../src/discovery/resources/describe-test.ts';
import { firstMatch, isRoutable, rulePredicate } from '../../../src/discovery/resources/rule-matchers.ts';
import { encodeMessage } from '../../../src/discovery/xds/encode-message.ts';
import { readEnvoyRules } from '../../../src/rules/targets/envoy/envoy-rules.ts';
import type { EnvoyTest } from '../../../src/rules/targets/envoy/envoy-test.ts';

const DOCUMENTS = new URL('../../fixtures/rules/documents/', import.meta.url);

describe('the tests of rules', () => {
  it('of every fixture can be told to Envoy, as JSON and as the bytes of the agent', () => {
    let count = 0;
    for (const file of readdirSync(DOCUMENTS).filter((name) => name.endsWith('.envoy.yaml'))) {
      const text = readFileSync(new URL(file, DOCUMENTS), 'utf8');
      if (text.includes('# no documents')) continue;
      for (const { match, arguments: args } of readEnvoyRules(text).routes) {
        for (const test of [
          ...match,
          ...args.flatMap(({ holds, unknown }) => [holds, unknown].flatMap((one) => one ?? [])),
        ]) {
          assert.ok(isRoutable(test), `${file}: ${JSON.stringify(test)}`);
          assert.ok(encodeMessage('Predicate', rulePredicate(test)).length > 0);
          assert.notEqual(describeTest(test), '');
          count += 1;
        }
      }
    }
    assert.ok(count > 500);
  });

  it('of one kind each can be written', () => {
    const texts: EnvoyTest[] = [
      { method: { in: ['a', 'b'] } },
      { method: { prefix: 'a' } },
      { attachment: 'k', text: { suffix: 'a' } },
      { attachment: 'k', text: { contains: 'a' } },
      { attachment: 'k', text: { in: [''] } },
      { attachment: 'k', text: { number: { min: null, minOpen: false, max: null, maxOpen: false } } },
      { attachment: 'k', text: { residue: { modulus: '7', spans: [['-3', '3']] } } },
      { not: { any: [{ method: { in: ['a'] } }, { attachment: 'k', text: { present: true } }] } },
    ];
    for (const test of texts) assert.ok(encodeMessage('Predicate', rulePredicate(test)).length > 0);
  });

  it('by other hands may hold patterns that Envoy has not', () => {
    assert.equal(isRoutable({ not: { all: [{ method: { regex: '(?i)a' } }] } }), false);
  });

  it('end with the first route for every call', () => {
    const [one, other] = [{ action: { name: 'one' } }, { action: { name: 'other' } }];
    assert.deepEqual(firstMatch([{ test: null, action: one }], other), one);
    assert.deepEqual(firstMatch([], other), other);
    const routes = [
      { test: { method: { in: ['m'] } }, action: one },
      { test: null, action: other },
      { test: null, action: one },
    ];
    const match = JSON.stringify(firstMatch(routes, one));
    assert.ok(match.endsWith(`"on_no_match":${JSON.stringify(other)}}}`), match);
  });
});
