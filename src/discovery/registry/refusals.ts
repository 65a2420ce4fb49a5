/** What a registry refuses to show: what was last told of each place counts, and it alone is asked for again. */

/**
 * Is told of a place that the server refused to show, with a clause why. `isForbidden`: weir has no right to it; else it
 * could not be shown just now.
 */
export type TellRefused = (place: string, why: string, isForbidden: boolean) => void;

/** One place that is refused. */
interface Refused {
  readonly why: string;
  readonly isForbidden: boolean;
  readonly sinceMs: number;
  readonly pauseMs: number;
  readonly dueAtMs: number;
}

/** A place that could not be shown is asked for again after this time, in milliseconds; each time after twice as long. */
const FIRST_PAUSE_MS = 1_000;
/** A place that is kept from weir, or was refused often, is asked for again after this time. */
const LONGEST_PAUSE_MS = 20_000;
/** What is refused for so long is waited for no more: it is held and named, and the rest is whole without it. */
const LASTING_MS = 120_000;
/** A host of a fleet asks for no more than one refused place in this time, on average, that was refused often. */
const EACH_MS = 100;

/** The places of one registry that are refused at present. */
export class Refusals {
  readonly #refused = new Map<string, Refused>();
  /** What is being asked for again. */
  #asked: ReadonlyMap<string, Refused> = new Map();
  #told = '[]';
  readonly #warn: (why: string) => void;
  readonly #nowMs: () => number;

  /** `nowMs` is the monotonic clock. */
  constructor(warn: (why: string) => void, nowMs: () => number) {
    this.#warn = warn;
    this.#nowMs = nowMs;
  }

  /** Whether something could not be read just now. A place that is kept from weir, or refused for long, is no reason to wait. */
  get isBehind(): boolean {
    const since = this.#nowMs() - LASTING_MS;
    return [...this.#refused.values()].some(({ isForbidden, sinceMs }) => !isForbidden && sinceMs > since);
  }

  /** The refused places, each with the reason. */
  get places(): ReadonlyMap<string, string> {
    return new Map([...this.#refused].map(([place, { why }]) => [place, why]));
  }

  /** The refused places when they are others than at the last call; else null. */
  news(): ReadonlyMap<string, string> | null {
    const { places } = this;
    const text = JSON.stringify([...places].toSorted());
    if (text === this.#told) return null;
    this.#told = text;
    return places;
  }

  /** When something is to be asked for again; null without a refusal. */
  get dueAtMs(): number | null {
    const times = [...this.#refused.values()].map(({ dueAtMs }) => dueAtMs);
    return times.length === 0 ? null : times.reduce((first, time) => Math.min(first, time));
  }

  /** Notes a refusal, and warns of it when it is a new one. */
  readonly note: TellRefused = (place, why, isForbidden) => {
    const noted = this.#refused.get(place);
    const asked = this.#asked.get(place);
    if (noted === undefined && asked === undefined) this.#warn(`${place}: ${why}`);
    const longest = Math.max(LONGEST_PAUSE_MS, this.#refused.size * EACH_MS);
    const next = isForbidden ? LONGEST_PAUSE_MS : FIRST_PAUSE_MS;
    const pauseMs = noted?.pauseMs ?? Math.min(asked === undefined ? next : Math.max(next, asked.pauseMs * 2), longest);
    const nowMs = this.#nowMs();
    const { sinceMs } = noted ?? asked ?? { sinceMs: nowMs };
    this.#refused.set(place, { why, isForbidden, sinceMs, pauseMs, dueAtMs: noted?.dueAtMs ?? nowMs + pauseMs });
  };

  /** What is to be asked for again now; with `all`, everything. */
  take(all: boolean): ReadonlySet<string> {
    const nowMs = this.#nowMs();
    const due = [...this.#refused].filter(([, { dueAtMs }]) => all || dueAtMs <= nowMs);
    for (const [place] of due) this.#refused.delete(place);
    this.#asked = new Map(due);
    return new Set(this.#asked.keys());
  }

  /** Forgets all, as a connection that ended does. */
  clear(): void {
    this.#refused.clear();
    this.#asked = new Map();
  }
}
