import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../usecases/ports.ts';

/** The machine's clocks; `sleep` rejects with the signal's reason when it aborts. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, { signal });
    } catch (error) {
      // timers/promises rejects with an AbortError of its own; weir's callers look for the reason they gave.
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
