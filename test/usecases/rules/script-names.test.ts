import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scriptNames } from '../../../src/usecases/rules/script-names.ts';

describe('names of scripts', () => {
  it('are the file name, free of dots', () => {
    assert.equal(scriptNames(['a/pricing.v2.groovy']).get('a/pricing.v2.groovy'), 'pricing-v2');
  });

  it('take folders in front where two would meet', () => {
    const names = scriptNames(['x/a/rule.groovy', 'x/b/rule.url', 'x/c/other.groovy']);
    assert.deepEqual([...names.values()].sort(), ['a-rule', 'b-rule', 'other']);
  });
});
