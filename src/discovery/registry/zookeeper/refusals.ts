/** Nodes that a ZooKeeper refuses to show: what was last told of each counts, and it is asked for again. */
import { ZK_ERROR } from './jute.ts';
import type { TellRefused } from './list-registry.ts';

/** What is refused at present, by path. */
export class Refusals {
  /** Each with whether weir has no right to read it; else the server could not show it just now. */
  #refused = new Map<string, boolean>();
  /** What is being asked for again. */
  #asked: ReadonlySet<string> = new Set();
  readonly #warn: (why: string) => void;

  constructor(warn: (why: string) => void) {
    this.#warn = warn;
  }

  /** Whether something could not be read just now. A node that is kept from weir is no reason to wait for it. */
  get isBehind(): boolean {
    return [...this.#refused.values()].includes(false);
  }

  /** Notes a refusal, and warns of it when it is a new one. */
  readonly note: TellRefused = (path, { code, message }) => {
    if (!this.#refused.has(path) && !this.#asked.has(path)) this.#warn(`${path}: ${message}`);
    this.#refused.set(path, code === ZK_ERROR.noAuth);
  };

  /** What is to be asked for again: what could not be read just now, and with `all` what may not be read too. */
  take(all: boolean): ReadonlySet<string> {
    const due = [...this.#refused].filter(([, isForbidden]) => all || !isForbidden).map(([path]) => path);
    for (const path of due) this.#refused.delete(path);
    this.#asked = new Set(due);
    return this.#asked;
  }

  /** Forgets all, as a connection that ended does. */
  clear(): void {
    this.#refused = new Map();
    this.#asked = new Set();
  }
}
