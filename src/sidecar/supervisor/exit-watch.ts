/** Notices the end of Envoys, which are children of their keepers and not of the supervisor. */
import { nullIfForbidden } from '../../platform/null-if-missing.ts';
import { UNTOLD_END } from '../ports.ts';
import { type GuardedLook, guardedLook } from './guarded-look.ts';
import type { Supervised } from './supervised.ts';

/** How often, in milliseconds, and how long somebody is asked who has not said yet how a process ended. */
const [ASK_AGAIN_MS, ASK_FOR_MS] = [500, 60_000] as const;

/** Watches the processes of a sidecar and tells the machine `exited` once for each. */
export class ExitWatch {
  readonly #sidecar: Supervised;
  /** Called first when the last process has ended: independent work must not wait for the cause of its end. */
  readonly #onLast: () => void;
  readonly #guarded: GuardedLook;
  readonly #tracked = new Set<number>();
  #isChecking = false;
  #checkAgain = false;
  #stop: () => void = () => {};

  constructor(sidecar: Supervised, onLast: () => void) {
    this.#sidecar = sidecar;
    this.#onLast = onLast;
    this.#guarded = guardedLook(sidecar, 'cannot tell whether Envoy lives');
  }

  start(): void {
    this.#stop = this.#sidecar.host.onMaybeExit(() => void this.#check());
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
    while (this.#checkAgain) {
      this.#checkAgain = false;
      // An unreadable process is not dead: the next look is half a second away.
      for (const id of [...this.#tracked]) await this.#guarded(() => this.#lookAt(id));
    }
    this.#isChecking = false;
  }

  async #lookAt(id: number): Promise<void> {
    const { host, specs } = this.#sidecar;
    if (await host.isAlive(id)) return;
    const others = [...this.#tracked].filter((other) => other !== id);
    if (others.length === 0) this.#onLast();
    // All at once, not one after the other: nobody may accept until the exits are reported.
    const [detail, ...listening] = await Promise.all([
      host.exitDetail(id).catch(() => UNTOLD_END),
      ...others.map((other) => host.listeners(specs.of(other), other).catch(acceptsForAllWeKnow)),
    ]);
    if (!this.#tracked.delete(id)) return;
    const othersListen = listening.some((addresses) => addresses.length > 0);
    this.#sidecar.dispatch({ type: 'exited', id, detail, othersListen });
    if (detail.startsWith(UNTOLD_END)) void this.#learnLater(id);
  }

  /** Nobody waits for the cause of an end, but whoever reads the history will ask for it. */
  async #learnLater(id: number): Promise<void> {
    const sidecar = this.#sidecar;
    const until = sidecar.clock.monotonic() + ASK_FOR_MS;
    while (!sidecar.isClosed && sidecar.clock.monotonic() < until) {
      await sidecar.clock.sleep(ASK_AGAIN_MS);
      const detail = await sidecar.host.exitDetail(id).catch(() => UNTOLD_END);
      if (!detail.startsWith(UNTOLD_END)) return sidecar.learnedEnd(id, detail);
    }
  }
}

/** A process that can never be inspected counts as the accepting one: nothing is ended because of that. */
function acceptsForAllWeKnow(error: unknown): readonly string[] {
  return nullIfForbidden(error) ?? ['unknown'];
}
