/** Keeps asking the serving Envoy whether it is ready, and lets the traffic of its applications follow the answer. */
import type { SidecarInterception } from '../../interception/supervised/ports.ts';
import type { Readiness } from '../../platform/readiness.ts';
import { guardedLook } from './guarded-look.ts';
import { ListenerWatch } from './look-at-listeners.ts';
import { servingOf } from './machine-view.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 400;

const STATE_WORDS = { 'not-ready': 'not ready', dead: 'deaf', frozen: 'frozen' } as const;

/** Asks the serving process whether it is ready while the supervisor runs, and adapts the traffic to the answer. */
export class ReadinessWatch {
  readonly #sidecar: Supervised;
  readonly #interception: SidecarInterception;
  readonly #listeners: ListenerWatch;
  #readiness: Readiness = { state: 'ready' };

  constructor(sidecar: Supervised, interception: SidecarInterception) {
    this.#sidecar = sidecar;
    this.#interception = interception;
    this.#listeners = new ListenerWatch(sidecar);
  }

  /** The last answer of the serving process; `ready` while none serves. */
  get readiness(): Readiness {
    return this.#readiness;
  }

  async run(): Promise<void> {
    const guarded = guardedLook(this.#sidecar, 'interception');
    while (!this.#sidecar.isClosed) {
      // A failure here is tried again in a moment; the kernel's own clock runs on meanwhile.
      await guarded(() => this.#look());
      await this.#sidecar.clock.sleep(POLL_MS);
    }
  }

  async #look(): Promise<void> {
    const sidecar = this.#sidecar;
    const serving = servingOf(sidecar.machine.state);
    if (serving === null || sidecar.machine.bypassed) {
      // Bypassed for want of its listeners, it is looked at until they are there again.
      if (serving !== null && sidecar.machine.lost?.id === serving.id) await this.#listeners.look(serving.id);
      if (sidecar.machine.bypassed) await this.#interception.whileBypassed();
      return;
    }
    const { id } = serving;
    const readiness = await sidecar.host.ready(sidecar.specs.of(id), id, sidecar.hasAdmin(id));
    const isListening = await this.#listeners.look(id);
    // The process may have ended, or its replacement begun, during the question.
    const isCurrent = servingOf(sidecar.machine.state)?.id === id && !sidecar.machine.bypassed;
    this.#readiness = isCurrent ? readiness : { state: 'ready' };
    if (!isCurrent) return;
    const deaf = `${sidecar.name} does not listen on every address of its listeners`;
    if (readiness.state !== 'ready')
      await this.#interception.whileUnready(`${sidecar.name} is ${STATE_WORDS[readiness.state]}: ${readiness.detail}`);
    else if (isListening) await this.#interception.whileReady();
    else await this.#interception.whileUnready(deaf);
  }
}
