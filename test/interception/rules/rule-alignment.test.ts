/** The fewest differences between two lists of rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { alignRules } from '../../../src/interception/rules/rule-alignment.ts';

const WORDS: Readonly<Record<string, string>> = {
  'a rule is missing': 'missing',
  'a rule is there that should not be': 'extra',
  'a rule is another one': 'other',
  'a rule stands in the wrong place': 'moved',
};
/** Differences as `extra 1 - 1`: the word, the place, the wanted and the found index. */
const differences = (wanted: string, found: string): string[] =>
  alignRules([...wanted], [...found]).map(({ what, index, expected, found: there }) =>
    [WORDS[what], index, expected ?? '-', there ?? '-'].join(' '),
  );

/** Length of a longest common subsequence, by its definition. */
function common(a: string, b: string): number {
  if (a === '' || b === '') return 0;
  if (a[0] === b[0]) return 1 + common(a.slice(1), b.slice(1));
  return Math.max(common(a.slice(1), b), common(a, b.slice(1)));
}

describe('two lists of rules', () => {
  it('that are the same have no difference', () => {
    for (const text of ['', 'a', 'abca']) assert.deepEqual(differences(text, text), []);
  });

  it('differ by a copy, although head and tail are the same', () => {
    assert.deepEqual(differences('a', 'aa'), ['extra 1 - 1']);
    assert.deepEqual(differences('aa', 'a'), ['missing 1 1 -']);
    assert.deepEqual(differences('aba', 'ababa').length, 2);
    assert.deepEqual(differences('', 'ab'), ['extra 0 - 0', 'extra 0 - 1']);
  });

  it('name the place in the wanted list and both indices', () => {
    assert.deepEqual(differences('abcd', 'abd'), ['missing 2 2 -']);
    assert.deepEqual(differences('abd', 'abcd'), ['extra 2 - 2']);
    assert.deepEqual(differences('abcd', 'abxd'), ['other 2 2 2']);
    assert.deepEqual(differences('abcde', 'xabcd'), ['extra 0 - 0', 'missing 4 4 -']);
  });

  it('have one difference for a rule that moved', () => {
    assert.deepEqual(differences('abcd', 'bcda'), ['moved 0 0 3']);
    assert.deepEqual(differences('abcd', 'dabc'), ['moved 3 3 0']);
    assert.deepEqual(differences('abc', 'xbca'), ['moved 0 0 3', 'extra 0 - 0']);
  });

  it('share a longest common part: no smaller list of differences explains them', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 }).map((letters) => letters.join(''));
    fc.assert(
      fc.property(text, text, (wanted, found) => {
        const all = alignRules([...wanted], [...found]);
        const touched = (side: 'expected' | 'found') => new Set(all.flatMap((one) => one[side] ?? [])).size;
        const kept = common(wanted, found);
        assert.equal(touched('expected'), wanted.length - kept);
        assert.equal(touched('found'), found.length - kept);
      }),
    );
  });
});
