/** The offs that a daemon carries out, which everything else lets go first. */
import type { Clock } from '../../platform/clock.ts';

/** What can wait, such as a look, waits so long at most for switches to be direct, and then for their tidying, in ms. */
const BOUNDS = [
  ['direct', 5_000],
  ['done', 1_000],
] as const;

/** An `off`: when new connections go direct, and when everything is done. Neither rejects. */
interface RunningOff {
  readonly direct: Promise<void>;
  readonly done: Promise<void>;
}

/** The offs under way. */
export class RunningOffs {
  readonly #offs = new Set<RunningOff>();

  /** Notes one, until it is done. */
  add(off: RunningOff): void {
    this.#offs.add(off);
    void off.done.finally(() => this.#offs.delete(off));
  }

  /**
   * Waits while an `off` is under way: a look starts more programs than a switch, and would take its time. The bounds are
   * for a switch that hangs, and for a drain, during which the host is looked at.
   */
  async goFirst(clock: Clock): Promise<void> {
    for (const [ends, boundMs] of BOUNDS) {
      const running = [...this.#offs].map((off) => off[ends]);
      if (running.length === 0) return;
      const waiting = new AbortController();
      const bound = clock.sleep(boundMs, waiting.signal).catch(() => undefined);
      await Promise.race([Promise.all(running), bound]);
      waiting.abort();
    }
  }
}
