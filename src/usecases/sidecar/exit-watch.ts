import type { SidecarEvent } from '../../upgrade/sidecar-state.ts';
import type { SidecarHost, SidecarSpec } from '../ports/sidecar.ts';

/** Watches the processes of a sidecar, which are not children of the supervisor, and says `exited` once for each. */
export class ExitWatch {
  readonly #host: SidecarHost;
  readonly #spec: () => SidecarSpec;
  readonly #tell: (event: SidecarEvent) => void;
  /** Called first when the last process has ended: what depends on nothing else must not wait for how it ended. */
  readonly #onLast: () => void;
  readonly #tracked = new Set<number>();
  #isChecking = false;
  #checkAgain = false;
  #stop: () => void = () => {};

  constructor(host: SidecarHost, spec: () => SidecarSpec, tell: (event: SidecarEvent) => void, onLast: () => void) {
    this.#host = host;
    this.#spec = spec;
    this.#tell = tell;
    this.#onLast = onLast;
  }

  start(): void {
    this.#stop = this.#host.onMaybeExit(() => void this.#check());
  }

  stop(): void {
    this.#stop();
    this.#tracked.clear();
  }

  /** Watches a process from now on; one that has ended already is told as well. */
  add(id: number): void {
    this.#tracked.add(id);
    void this.#check();
  }

  async #check(): Promise<void> {
    this.#checkAgain = true;
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      while (this.#checkAgain) {
        this.#checkAgain = false;
        await this.#look();
      }
    } finally {
      this.#isChecking = false;
    }
  }

  async #look(): Promise<void> {
    for (const id of [...this.#tracked]) {
      if (await this.#host.isAlive(id)) continue;
      this.#tracked.delete(id);
      if (this.#tracked.size === 0) this.#onLast();
      // At once, not one after the other: nobody may be accepting until this is told.
      const [detail, ...listening] = await Promise.all([
        this.#host.exitDetail(id),
        ...[...this.#tracked].map((other) => this.#host.listeners(this.#spec(), other)),
      ]);
      const othersListen = listening.some((addresses) => addresses.length > 0);
      this.#tell({ type: 'exited', id, detail, othersListen });
    }
  }
}
