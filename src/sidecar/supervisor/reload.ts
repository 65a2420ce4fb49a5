/** SIGHUP: an upgrade with the files in place. Asked for while the sidecar is busy, it follows when that is over. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SupervisorRequests, UpgradeAsked } from './supervisor-requests.ts';

/** The request of a signal: whatever mesh.yaml names. */
const IN_PLACE: UpgradeAsked = {
  binary: null,
  bootstrap: null,
  dryRun: false,
  force: false,
  drainMs: null,
  initTimeoutMs: 60_000,
  rollback: false,
  actor: 'SIGHUP',
};

/** Remembers one request: twenty signals during an upgrade are one upgrade after it. */
export class Reload {
  readonly #requests: Pick<SupervisorRequests, 'upgrade' | 'isBusy'>;
  readonly #warn: (text: string) => void;
  #isWanted = false;

  constructor(requests: Pick<SupervisorRequests, 'upgrade' | 'isBusy'>, warn: (text: string) => void) {
    this.#requests = requests;
    this.#warn = warn;
  }

  /** The signal has come. */
  ask(): void {
    const isNew = !this.#isWanted;
    this.#isWanted = true;
    if (isNew && this.#requests.isBusy) this.#warn('busy: the upgrade that SIGHUP asks for follows when this is over');
    this.goOn();
  }

  /** The sidecar may be free now; called at each of its states. */
  goOn(): void {
    if (!this.#isWanted || this.#requests.isBusy) return;
    this.#isWanted = false;
    this.#requests
      .upgrade(IN_PLACE, () => {})
      .catch((error: Error) => {
        // Another request was quicker; the state after it is the next chance.
        if (error instanceof WeirError && error.code === 'WEIR4005') this.#isWanted = true;
        else this.#warn(error.message);
      });
  }
}
