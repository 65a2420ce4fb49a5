/** Problems of a file as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatErrorText } from '../../src/cli/error-text.ts';
import { fileProblemsOf, formatFileProblems } from '../../src/cli/file-problems.ts';
import { WeirError } from '../../src/errors/weir-error.ts';
import type { ConfigProblem } from '../../src/mesh/yaml/config-problem.ts';
import { PLAIN_PAINT } from '../mesh/mistakes/mistake-golden.ts';

const first: ConfigProblem = {
  file: 'mesh.yaml',
  line: 7,
  column: 12,
  length: 1,
  source: '    lease: 3',
  path: 'apps.pay.lease',
  what: 'apps.pay.lease: 3 is not a duration here',
  why: 'its unit is missing',
  hint: 'write 3s or 3ms',
};
const second: ConfigProblem = { ...first, line: 9, column: 1, source: '', path: '', what: 'the end is near' };

const BOTH = `mesh.yaml:7:12: apps.pay.lease: 3 is not a duration here
  7 |     lease: 3
    |            ^
  why:  its unit is missing
  next: write 3s or 3ms

mesh.yaml:9:1: the end is near
  why:  its unit is missing
  next: write 3s or 3ms

`;

test('an error with problems shows each with its line, then their number and the code', () => {
  const details = { problems: [first, second], total: 2 };
  const error = new WeirError('WEIR1020', { what: 'two', why: 'w', hint: 'h', details });
  assert.equal(formatErrorText(error, PLAIN_PAINT), `${BOTH}2 problems [WEIR1020]\n`);
});

test('problems that are not listed are counted', () => {
  const text = formatFileProblems({ problems: [first, second], total: 500 }, 'WEIR1020', PLAIN_PAINT);
  assert.equal(text, `${BOTH}500 problems, the first 2 are shown [WEIR1020]\n`);
});

test('details of other errors hold no problems', () => {
  for (const details of [undefined, null, 'text', {}, { problems: 'none' }, { outcome: 'aborted' }]) {
    assert.equal(fileProblemsOf(details), undefined);
  }
});
