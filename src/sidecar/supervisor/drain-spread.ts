/** The share of a draining process's connections that is cut before the end of its drain. Pure. */
import type { SidecarState } from '../machine/sidecar-state.ts';

/** Spreads the cuts of one drain evenly over its last part. */
export class DrainSpread {
  #lastMs: number | null = null;
  #owed = 0;

  /**
   * How many of the `open` connections are to be cut now. Whoever is left when the drain ends is cut then: a rate that
   * follows what is left ends with nobody, also when connections end by themselves.
   */
  due(state: SidecarState, open: number, nowMs: number): number {
    if (state.name !== 'draining' || state.upgrade === null) return 0;
    const { spreadMs } = state.upgrade.request;
    const leftMs = state.drainEndMs - nowMs;
    if (spreadMs === 0 || leftMs > spreadMs || leftMs <= 0) return 0;
    const sinceMs = nowMs - (this.#lastMs ?? state.drainEndMs - spreadMs);
    this.#lastMs = nowMs;
    this.#owed += (open * sinceMs) / (leftMs + sinceMs);
    const due = Math.min(open, Math.floor(this.#owed));
    this.#owed -= due;
    return due;
  }
}
