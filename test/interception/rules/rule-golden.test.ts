/** Rules of all back ends beside their golden files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GOLDEN_POLICIES, ruleGoldenText, ruleGoldenUrl } from './rule-golden.ts';

for (const [name, policy] of Object.entries(GOLDEN_POLICIES)) {
  test(`${name}: the rules of all back ends are the ones of the golden file`, () => {
    assert.equal(ruleGoldenText(policy), readFileSync(ruleGoldenUrl(name), 'utf8'));
  });
}
