/** Watches whether the process that serves holds its listeners: an admin that answers says nothing about them. */
import type { ListenerLook } from '../envoy/judge-listeners.ts';
import { BLIND, type GuardedLook, guardedLook } from './guarded-look.ts';
import type { Supervised } from './supervised.ts';

/** A control plane that changes a listener leaves its address unbound for a moment. */
const LOOKS_UNTIL_LOST = 3;

/** The results of the last looks. */
export class ListenerWatch {
  readonly #sidecar: Supervised;
  readonly #guarded: GuardedLook;
  #id = 0;
  #missed = 0;
  #isBlind = false;

  constructor(sidecar: Supervised) {
    this.#sidecar = sidecar;
    this.#guarded = guardedLook(sidecar, 'the listeners cannot be looked at');
  }

  /**
   * Looks, and tells the machine which listeners have been missing for some looks. Resolves to false while something is
   * missing. An unknown answer does not stop traffic, and is warned of once.
   */
  async look(id: number): Promise<boolean> {
    const { host, specs } = this.#sidecar;
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
    this.#missed = missing.length === 0 ? 0 : this.#missed + 1;
    this.#tell(id, seen);
    return missing.length === 0;
  }

  #tell(id: number, seen: ListenerLook | null): void {
    const { machine } = this.#sidecar;
    if (seen === null || (this.#missed > 0 && this.#missed < LOOKS_UNTIL_LOST)) return;
    // An old process gives its listeners up while it is stopped or has handed over.
    if (machine.state.name === 'stopping' || machine.state.name === 'handover') return;
    const wasLost = machine.lost?.id === id;
    if (wasLost || this.#missed > 0) this.#sidecar.dispatch({ type: 'listeners', id, ...seen });
  }

  #warnBlind(): void {
    if (!this.#isBlind) {
      this.#sidecar.warn('whether Envoy holds its listeners cannot be told: its sockets may not be looked at');
    }
    this.#isBlind = true;
  }
}
