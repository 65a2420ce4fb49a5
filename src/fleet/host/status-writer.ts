/** Writes a host's record and its status under a lease, at every change and now and then without one. */
import { messageOf } from '../../errors/message-of.ts';
import type { HostDaemonIdentity, HostRecord, HostStatus } from '../model/records.ts';
import { StoreFailure } from '../ports.ts';
import { contestedName, NameKeeper } from './name-keeper.ts';
import type { HostPorts } from './ports.ts';

/** The status is rewritten so often without a change, and the record twice as rarely, in ms. */
const STATUS_MS = 25_000;
const RECORD_MS = 50_000;
/** Two changes that follow each other within this time are one write, in ms. */
const QUIET_MS = 20;

/** How often a write is tried at once when another one was faster. */
const TRIES = 3;
const NOTHING = { record: '', status: '' } as const;

/** Who knows which daemon this is and when the record of the host may be written, and is told its revision. */
export interface RecordKeeper {
  self(): HostDaemonIdentity;
  mayWrite(): boolean;
  wrote(revision: string): void;
}

/** What should be in the store. */
interface Wanted {
  readonly record: HostRecord | null;
  readonly status: HostStatus;
}

/** The writer of one host. */
export class StatusWriter {
  readonly #ports: HostPorts;
  readonly #recordKeeper: RecordKeeper;
  readonly #name: NameKeeper;
  #lease: string | null = null;
  #wanted: Wanted | null = null;
  #written: { readonly record: string; readonly status: string } = NOTHING;
  #statusAt = Number.NEGATIVE_INFINITY;
  #recordAt = Number.NEGATIVE_INFINITY;
  /** The revision of the store that had been seen when the record was written. */
  #recordSeen: number | undefined = undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** The key of the status that was written while another daemon had the name; null: there is none. */
  #contestedKey: string | null = null;
  #wake = Promise.withResolvers<void>();

  constructor(ports: HostPorts, record: RecordKeeper) {
    this.#ports = ports;
    this.#recordKeeper = record;
    this.#name = new NameKeeper(ports);
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
    const { state } = this.#name;
    try {
      // Another daemon that has the name goes on.
      if (record !== null && state.kind === 'ours' && state.revision !== null) {
        const at = new Date(clock.now()).toISOString();
        // A pod that ends does not come back.
        const value = record.pod === undefined ? recordText({ ...record, stopped: at }, at) : null;
        const guard = { key: this.#statusKey, revision: state.revision };
        const outcome = await store.write([guard], [{ key: `${keys.hosts}${name}`, value, isOwn: true }]);
        if (outcome.kind === 'written') this.#recordKeeper.wrote(outcome.revision);
      }
      if (this.#lease !== null) await store.revoke(this.#lease);
    } catch (error) {
      this.#ports.warn(`the store was not told that this host stops: ${messageOf(error)}; its lease ends by itself`);
    }
  }

  get #statusKey(): string {
    return `${this.#ports.keys.hostStatuses}${this.#ports.name}`;
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
    this.#written = NOTHING;
  }

  /** The record is also written after each change of objects that was seen: it is then newer than all of them. */
  #isRecordDue(record: string, { status }: HostStatus, now: number): boolean {
    const hasSeen = status.seen?.revision !== this.#recordSeen;
    return hasSeen || record !== this.#written.record || now - this.#recordAt > RECORD_MS;
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === null) return;
    if (this.#name.state.kind !== 'ours') await this.#lookAtName();
    for (let tries = 0; this.#name.state.kind === 'ours' && tries < TRIES; tries += 1) {
      if (await this.#writeOwn(wanted, this.#name.state.revision)) return;
      await this.#lookAtName();
    }
    if (this.#name.state.kind === 'contested') await this.#writeContested(wanted, this.#name.state.holder);
  }

  async #lookAtName(): Promise<void> {
    const { kind: before } = this.#name.state;
    const { kind } = await this.#name.look(this.#recordKeeper.self());
    if (kind === before) return;
    // What stands under one name is not under the other.
    this.#written = NOTHING;
    if (before !== 'ours' || this.#lease === null) return;
    // Should the status be of this daemon after all, it goes with its lease, and the name is free.
    const lease = this.#lease;
    this.#lease = null;
    await this.#ports.store.revoke(lease);
  }

  /** Resolves to false when the status under the name is not the one of `revision`. */
  async #writeOwn({ record: ownRecord, status: ownStatus }: Wanted, revision: string | null): Promise<boolean> {
    if (this.#lease === null) return true;
    const { clock, store, keys, name } = this.#ports;
    const now = clock.monotonic();
    // Times alone are no change.
    const status = statusText(ownStatus, '');
    const record = ownRecord === null ? '' : recordText(ownRecord, '');
    const writesStatus = status !== this.#written.status || now - this.#statusAt > STATUS_MS;
    const writesRecord =
      ownRecord !== null && this.#recordKeeper.mayWrite() && this.#isRecordDue(record, ownStatus, now);
    if (!writesStatus && !writesRecord) return true;
    const at = new Date(clock.now()).toISOString();
    // The status stands last: a store that writes one after another tells its revision.
    const changes = [
      ...(this.#contestedKey === null ? [] : [{ key: this.#contestedKey, value: null }]),
      ...(writesRecord ? [{ key: `${keys.hosts}${name}`, value: recordText(ownRecord, at), isOwn: true }] : []),
      ...(writesStatus
        ? [{ key: this.#statusKey, value: statusText(ownStatus, at), lease: this.#lease, isOwn: true }]
        : []),
    ];
    const outcome = await store.write([{ key: this.#statusKey, revision }], changes);
    if (outcome.kind === 'refused') return false;
    this.#contestedKey = null;
    if (writesStatus) this.#name.wrote(outcome.revision);
    if (writesRecord) {
      [this.#recordAt, this.#recordSeen] = [now, ownStatus.status.seen?.revision];
      this.#recordKeeper.wrote(outcome.revision);
    }
    if (writesStatus) this.#statusAt = now;
    this.#written = {
      record: writesRecord ? record : this.#written.record,
      status: writesStatus ? status : this.#written.status,
    };
    return true;
  }

  /** How this host is, beside the status of the daemon that has its name: so both are seen. */
  async #writeContested({ status }: Wanted, holder: HostDaemonIdentity | null): Promise<void> {
    if (this.#lease === null) return;
    const { clock, store, keys, name } = this.#ports;
    const own = contestedName(name, this.#recordKeeper.self());
    const told: HostStatus = {
      ...{ ...status, metadata: { ...status.metadata, name: own } },
      status: { ...status.status, conflict: { name, holder } },
    };
    const text = statusText(told, '');
    const now = clock.monotonic();
    if (text === this.#written.status && now - this.#statusAt <= STATUS_MS) return;
    const key = `${keys.hostStatuses}${own}`;
    const value = statusText(told, new Date(clock.now()).toISOString());
    this.#contestedKey = key;
    await store.write([], [{ key, value, lease: this.#lease, isOwn: true }]);
    [this.#statusAt, this.#written] = [now, { record: '', status: text }];
  }
}

const API = { apiVersion: 'weir.dev/v1' };

function statusText(status: HostStatus, at: string): string {
  return JSON.stringify({ ...API, ...status, status: { ...status.status, at } });
}

function recordText(record: HostRecord, lastSeen: string): string {
  return JSON.stringify({ ...API, ...record, lastSeen });
}
