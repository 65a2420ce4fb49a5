/** Follows a ZooKeeper registry: lists what is wanted after every connection, then reads again only what changed. */
import type { RegistryConfig } from '../../../mesh/discovery-config.ts';
import type { Clock } from '../../../platform/clock.ts';
import { Refusals } from '../../registry/refusals.ts';
import type { Wanted } from '../../registry/wanted.ts';
import type { ChangedPlace } from '../../registry/zookeeper/changed-place.ts';
import { type Change, Changes } from '../../registry/zookeeper/changes.ts';
import type { FolderMarks } from '../../registry/zookeeper/folder-marks.ts';
import { inFlight } from '../../registry/zookeeper/in-flight.ts';
import { WATCH_EVENT, type WATCH_MODE, ZK_ERROR } from '../../registry/zookeeper/jute.ts';
import { appOfUrl, ZooKeeperListing } from '../../registry/zookeeper/list-registry.ts';
import {
  instancesPath,
  mappingPath,
  metadataPath,
  providersPath,
  rootPath,
  servicesPath,
} from '../../registry/zookeeper/paths.ts';
import { SetBack } from '../../registry/zookeeper/set-back.ts';
import type { RegistryEvent, RegistryState } from '../../world/registry-event.ts';
import { askMetadata } from '../dubbo/ask-metadata.ts';
import { ZooKeeperError, type ZooKeeperOptions, ZooKeeperSession } from './zookeeper-session.ts';

/** What is followed, and who is told. */
export interface ZooKeeperWatchOptions {
  readonly config: Extract<RegistryConfig, { kind: 'zookeeper' }>;
  readonly digest: ZooKeeperOptions['digest'];
  readonly wanted: Wanted;
  readonly emit: (event: RegistryEvent) => void;
  /** Says why the registry cannot be read at present, a clause. */
  readonly warn: (why: string) => void;
  readonly clock: Clock;
  /** The newest state that was told of this registry. */
  readonly marks: FolderMarks;
}

const SESSION_MS = 10_000;
/** A server before 3.6 has no lasting watches: everything is listed so often, in milliseconds. */
const POLL_MS = 3_000;
/** With watches everything is listed so often all the same: a lost event costs minutes, not for ever. */
const RELIST_MS = 600_000;
/** A revision that nobody could tell of is asked for again after this time. */
const RETRY_MS = 20_000;
/**
 * How many changed instances are read at once. The answers come one after the other and are let go one by one; a server
 * that is busy with many writes answers so late that fewer would fall behind.
 */
const IN_FLIGHT = 256;
/** With more changes than this to be read, what is told is not what the registry holds. */
const BEHIND = 256;

/** One registry, followed until a signal aborts. */
export class ZooKeeperWatch {
  readonly #options: ZooKeeperWatchOptions;
  readonly #session: ZooKeeperSession;
  readonly #listing: ZooKeeperListing;
  readonly #watched = new Set<string>();
  /** The names below the root as they were when its watch began. */
  #folders = new Set<string>();
  /** By application, the names of its instances at application level. */
  readonly #instances = new Map<string, Set<string>>();
  /** Revisions as `APP REVISION`, each with whether its services are known. */
  readonly #revisions = new Map<string, boolean>();
  readonly #changes: Changes;
  readonly #refusals: Refusals;
  /** Whether all has to be listed, because watches may have missed something. */
  #isStale = false;
  #isConnected = false;
  /** Whether it was said that changes wait in numbers, or that nodes could not be read. */
  #isBehind = false;
  #hasWatches = true;
  /** Whether anything was told since the connection began. */
  #isAnythingTold = false;
  readonly #setBack: SetBack;
  #wake = Promise.withResolvers<void>();

