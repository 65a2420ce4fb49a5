/** Reads all that is wanted of a Nacos registry, and again what changed, in the order in which one thing names the next. */
import { readRevisionMetadata } from '../../world/read-metadata.ts';
import type { RegistryEvent } from '../../world/registry-event.ts';
import type { InstanceNode, ProviderNode, ReadNode } from '../../world/registry-node.ts';
import type { TellRefused } from '../refusals.ts';
import type { Wanted } from '../wanted.ts';
import { clauseOf, isForbidden, isNotFound, isRefusal, NacosError, namedRefusal } from './nacos-error.ts';
import type { NacosPayload } from './payload.ts';
import {
  hostsOf,
  type NacosHost,
  type ProviderService,
  readInstances,
  readProvider,
  readServiceName,
} from './read-hosts.ts';
import { RestartHold } from './restart-hold.ts';

/** What a listing needs. */
export interface NacosListingParts {
  readonly registry: string;
  readonly namespace: string;
  readonly wanted: Wanted;
  readonly emit: (event: RegistryEvent) => void;
  /** Asks the server. Rejects with what `isRefusal` knows when it says no to this one thing. */
  readonly ask: (type: string, body: Readonly<Record<string, unknown>>) => Promise<NacosPayload['body']>;
  /** Asks a few instances for the services of their revision; null when none tells. */
  readonly askInstances: (members: readonly InstanceNode[], app: string, revision: string) => Promise<string | null>;
  /** Takes each refusal: what was last told of it counts, and all others are read. Without it a refusal ends the reading. */
  readonly refused: TellRefused | undefined;
  /** The monotonic clock. */
  readonly nowMs: () => number;
}

/** The group in which Dubbo registers. */
const GROUP = 'DEFAULT_GROUP';
const MAPPING = 'mapping';
const PAGE = 500;
/** Services of the interface-level layout that are looked into for an application; an estate with more names interfaces. */
const MOST_SERVICES = 5_000;
const IN_FLIGHT = 16;
const NAMES = 'the names of the services';

/** One registry; what is asked goes over one connection at a time. */
export class NacosListing {
  readonly #parts: NacosListingParts;
  readonly #apps: Set<string>;
  readonly #interfaces: Set<string>;
  readonly #hold = new RestartHold<NacosHost>();
  /** Services that are subscribed on this connection: an application, or one of the interface-level layout. */
  readonly #subscribed = new Set<string>();
  /** Names of the interface-level layout that offer nothing of what is wanted. */
  readonly #passedOver = new Set<string>();
  /** By interface, then by service: what is there. */
  readonly #providers = new Map<string, Map<string, ReadonlyMap<string, ReadNode<ProviderNode>>>>();
  /** Revisions as `APP REVISION`, with their members and whether their services are known. */
  readonly #revisions = new Map<string, { readonly members: readonly InstanceNode[]; isKnown: boolean }>();
  /** By configuration, the version that is listened to. */
  readonly #watched = new Map<string, string>();
  /** By place, what is to be done again because it was refused. */
  readonly #refused = new Map<string, () => Promise<unknown>>();

  constructor(parts: NacosListingParts) {
    this.#parts = parts;
    const { apps, interfaces, mappedBefore } = parts.wanted;
    this.#apps = new Set([...apps, ...(mappedBefore ?? [])]);
    this.#interfaces = new Set(interfaces);
  }

  /** When held lists are to be listed once more; null without one. */
  get heldUntilMs(): number | null {
    return this.#heldServices.length === 0 ? null : this.#hold.dueAtMs;
  }

