/** A clock on which a second takes an eighth of one. */
import { type Clock, systemClock } from '../../src/platform/clock.ts';

const TIMES = 8;

/** What is refused is asked for again soon on it, and a session does not end for a second of standing still. */
export const QUICK: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * TIMES,
  sleep: (ms, signal) => systemClock.sleep(ms / TIMES, signal),
};
