/** How long a leader itself has seen a wave move and its gates hold: the times in a record may be of another clock. */
import type { Rollout } from '../model/records.ts';
import type { RolloutTimes } from '../model/rollout-machine.ts';

interface Seen {
  readonly key: string;
  readonly sinceMs: number;
}

/** The watch of one leader. A leader that takes over begins to count anew: it has seen nothing of what was before. */
export class WaveWatch {
  readonly #monotonic: () => number;
  readonly #waves = new Map<string, Seen>();
  readonly #gates = new Map<string, Seen>();

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Notes the record as it is now, and says how long it has been so. */
  times({ release, state, wave, startedAt, since, heldSince }: Rollout): RolloutTimes {
    const moment = JSON.stringify([state, wave, startedAt ?? null, since ?? null]);
    const waveMs = this.#age(this.#waves, release, moment);
    if (heldSince == null) this.#gates.delete(release);
    const heldMs = heldSince == null ? 0 : this.#age(this.#gates, release, `${moment} ${heldSince}`);
    return { waveMs, heldMs };
  }

  /** Nobody asks the gates for a while: that they hold is to be seen anew. */
  looksAway(): void {
    this.#gates.clear();
  }

  #age(seen: Map<string, Seen>, release: string, key: string): number {
    const now = this.#monotonic();
    const known = seen.get(release);
    if (known?.key === key) return now - known.sinceMs;
    seen.set(release, { key, sinceMs: now });
    return 0;
  }
}
