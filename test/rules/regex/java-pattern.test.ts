/** Java patterns. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { automaton } from '../../../src/rules/equivalence/languages.ts';
import { compileJavaRegex, javaFindPattern, runJavaRegex } from '../../../src/rules/regex/run-pattern.ts';

describe('java.util.regex', () => {
  it('matches the whole text', () => {
    assert.equal(compileJavaRegex('get|list').matches('get'), true);
    assert.equal(compileJavaRegex('get|list').matches('getX'), false);
  });

  it('lets a dot stop at every line end of Java', () => {
    for (const end of ['\n', '\r', '\u0085', '\u2028'])
      assert.equal(compileJavaRegex('a.b').matches(`a${end}b`), false);
    assert.equal(compileJavaRegex('(?s)a.b').matches('a\nb'), true);
  });

  it('ignores the case of ASCII letters only', () => {
    assert.equal(compileJavaRegex('(?i)k[a-c]').matches('KB'), true);
    assert.equal(compileJavaRegex('(?i)k').matches('\u212a'), false);
  });

  it('lets a dollar stand before a last line end', () => {
    assert.equal(compileJavaRegex(javaFindPattern('x$')).matches('ax\n'), true);
    assert.equal(compileJavaRegex(javaFindPattern('x$')).matches('ax\nb'), false);
  });

  it('has an automaton with anchors that a match of the whole text makes needless, and with no others', () => {
    for (const pattern of ['^(get|find).*', '^a|b$', '(?i)^GET$', '^', '\\||^a']) {
      const language = automaton(pattern);
      for (const text of ['getX', 'find', 'a', 'b', 'b\n', 'get', 'xget', '', '|', 'ab']) {
        const codes = [...text].map((char) => char.codePointAt(0) ?? 0);
        assert.equal(language.test(codes), compileJavaRegex(pattern).matches(text), `${pattern} ${text}`);
      }
    }
    for (const pattern of ['(^a)*', 'a$\\n?', '\\|^a']) assert.throws(() => automaton(pattern), pattern);
  });

  it('hoists flags out of a find', () => {
    assert.equal(compileJavaRegex(javaFindPattern('(?i)ab')).matches('xAb'), true);
  });

  it('refuses what has no counterpart instead of guessing', () => {
    for (const pattern of ['[a-z&&[^b]]', '\\p{L}', 'a++', '(?>a)', '\\G', '(a)\\1', '(?m)^a']) {
      assert.throws(() => compileJavaRegex(pattern), { kind: 'unsupported' }, pattern);
    }
    assert.throws(() => compileJavaRegex('*get'), { kind: 'syntax' });
  });

  it('takes what the script front end and the proofs take, by one reader', () => {
    for (const [pattern, text] of [
      ['\\h', '\u3000'],
      ['[\\s\\S]x', '\nx'],
      ['\\a', '\u0007'],
      ['[a-z-]', '-'],
    ] as const)
      assert.equal(compileJavaRegex(pattern).matches(text), true, pattern);
  });

  it('matches a pair of surrogates as one character', () => {
    assert.equal(compileJavaRegex('.').matches('\u{1f600}'), true);
    assert.equal(compileJavaRegex('[^a]').matches('\u{1f600}'), true);
  });

  it('asks for letters of Unicode at a word boundary', () => {
    const found = runJavaRegex('\\bgray\\b', '\u00e9gray', 'find');
    assert.ok('match' in found && found.match === null);
  });

  it('tells no texts of groups that JavaScript may tell otherwise', () => {
    assert.deepEqual(runJavaRegex('(?:(a)|b)*', 'ab', 'find', { groups: true }), {
      error: 'a repeated group or empty text',
      kind: 'unsupported',
    });
  });
});
