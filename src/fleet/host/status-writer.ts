/** Writes a host's record and its status under a lease, at every change and now and then without one. */
import { messageOf } from '../../errors/message-of.ts';
import type { HostRecord, HostStatus } from '../model/records.ts';
import { StoreFailure } from '../ports.ts';
import type { HostPorts } from './ports.ts';

/** The status is rewritten so often without a change, and the record twice as rarely, in ms. */
const STATUS_MS = 25_000;
const RECORD_MS = 50_000;
/** Two changes that follow each other within this time are one write, in ms. */
const QUIET_MS = 20;

/** Who knows when the record of the host may be written, and is told its revision. */
export interface RecordKeeper {
  mayWrite(): boolean;
  wrote(revision: string): void;
}

/** The writer of one host. */
export class StatusWriter {
  readonly #ports: HostPorts;
  readonly #recordKeeper: RecordKeeper;
  #lease: string | null = null;
  #wanted: { readonly record: HostRecord | null; readonly status: HostStatus } | null = null;
  #written: { readonly record: string; readonly status: string } = { record: '', status: '' };
  #statusAt = Number.NEGATIVE_INFINITY;
  #recordAt = Number.NEGATIVE_INFINITY;
  /** The revision of the store that had been seen when the record was written. */
  #recordSeen: number | undefined = undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #wake = Promise.withResolvers<void>();

  constructor(ports: HostPorts, record: RecordKeeper) {
    this.#ports = ports;
    this.#recordKeeper = record;
  }

  /** What should be in the store; the last one counts. `record` null: the one in the store stays. */
  publish(record: HostRecord | null, status: HostStatus): void {
    this.#wanted = { record, status };
    this.#wake.resolve();
  }

  /** Keeps lease and keys until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, ttlMs } = this.#ports;
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true });
    while (!signal.aborted) {
      const waiting = new AbortController();
      const slept = clock.sleep(ttlMs / 3, waiting.signal).catch(() => undefined);
      await Promise.race([this.#wake.promise, slept]);
      waiting.abort();
      if (signal.aborted) return;
      await clock.sleep(QUIET_MS, signal).catch(() => undefined);
      this.#wake = Promise.withResolvers();
      try {
        await this.#renew();
        await this.#write();
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
        this.#renewedAt = Number.NEGATIVE_INFINITY;
        // A store that is away is told by who follows it; one that may be read and not written is told here.
        if (error.fate === 'refused')
          this.#ports.warn(`the store does not take the status of this host: ${error.message}`);
      }
    }
  }

  /** Says that the daemon was stopped on purpose, and ends the lease. Never rejects. */
  async stop(record: HostRecord | null): Promise<void> {
    const { clock, store, keys, name } = this.#ports;
    try {
      if (record !== null) {
        const stopped = { ...record, stopped: new Date(clock.now()).toISOString() };
        const outcome = await store.write([], [{ key: `${keys.hosts}${name}`, value: JSON.stringify(stopped) }]);
        if (outcome.kind === 'written') this.#recordKeeper.wrote(outcome.revision);
      }
      if (this.#lease !== null) await store.revoke(this.#lease);
    } catch (error) {
      this.#ports.warn(`the store was not told that this host stops: ${messageOf(error)}; its lease ends by itself`);
    }
  }

  async #renew(): Promise<void> {
    const { clock, store, ttlMs } = this.#ports;
    if (this.#lease !== null && clock.monotonic() - this.#renewedAt < ttlMs / 4) return;
    if (this.#lease !== null && (await store.keepAlive(this.#lease))) {
      this.#renewedAt = clock.monotonic();
      return;
    }
    this.#lease = await store.grant(ttlMs);
    this.#renewedAt = clock.monotonic();
    // Keys went with the lease before.
    this.#written = { record: '', status: '' };
  }

  /** The record is also written after each change of objects that was seen: it is then newer than all of them. */
  #isRecordDue(record: string, { status }: HostStatus, now: number): boolean {
    const hasSeen = status.seen?.revision !== this.#recordSeen;
    return hasSeen || record !== this.#written.record || now - this.#recordAt > RECORD_MS;
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === null || this.#lease === null) return;
    const { clock, store, keys, name } = this.#ports;
    const now = clock.monotonic();
    // Times alone are no change.
    const status = JSON.stringify({ ...wanted.status.status, at: '' });
    const record = wanted.record === null ? '' : JSON.stringify({ ...wanted.record, lastSeen: '' });
    const writesStatus = status !== this.#written.status || now - this.#statusAt > STATUS_MS;
    const writesRecord =
      wanted.record !== null && this.#recordKeeper.mayWrite() && this.#isRecordDue(record, wanted.status, now);
    if (!writesStatus && !writesRecord) return;
    const at = new Date(clock.now()).toISOString();
    const api = { apiVersion: 'weir.dev/v1' };
    const changes = [
      ...(writesRecord
        ? [{ key: `${keys.hosts}${name}`, value: JSON.stringify({ ...api, ...wanted.record, lastSeen: at }) }]
        : []),
      ...(writesStatus
        ? [
            {
              key: `${keys.hostStatuses}${name}`,
              value: JSON.stringify({ ...api, ...wanted.status, status: { ...wanted.status.status, at } }),
              lease: this.#lease,
            },
          ]
        : []),
    ];
    const outcome = await store.write([], changes);
    if (writesRecord) [this.#recordAt, this.#recordSeen] = [now, wanted.status.status.seen?.revision];
    if (writesRecord && outcome.kind === 'written') this.#recordKeeper.wrote(outcome.revision);
    if (writesStatus) this.#statusAt = now;
    this.#written = {
      record: writesRecord ? record : this.#written.record,
      status: writesStatus ? status : this.#written.status,
    };
  }
}
