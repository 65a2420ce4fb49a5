/** Comparison of numbers that are texts. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { numberMatch } from '../../../src/rules/targets/number-match.ts';

it('the text of a number is compared as the number that has this text', () => {
  const asText = (...texts: string[]) =>
    ({
      term: { t: 'fn', fn: 'toText', args: [{ t: 'arg', index: 0 }] },
      test: { op: 'eq', values: texts.map((v) => ({ t: 'java.lang.String', v })) },
    }) as const;
  assert.deepEqual(numberMatch(asText('tom', '05', '-0'), 0, 'java.lang.Long'), { kind: 'never' });
  assert.deepEqual(numberMatch(asText('5', '-3'), 0, 'java.lang.Integer'), {
    kind: 'alternatives',
    any: [
      { kind: 'exact', value: 5 },
      { kind: 'exact', value: -3 },
    ],
    rounding: false,
  });
  assert.deepEqual(numberMatch(asText('200'), 0, 'java.lang.Byte'), { kind: 'never' });
  assert.deepEqual(numberMatch(asText('tom'), 0, 'java.lang.Double'), { kind: 'never' });
  assert.equal(numberMatch(asText('5.0'), 0, 'java.lang.Double').kind, 'unsupported');
});
