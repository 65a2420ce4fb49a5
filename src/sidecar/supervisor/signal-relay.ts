/** Signals for the supervisor of one sidecar among several in one process. */
import type { SupervisorPorts } from '../supervisor-ports.ts';

/** The listeners of a supervisor to its signals. */
export type SignalListeners = Parameters<SupervisorPorts['onSignals']>[0];

/** Passes on to one supervisor what the process was told. A stop holds for the next listener too. */
export class SignalRelay {
  readonly #listeners = new Set<SignalListeners>();
  #isToldToStop = false;

  get isToldToStop(): boolean {
    return this.#isToldToStop;
  }

  /** Listens until the returned function is called. */
  on(listeners: SignalListeners): () => void {
    this.#listeners.add(listeners);
    return () => void this.#listeners.delete(listeners);
  }

  upgrade(): void {
    for (const { upgrade } of this.#listeners) upgrade();
  }

  reopen(): void {
    for (const { reopen } of this.#listeners) reopen();
  }

  stop(): void {
    this.#isToldToStop = true;
    for (const { stop } of this.#listeners) stop();
  }
}
