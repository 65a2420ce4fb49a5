/** A clock that moves only when a test says so: hours of a supervisor pass in milliseconds, in one order. */
import type { Clock } from '../../src/platform/clock.ts';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/** How long `until` waits for a fact, in milliseconds of this clock. */
const PATIENCE_MS = 600_000;

/** Both clocks of a machine under test. */
export class FakeClock implements Clock {
  #monotonicMs = 1_000_000;
  #wallMs = Date.parse('2026-01-01T00:00:00.000Z');
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** Somebody sets the wall clock; the other one does not notice. */
  setWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const sleeper = { at: this.#monotonicMs + Math.max(0, ms), wake: resolve };
    this.#sleepers.push(sleeper);
    signal?.addEventListener('abort', () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
      reject(signal.reason);
    });
    return promise;
  }

  /** Lets so many milliseconds pass; whoever sleeps wakes in the order of the times, one moment after the other. */
  async pass(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms;
    await settled();
    while (await this.#wakeNext(end));
    this.#moveTo(end);
    await settled();
  }

  /** Lets time pass until a fact holds. Throws when it does not within ten minutes of this clock. */
  async until(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
    const end = this.#monotonicMs + PATIENCE_MS;
    await settled();
    while (!(await test())) {
      if (!(await this.#wakeNext(end))) throw new Error(`gave up waiting for ${what}`);
    }
  }

  async #wakeNext(end: number): Promise<boolean> {
    const next = this.#sleepers.reduce<Sleeper | null>(
      (first, one) => (first && first.at <= one.at ? first : one),
      null,
    );
    if (next === null || next.at > end) return false;
    this.#sleepers = this.#sleepers.filter((other) => other !== next);
    this.#moveTo(next.at);
    next.wake();
    await settled();
    return true;
  }

  #moveTo(monotonicMs: number): void {
    const by = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += by;
    this.#wallMs += by;
  }
}

/** Resolves when every promise that was ready has been gone on with. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
