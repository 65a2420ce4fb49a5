import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../usecases/ports.ts';

/** The machine's wall clock; `sleep` rejects with the signal's reason when it aborts. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, { signal });
    } catch (error) {
      // timers/promises rejects with an AbortError of its own; weir's callers look for the reason they gave.
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
