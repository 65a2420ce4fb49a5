/** The clocks of the machine, as a port: use cases never read a clock or set a timer by themselves. */
import { setTimeout as wait } from 'node:timers/promises';

/** The source of times and waits for use cases. */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock, which somebody may set: for what people read. */
  now(): number;
  /** Milliseconds since the machine started, on a clock that nobody sets and all processes share: for every duration. */
  monotonic(): number;
  /** Resolves after so many milliseconds; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clocks: CLOCK_REALTIME and CLOCK_MONOTONIC (libuv's `uv_hrtime`). */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic() {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  },
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, { signal });
    } catch (error) {
      // timers/promises rejects with an AbortError of its own; weir's callers look for the reason they gave.
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
