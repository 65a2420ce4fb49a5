/** The clocks of the machine, as a port: use cases never read a clock or set a timer by themselves. */

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
  // Not by timers/promises, whose AbortError costs more than the rest: most waits of an agent are cut short.
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cut = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cut);
      resolve();
    }, ms);
    signal?.addEventListener('abort', cut, { once: true });
    await promise;
  },
};
