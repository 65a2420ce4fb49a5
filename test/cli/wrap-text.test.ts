/** Line breaks of texts for terminals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wrapText } from '../../src/cli/wrap-text.ts';

test('no line is wider than asked unless it is one word, and no letter is lost or moved', () => {
  const word = fc.stringMatching(/^[a-z`.(]{1,30}$/);
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), fc.integer({ min: 5, max: 80 }), (words, width) => {
      const lines = wrapText(words.join(' '), width);
      assert.equal(lines.join(' '), words.join(' '));
      for (const line of lines) assert.ok(line.length <= width || words.includes(line), line);
    }),
  );
});

test('a command in backticks that fits on a line is not broken; the indent of a line stays', () => {
  assert.deepEqual(wrapText('or run `weir off payment`, then look', 22), [
    'or run',
    '`weir off payment`,',
    'then look',
  ]);
  assert.deepEqual(wrapText('  set in here', 9), ['  set in', 'here']);
  assert.deepEqual(wrapText('a\n  b', 40), ['a', '  b']);
});

test('styles take no room', () => {
  assert.deepEqual(wrapText('\u001b[33mwarning:\u001b[39m yes', 12), ['\u001b[33mwarning:\u001b[39m yes']);
});