  constructor(options: ZooKeeperWatchOptions) {
    this.#options = options;
    const { config, digest, clock } = options;
    this.#changes = new Changes(config);
    this.#refusals = new Refusals(options.warn, () => clock.monotonic());
    const told = {
      // Changes made while it was cut off are not told, in a resumed session either.
      connected: () => {
        this.#isConnected = true;
        this.#isStale = true;
        this.#wake.resolve();
      },
      disconnected: (why: string) => this.#lost(why),
      changed: (type: number, path: string) => {
        this.#changes.add(type, path);
        this.#wake.resolve();
      },
    };
    this.#session = new ZooKeeperSession({ servers: config.servers, digest, sessionMs: SESSION_MS }, told, clock);
    this.#setBack = new SetBack(config, options.marks, (path) => this.#session.mark(path), options.warn);
    const parts = { reads: this.#session, askInstance: askMetadata, refused: this.#refusals.note };
    this.#listing = new ZooKeeperListing(parts, config.name, config, (event) => {
      if (event.kind === 'state') this.#tellListed(event.state);
      else this.#tell(event);
    });
  }

  /** Follows the registry until `signal` aborts; then the session is closed. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const running = this.#session.run();
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true });
    let listedAt = clock.monotonic();
    let askedAt = listedAt;
    while (!signal.aborted) {
      const waiting = new AbortController();
      await Promise.race([this.#wake.promise, clock.sleep(this.#pauseMs(), waiting.signal).catch(() => undefined)]);
      // Without a reason, an error with a stack would be made each time.
      waiting.abort('woken');
      this.#wake = Promise.withResolvers();
      if (signal.aborted) break;
      if (!this.#isConnected) continue;
      if (clock.monotonic() - listedAt > (this.#hasWatches ? RELIST_MS : POLL_MS)) this.#isStale = true;
      if (this.#isStale) listedAt = clock.monotonic();
      const isRetry = clock.monotonic() - askedAt >= RETRY_MS;
      if (isRetry) askedAt = clock.monotonic();
      await this.#catchUp(isRetry);
    }
    this.#session.close();
    await running;
  }

  #pauseMs(): number {
    const { dueAtMs } = this.#refusals;
    const longest = this.#hasWatches ? RETRY_MS : POLL_MS;
    return dueAtMs === null ? longest : Math.min(longest, Math.max(0, dueAtMs - this.#options.clock.monotonic()) + 1);
  }

  #tell(event: RegistryEvent): void {
    if (event.kind === 'metadata') this.#revisions.set(`${event.app} ${event.revision}`, event.read !== null);
    if (event.kind === 'instances')
      this.#instances.set(event.app, new Set([...event.listed.keys(), ...(event.unread ?? [])]));
    if (event.kind === 'instance') {
      const ids = this.#instances.get(event.app) ?? new Set<string>();
      if (event.read === null) ids.delete(event.id);
      else ids.add(event.id);
      this.#instances.set(event.app, ids);
    }
    if (event.kind === 'instances' || event.kind === 'providers' || event.kind === 'mapping')
      this.#isAnythingTold = true;
    this.#options.emit(this.#setBack.told(event));
  }

  #lost(why: string): void {
    this.#isConnected = false;
    this.#watched.clear();
    this.#changes.clear();
    this.#refusals.clear();
    this.#isBehind = false;
    this.#isAnythingTold = false;
    this.#tellRefused();
    this.#tellState('lost');
    this.#options.warn(why);
  }

  /** A listing says that it began, and that it is over: it is whole when nothing of it was refused. */
  #tellListed(state: RegistryState): void {
    this.#isBehind = state !== 'synced' || this.#isRefused;
    this.#tellRefused();
    this.#tellState(this.#isBehind ? 'syncing' : 'synced');
  }

  /** Whether what is refused keeps the registry from being whole; one that shows nothing at all is not. */
  get #isRefused(): boolean {
    return this.#refusals.isBehind || (this.#refusals.places.size > 0 && !this.#isAnythingTold);
  }

  #tellRefused(): void {
    const places = this.#refusals.news();
    if (places !== null) this.#options.emit({ registry: this.#options.config.name, kind: 'refused', places });
  }

  #tellState(state: RegistryState): void {
    this.#options.emit({ registry: this.#options.config.name, kind: 'state', state });
  }

  #tellBehind(isBehind: boolean): void {
    if (isBehind === this.#isBehind) return;
    this.#isBehind = isBehind;
    this.#tellState(isBehind ? 'syncing' : 'synced');
  }

  /** Lists everything when it is stale, else reads the changed places. A lost connection ends it: the next one lists. */
  async #catchUp(isRetry: boolean): Promise<void> {
    try {
      if (this.#changes.isTooMany) this.#isStale = true;
      const again = this.#refusals.take(this.#isStale);
      if (this.#isStale) {
        // What changed before the listing begins is in the listing.
        this.#changes.clear();
        await this.#listAll();
      } else this.#changes.putBack(again);
      const changes = this.#changes.take();
      if (changes.size > BEHIND) this.#tellBehind(true);
      await this.#readChanges(changes, again);
      if (changes.size > 0) await this.#watchBareApps();
      this.#tellRefused();
      this.#tellBehind(this.#isRefused || this.#changes.isTooMany || this.#changes.size > BEHIND);
      if (isRetry) await this.#askUnknownRevisions();
      if (isRetry) this.#setBack.markTouched();
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      // A refused read leaves the registry as it was; the next look tries again.
      this.#isStale = true;
      if (error.code !== null) this.#options.warn(error.message);
    }
  }

  /**
   * Reads what changed: folders one after the other, then instances side by side. The order of different places does not
   * matter to the world, and no place is read twice at a time.
   */
  async #readChanges(changes: ReadonlyMap<string, Change>, again: ReadonlySet<string>): Promise<void> {
    const listed = new Set<string>();
    const singles: [string, Extract<ChangedPlace, { kind: 'instance' }>, number][] = [];
    for (const [path, { place, type }] of changes) {
      if (place.kind === 'instance') singles.push([path, place, type]);
      else await this.#readAgain(place, type, again.has(path));
      if (place.kind === 'instances') listed.add(place.app);
    }
    const interfaces = new Set<string>();
    await inFlight(singles, IN_FLIGHT, async ([path, { app, id }, type]) => {
      // A listing that began after the change holds it.
      if (listed.has(app) || !this.#isFollowed(app)) return;
      // Nothing is read of what is gone: if it comes back, that is another change.
      if (type === WATCH_EVENT.deleted) return this.#listing.instanceGone(app, id);
      // The revision of one that was refused may have been refused too.
      const isKnown = (revision: string) => !again.has(path) && this.#revisions.has(`${app} ${revision}`);
      for (const name of await this.#listing.instance(app, id, isKnown)) interfaces.add(name);
    });
    await this.#follow(interfaces);
  }

  /** Watches come before the lists: what changes in between is read twice, and nothing is missed. */
  async #listAll(): Promise<void> {
    const { config, wanted } = this.#options;
    this.#isStale = false;
    this.#tellState('syncing');
    await this.#setBack.look();
    if (wanted.everything === true)
      for (const path of [servicesPath(config), rootPath(config)]) await this.#watch(path);
    else if (wanted.apps.size > 0) await this.#watchInterfaces();
    for (const app of wanted.apps) await this.#watch(instancesPath(config, app));
    for (const name of wanted.interfaces) {
      await this.#watch(mappingPath(config, name));
      await this.#watch(providersPath(config, name));
    }
    // Who was followed before the connection ended is so behind it: mappings may name it no more.
    const mappedBefore = new Set([...(wanted.mappedBefore ?? []), ...this.#instances.keys()]);
    const { apps, interfaces } = await this.#listing.all({ ...wanted, mappedBefore });
    for (const app of apps) {
      const path = instancesPath(config, app);
      const wasCovered = this.#isCovered(path);
      if ((await this.#watch(path)) && !wasCovered) await this.#listing.instances(app);
    }
    for (const name of interfaces) {
      const path = providersPath(config, name);
      const wasCovered = this.#isCovered(path);
      if ((await this.#watch(path)) && !wasCovered) await this.#listing.providers(name);
    }
    await this.#watchBareApps();
    this.#setBack.markTouched();
  }

  /** An interface that a wanted application offers for the first time is a new name below the root. */
  async #watchInterfaces(): Promise<void> {
    const { config } = this.#options;
    const names = await this.#listing.interfaces();
    if (names !== null) this.#folders = new Set(names);
    // Once more behind the watch: a name may have come in between.
    if (await this.#watch(rootPath(config), 'children')) await this.#followNewInterfaces();
  }

  /** Which applications will be below a new name is not known yet: what comes below it tells. */
  async #followNewInterfaces(): Promise<void> {
    for (const name of (await this.#listing.interfaces()) ?? []) {
      if (this.#folders.has(name)) continue;
      this.#folders.add(name);
      await this.#follow([name]);
    }
  }

  /**
   * An application without an instance at application level is in the other layout, or will be, and nothing says below
   * which interfaces: all of them are watched. The URL in a changed path tells whose it is, and nothing else is read.
   */
  async #watchBareApps(): Promise<void> {
    const { config, wanted } = this.#options;
    const isBare = [...wanted.apps].some((app) => (this.#instances.get(app)?.size ?? 0) === 0);
    if (isBare && (await this.#watch(rootPath(config)))) await this.#follow(await this.#listing.interfacesOf(wanted));
  }

  #isCovered(path: string): boolean {
    const { config } = this.#options;
    return [rootPath(config), servicesPath(config)].some(
      (folder) => this.#watched.has(folder) && path.startsWith(folder === '/' ? folder : `${folder}/`),
    );
  }

  /** Whether the path was not watched before. What is below a watched folder is watched by it. */
  async #watch(path: string, mode: keyof typeof WATCH_MODE = 'recursive'): Promise<boolean> {
    const key = mode === 'recursive' ? path : `${mode} ${path}`;
    if (!this.#hasWatches || this.#watched.has(key)) return false;
    try {
      if (!this.#isCovered(path)) await this.#session.watch(path, mode);
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== ZK_ERROR.unimplemented) throw error;
      this.#hasWatches = false;
      return false;
    }
    this.#watched.add(key);
    return true;
  }

  /** `wasRefused`: nothing need have happened to the place. */
  async #readAgain(
    place: Exclude<ChangedPlace, { kind: 'instance' }>,
    type: number,
    wasRefused: boolean,
  ): Promise<void> {
    const { config, wanted } = this.#options;
    switch (place.kind) {
      case 'instances':
        if (!this.#isFollowed(place.app)) return;
        return await this.#follow(await this.#listing.instances(place.app));
      case 'providers':
        if (this.#isWatched(place.interface)) return await this.#listing.providers(place.interface);
        if (wasRefused && (await this.#listing.isOffered(place.interface, wanted)))
          await this.#follow([place.interface]);
        return;
      case 'provider':
        if (type === WATCH_EVENT.changed) return;
        if (this.#isWatched(place.interface)) {
          return this.#listing.provider(place.interface, place.id, type === WATCH_EVENT.created);
        }
        if (wanted.everything === true || wanted.apps.has(appOfUrl(place.id))) await this.#follow([place.interface]);
        return;
      case 'interfaces':
        if (wasRefused) return this.#shownAgain(await this.#listing.interfaces());
        return await this.#followNewInterfaces();
      case 'apps':
        if (wasRefused) this.#shownAgain(await this.#listing.apps());
        return;
      case 'mapping':
        if (!wanted.interfaces.has(place.interface)) return;
        for (const app of await this.#listing.mapping(place.interface)) {
          if (await this.#watch(instancesPath(config, app))) await this.#follow(await this.#listing.instances(app));
        }
        return;
      case 'metadata':
        if (this.#instances.has(place.app)) await this.#follow(await this.#listing.metadata(place.app, place.revision));
        return;
      default:
        return place satisfies never;
    }
  }

  /** Which names are wanted of a root that was refused says a listing of everything. */
  #shownAgain(names: readonly string[] | null): void {
    if (names === null) return;
    this.#isStale = true;
    this.#wake.resolve();
  }

  /** Where applications and interfaces share a folder, its watch tells of those that nobody wants too. */
  #isFollowed(app: string): boolean {
    const { apps, everything } = this.#options.wanted;
    const isWatched = this.#watched.has(instancesPath(this.#options.config, app));
    return everything === true || apps.has(app) || this.#instances.has(app) || isWatched;
  }

  /** Whether all providers of an interface are told. */
  #isWatched(name: string): boolean {
    return this.#watched.has(providersPath(this.#options.config, name));
  }

  /** Interfaces that an instance offers may have providers in the other layout too. */
  async #follow(interfaces: Iterable<string>): Promise<void> {
    for (const name of interfaces) {
      if (await this.#watch(providersPath(this.#options.config, name))) await this.#listing.providers(name);
    }
  }

  async #askUnknownRevisions(): Promise<void> {
    const unknown = [...this.#revisions].filter(([, isKnown]) => !isKnown).map(([key]) => key.split(' '));
    for (const app of new Set(unknown.map(([app = '']) => app))) await this.#follow(await this.#listing.instances(app));
    for (const [app = '', revision = ''] of unknown)
      await this.#watch(metadataPath(this.#options.config, app, revision));
  }
}
