/** The count of connections that ended by themselves while applications are switched off. */
import { endedFlows, flowKey, openFlows } from './app-connections.ts';
import type { TrackedFlow } from './ports.ts';

/** The tracked connections when a switch-off began, ended ones included. */
export interface BegunFlows {
  readonly flows: readonly TrackedFlow[];
  /** Listed before the switch was handed to the kernel: what had ended by then did not end in the switch-off. */
  readonly isBefore: boolean;
}

/**
 * Notes each listing of a switch-off. The kernel keeps an ended connection listed for at least ten seconds (CLOSE; 120
 * in TIME_WAIT), so one that came and went between two listings is seen in the second.
 */
export class FlowTally {
  readonly #slots: ReadonlySet<number>;
  readonly #seen = new Map<number, Set<string>>();
  /** Everything that the first listing held, by slot; null until there is one. */
  #first: Map<number, Set<string>> | null = null;
  /** Applications with connections that ended before or after the switch: nobody can tell which. */
  readonly #doubtful = new Set<number>();

  /** Without a listing of the beginning the first one that is noted takes its place. */
  constructor(slots: readonly number[], begun: BegunFlows | null) {
    this.#slots = new Set(slots);
    if (begun !== null) this.#begin(begun);
  }

  /** Notes a listing that was made after the switch. */
  note(flows: readonly TrackedFlow[]): void {
    if (this.#first === null) this.#begin({ flows, isBefore: false });
    for (const slot of this.#slots) {
      const seen = this.#seenOf(slot);
      const known = this.#first?.get(slot);
      for (const flow of openFlows(flows, slot)) seen.add(flowKey(flow));
      for (const flow of endedFlows(flows, slot)) if (known?.has(flowKey(flow)) !== true) seen.add(flowKey(flow));
    }
  }

  /** How many of an application's connections ended when `open` of them are left; null when that cannot be told. */
  ended(slot: number, open: number): number | null {
    return this.#doubtful.has(slot) ? null : this.#seenOf(slot).size - open;
  }

  #begin({ flows, isBefore }: BegunFlows): void {
    this.#first = new Map();
    for (const slot of this.#slots) {
      const open = openFlows(flows, slot).map(flowKey);
      const ended = endedFlows(flows, slot).map(flowKey);
      this.#first.set(slot, new Set([...open, ...ended]));
      this.#seen.set(slot, new Set(open));
      if (!isBefore && ended.length > 0) this.#doubtful.add(slot);
    }
  }

  #seenOf(slot: number): Set<string> {
    const seen = this.#seen.get(slot) ?? new Set<string>();
    this.#seen.set(slot, seen);
    return seen;
  }
}
