/** Texts that stand for the cells of languages. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { textWitnesses } from '../../../src/rules/equivalence/languages.ts';
import { compileJavaRegex } from '../../../src/rules/regex/run-pattern.ts';

const piece = fc.constantFrom('a', 'b', '[a-c]', '.', '\\d', '1', 'a*', 'b+', '(?:ab)?', '[^a]', '(?:a|1)*');
const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));

/** In which of the languages a text is. */
function cellOf(patterns: readonly string[], text: string): string {
  return patterns.map((one) => (compileJavaRegex(one).matches(text) ? '1' : '0')).join('');
}

/** All texts over a few letters, up to a length. */
function* shortTexts(length: number): Generator<string> {
  yield '';
  if (length === 0) return;
  for (const rest of shortTexts(length - 1)) for (const char of 'ab1x') yield char + rest;
}

describe('texts that stand for all others', () => {
  it('are in every cell that any short text is in, each in a cell of its own', () => {
    const texts = [...new Set(shortTexts(4))];
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), (patterns) => {
        const found = textWitnesses(patterns);
        assert.deepEqual(found.unknown, []);
        const met = found.texts.map((text) => cellOf(patterns, text));
        assert.equal(new Set(met).size, met.length);
        for (const text of texts) assert.ok(met.includes(cellOf(patterns, text)), `${patterns.join(' , ')} : ${text}`);
      }),
      { numRuns: 60 },
    );
  });

  it('are other ones than those listed, where the cell has others', () => {
    const listed = new Set(['a', 'b', 'c']);
    assert.deepEqual(
      textWitnesses(['[a-z]'], [], listed).texts.filter((text) => listed.has(text)),
      [],
    );
  });
});
