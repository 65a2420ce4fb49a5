/** The frame that underlines a place in a text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCodeFrame } from '../../src/cli/code-frame.ts';

const frame = (source: string, column: number, length: number, line = 12) =>
  formatCodeFrame({ line, column, length, source }).split('\n');

test('the place is underlined below its line', () => {
  assert.deepEqual(frame('    lease: 3', 12, 1), ['12 |     lease: 3', '   |            ^']);
  assert.deepEqual(frame('ab', 1, 2, 1234), ['1234 | ab', '     | ^^']);
});

test('a place behind the end of the line gets one caret there', () => {
  assert.deepEqual(frame('apps:', 6, 1), ['12 | apps:', '   |      ^']);
});

test('an underline ends with its line', () => {
  assert.deepEqual(frame('abc', 2, 50), ['12 | abc', '   |  ^^']);
});

test('a line without text has no frame', () => {
  assert.deepEqual([frame('', 1, 1), frame('   ', 2, 1)], [[''], ['']]);
});

test('a tab before the place stays a tab, so that both rows move alike', () => {
  assert.deepEqual(frame('\tb: 1', 2, 1), ['12 | \tb: 1', '   | \t^']);
});

test('wide letters count two columns and combining marks none', () => {
  assert.deepEqual(frame('用户: x', 5, 1), ['12 | 用户: x', '   |       ^']);
  assert.deepEqual(frame('e\u0301: x', 5, 1), ['12 | e\u0301: x', '   |    ^']);
  assert.deepEqual(frame('💥', 1, 2), ['12 | 💥', '   | ^^']);
});

test('a long line is cut to what is around the place', () => {
  const source = `${'a'.repeat(300)}HERE${'b'.repeat(300)}`;
  const [text = '', carets = ''] = frame(source, 301, 4);
  assert.equal(text.indexOf('HERE'), carets.indexOf('^'));
  assert.match(text, /^12 \| \.\.\.a+HEREb+\.\.\.$/);
  assert.match(carets, /\^{4}$/);
  assert.ok(text.length <= 76 && carets.length <= 76);
});

test('what a terminal would obey is replaced', () => {
  assert.deepEqual(frame('a\u001b[2J\u202eb: x', 9, 1), ['12 | a?[2J?b: x', '   |         ^']);
});
