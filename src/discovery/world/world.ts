/** The world as the registries tell it: nodes by registry and place. Pure state: events in, changed applications out. */
import { OlderListings } from './older-listings.ts';
import { formatAddress } from './read-address.ts';
import type { Listed, RegistryEvent, RegistryState } from './registry-event.ts';
import type { InstanceNode, NodeFault, ProviderNode, RevisionMetadata } from './registry-node.ts';

type Read<Node> = { readonly node: Node } | { readonly fault: NodeFault };

/** What one registry has told. */
interface RegistryPart {
  state: RegistryState;
  /** What it refuses to show, each place with the reason. */
  refused: ReadonlyMap<string, string>;
  /** By application, then by the node's name. */
  readonly instances: Map<string, Map<string, Read<InstanceNode>>>;
  /** By interface, then by the node's name. */
  readonly providers: Map<string, Map<string, Read<ProviderNode>>>;
  /** By application, the names of nodes that were there at its last listing and could not be read. */
  readonly unread: Map<string, Set<string>>;
  /** By application, the interfaces below which it was ever seen: the providers of one are found without all others. */
  readonly offered: Map<string, Set<string>>;
  readonly mappings: Map<string, ReadonlySet<string>>;
  /** By application, then by revision. */
  readonly metadata: Map<string, Map<string, Read<RevisionMetadata> | null>>;
  /** What was listed of a state that was known better: by application, and by interface. */
  readonly olderInstances: OlderListings<Read<InstanceNode>>;
  readonly olderProviders: OlderListings<Read<ProviderNode>>;
}

/**
 * All that the registries have told, in the order of mesh.yaml. The end of any order of events about different places is
 * the same, and a listing equals the single events that lead to it: an event replaces what its place said before. One that
 * could not be read says nothing, and what was known stays.
 */
export class World {
  readonly #parts: ReadonlyMap<string, RegistryPart>;

  constructor(registries: readonly string[]) {
    this.#parts = new Map(registries.map((name) => [name, emptyPart()]));
  }

  /**
   * Takes one event. Returns the applications of which anything may have changed; the cost is that of the event, and for
   * a change of one instance independent of how many there are.
   */
  apply(event: RegistryEvent): ReadonlySet<string> {
    const part = this.#parts.get(event.registry);
    if (part === undefined) return new Set();
    switch (event.kind) {
      case 'instances': {
        const known = part.instances.get(event.app) ?? new Map<string, Read<InstanceNode>>();
        const listed = withUnread(known, event.listed, event.unread ?? new Set());
        const unread = new Set(event.unread);
        const isSettled = part.unread.get(event.app)?.isSubsetOf(unread) === false;
        part.unread.set(event.app, unread);
        if (event.isOlder === true) {
          return part.olderInstances.note(event.app, known, listed, isSame) ? new Set([event.app]) : new Set();
        }
        const changed = replaceListing(part.instances, event.app, listed, () => event.app);
        return part.olderInstances.clear(event.app) || isSettled ? new Set([event.app]) : changed;
      }
      case 'instance':
        if (isKept(event.read) && part.instances.get(event.app)?.has(event.id) === true) return new Set();
        if (
          [part.unread.get(event.app)?.delete(event.id), part.olderInstances.resolve(event.app, event.id)].includes(
            true,
          )
        ) {
          setNode(part.instances, event.app, event.id, event.read);
          return new Set([event.app]);
        }
        return setNode(part.instances, event.app, event.id, event.read) ? new Set([event.app]) : new Set();
      case 'providers': {
        const known = part.providers.get(event.interface) ?? new Map<string, Read<ProviderNode>>();
        const kept = part.olderProviders.appsOf(event.interface, known, appOfProvider);
        if (event.isOlder === true) {
          if (!part.olderProviders.note(event.interface, known, event.listed, isSame)) return new Set();
          return kept.union(part.olderProviders.appsOf(event.interface, known, appOfProvider));
        }
        part.olderProviders.clear(event.interface);
        const changed = replaceListing(part.providers, event.interface, event.listed, ({ app }) => app);
        noteOffers(part, changed, event.interface);
        return changed.union(kept);
      }
      case 'provider': {
        const former = part.providers.get(event.interface)?.get(event.id) ?? null;
        const isResolved = part.olderProviders.resolve(event.interface, event.id);
        if (!setNode(part.providers, event.interface, event.id, event.read) && !isResolved) return new Set();
        const changed = new Set(
          [former, event.read].flatMap((read) => (read && 'node' in read ? [read.node.app] : [])),
        );
        noteOffers(part, changed, event.interface);
        return changed;
      }
      case 'mapping': {
        const before = part.mappings.get(event.interface) ?? new Set<string>();
        const after = new Set(event.apps);
        // Who offered it when the registry knew more goes on to do so.
        if (event.isOlder === true) for (const app of before) after.add(app);
        part.mappings.set(event.interface, after);
        return before.symmetricDifference(after);
      }
      case 'metadata': {
        const revisions = part.metadata.get(event.app) ?? new Map<string, Read<RevisionMetadata> | null>();
        // A revision is the hash of its services: what was read of it once stays true when nobody can tell it again.
        const isTold = event.read !== null || !revisions.get(event.revision);
        if (isTold) part.metadata.set(event.app, revisions.set(event.revision, event.read));
        return new Set(isTold ? [event.app] : []);
      }
      case 'refused':
        part.refused = event.places;
        return new Set();
      case 'state':
        part.state = event.state;
        return new Set();
      default:
        return event satisfies never;
    }
  }

