/** Reads all that is wanted of a ZooKeeper registry, in the order in which one thing names the next. */
import { decodeNodeName } from '../../world/read-provider-url.ts';
import type { RegistryEvent } from '../../world/registry-event.ts';
import type { InstanceNode, ReadNode } from '../../world/registry-node.ts';
import type { TellRefused } from '../refusals.ts';
import type { Wanted } from '../wanted.ts';
import { inFlight } from './in-flight.ts';
import { isRefusal, ZK_ERROR } from './jute.ts';
import {
  instancesPath,
  isApplication,
  isInstance,
  mappingPath,
  metadataPath,
  NO_INTERFACES,
  providersPath,
  rootPath,
  servicesPath,
  type ZooKeeperRoots,
} from './paths.ts';
import {
  instanceEvent,
  keptProvidersEvent,
  mappingEvent,
  metadataEvent,
  NO_ACCESS,
  type NodeValue,
  providerEvent,
  providersEvent,
  readInstance,
} from './read-nodes.ts';

/** Asks one instance for the services of its revision; rejects with the reason when it gives none. */
export type AskInstance = (
  place: { readonly address: string; readonly port: number },
  app: string,
  revision: string,
) => Promise<string>;

/** The two reads of ZooKeeper; null stands for a node that is not there. They reject with `code` noAuth for one that is kept from weir. */
export interface ZooKeeperReads {
  getData(path: string): Promise<Buffer | null>;
  getChildren(path: string): Promise<string[] | null>;
}

/** How many reads are in flight: more of them make the process grow by what all answers hold together. */
const IN_FLIGHT = 32;

/** How many instances of a revision are asked before it stays unknown. */
const ASKED_INSTANCES = 3;

/** What a listing needs. */
export interface ListingParts {
  readonly reads: ZooKeeperReads;
  readonly askInstance: AskInstance;
  /** Takes each refused node by its path: what was last told of it counts, and all others are read. Without it a refusal ends the reading. */
  readonly refused?: TellRefused;
}

/** Stands for what the server refused to show. */
const REFUSED = Symbol('refused');

/** Reads one registry; `emit` is told each place as soon as it is whole. */
export class ZooKeeperListing {
  readonly #reads: ZooKeeperReads;
  readonly #registry: string;
  readonly #roots: ZooKeeperRoots;
  readonly #emit: (event: RegistryEvent) => void;
  readonly #askInstance: AskInstance;
  readonly #refused: TellRefused | undefined;
  /** Reads of revisions that have no answer yet, by application and revision. */
  readonly #revisionReads = new Map<string, Promise<readonly string[]>>();

  constructor(
    { reads, askInstance, refused }: ListingParts,
    registry: string,
    roots: ZooKeeperRoots,
    emit: (event: RegistryEvent) => void,
  ) {
    this.#reads = reads;
    this.#askInstance = askInstance;
    this.#refused = refused;
    this.#registry = registry;
    this.#roots = roots;
    this.#emit = emit;
  }

  /** Reads everything once. Resolves to the applications and interfaces that it came upon. */
  async all(wanted: Wanted): Promise<Wanted> {
    this.#emit({ registry: this.#registry, kind: 'state', state: 'syncing' });
    const apps = new Set([...wanted.apps, ...(wanted.mappedBefore ?? [])]);
    const interfaces = new Set(wanted.interfaces);
    if (wanted.everything === true) for (const app of (await this.apps()) ?? []) apps.add(app);
    for (const name of wanted.interfaces) for (const app of await this.mapping(name)) apps.add(app);
    // One application after the other: what an answer holds is let go before the next comes.
    for (const app of apps) for (const name of await this.instances(app)) interfaces.add(name);
    for (const name of await this.interfacesOf(wanted)) interfaces.add(name);
    await inFlight([...interfaces], IN_FLIGHT, (name) => this.providers(name));
    this.#emit({ registry: this.#registry, kind: 'state', state: 'synced' });
    return { apps, interfaces };
  }

