/** What the fleet needs of a store: consistent lists, guarded writes, watches and leases. */

/** One key with its value. Revisions are decimal numbers as text: etcd counts in 64 bits. */
export interface StoredItem {
  readonly key: string;
  readonly value: string;
  /** The revision of its last change. */
  readonly revision: string;
  /** The revision of its creation. */
  readonly created: string;
}

/** What a list saw, all at one revision. */
export interface StoreListing {
  readonly items: readonly StoredItem[];
  readonly revision: string;
  readonly clusterId: string;
}

/** A condition of a write: the key has this revision; null: there is no such key. */
export interface StoreGuard {
  readonly key: string;
  readonly revision: string | null;
}

/** One change of a write; `value` null deletes the key. */
export interface StoreChange {
  readonly key: string;
  readonly value: string | null;
  /** The lease that the key goes with; none if omitted. */
  readonly lease?: string;
  /**
   * Nobody else ever writes this value here, and the other changes are guarded or may be done twice: so a store can tell
   * whether a write without an answer has landed, and says it again. False if omitted.
   */
  readonly isOwn?: boolean;
}

/** The end of a write. `refused`: a guard did not hold, and nothing was written. */
export type WriteOutcome = { readonly kind: 'written'; readonly revision: string } | { readonly kind: 'refused' };

/** One change that a watch saw; `value` null: the key is gone. */
export interface StoreEvent {
  readonly key: string;
  readonly value: string | null;
  readonly revision: string;
}

/** Why a store gave no answer. */
export class StoreFailure extends Error {
  /** `not-sent`: nothing reached the store. `unknown`: a request may still be carried out. `refused`: it said no. */
  readonly fate: 'not-sent' | 'unknown' | 'refused';

  constructor(message: string, fate: StoreFailure['fate']) {
    super(message);
    this.name = 'StoreFailure';
    this.fate = fate;
  }
}

/** How a watch ended: the store cannot tell the changes since then any more, or the connection is gone. */
export type WatchEnd = { readonly kind: 'compacted' } | { readonly kind: 'lost'; readonly why: string };

/**
 * The store of one region. Every method rejects with `StoreFailure`, within the time of its configuration; while it
 * answers that it looks for a leader, within 5 s if that is longer.
 */
export interface FleetStore {
  /** Where it is, for messages. */
  readonly place: string;
  /** Whether one key can be listed by itself, at the cost and with the rights of that key alone. */
  readonly listsSingleKeys: boolean;
  /** All keys that begin with one of the prefixes, at one revision, in the order of the keys. */
  list(prefixes: readonly string[]): Promise<StoreListing>;
  /** One key as it is now; null: it is not there. */
  find(key: string): Promise<StoredItem | null>;
  /** What the write that left `key` at `revision` made below a prefix: its entry of history, without reading the others. */
  madeWith(key: string, revision: string, prefix: string): Promise<readonly StoredItem[]>;
  /** Carries all changes out, or none. */
  write(guards: readonly StoreGuard[], changes: readonly StoreChange[]): Promise<WriteOutcome>;
  /**
   * Tells every change below the prefixes after `revision`, in order, a batch for each revision. Resolves when it ends;
   * `signal` ends it too.
   */
  watch(
    prefixes: readonly string[],
    revision: string,
    onEvents: (events: readonly StoreEvent[], revision: string) => void,
    signal: AbortSignal,
  ): Promise<WatchEnd>;
  /** Starts a lease; resolves to its id. */
  grant(ttlMs: number): Promise<string>;
  /** Resolves to whether the lease still lives. */
  keepAlive(lease: string): Promise<boolean>;
  /** Ends a lease and its keys. */
  revoke(lease: string): Promise<void>;
}
