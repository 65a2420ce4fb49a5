/** What `weir rules verify` prints, rule by rule. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatVerification } from '../../../src/rules/text/verification-text.ts';
import type { Verification, VerifiedRule } from '../../../src/rules/usecases/verify-rules.ts';

const RULE = {
  id: 'r1',
  line: 3,
  state: 'converted',
  verdict: 'proved',
  cells: 12,
  shadowedBy: [],
  disagreements: [],
  caveats: [],
  accepted: false,
} as unknown as VerifiedRule;

function linesOf(changes: readonly object[], rest: Partial<Verification> = {}): string[] {
  const rules = changes.map((change) => ({ ...RULE, ...change }));
  const scripts = [{ path: 'a.groovy', comparedCalls: 40, rules }];
  return formatVerification({ scripts, disagreements: 0, open: 0, errors: [], ...rest }).split('\n');
}

describe('the text of a verification', () => {
  it('tells the fate of each rule in words of its own', () => {
    const [head, ...lines] = linesOf([
      {},
      { id: 'r2', state: 'none' },
      { id: 'r3', state: 'left', accepted: true },
      { id: 'r4', state: 'shadowed', shadowedBy: ['r1', 'r2'] },
    ]);
    assert.equal(head, 'a.groovy: 40 calls compared');
    assert.deepEqual(lines.slice(0, 4), [
      '  r1 line 3: proved, 12 cells',
      '  r2 line 3: no call comes to it, or it changes none',
      '  r3 line 3: left to the script (accepted)',
      '  r4 line 3: shadowed by r1, r2',
    ]);
  });

  it('ends with the number of rules, verified and open', () => {
    assert.equal(linesOf([{}, { state: 'left' }], { open: 1 }).at(-2), '2 rules: 1 verified, 1 open');
    assert.equal(linesOf([{}]).at(-2), '1 rule: 1 verified, 0 open');
  });

  it('counts the calls that real engines answered alike, differently and not at all', () => {
    const asked = { asked: 10, equal: 10, differences: [], unanswered: null };
    assert.equal(
      linesOf([{ oracle: asked }])[1],
      '  r1 line 3: proved, 12 cells, 10 of 10 calls equal on the real engine',
    );
    const some = linesOf([{ oracle: { ...asked, equal: 7 } }]);
    assert.match(some[1] ?? '', /7 of 10 calls equal on the real engine, 3 cannot be told from one run$/);
    const silent = linesOf([{ oracle: { ...asked, equal: 0, unanswered: 'no Java here' } }]);
    assert.match(silent[1] ?? '', /0 of 10 calls equal on the real engine$/);
    assert.equal(silent[2], '    no Java here');
  });

  it('names each file that could not be used', () => {
    const error = {
      code: 'WEIR5020',
      path: 'b',
      what: 'b cannot be read',
      why: 'it is a folder',
      hint: 'name another',
    };
    assert.ok(linesOf([{}], { errors: [error] }).includes('b cannot be read: it is a folder'));
  });
});
