/** Numbers with their nouns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf } from '../../src/cli/count-of.ts';

test('one is singular; none and many are plural', () => {
  assert.deepEqual(
    [0, 1, 2].map((number) => countOf(number, 'file')),
    ['0 files', '1 file', '2 files'],
  );
});
