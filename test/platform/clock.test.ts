/** Sleep and its abort. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/platform/clock.ts';

test('sleeping takes the time it was given', async () => {
  const before = systemClock.now();
  await systemClock.sleep(30);
  assert.ok(systemClock.now() - before >= 28);
});

test('a sleep that is aborted rejects with the reason, at once or later', async () => {
  const reason = new Error('enough');
  await assert.rejects(systemClock.sleep(10_000, AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(10_000, controller.signal);
  controller.abort(reason);
  await assert.rejects(sleeping, reason);
});
