/** The bake: failed answers of the new process against the old. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAnswers } from '../../../src/sidecar/machine/judge-answers.ts';

const NONE = { completed: 0, failed: 0 };

test('a new process is no good when it fails clearly more requests than the one before', () => {
  const before = { completed: 1000, failed: 10 };
  assert.match(String(judgeAnswers(before, NONE, { completed: 100, failed: 100 })), /100 % of 100.*1 %/);
  assert.equal(judgeAnswers(before, NONE, { completed: 100, failed: 6 }), null);
  assert.equal(judgeAnswers({ completed: 100, failed: 50 }, NONE, { completed: 100, failed: 52 }), null);
});

test('only what was answered since the beginning counts, and a handful says nothing', () => {
  const first = { completed: 500, failed: 400 };
  assert.equal(judgeAnswers(NONE, first, { completed: 600, failed: 400 }), null);
  assert.equal(judgeAnswers(NONE, NONE, { completed: 19, failed: 19 }), null);
  assert.match(String(judgeAnswers(NONE, NONE, { completed: 20, failed: 20 })), /100 %/);
});
