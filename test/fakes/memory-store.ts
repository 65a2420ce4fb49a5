/** A store in memory with the semantics of etcd: one revision a write, leases, watches from a revision, compaction. */
import { type FleetStore, type StoreEvent, StoreFailure, type StoreListing } from '../../src/fleet/ports.ts';
import type { Clock } from '../../src/platform/clock.ts';

interface Held {
  readonly value: string;
  readonly revision: number;
  readonly created: number;
  readonly lease: string | null;
}

interface Watcher {
  readonly prefixes: readonly string[];
  tell(events: readonly StoreEvent[], revision: string): void;
  end(end: { kind: 'compacted' } | { kind: 'lost'; why: string }): void;
}

/** The store; tests reach behind it. */
export class MemoryStore {
  clusterId = '1';
  /** Set: every request fails so. */
  failure: StoreFailure | null = null;
  #revision = 1;
  #compacted = 0;
  #items = new Map<string, Held>();
  #log: StoreEvent[] = [];
  readonly #watchers = new Set<Watcher>();
  readonly #leases = new Map<string, { ttlMs: number; endsAt: number }>();
  #granted = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The port on it. */
  get port(): FleetStore {
    return {
      place: 'memory',
      listsSingleKeys: true,
      list: async (prefixes) => this.#list(prefixes),
      find: async (key) => this.#list([key]).items.find((item) => item.key === key) ?? null,
      madeWith: async (_key, revision, prefix) =>
        this.#list([prefix]).items.filter(({ created }) => created === revision),
      write: async (guards, changes) => {
        this.#check();
        const holds = guards.every(({ key, revision }) => {
          const found = this.#items.get(key);
          return revision === null ? found === undefined : String(found?.revision) === revision;
        });
        if (!holds) return { kind: 'refused' };
        this.#commit(changes.map(({ key, value, lease }) => ({ key, value, lease: lease ?? null })));
        return { kind: 'written', revision: String(this.#revision) };
      },
      watch: (prefixes, revision, tell, signal) => this.#watch(prefixes, Number(revision), tell, signal),
      grant: async (ttlMs) => {
        this.#check();
        this.#granted += 1;
        const id = String(this.#granted);
        this.#leases.set(id, { ttlMs, endsAt: this.#clock.monotonic() + ttlMs });
        return id;
      },
      keepAlive: async (lease) => {
        this.#check();
        const found = this.#leases.get(lease);
        if (found === undefined) return false;
        found.endsAt = this.#clock.monotonic() + found.ttlMs;
        return true;
      },
      revoke: async (lease) => {
        this.#check();
        this.#end(lease);
      },
    };
  }

  /** The value of a key as data; undefined without the key. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into values at will.
  value(key: string): any {
    this.#expire();
    const found = this.#items.get(key);
    return found === undefined ? undefined : JSON.parse(found.value);
  }

  /** Another history: what a restored backup or a new cluster holds. */
  replace({
    clusterId,
    revision,
    keep,
  }: {
    clusterId?: string;
    revision?: number;
    keep: (key: string) => boolean;
  }): void {
    if (clusterId !== undefined) this.clusterId = clusterId;
    if (revision !== undefined) this.#revision = revision;
    this.#items = new Map([...this.#items].filter(([key]) => keep(key)));
    this.#log = [];
    this.loseWatchers('the connection is gone');
  }

  loseWatchers(why: string): void {
    for (const watcher of [...this.#watchers]) watcher.end({ kind: 'lost', why });
  }

  compact(): void {
    this.#compacted = this.#revision;
    this.#log = [];
  }

  #check(): void {
    if (this.failure !== null) throw this.failure;
    this.#expire();
  }

  #list(prefixes: readonly string[]): StoreListing {
    this.#check();
    const items = prefixes.flatMap((prefix) =>
      [...this.#items]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { value, revision, created }]) => ({
          key,
          value,
          revision: String(revision),
          created: String(created),
        })),
    );
    return { items, revision: String(this.#revision), clusterId: this.clusterId };
  }

  #commit(changes: readonly { key: string; value: string | null; lease: string | null }[]): void {
    const isChange = ({ key, value }: { key: string; value: string | null }) => value !== null || this.#items.has(key);
    const real = changes.filter(isChange);
    if (real.length === 0) return;
    for (const { lease } of real) {
      if (lease !== null && !this.#leases.has(lease))
        throw new StoreFailure('etcdserver: requested lease not found', 'refused');
    }
    this.#revision += 1;
    const revision = this.#revision;
    const events = real.map(({ key, value, lease }): StoreEvent => {
      if (value === null) this.#items.delete(key);
      else this.#items.set(key, { value, revision, created: this.#items.get(key)?.created ?? revision, lease });
      return { key, value, revision: String(revision) };
    });
    this.#log.push(...events);
    for (const watcher of this.#watchers) tellOwn(watcher, events, String(revision));
  }

  #watch(
    prefixes: readonly string[],
    from: number,
    tell: Watcher['tell'],
    signal: AbortSignal,
  ): ReturnType<FleetStore['watch']> {
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<FleetStore['watch']>>>();
    if (from < this.#compacted) return Promise.resolve({ kind: 'compacted' });
    const watcher: Watcher = {
      prefixes,
      tell,
      end: (end) => {
        this.#watchers.delete(watcher);
        resolve(end);
      },
    };
    signal.addEventListener('abort', () => watcher.end({ kind: 'lost', why: 'it was ended' }), { once: true });
    tellOwn(
      watcher,
      this.#log.filter(({ revision }) => Number(revision) > from),
      String(this.#revision),
    );
    this.#watchers.add(watcher);
    return promise;
  }

  #expire(): void {
    for (const [id, { endsAt }] of this.#leases) if (endsAt < this.#clock.monotonic()) this.#end(id);
  }

  #end(lease: string): void {
    this.#leases.delete(lease);
    const keys = [...this.#items].filter(([, held]) => held.lease === lease).map(([key]) => key);
    this.#commit(keys.map((key) => ({ key, value: null, lease: null })));
  }
}

function tellOwn({ prefixes, tell }: Watcher, events: readonly StoreEvent[], revision: string): void {
  const own = events.filter(({ key }) => prefixes.some((prefix) => key.startsWith(prefix)));
  if (own.length > 0) tell(own, revision);
}