  /** One that is refused is left to `again`. */
  get #heldServices(): readonly string[] {
    return this.#hold.services.filter((service) => !this.#refused.has(placeOf(service)));
  }

  /** A connection begins: nothing is subscribed on it, and what it lists may be short. */
  connected(): void {
    this.#subscribed.clear();
    this.#watched.clear();
    this.#passedOver.clear();
    this.#refused.clear();
    this.#hold.reconnected(this.#parts.nowMs());
  }

  /** Lists everything that is wanted, and subscribes it. */
  async all(): Promise<void> {
    for (const name of this.#parts.wanted.interfaces) await this.#readMapping(name);
    for (const app of this.#apps) await this.#subscribe(app);
    await this.scan();
  }

  /** Takes a push: of a service the whole list, of a configuration that it is another one. */
  async take({ type, body }: NacosPayload): Promise<void> {
    if (type === 'NotifySubscriberRequest') {
      const info = body.serviceInfo as { readonly name?: unknown } | null | undefined;
      const service = lastPart(info?.name);
      if (!this.#subscribed.has(service)) return;
      const again = () => this.#subscribe(service);
      await this.#attempt(placeOf(service), again, () => this.#takeInfo(service, info));
    } else if (type === 'ConfigChangeNotifyRequest') {
      const [dataId, group] = [String(body.dataId), String(body.group)];
      if (group === MAPPING) {
        await this.#readMapping(dataId);
        for (const app of this.#apps) if (!this.#subscribed.has(app)) await this.#subscribe(app);
      } else await this.#readMetadata(dataId, group);
    }
  }

  /** Does once more what was refused. */
  async again(places: ReadonlySet<string>): Promise<void> {
    for (const place of places) {
      const again = this.#refused.get(place);
      this.#refused.delete(place);
      await again?.();
    }
  }

  /** Lists once more what was held. */
  async listHeld(): Promise<void> {
    for (const name of this.#heldServices) await this.#subscribe(name);
  }

  async askUnknownRevisions(): Promise<void> {
    for (const [key, { isKnown }] of this.#revisions) {
      const [app = '', revision = ''] = key.split(' ');
      if (!isKnown) await this.#readMetadata(app, revision);
    }
  }

  /** Subscribes the services of the interface-level layout that belong to what is wanted. */
  async scan(): Promise<void> {
    const scan = () => this.#scan();
    // What is refused is left to `again`.
    if (!this.#refused.has(NAMES)) await this.#attempt(NAMES, () => this.scan(), scan);
  }

  /** Does what is about one place, whether it is done. What is refused costs itself only, and is done once more by `again`. */
  async #attempt(place: string, again: () => Promise<unknown>, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#refused.delete(place);
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (this.#parts.refused === undefined) throw namedRefusal(place, error);
      this.#refused.set(place, again);
      this.#parts.refused(place, clauseOf(error), isForbidden(error));
      return false;
    }
  }

  async #subscribe(service: string): Promise<void> {
    this.#subscribed.add(service);
    const again = () => this.#subscribe(service);
    await this.#attempt(placeOf(service), again, async () => {
      const answer = await this.#parts.ask('SubscribeServiceRequest', {
        ...{ namespace: this.#parts.namespace, serviceName: service, groupName: GROUP },
        ...{ subscribe: true, clusters: '' },
      });
      await this.#takeInfo(service, answer.serviceInfo);
    });
  }

  async #takeInfo(service: string, info: unknown): Promise<void> {
    const byId = new Map(listOf(info).map((host) => [host.id, host]));
    const hosts = [...this.#hold.take(service, byId, this.#parts.nowMs()).values()];
    const offered = readServiceName(service);
    if (offered === null) await this.#tellInstances(service, hosts);
    else this.#tellProviders(offered, service, hosts);
  }

  async #tellInstances(app: string, hosts: readonly NacosHost[]): Promise<void> {
    const { registry, emit } = this.#parts;
    const instances = new Map(readInstances(app, hosts));
    const nodes = [...instances].flatMap(([id, read]) => ('node' in read ? [{ id, node: read.node }] : []));
    const unread = new Set<string>();
    // The metadata first: an instance must not be seen before what it offers is known.
    for (const [revision, ofRevision] of Map.groupBy(nodes, ({ node }) => node.revision)) {
      const key = `${app} ${revision}`;
      const known = this.#revisions.get(key);
      this.#revisions.set(key, { members: ofRevision.map(({ node }) => node), isKnown: known?.isKnown ?? false });
      if (known?.isKnown === true || (await this.#readMetadata(app, revision))) continue;
      for (const { id } of ofRevision) if (instances.delete(id)) unread.add(id);
    }
    const event = { registry, kind: 'instances', app, listed: instances } as const;
    emit(unread.size === 0 ? event : { ...event, unread });
  }

  #tellProviders(offered: ProviderService, service: string, hosts: readonly NacosHost[]): void {
    const { registry, emit } = this.#parts;
    const services =
      this.#providers.get(offered.interface) ?? new Map<string, ReadonlyMap<string, ReadNode<ProviderNode>>>();
    this.#providers.set(offered.interface, services);
    const read = hosts.map((host) => [`${service}#${host.id}`, readProvider(offered, service, host)] as const);
    services.set(service, new Map(read));
    // An interface has a service for each version and group; the world lists it as one.
    const listed = new Map([...services.values()].flatMap((nodes) => [...nodes]));
    emit({ registry, kind: 'providers', interface: offered.interface, listed });
  }

  async #readMapping(name: string): Promise<void> {
    const { registry, emit } = this.#parts;
    const again = () => this.#readMapping(name);
    await this.#attempt(`${MAPPING} of ${name}`, again, async () => {
      const content = await this.#readConfig(name, MAPPING, again);
      const apps = (content ?? '').split(',').map((app) => app.trim());
      const named = apps.filter((app) => app !== '');
      for (const app of named) this.#apps.add(app);
      emit({ registry, kind: 'mapping', interface: name, apps: named });
    });
  }

  /** From the configuration, else from one of the revision's instances. Whether the server could say what it has. */
  async #readMetadata(app: string, revision: string): Promise<boolean> {
    const { registry, emit, askInstances } = this.#parts;
    const known = this.#revisions.get(`${app} ${revision}`);
    // Dubbo writes "0" for a revision without services.
    if (known === undefined || revision === '' || revision === '0') return true;
    // Instances wait for what was never read: the list that holds them is taken once more.
    const again = async () => await (known.isKnown ? this.#readMetadata(app, revision) : this.#subscribe(app));
    return await this.#attempt(`revision ${revision} of ${app}`, again, async () => {
      const written = await this.#readConfig(app, revision, again).catch((error: unknown) => {
        // Kept from weir, as by who wrote it: an instance may tell.
        if (isForbidden(error)) return null;
        throw error;
      });
      const value = written ?? (await askInstances(known.members, app, revision));
      const metadata = value === null ? null : readRevisionMetadata(`${app}@${revision}`, app, revision, value);
      known.isKnown = metadata !== null;
      emit({ registry, kind: 'metadata', app, revision, read: metadata });
      if (metadata === null || !('node' in metadata)) return;
      for (const { key } of metadata.node.services) this.#interfaces.add(key.interface);
    });
  }

  /** Reads a configuration and listens to it; null where there is none. */
  async #readConfig(dataId: string, group: string, again: () => Promise<unknown>): Promise<string | null> {
    const { namespace, ask } = this.#parts;
    // The namespace `public` is the empty tenant of configurations.
    const tenant = namespace === 'public' ? '' : namespace;
    let content: string | null = null;
    let md5 = '';
    try {
      const answer = await ask('ConfigQueryRequest', { module: 'config', dataId, group, tenant });
      content = typeof answer.content === 'string' ? answer.content : null;
      md5 = typeof answer.md5 === 'string' ? answer.md5 : '';
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const key = `${group} ${dataId}`;
    if (this.#watched.get(key) === md5) return content;
    // What was read counts also where changes of it are not told.
    await this.#attempt(`changes of ${dataId}@${group}`, again, async () => {
      const contexts = [{ dataId, group, tenant, md5 }];
      const body = { module: 'config', listen: true, configListenContexts: contexts };
      await ask('ConfigBatchListenRequest', body);
      this.#watched.set(key, md5);
    });
    return content;
  }

  async #scan(): Promise<void> {
    const { wanted } = this.#parts;
    const fresh = (await this.#serviceNames()).filter((name) => !this.#subscribed.has(name));
    const unknown: string[] = [];
    for (const name of fresh) {
      const offered = readServiceName(name);
      if (wanted.everything === true) await this.#subscribe(name);
      if (offered === null || wanted.everything === true) continue;
      if (this.#interfaces.has(offered.interface)) await this.#subscribe(name);
      else if (wanted.apps.size > 0 && !this.#passedOver.has(name) && !this.#refused.has(placeOf(name)))
        unknown.push(name);
    }
    const queue = unknown.slice(0, MOST_SERVICES).values();
    const worker = async () => {
      for (const name of queue) await this.#lookInto(name);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }

  /** Subscribes a service where a provider of it is of an application that is wanted: only its instances say so. */
  async #lookInto(service: string): Promise<void> {
    let isWanted = false;
    const again = () => this.#lookInto(service);
    await this.#attempt(placeOf(service), again, async () => {
      const answer = await this.#parts.ask('ServiceQueryRequest', {
        ...{ namespace: this.#parts.namespace, serviceName: service, groupName: GROUP },
        ...{ cluster: '', healthyOnly: false, udpPort: 0 },
      });
      const hosts = listOf(answer.serviceInfo);
      isWanted = hosts.some(({ metadata }) => this.#parts.wanted.apps.has(String(metadata.application)));
      if (!isWanted) this.#passedOver.add(service);
    });
    if (isWanted) await this.#subscribe(service);
  }

  async #serviceNames(): Promise<readonly string[]> {
    const names: string[] = [];
    for (let pageNo = 1; ; pageNo += 1) {
      const answer = await this.#parts.ask('ServiceListRequest', {
        ...{ namespace: this.#parts.namespace, groupName: GROUP, serviceName: '', selector: '' },
        ...{ pageNo, pageSize: PAGE },
      });
      // An answer without names does not say that there is no service.
      if (!Array.isArray(answer.serviceNames))
        throw new NacosError('the answer has no list of names', 0, 'ServiceList');
      const page = answer.serviceNames.map(String);
      names.push(...page.map(lastPart));
      if (page.length < PAGE) return names;
    }
  }
}

/** An answer without a list does not say that nobody is there: it is as one that says no. */
function listOf(serviceInfo: unknown): readonly NacosHost[] {
  const hosts = hostsOf(serviceInfo);
  if (hosts === null) throw new NacosError('the answer has no list of instances', 0, 'ServiceInfo');
  return hosts;
}

/** A service for people. */
const placeOf = (service: string): string => `service ${service}`;

/** The name of a service without its group. */
function lastPart(name: unknown): string {
  return (
    String(name ?? '')
      .split('@@')
      .at(-1) ?? ''
  );
}
