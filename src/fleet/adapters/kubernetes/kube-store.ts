/** The store of a region on Kubernetes: objects of weir's own kinds, guarded by resourceVersion, Leases as leases. */
import {
  type ClusterFolder,
  changeIn,
  foldersOf,
  keyOfObject,
  LEADER_KEY,
  placeOfKey,
} from '../../model/cluster-objects.ts';
import {
  type FleetStore,
  type StoreChange,
  type StoredItem,
  type StoreEvent,
  StoreFailure,
  type StoreGuard,
  type StoreListing,
  type WatchEnd,
  type WriteOutcome,
} from '../../ports.ts';
import type { KubernetesConfig } from './cluster-access.ts';
import { KubeClient, type KubeObject, KubeRefusal } from './kube-client.ts';
import { HOST_LEASE, KubeLeases, LEADER_LEASE } from './kube-leases.ts';
import { type KubeWork, noPlace, writeAll } from './kube-write.ts';

/** An annotation of the leader's Lease. */
const PID = 'weir.dev/pid';

/** Opens the store; nothing is asked yet. `warn` hears of changes that are made and not recorded. */
export function kubeStore(
  config: KubernetesConfig,
  warn: (text: string) => void,
  client = new KubeClient(config),
  monotonic: () => number = () => performance.now(),
): FleetStore {
  const store = new KubeStore(config, client, monotonic, warn);
  return {
    place: client.place,
    listsSingleKeys: false,
    list: (prefixes) => store.list(prefixes),
    find: (key) => store.find(key),
    madeWith: (key, revision, prefix) => store.madeWith(key, revision, prefix),
    write: (guards, changes) => store.write(guards, changes),
    watch: (prefixes, revision, onEvents, signal) => store.watch(prefixes, revision, onEvents, signal),
    grant: async (ttlMs) => store.leases.grant(ttlMs),
    keepAlive: (lease) => store.leases.keepAlive(lease),
    revoke: (lease) => store.leases.revoke(lease),
  };
}

class KubeStore {
  readonly leases: KubeLeases;
  readonly #client: KubeClient;
  readonly #root: string;
  readonly #region: string;
  readonly #namespace: string;
  readonly #work: KubeWork;

  constructor(
    { name, namespace }: KubernetesConfig,
    client: KubeClient,
    monotonic: () => number,
    warn: (text: string) => void,
  ) {
    this.#client = client;
    this.#region = name;
    this.#root = `/weir/${name}/`;
    this.#namespace = namespace;
    this.leases = new KubeLeases(client, namespace, monotonic);
    this.#work = {
      ...{ client, root: this.#root, leases: this.leases, last: new Map(), warn },
      path: (folder, object) => this.#path(folder, object),
    };
  }

