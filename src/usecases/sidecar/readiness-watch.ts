import type { SidecarInterception } from '../ports/sidecar.ts';
import { servingOf } from './machine-view.ts';
import { pause } from './pause.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 400;

/** Asks the serving process whether it is ready, as long as the supervisor lives, and renews leases when it is. */
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
    const sidecar = this.#sidecar;
    while (!sidecar.isClosed) {
      const serving = servingOf(sidecar.machine.state);
      if (serving !== null && !sidecar.machine.bypassed) {
        const isReady = await sidecar.host.ready(sidecar.spec, serving.id, !sidecar.withoutAdmin.has(serving.id));
        this.isFrozen = !isReady && servingOf(sidecar.machine.state)?.id === serving.id;
        if (isReady) {
          await this.#interception
            .renewLeases()
            .catch((error: Error) => sidecar.warn(`leases were not renewed: ${error.message}`));
        }
      }
      await pause(POLL_MS);
    }
  }
}
