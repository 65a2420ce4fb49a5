/** A leader that slept, or waited long for an answer, may be a former one: what it writes then is held back. */
import { messageOf } from '../../errors/message-of.ts';
import type { Clock } from '../../platform/clock.ts';
import { type FleetStore, StoreFailure } from '../ports.ts';
import type { ClusterPort } from './cluster-port.ts';

/** The lease of a leader: with it go what it writes. */
export class LeaderLease {
  readonly #store: FleetStore;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #renewMs: number;
  #id: string | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(
    { store, clock }: { readonly store: FleetStore; readonly clock: Clock },
    { ttlMs, renewMs }: { readonly ttlMs: number; readonly renewMs: number },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#renewMs = renewMs;
  }

  /** Renews it when it is time; resolves to whether it lives. Rejects with `StoreFailure`. */
  async lives(): Promise<boolean> {
    if (this.#id === null) return false;
    // The time before the request: what is stopped behind the answer must not take it for a fresh one.
    const askedAt = this.#clock.monotonic();
    if (askedAt - this.#renewedAt < this.#renewMs) return true;
    if (await this.#store.keepAlive(this.#id)) this.#renewedAt = askedAt;
    else this.#id = null;
    return this.#id !== null;
  }

  /** A lease that lives; `isNew`: what went with the one before is lost. Rejects with `StoreFailure`. */
  async get(): Promise<{ readonly id: string; readonly isNew: boolean }> {
    if ((await this.lives()) && this.#id !== null) return { id: this.#id, isNew: false };
    const askedAt = this.#clock.monotonic();
    const id = await this.#store.grant(this.#ttlMs);
    [this.#id, this.#renewedAt] = [id, askedAt];
    return { id, isNew: true };
  }

  async revoke(): Promise<void> {
    const id = this.#id;
    this.#id = null;
    if (id !== null) await this.#store.revoke(id).catch(() => undefined);
  }
}

/** What changes a cluster. */
const WRITES = [
  ...['applySidecarSet', 'removeSidecarSet', 'setFinalizer', 'setCondition', 'apply', 'removeOwn', 'event'],
] as const satisfies readonly (keyof ClusterPort)[];

/**
 * The ports of a leader, whose writes look at its lease first. What was decided under a lease that has ended rejects with
 * `StoreFailure` (not sent), and so does what is to be written while nobody can tell.
 */
export function fenced<P extends { readonly store: FleetStore; readonly cluster: ClusterPort }>(
  ports: P,
  lease: LeaderLease,
): P {
  const check = async () => {
    const lives = await lease.lives().catch((error: unknown) => messageOf(error));
    if (lives === true) return;
    const why = lives === false ? 'its lease has ended' : `whether it still leads is not known: ${lives}`;
    throw new StoreFailure(`${why}, so what it had decided is not written`, 'not-sent');
  };
  const guard = <T extends object>(port: T, names: readonly (keyof T)[]): T => {
    const guarded = names.map((name) => {
      const write = port[name] as (...args: unknown[]) => Promise<unknown>;
      return [name, async (...args: unknown[]) => check().then(() => write(...args))];
    });
    return { ...port, ...Object.fromEntries(guarded) };
  };
  return { ...ports, store: guard(ports.store, ['write']), cluster: guard(ports.cluster, WRITES) };
}
