import type { SidecarInterception } from '../ports/sidecar.ts';
import { servingOf } from './machine-view.ts';
import { pause } from './pause.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 400;

/** Asks the serving process whether it is ready, as long as the supervisor lives, and lets the traffic follow the answer. */
export class ReadinessWatch {
  /** True while the serving process does not answer although it runs. */
  isFrozen = false;
  readonly #sidecar: Supervised;
  readonly #interception: SidecarInterception;

  constructor(sidecar: Supervised, interception: SidecarInterception) {
    this.#sidecar = sidecar;
    this.#interception = interception;
  }

  async run(): Promise<void> {
    while (!this.#sidecar.isClosed) {
      // What fails here is tried again in a moment; the kernel's own clock runs on meanwhile.
      await this.#look().catch((error: Error) => this.#sidecar.warn(`interception: ${error.message}`));
      await pause(POLL_MS);
    }
  }

  async #look(): Promise<void> {
    const sidecar = this.#sidecar;
    const serving = servingOf(sidecar.machine.state);
    if (serving === null || sidecar.machine.bypassed) {
      if (sidecar.machine.bypassed) await this.#interception.whileBypassed();
      return;
    }
    const isReady = await sidecar.host.ready(sidecar.spec, serving.id, !sidecar.withoutAdmin.has(serving.id));
    // It may have ended, or begun to be replaced, while it was asked.
    const isCurrent = servingOf(sidecar.machine.state)?.id === serving.id && !sidecar.machine.bypassed;
    this.isFrozen = !isReady && isCurrent;
    if (!isCurrent) return;
    if (isReady) await this.#interception.whileReady();
    else await this.#interception.whileUnready(`${sidecar.spec.name} gives no answer to a readiness request`);
  }
}
