/** Moves the sidecars of a host into releases and back: one piece of work a sidecar at a time, each remembered before it. */
import { messageOf } from '../../errors/message-of.ts';
import { waveOf } from '../model/rollout-machine.ts';
import type { HostMemory } from './host-memory.ts';
import type { HostPorts, LocalSidecar } from './ports.ts';
import type { HostRules } from './see-store.ts';

/** What a host remembers of the last release that it tried on a sidecar. */
type Tried = HostMemory['releases'][string];

/** A way back that failed is tried again after this time, in ms. */
const UNDO_RETRY_MS = 30_000;

/** The memory behind it. */
export interface ReleaseMemory {
  triedOn(sidecar: string): Tried | undefined;
  /** Null: the sidecar is in no release any more. */
  note(sidecar: string, tried: Tried | null): void;
  /** A piece of work on a sidecar has ended. */
  ended(sidecar: string): void;
}

/** The mover of one host. */
export class ReleaseMover {
  readonly #ports: Pick<HostPorts, 'name' | 'labels' | 'local' | 'clock'>;
  readonly #memory: ReleaseMemory;
  readonly #busy = new Set<string>();
  readonly #jobs = new Set<Promise<void>>();
  /** When the way back failed last, by the monotonic clock. */
  readonly #undoFailedAt = new Map<string, number>();

  constructor(ports: Pick<HostPorts, 'name' | 'labels' | 'local' | 'clock'>, memory: ReleaseMemory) {
    this.#ports = ports;
    this.#memory = memory;
  }

  /** Sidecars that are worked on. */
  get busy(): ReadonlySet<string> {
    return this.#busy;
  }

  /** Resolves when no work is under way. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#jobs);
  }

  /** Begins what the rollouts want of this host and is not under way. */
  move({ releases, rollouts }: Pick<HostRules, 'releases' | 'rollouts'>, sidecars: readonly LocalSidecar[]): void {
    for (const sidecar of sidecars) this.#resume(sidecar);
    for (const rollout of rollouts) {
      const release = releases.find(({ metadata }) => metadata.name === rollout.release);
      const wave = release === undefined ? null : waveOf(release, this.#ports);
      const sidecar = sidecars.find(({ name }) => name === release?.spec.sidecar);
      if (release === undefined || wave === null || sidecar === undefined || this.#busy.has(sidecar.name)) continue;
      const tried = this.#memory.triedOn(sidecar.name);
      if (tried !== undefined && isOpen(tried)) continue;
      const startedAt = rollout.startedAt ?? '';
      const isTried = tried?.release === rollout.release && tried.startedAt === startedAt;
      // Whatever start it was for: an undo takes back every host that has the release.
      if (rollout.state === 'undoing' && tried?.release === rollout.release) this.#moveBack(sidecar.name, tried);
      const isMine =
        rollout.state === 'running' && rollout.wave >= wave && (rollout.allowed?.includes(this.#ports.name) ?? true);
      const { binary, sha256, bootstrap } = release.spec.version;
      if (!isMine || isTried || binary === undefined || sha256 === undefined) continue;
      const beganAt = new Date(this.#ports.clock.now()).toISOString();
      const began = { release: rollout.release, startedAt, wave, outcome: null, error: null, beganAt, sha256 };
      this.#memory.note(sidecar.name, began);
      const version = { binary, sha256, bootstrap: bootstrap ?? null };
      this.#track(
        sidecar.name,
        this.#ports.local.upgrade(sidecar.name, version, rollout.release),
        (outcome) => ({ ...began, outcome }),
        (error) => ({ ...began, error }),
      );
    }
  }

  /** The daemon ended while an upgrade was under way: the supervisor went on without it, and its history says how. */
  #resume(sidecar: LocalSidecar): void {
    const tried = this.#memory.triedOn(sidecar.name);
    if (tried === undefined || !isOpen(tried) || this.#busy.has(sidecar.name) || sidecar.state === 'upgrading') return;
    this.#track(
      sidecar.name,
      this.#ports.local.lastUpgrade(sidecar.name),
      (last) => {
        const isOurs = last?.release === tried.release && (tried.beganAt === undefined || last.at >= tried.beganAt);
        // Nothing was done: it is tried again.
        if (last === null || !isOurs) return null;
        return last.isGood ? { ...tried, outcome: last.outcome } : { ...tried, error: last.reason };
      },
      (error) => ({ ...tried, error: `whether the upgrade was carried out cannot be told: ${error}` }),
    );
  }

  #moveBack(sidecar: string, tried: Tried): void {
    const { local, clock } = this.#ports;
    const failedAt = this.#undoFailedAt.get(sidecar);
    if (failedAt !== undefined && clock.monotonic() - failedAt < UNDO_RETRY_MS) return;
    const back = async () => {
      const last = await local.lastUpgrade(sidecar);
      const isGood = last?.isGood === true;
      const isOurs = isGood && last.release === tried.release;
      // Somebody brought another version in since: a rollback would go back to the one of the release.
      const hasLeft = isGood && !isOurs;
      // A release that failed here has been left by the supervisor already, unless its history says that it came.
      if (hasLeft || (tried.error !== null && !isOurs)) return 'left';
      return await local.rollBack(sidecar, tried.release);
    };
    this.#track(
      sidecar,
      back(),
      () => null,
      (error) => {
        this.#undoFailedAt.set(sidecar, clock.monotonic());
        return { ...tried, error: `undo: ${error}` };
      },
    );
  }

  #track<T>(
    sidecar: string,
    work: Promise<T>,
    done: (outcome: T) => Tried | null,
    failed: (error: string) => Tried,
  ): void {
    this.#busy.add(sidecar);
    const job = work
      .then(
        (outcome) => this.#memory.note(sidecar, done(outcome)),
        (error: unknown) => this.#memory.note(sidecar, failed(messageOf(error))),
      )
      .finally(() => {
        this.#busy.delete(sidecar);
        this.#jobs.delete(job);
        this.#memory.ended(sidecar);
      });
    this.#jobs.add(job);
  }
}

/** Whether its end is not known yet. */
function isOpen({ outcome, error }: Tried): boolean {
  return outcome === null && error === null;
}
