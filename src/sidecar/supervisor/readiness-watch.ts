/** Keeps asking the serving Envoy whether it is ready, and lets the traffic of its applications follow the answer. */
import type { SidecarInterception } from '../../interception/supervised/ports.ts';
import type { KnownReadiness } from '../../platform/readiness.ts';
import { guardedLook } from './guarded-look.ts';
import { ListenerWatch } from './look-at-listeners.ts';
import { servingOf } from './machine-view.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 400;
/** The interval of glances at its listening sockets: each connection to one that is gone is refused. */
const GLANCE_MS = 100;
/** The pause before a look that has to confirm that a listener is missing. */
const URGENT_MS = 50;

const STATE_WORDS = { 'not-ready': 'not ready', dead: 'deaf', frozen: 'frozen' } as const;

/** Asks the serving process whether it is ready while the supervisor runs, and adapts the traffic to the answer. */
export class ReadinessWatch {
  readonly #sidecar: Supervised;
  readonly #interception: SidecarInterception;
  readonly #listeners: ListenerWatch;
  /** The last answer, and whose it is. */
  #answer: { readonly id: number; readonly readiness: KnownReadiness } | null = null;
  /** Processes that another supervisor has started: nobody here has found them ready. */
  readonly #adopted = new Set<number>();
  readonly #looked = Promise.withResolvers<void>();

  constructor(sidecar: Supervised, interception: SidecarInterception) {
    this.#sidecar = sidecar;
    this.#interception = interception;
    this.#listeners = new ListenerWatch(sidecar);
  }

  /** Notes a process that another supervisor has started. */
  adopted(id: number): void {
    this.#adopted.add(id);
  }

  /** Resolves after the first look, also when it failed: an adopted process has been asked by then. */
  get looked(): Promise<void> {
    return this.#looked.promise;
  }

  /**
   * The last answer of the process that serves now. One that was not asked yet has been found ready by its start, but for
   * an adopted one, of which nothing is known: null. While none serves it is `ready` too. What its predecessor said,
   * perhaps as it died, is no word about it.
   */
  get readiness(): KnownReadiness | null {
    const answer = this.#answer;
    const id = servingOf(this.#sidecar.machine.state)?.id;
    if (answer !== null && id === answer.id) return answer.readiness;
    return id !== undefined && this.#adopted.has(id) ? null : { state: 'ready' };
  }

  async run(): Promise<void> {
    const guarded = guardedLook(this.#sidecar, 'interception');
    while (!this.#sidecar.isClosed) {
      // A failure here is tried again in a moment; the kernel's own clock runs on meanwhile.
      await guarded(() => this.#look());
      this.#looked.resolve();
      await this.#rest();
    }
    this.#looked.resolve();
  }

  /** Waits until the next look is due, which is at once when the process has closed a listening socket. */
  async #rest(): Promise<void> {
    const { clock } = this.#sidecar;
    if (this.#listeners.isUrgent) return clock.sleep(URGENT_MS);
    const dueAt = clock.monotonic() + POLL_MS;
    while (clock.monotonic() < dueAt && !this.#sidecar.isClosed) {
      await clock.sleep(GLANCE_MS);
      if (this.#hasClosedListener()) return;
    }
  }

  #hasClosedListener(): boolean {
    const { host, machine } = this.#sidecar;
    const serving = servingOf(machine.state);
    try {
      return serving !== null && host.hasClosedListener(serving.id) === true;
    } catch {
      // The looks report what cannot be read.
      return false;
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
    if (!isCurrent) return;
    this.#answer = { id, readiness };
    const deaf = `${sidecar.name} does not listen on every address of its listeners`;
    if (readiness.state !== 'ready')
      await this.#interception.whileUnready(`${sidecar.name} is ${STATE_WORDS[readiness.state]}: ${readiness.detail}`);
    else if (isListening) await this.#interception.whileReady();
    else await this.#interception.whileUnready(deaf);
  }
}
