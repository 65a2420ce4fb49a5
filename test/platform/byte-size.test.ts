/** Sizes as people write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BYTE_SIZE_PATTERN, mebibytes, parseByteSize } from '../../src/platform/byte-size.ts';

test('a size is a whole number and a binary unit, and nothing else', () => {
  for (const [text, bytes] of [
    ['64KiB', 65_536],
    ['200MiB', 209_715_200],
    ['1GiB', 1_073_741_824],
  ] as const)
    assert.equal(parseByteSize(text), bytes);
  for (const text of ['200', '200MB', '1.5GiB', '0MiB', '-1MiB', '200 MiB', '9999999999999GiB', ''])
    assert.equal(parseByteSize(text), null, text);
});

test('the pattern of the schema takes what is read', () => {
  const pattern = new RegExp(BYTE_SIZE_PATTERN);
  assert.ok(pattern.test('200MiB') && !pattern.test('200MB') && !pattern.test('0MiB'));
  assert.equal(mebibytes(222_298_112), '212 MiB');
});
