/** Line breaks of texts for terminals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitLines, wrapText } from '../../src/cli/wrap-text.ts';

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

test('no line of a fitted text is wider than the terminal, what fits stays as it is, and no word is lost', () => {
  const word = fc.stringMatching(/^[a-z.(]{1,20}$/);
  const line = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.array(word, { minLength: 1, maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), fc.integer({ min: 30, max: 80 }), (lines, width) => {
      const text = lines.map(([lead, words]) => `${' '.repeat(lead)}${words.join('  ')}`).join('\n');
      const fitted = fitLines(text, width);
      for (const one of fitted.split('\n')) assert.ok(one.length <= width, one);
      assert.deepEqual(fitted.split(/\s+/), text.split(/\s+/));
      for (const one of text.split('\n').filter((row) => row.length <= width)) {
        assert.ok(fitted.split('\n').includes(one), one);
      }
    }),
  );
  assert.equal(fitLines('  2026  settled by root', 14), '  2026\n    settled by\n    root');
});

test('styles take no room', () => {
  assert.deepEqual(wrapText('\u001b[33mwarning:\u001b[39m yes', 12), ['\u001b[33mwarning:\u001b[39m yes']);
});
