/** Watches whether the process that serves holds its listeners: an admin that answers says nothing about them. */
import type { ListenerLook } from '../envoy/judge-listeners.ts';
import { BLIND, type GuardedLook, guardedLook } from './guarded-look.ts';
import type { Supervised } from './supervised.ts';

/** Looks that find something missing before it counts: a process that starts or hands over moves its listeners. */
const LOOKS_UNTIL_LOST = 3;
/** A control plane that changes a listener may leave its address unbound for so long, in ms: nothing is replaced before. */
const LASTING_MS = 800;
/**
 * How long, in ms, a look that missed nothing counts while the process closes none of the sockets that it saw. A look
 * reads the tables of all sockets, which takes milliseconds also where they are empty. A socket that is open and no
 * longer listens is the exception that ends the wait.
 */
const WHOLE_FOR_MS = 2000;

/** The results of the last looks. */
export class ListenerWatch {
  readonly #sidecar: Supervised;
  readonly #guarded: GuardedLook;
  #id = 0;
  #missed = 0;
  #missedSince = 0;
  #isBlind = false;
  /** When the last look began if it missed nothing, else null. */
  #wholeAtMs: number | null = null;

  constructor(sidecar: Supervised) {
    this.#sidecar = sidecar;
    this.#guarded = guardedLook(sidecar, 'the listeners cannot be looked at');
  }

  /** Whether the last look found something missing for the first time or the second: the next one is urgent. */
  get isUrgent(): boolean {
    return this.#missed > 0 && this.#missed < LOOKS_UNTIL_LOST;
  }

  /**
   * Looks, and tells the machine which listeners have been missing for some looks. Resolves to false while something is
   * missing. An unknown answer does not stop traffic, and is warned of once. A look that missed nothing counts for a
   * while as long as the process holds what was seen.
   */
  async look(id: number): Promise<boolean> {
    if (this.#isStillWhole(id)) return true;
    const { host, specs, clock } = this.#sidecar;
    const beganMs = clock.monotonic();
    const found = await this.#guarded(async () => {
      const look = await host.lookAtListeners(specs.of(id), id);
      // An ended process holds nothing; its exit is reported elsewhere, and means more.
      return look === null || look.missing.length === 0 || (await host.isAlive(id)) ? look : 'ended';
    });
    if (found === 'ended') return false;
    const seen = found === BLIND ? null : found;
    if (id !== this.#id) this.#missed = 0;
    this.#id = id;
    if (found === null) this.#warnBlind();
    else if (found !== BLIND) this.#isBlind = false;
    const missing = seen?.missing ?? [];
    if (this.#missed === 0) this.#missedSince = clock.monotonic();
    this.#missed = missing.length === 0 ? 0 : this.#missed + 1;
    this.#wholeAtMs = seen !== null && missing.length === 0 ? beganMs : null;
    this.#tell(id, seen);
    return missing.length === 0;
  }

  #isStillWhole(id: number): boolean {
    const { host, machine, clock } = this.#sidecar;
    if (id !== this.#id || this.#wholeAtMs === null || machine.lost?.id === id) return false;
    if (clock.monotonic() - this.#wholeAtMs >= WHOLE_FOR_MS) return false;
    try {
      return host.hasClosedListener(id) === false;
    } catch {
      // The look reports what cannot be read.
      return false;
    }
  }

  #tell(id: number, seen: ListenerLook | null): void {
    const { machine } = this.#sidecar;
    if (seen === null || this.isUrgent) return;
    // An old process gives its listeners up while it is stopped or has handed over.
    if (machine.state.name === 'stopping' || machine.state.name === 'handover') return;
    const wasLost = machine.lost?.id === id;
    const hasLasted = this.#sidecar.clock.monotonic() - this.#missedSince >= LASTING_MS;
    if (wasLost || this.#missed > 0) this.#sidecar.dispatch({ type: 'listeners', id, ...seen, hasLasted });
  }

  #warnBlind(): void {
    if (!this.#isBlind) {
      this.#sidecar.warn('whether Envoy holds its listeners cannot be told: its sockets may not be looked at');
    }
    this.#isBlind = true;
  }
}