  /** Reads an interface's mapping; resolves to its applications. */
  async mapping(name: string): Promise<readonly string[]> {
    const path = mappingPath(this.#roots, name);
    const value = await this.#orRefused([path], this.#reads.getData(path));
    if (value === REFUSED) return [];
    const event = mappingEvent(this.#registry, name, value === null ? null : value.toString());
    this.#emit(event);
    return event.kind === 'mapping' ? event.apps : [];
  }

  /** Reads an application's instances and the metadata of their revisions; resolves to the interfaces that these name. */
  async instances(app: string): Promise<ReadonlySet<string>> {
    const folder = instancesPath(this.#roots, app);
    // Read as they come: the texts of all of them at once would be most of what a first listing takes.
    const listed = new Map<string, ReadNode<InstanceNode>>();
    const unread = new Set<string>();
    const ids = await this.#orRefused([folder], this.#reads.getChildren(folder));
    if (ids === REFUSED) return new Set();
    const instances = (ids ?? []).filter((id) => isInstance(this.#roots, id));
    await inFlight(instances, IN_FLIGHT, async (id) => {
      const value = await this.#orRefused([`${folder}/${id}`], this.#instanceValue(`${folder}/${id}`));
      if (value === REFUSED) unread.add(id);
      else if (value !== null) listed.set(id, readInstance(`${folder}/${id}`, app, value));
    });
    const nodes = [...listed].flatMap(([id, read]) => ('node' in read ? [{ id, node: read.node }] : []));
    // The metadata first: an instance must not be seen before what it offers is known.
    const interfaces = new Set<string>();
    for (const [revision, members] of Map.groupBy(nodes, ({ node }) => node.revision)) {
      const places = members.map(({ id }) => `${folder}/${id}`);
      const named = this.#metadata(
        app,
        revision,
        members.map(({ node }) => node),
      );
      const names = await this.#orRefused(places, named);
      if (names !== REFUSED) for (const name of names) interfaces.add(name);
      else for (const { id } of members) if (listed.delete(id)) unread.add(id);
    }
    const event = { registry: this.#registry, kind: 'instances', app, listed } as const;
    this.#emit(unread.size === 0 ? event : { ...event, unread });
    return interfaces;
  }

  /** Tells that an instance is gone: nothing is read. */
  instanceGone(app: string, id: string): void {
    this.#emit(instanceEvent(this.#registry, this.#roots, { app, id, value: null }));
  }

  /** Reads one instance again, with its revision when that is new; resolves to the interfaces that it names. */
  async instance(app: string, id: string, isKnown: (revision: string) => boolean): Promise<readonly string[]> {
    const path = `${instancesPath(this.#roots, app)}/${id}`;
    const interfaces = await this.#orRefused([path], this.#instance(path, app, id, isKnown));
    return interfaces === REFUSED ? [] : interfaces;
  }

  async #instance(
    path: string,
    app: string,
    id: string,
    isKnown: (revision: string) => boolean,
  ): Promise<readonly string[]> {
    const value = await this.#instanceValue(path);
    const event = instanceEvent(this.#registry, this.#roots, { app, id, value });
    const node = event.kind === 'instance' && event.read !== null && 'node' in event.read ? event.read.node : null;
    const interfaces = node === null || isKnown(node.revision) ? [] : await this.#metadataOnce(app, node);
    this.#emit(event);
    return interfaces;
  }

  /** Reads the metadata of a revision from the registry. Resolves to its interfaces, which are none while it cannot be read. */
  async metadata(app: string, revision: string): Promise<readonly string[]> {
    const path = metadataPath(this.#roots, app, revision);
    const interfaces = await this.#orRefused([path], this.#metadata(app, revision, []));
    return interfaces === REFUSED ? [] : interfaces;
  }

  /** From the registry, else from one of the revision's instances. Rejects where the server refuses to show it at present. */
  async #metadata(app: string, revision: string, members: readonly InstanceNode[]): Promise<readonly string[]> {
    // Dubbo writes "0" for a revision without services.
    if (revision === '' || revision === '0') return [];
    const written = await this.#valueOf(metadataPath(this.#roots, app, revision));
    const isWritten = written !== null && written !== NO_ACCESS;
    const value = isWritten ? written : await this.#askOne(app, revision, members);
    const event = metadataEvent(this.#registry, this.#roots, { app, revision, value });
    this.#emit(event);
    if (event.kind !== 'metadata' || event.read === null || !('node' in event.read)) return [];
    return event.read.node.services.map(({ key }) => key.interface);
  }

  /** Instances that are read side by side bring the same revision: one of them reads it, and the others wait for it. */
  async #metadataOnce(app: string, node: InstanceNode): Promise<readonly string[]> {
    const key = `${app} ${node.revision}`;
    const begun = this.#revisionReads.get(key) ?? this.#metadata(app, node.revision, [node]);
    this.#revisionReads.set(key, begun);
    try {
      return await begun;
    } finally {
      this.#revisionReads.delete(key);
    }
  }

  /** Whoever writes a node decides who may read it: one that is kept from weir costs itself only. */
  async #valueOf(path: string): Promise<NodeValue | null> {
    const value = await orNoAccess(this.#reads.getData(path));
    return value === null || value === NO_ACCESS ? value : value.toString();
  }

  /** As `#valueOf`; one that is kept from weir is told as refused too. */
  async #instanceValue(path: string): Promise<NodeValue | null> {
    const value = await this.#valueOf(path);
    if (value === NO_ACCESS) this.#refused?.(path, MAY_NOT, true);
    return value;
  }

  /** Tells the refusal of what is read for some paths. A request without an answer says nothing of them: it rejects. */
  async #orRefused<Value>(paths: readonly string[], read: Promise<Value>): Promise<Value | typeof REFUSED> {
    try {
      return await read;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const isForbidden = error.code === ZK_ERROR.noAuth;
      const why = isForbidden ? MAY_NOT : error.message;
      if (this.#refused === undefined) throw new Error(`${paths[0]}: ${why}`);
      for (const path of paths) this.#refused(path, why, isForbidden);
      return REFUSED;
    }
  }

  /** Asks a few of a revision's instances, one after the other: all of them say the same. */
  async #askOne(app: string, revision: string, members: readonly InstanceNode[]): Promise<string | null> {
    for (const { address, ports } of members.slice(0, ASKED_INSTANCES)) {
      const port = ports.find(({ protocol }) => protocol === 'dubbo')?.port;
      if (port === undefined) continue;
      try {
        return await this.#askInstance({ address, port }, app, revision);
      } catch {
        // The next one may answer; a revision that nobody tells of stays unknown.
      }
    }
    return null;
  }

  /** Reads the providers of an interface in the interface-level layout. */
  async providers(name: string): Promise<void> {
    const folder = providersPath(this.#roots, name);
    const nodeNames = await this.#orRefused([folder], this.#reads.getChildren(folder));
    if (nodeNames !== REFUSED) this.#emit(providersEvent(this.#registry, this.#roots, name, nodeNames ?? []));
  }

  /** Tells one provider by the name of its node, which holds everything: nothing is read. */
  provider(name: string, id: string, isThere: boolean): void {
    this.#emit(providerEvent(this.#registry, this.#roots, { name, id, isThere }));
  }

  /** All applications of the application-level layout; null where the server refuses to show them. */
  async apps(): Promise<readonly string[] | null> {
    const names = await this.#namesBelow(servicesPath(this.#roots));
    return names?.filter((name) => isApplication(this.#roots, name)) ?? null;
  }

  /** All interfaces that ever had a folder; null where the server refuses to show them. */
  async interfaces(): Promise<readonly string[] | null> {
    const names = await this.#namesBelow(rootPath(this.#roots));
    return names?.filter((name) => !NO_INTERFACES.has(name)) ?? null;
  }

  async #namesBelow(root: string): Promise<readonly string[] | null> {
    const names = await this.#orRefused([root], this.#reads.getChildren(root));
    return names === REFUSED ? null : (names ?? []);
  }

  /** The interfaces of which a wanted application is a provider: only the URLs below each interface say so. */
  async interfacesOf(wanted: Pick<Wanted, 'apps' | 'everything'>): Promise<readonly string[]> {
    if (wanted.everything !== true && wanted.apps.size === 0) return [];
    const names = (await this.interfaces()) ?? [];
    if (wanted.everything === true) return names;
    const found: string[] = [];
    await inFlight(names, IN_FLIGHT, async (name) => {
      if (await this.isOffered(name, wanted)) found.push(name);
    });
    return found;
  }

  /** Whether a wanted application is a provider of an interface, or may be one. */
  async isOffered(name: string, { apps }: Pick<Wanted, 'apps'>): Promise<boolean> {
    const folder = providersPath(this.#roots, name);
    const urls = await this.#orRefused([folder], orNoAccess(this.#reads.getChildren(folder)));
    // One that is not shown at present is followed.
    if (urls === REFUSED) return true;
    if (urls !== NO_ACCESS) return urls?.some((url) => apps.has(appOfUrl(url))) === true;
    // Whose it is cannot be told. Who reads once is told of it as of a node.
    if (this.#refused === undefined) this.#emit(keptProvidersEvent(this.#registry, this.#roots, name));
    else this.#refused(folder, MAY_NOT, true);
    return false;
  }
}

/** The parameter as it stands in a node's name: what is no slash may be written as it is, and the digits of an escape in lower case. */
const APPLICATION = /(?:[?&]|%3F|%26)application(?:=|%3D)((?:[^%&]|%(?!26))*)/i;

/** The application that the name of a provider's node gives, without reading the whole of it; '' for none. */
export function appOfUrl(nodeName: string): string {
  const written = APPLICATION.exec(nodeName)?.[1] ?? '';
  return decodeNodeName(written) ?? '';
}

const MAY_NOT = 'weir may not read it';

async function orNoAccess<Value>(read: Promise<Value | null>): Promise<Value | null | typeof NO_ACCESS> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === ZK_ERROR.noAuth) return NO_ACCESS;
    throw error;
  }
}