  /** The registries and their states, in the order of mesh.yaml. */
  states(): ReadonlyMap<string, RegistryState> {
    return new Map([...this.#parts].map(([name, { state }]) => [name, state]));
  }

  /** What a registry refuses to show at present, each place with the reason. */
  refusedBy(registry: string): ReadonlyMap<string, string> {
    return this.#parts.get(registry)?.refused ?? new Map();
  }

  /** The readable instances of an application, with the registry of each. */
  *instancesOf(app: string): Generator<{ readonly registry: string; readonly node: InstanceNode }> {
    for (const [registry, part] of this.#parts) {
      for (const read of part.instances.get(app)?.values() ?? [])
        if ('node' in read) yield { registry, node: read.node };
    }
  }

  /** The names of an application's nodes that are there, and of which nothing could be read so far. */
  *unreadOf(app: string): Generator<string> {
    for (const { instances, unread } of this.#parts.values()) {
      const nodes = instances.get(app) ?? new Map<string, Read<InstanceNode>>();
      for (const [id, read] of nodes) if (isKept(read)) yield id;
      for (const id of unread.get(app) ?? []) if (!nodes.has(id)) yield id;
    }
  }

  /** The readable providers of an application in the interface-level layout, with the registry of each. */
  *providersOf(app: string): Generator<{ readonly registry: string; readonly node: ProviderNode }> {
    for (const [registry, part] of this.#parts) {
      for (const name of part.offered.get(app) ?? []) {
        for (const read of part.providers.get(name)?.values() ?? [])
          if ('node' in read && read.node.app === app) yield { registry, node: read.node };
      }
    }
  }

  /** How many addresses of an application its older listings do not have; null where these say nothing else than what counts. */
  olderLoss(app: string): number | null {
    // Asked at every change of an instance, and nearly never true.
    const parts = [...this.#parts.values()];
    if (parts.every((part) => part.olderInstances.isEmpty && part.olderProviders.isEmpty)) return null;
    let isOlder = false;
    const [known, listed] = [new Set<string>(), new Set<string>()];
    for (const { instances, providers, offered, olderInstances, olderProviders } of parts) {
      const own = instances.get(app) ?? new Map<string, Read<InstanceNode>>();
      isOlder ||= olderInstances.appsOf(app, own, () => app).size > 0;
      for (const read of own.values()) for (const key of portsOf(read)) known.add(key);
      for (const read of olderInstances.asListed(app, own).values()) for (const key of portsOf(read)) listed.add(key);
      const ofApp = (read: Read<ProviderNode>) => ('node' in read && read.node.app === app ? [keyOf(read.node)] : []);
      for (const name of new Set([...(offered.get(app) ?? []), ...olderProviders.places])) {
        const nodes = providers.get(name) ?? new Map<string, Read<ProviderNode>>();
        isOlder ||= olderProviders.appsOf(name, nodes, appOfProvider).has(app);
        for (const read of nodes.values()) for (const key of ofApp(read)) known.add(key);
        for (const read of olderProviders.asListed(name, nodes).values())
          for (const key of ofApp(read)) listed.add(key);
      }
    }
    return isOlder ? known.difference(listed).size : null;
  }

  /** Takes what older listings say of an application. */
  believeOlder(app: string): void {
    for (const part of this.#parts.values()) {
      part.olderInstances.believe(app, part.instances, () => true);
      for (const place of part.olderProviders.places) {
        const isOwn = (read: Read<ProviderNode>) => appOfProvider(read) === app;
        part.olderProviders.believe(place, part.providers, isOwn);
        noteOffers(part, [app], place);
      }
    }
  }

  /** The services of a revision, by the first registry that has read them; null while none has. */
  revisionOf(app: string, revision: string): RevisionMetadata | null {
    for (const part of this.#parts.values()) {
      const read = part.metadata.get(app)?.get(revision);
      if (read && 'node' in read) return read.node;
    }
    return null;
  }

  /** The applications that offer an interface: by its mapping, and by providers in the interface-level layout. */
  appsOf(interfaceName: string): ReadonlySet<string> {
    const apps = new Set<string>();
    for (const { mappings, providers } of this.#parts.values()) {
      for (const app of mappings.get(interfaceName) ?? []) apps.add(app);
      for (const read of providers.get(interfaceName)?.values() ?? []) if ('node' in read) apps.add(read.node.app);
    }
    return apps;
  }

  /** The applications that have an instance or a provider in any registry. */
  get apps(): ReadonlySet<string> {
    const apps = new Set<string>();
    for (const { instances, offered } of this.#parts.values()) {
      for (const [app, nodes] of instances) if (nodes.size > 0) apps.add(app);
      for (const app of offered.keys()) apps.add(app);
    }
    return apps;
  }

  /** Whether a mapping of the interface names the application; null where no registry has a mapping of it. */
  isMapped(interfaceName: string, app: string): boolean | null {
    const known = [...this.#parts.values()].flatMap(({ mappings }) => mappings.get(interfaceName) ?? []);
    return known.length === 0 ? null : known.some((apps) => apps.has(app));
  }

  /** All nodes that were refused. */
  *faults(): Generator<NodeFault & { readonly registry: string }> {
    for (const [registry, { instances, providers, metadata }] of this.#parts) {
      for (const listed of [...instances.values(), ...providers.values(), ...metadata.values()]) {
        for (const read of listed.values()) if (read !== null && 'fault' in read) yield { ...read.fault, registry };
      }
    }
  }
}

function noteOffers(part: RegistryPart, apps: Iterable<string>, name: string): void {
  for (const app of apps) part.offered.set(app, (part.offered.get(app) ?? new Set<string>()).add(name));
}

function emptyPart(): RegistryPart {
  return {
    state: 'syncing',
    refused: new Map(),
    ...{
      instances: new Map(),
      providers: new Map(),
      unread: new Map(),
      offered: new Map(),
      mappings: new Map(),
      metadata: new Map(),
    },
    ...{ olderInstances: new OlderListings(), olderProviders: new OlderListings() },
  };
}

function keyOf({
  protocol,
  address,
  port,
}: {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}) {
  return `${protocol} ${formatAddress(address, port)}`;
}

function portsOf(read: Read<InstanceNode>): readonly string[] {
  if (!('node' in read)) return [];
  const { address, ports } = read.node;
  return ports.map(({ protocol, port }) => keyOf({ protocol, address, port }));
}

function appOfProvider(read: Read<ProviderNode>): string | null {
  return 'node' in read ? read.node.app : null;
}

/** Whether a node is there and may not be read. */
function isKept(read: Read<unknown> | null): boolean {
  return read !== null && 'fault' in read && read.fault.code === 'no-access';
}

/** A listing in which nodes that could not be read are what they were. */
function withUnread<Node>(
  known: ReadonlyMap<string, Read<Node>>,
  listed: Listed<Node>,
  unread: ReadonlySet<string>,
): Listed<Node> {
  const former = new Map<string, Read<Node>>();
  const keep = (id: string) => {
    const read = known.get(id);
    if (read !== undefined) former.set(id, read);
  };
  for (const [id, read] of listed) if (isKept(read)) keep(id);
  for (const id of unread) keep(id);
  return former.size === 0 ? listed : new Map([...listed, ...former]);
}

/** Puts a listing in place of the former one; returns the applications of nodes that came, went or changed. */
function replaceListing<Node>(
  places: Map<string, Map<string, Read<Node>>>,
  place: string,
  listed: Listed<Node>,
  appOf: (node: Node) => string,
): ReadonlySet<string> {
  const before = places.get(place) ?? new Map<string, Read<Node>>();
  const changed = new Set<string>();
  const note = (read: Read<Node> | undefined) => {
    if (read !== undefined && 'node' in read) changed.add(appOf(read.node));
  };
  for (const [id, read] of listed) {
    const former = before.get(id);
    if (former !== undefined && isSame(former, read)) continue;
    note(former);
    note(read);
  }
  for (const [id, read] of before) if (!listed.has(id)) note(read);
  places.set(place, new Map(listed));
  return changed;
}

function setNode<Node>(
  places: Map<string, Map<string, Read<Node>>>,
  place: string,
  id: string,
  read: Read<Node> | null,
): boolean {
  const nodes = places.get(place) ?? new Map<string, Read<Node>>();
  const former = nodes.get(id);
  if (read === null) nodes.delete(id);
  else nodes.set(id, read);
  places.set(place, nodes);
  return !(former === undefined ? read === null : read !== null && isSame(former, read));
}

/** Nodes are plain data, a kilobyte each: their text compares them. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