  /** Lists of several kinds are read at the version of the first, which the others are asked for exactly. */
  async list(prefixes: readonly string[]): Promise<StoreListing> {
    const folders = foldersOf(prefixes, this.#root);
    const wantsHistory = folders.some(({ folder }) => folder === 'history/');
    const wantsLeader = prefixes.some((prefix) => `${this.#root}${LEADER_KEY}`.startsWith(prefix));
    const wantsLeases = wantsLeader || folders.some(({ isLeased }) => isLeased);
    const [clusterId, leases] = await Promise.all([this.#clusterId(), wantsLeases ? this.leases.living() : new Map()]);
    const lists = new Map<string, readonly KubeObject[]>();
    let revision = '';
    const plurals = new Set(folders.map(({ plural }) => plural));
    // A change whose entry of history was not written any more holds it itself.
    if (wantsHistory)
      for (const plural of ['meshpolicies', 'sidecarreleases', 'gateways', 'acceptances']) plurals.add(plural);
    for (const plural of plurals) {
      const list = await this.#listAt(plural, revision);
      lists.set(plural, list.items);
      if (revision === '') revision = list.resourceVersion;
    }
    const items = folders.flatMap((folder) =>
      (lists.get(folder.plural) ?? []).flatMap((object) => {
        if (folder.isLeased && !leases.has(`${HOST_LEASE}${object.metadata.name}`)) return [];
        return this.#itemOf(folder, object);
      }),
    );
    if (wantsHistory) items.push(...this.#unwritten(lists, items));
    const leader = wantsLeader ? leases.get(LEADER_LEASE) : undefined;
    if (leader !== undefined) items.push(this.#leaderItem(leader));
    const inOrder = prefixes.flatMap((prefix) =>
      items.filter(({ key }) => key.startsWith(prefix)).sort((a, b) => (a.key < b.key ? -1 : 1)),
    );
    return { items: inOrder, revision: revision === '' ? '0' : revision, clusterId };
  }

  async find(key: string): Promise<StoredItem | null> {
    const place = key.startsWith(this.#root) ? placeOfKey(key.slice(this.#root.length)) : null;
    if (place === null) throw noPlace(key);
    const { folder, name } = place;
    const found = await this.#client.get(this.#path(folder, name));
    if (found === null) return null;
    // What went with a lease that has ended is gone for every reader.
    if (folder.isLeased && (await this.leases.one(`${HOST_LEASE}${name}`)) === null) return null;
    return this.#itemOf(folder, found.value)[0] ?? null;
  }

  /** A changed object holds its entry itself. */
  async madeWith(key: string, revision: string, prefix: string): Promise<readonly StoredItem[]> {
    const [folder] = foldersOf([key], this.#root);
    if (folder === undefined || !`${this.#root}history/`.startsWith(prefix)) return [];
    const name = key.slice(this.#root.length + folder.folder.length);
    const found = await this.#client.get(this.#path(folder, name));
    if (found === null || found.value.metadata.resourceVersion !== revision) return [];
    const change = changeIn(found.value);
    if (change === null) return [];
    const own = { key: `${this.#root}history/${change.name}`, value: JSON.stringify(change.entry) };
    return [{ ...own, revision, created: revision }];
  }

  async write(guards: readonly StoreGuard[], changes: readonly StoreChange[]): Promise<WriteOutcome> {
    const leader = changes.find(({ key }) => key === `${this.#root}${LEADER_KEY}`);
    if (leader === undefined) return await writeAll(this.#work, guards, changes);
    // A Lease is taken by itself, from nobody: what else is asked for would be left out in silence.
    const isAlone =
      changes.length === 1 && guards.every(({ key, revision }) => key === leader.key && revision === null);
    if (!isAlone) throw new StoreFailure('on a cluster the lead is taken by itself, from nobody', 'refused');
    return await this.#lead(leader);
  }

  /** One stream a kind, each from the version of the list. What they tell comes as they do, with a version that never falls. */
  async watch(
    prefixes: readonly string[],
    revision: string,
    onEvents: (events: readonly StoreEvent[], revision: string) => void,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    const folders = foldersOf(prefixes, this.#root);
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    let highest = BigInt(revision);
    const tell = (events: readonly StoreEvent[]) => {
      const own = events.filter(({ key }) => prefixes.some((prefix) => key.startsWith(prefix)));
      const [first] = own;
      if (first === undefined || both.aborted) return;
      if (BigInt(first.revision) > highest) highest = BigInt(first.revision);
      onEvents(own, String(highest));
    };
    const plurals = [...new Set(folders.map(({ plural }) => plural))];
    const ends = plurals.map(async (plural) => {
      const end = await this.#watchOne(plural, folders, revision, tell, both);
      ended.abort();
      return end;
    });
    const end = await Promise.race(ends);
    await Promise.all(ends);
    return end;
  }

  async #watchOne(
    plural: string,
    folders: readonly ClusterFolder[],
    revision: string,
    tell: (events: readonly StoreEvent[]) => void,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    const own = folders.filter((folder) => folder.plural === plural);
    let from = revision;
    for (;;) {
      const end = await this.#client.watch(
        this.#collection(plural),
        { from },
        ({ type, object }) => {
          const at = object.metadata.resourceVersion ?? from;
          from = at;
          if (type === 'BOOKMARK') return;
          tell(own.flatMap((folder) => this.#eventsOf(folder, object, type === 'DELETED', at)));
        },
        signal,
      );
      if (signal.aborted) return { kind: 'lost', why: 'it was ended' };
      if (end.kind === 'expired') return { kind: 'compacted' };
      if (end.kind === 'lost') return end;
    }
  }

  #eventsOf(folder: ClusterFolder, object: KubeObject, isGone: boolean, revision: string): StoreEvent[] {
    const [item] = isGone ? [] : this.#itemOf(folder, object);
    const key = `${this.#root}${keyOfObject(folder, object.metadata.name)}`;
    return [{ key, value: item?.value ?? null, revision }];
  }

  #itemOf(folder: ClusterFolder, object: KubeObject): StoredItem[] {
    const value = folder.toValue(object, this.#region);
    if (value === null || value === undefined) return [];
    const { name, resourceVersion: revision = '0' } = object.metadata;
    const key = `${this.#root}${keyOfObject(folder, name)}`;
    // Only entries of history are ordered by their creation, and they never change.
    return [{ key, value: JSON.stringify(value), revision, created: revision }];
  }

  /** Entries of history that only the changed objects hold: whoever wrote them ended before the entry was written. */
  #unwritten(lists: ReadonlyMap<string, readonly KubeObject[]>, known: readonly StoredItem[]): StoredItem[] {
    const keys = new Set(known.map(({ key }) => key));
    return [...lists].flatMap(([plural, objects]) =>
      objects.flatMap((object) => {
        const change = plural === 'historyentries' ? null : changeIn(object);
        const key = `${this.#root}history/${change?.name}`;
        if (change === null || keys.has(key)) return [];
        const revision = object.metadata.resourceVersion ?? '0';
        return [{ key, value: JSON.stringify(change.entry), revision, created: revision }];
      }),
    );
  }

  #leaderItem({ metadata, spec }: KubeObject): StoredItem {
    const value = {
      holder: spec.holderIdentity,
      pid: Number(metadata.annotations?.[PID] ?? 0),
      since: spec.acquireTime,
    };
    const revision = metadata.resourceVersion ?? '0';
    return { key: `${this.#root}${LEADER_KEY}`, value: JSON.stringify(value), revision, created: revision };
  }

  async #lead({ value, lease }: StoreChange): Promise<WriteOutcome> {
    if (value === null || lease === undefined) throw new StoreFailure('a leader is written with a lease', 'refused');
    const { holder, pid, since } = JSON.parse(value) as { holder: string; pid: number; since: string };
    const annotations = { [PID]: String(pid) };
    const taken = await this.leases.take(
      lease,
      LEADER_LEASE,
      { holder, annotations, since },
      { isFree: true, paths: [] },
    );
    return taken === null ? { kind: 'refused' } : { kind: 'written', revision: taken.metadata?.resourceVersion ?? '0' };
  }

  async #listAt(plural: string, exact: string) {
    try {
      return await this.#client.list(this.#collection(plural), exact === '' ? {} : { exact });
    } catch (error) {
      if (error instanceof KubeRefusal && error.status === 404) {
        const hint = `${plural}.weir.dev is not known there: \`weir operator install | kubectl apply -f -\``;
        throw new StoreFailure(`${this.#client.place}: ${hint}`, 'refused');
      }
      throw error;
    }
  }

  /** The namespace's own id: another cluster, and a namespace that was made anew, have another. */
  async #clusterId(): Promise<string> {
    const found = await this.#client.get(`/api/v1/namespaces/${this.#namespace}`);
    if (found !== null) return found.value.metadata.uid ?? '';
    throw new StoreFailure(`${this.#client.place}: there is no namespace ${this.#namespace}`, 'refused');
  }

  #collection(plural: string): string {
    return `/apis/weir.dev/v1/namespaces/${this.#namespace}/${plural}`;
  }

  #path({ plural }: ClusterFolder, name: string): string {
    return `${this.#collection(plural)}/${name}`;
  }
}
