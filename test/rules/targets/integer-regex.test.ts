/** Regular expressions for intervals of integers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { integerTextRegex } from '../../../src/rules/targets/integer-regex.ts';

const bound = fc.option(fc.integer({ min: -3000, max: 3000 }).map(BigInt));

describe('regular expressions of integer texts', () => {
  it('hold for exactly the numbers of the interval', () => {
    fc.assert(
      fc.property(
        bound,
        bound,
        fc.array(fc.integer({ min: -4000, max: 4000 }), { minLength: 30 }),
        (min, max, samples) => {
          const regex = new RegExp(`^(?:${integerTextRegex({ min, max })})$`);
          const near = [min, max].flatMap((end) => (end === null ? [] : [end - 1n, end, end + 1n]));
          for (const value of [...samples.map(BigInt), ...near]) {
            const inside = (min === null || value >= min) && (max === null || value <= max);
            assert.equal(regex.test(String(value)), inside, `${value} in ${min}..${max}`);
            assert.equal(regex.test(value < 0n ? `-00${-value}` : `00${value}`), inside);
            if (value >= 0n) assert.equal(regex.test(`+${value}`), inside);
          }
        },
      ),
    );
  });

  it('hold for no text that is no number', () => {
    const regex = new RegExp(`^(?:${integerTextRegex({ min: null, max: null })})$`);
    for (const text of ['', '-', '+', '1.0', ' 1', '1x', '--1']) assert.equal(regex.test(text), false, text);
  });
});
