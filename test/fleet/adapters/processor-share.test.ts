/** The share of the processor, as the system has it of this process and of a program that it starts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { processorShare } from '../../../src/fleet/adapters/processor-share.ts';

test('giving way is a higher number of nice for this process and what it starts, and the usual one comes back', (t) => {
  const usual = getPriority();
  const share = processorShare();
  t.after(() => share.take());
  const seen = () => [getPriority(), Number(execFileSync('nice', { encoding: 'utf8' }))];
  assert.deepEqual(seen(), [usual, usual]);
  share.giveWay();
  // Without the right to come back it stays.
  const lower = process.getuid?.() === 0 ? Math.min(19, usual + 10) : usual;
  assert.deepEqual(seen(), [lower, lower]);
  share.take();
  assert.deepEqual(seen(), [usual, usual]);
});
