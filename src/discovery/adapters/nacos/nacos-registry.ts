/** A Nacos registry: lists what is wanted after every connection, then takes what the server pushes. */
import type { RegistryConfig, RegistryServer } from '../../../mesh/discovery-config.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { NacosPayload } from '../../registry/nacos/payload.ts';
import {
  hostsOf,
  type NacosHost,
  type ProviderService,
  readInstances,
  readProvider,
  readServiceName,
} from '../../registry/nacos/read-hosts.ts';
import { RestartHold } from '../../registry/nacos/restart-hold.ts';
import type { Wanted } from '../../registry/wanted.ts';
import { readRevisionMetadata } from '../../world/read-metadata.ts';
import type { RegistryEvent } from '../../world/registry-event.ts';
import type { InstanceNode, ProviderNode, ReadNode } from '../../world/registry-node.ts';
import { askOneOf } from '../dubbo/ask-metadata.ts';
import { NacosAccount, type NacosCredentials } from './nacos-account.ts';
import { NacosConnection, NacosError } from './nacos-connection.ts';
import { clauseOf } from './nacos-login.ts';

/** What is read, and who is told. */
export interface NacosRegistryOptions {
  readonly config: Extract<RegistryConfig, { kind: 'nacos' }>;
  /** Null for a server that wants none. */
  readonly credentials: NacosCredentials | null;
  readonly wanted: Wanted;
  readonly emit: (event: RegistryEvent) => void;
  /** Says why the registry cannot be read at present, a clause. */
  readonly warn: (why: string) => void;
  readonly clock: Clock;
}

/** The group in which Dubbo registers. */
const GROUP = 'DEFAULT_GROUP';
const MAPPING = 'mapping';
/** No data of this name (ConfigQueryResponse.CONFIG_NOT_FOUND). */
const NOT_FOUND = 300;
const PAGE = 500;
/** Services of the interface-level layout that are looked into for an application; an estate with more names interfaces. */
const MOST_SERVICES = 5_000;
const IN_FLIGHT = 16;
/** New services are not pushed: their names are asked for so often, in milliseconds. */
const RESCAN_MS = 10_000;
/** A revision that nobody could tell of is asked for again after this time. */
const RETRY_MS = 20_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** One registry, read once or followed. */
export class NacosRegistry {
  readonly #options: NacosRegistryOptions;
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
  readonly #watched = new Map<string, { readonly dataId: string; readonly group: string; md5: string }>();
  readonly #account: NacosAccount;
  /** The server of the present connection. */
  #server: RegistryServer | null = null;
  #connection: NacosConnection | null = null;
  /** Whether it was said that the token could not be renewed. */
  #isRenewalTold = false;
  #work: Promise<void> = Promise.resolve();
  #isWhole = false;

  constructor(options: NacosRegistryOptions) {
    this.#options = options;
    this.#account = new NacosAccount(options.credentials, options.clock);
    const { apps, mappedBefore } = options.wanted;
    this.#apps = new Set([...apps, ...(mappedBefore ?? [])]);
    this.#interfaces = new Set(options.wanted.interfaces);
  }

  /**
   * Reads everything once over a connection that is closed afterwards. Rejects with the reason of the last server, also
   * when a listing takes longer than `limitMs`.
   */
  async readOnce(limitMs: number): Promise<void> {
    const { config, clock } = this.#options;
    let last: unknown = new Error('no server is named');
    for (const [index] of config.servers.entries()) {
      const ended = new AbortController();
      try {
        const connection = await this.#connect(index);
        const late = clock.sleep(limitMs, ended.signal).then(() => connection.close());
        late.catch(() => undefined);
        await this.#queue(() => this.#listAll());
        return;
      } catch (error) {
        last = error;
      } finally {
        ended.abort();
        this.#connection?.close();
        await this.#work;
      }
    }
    throw last;
  }

  /** Follows the registry until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, clock, warn, emit } = this.#options;
    const aborted = new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => resolve('weir ends'), { once: true });
    });
    let pauseMs = FIRST_PAUSE_MS;
    for (let tries = 0; !signal.aborted; tries += 1) {
      let why: string;
      try {
        const connection = await this.#connect(tries % config.servers.length);
        const ended = Promise.race([connection.lost, aborted]);
        const listed = this.#queue(() => this.#listAll());
        why = await Promise.race([ended, listed.then(() => ended)]);
        if (this.#isWhole) pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        why = clauseOf(error);
      }
      this.#connection?.close();
      await this.#work;
      if (signal.aborted) return;
      this.#isWhole = false;
      emit({ registry: config.name, kind: 'state', state: 'lost' });
      warn(why);
      await clock.sleep(pauseMs * (0.5 + Math.random() / 2), signal).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  async #connect(index: number): Promise<NacosConnection> {
    const { config, clock } = this.#options;
    const server = config.servers[index];
    if (server === undefined) throw new Error('no server is named');
    await this.#account.keepFresh(server);
    const connection = await NacosConnection.open({
      ...{ server, namespace: config.namespace, headers: this.#account.headers, clock },
      pushed: (push) => void this.#queue(() => this.#take(push)).catch((error) => this.#unreadable(error)),
    });
    this.#connection = connection;
    this.#server = server;
    this.#subscribed.clear();
    this.#watched.clear();
    this.#passedOver.clear();
    this.#hold.reconnected(clock.monotonic());
    void this.#keepUp(connection);
    return connection;
  }

  /** A push that cannot be worked on: the lists may have lost something, so that all are made again. */
  #unreadable(error: unknown): void {
    this.#connection?.close(clauseOf(error));
  }

  /** One thing after the other: lists must not overtake each other. */
  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #request(type: string, body: Readonly<Record<string, unknown>>): Promise<NacosPayload['body']> {
    const [connection, server] = [this.#connection, this.#server];
    if (connection === null || server === null) throw new Error('there is no connection');
    return await this.#account.asking(server, this.#options.config, () => connection.request(type, body));
  }

  async #listAll(): Promise<void> {
    const { config, emit, wanted } = this.#options;
    this.#isWhole = false;
    emit({ registry: config.name, kind: 'state', state: 'syncing' });
    for (const name of wanted.interfaces) await this.#readMapping(name);
    for (const app of this.#apps) await this.#subscribe(app);
    await this.#scan();
    this.#isWhole = true;
    this.#tellState();
  }

  /** While lists may be short, what is known is not whole. */
  #tellState(): void {
    if (!this.#isWhole) return;
    const state = this.#hold.services.length === 0 ? 'synced' : 'syncing';
    this.#options.emit({ registry: this.#options.config.name, kind: 'state', state });
  }

  async #take({ type, body }: NacosPayload): Promise<void> {
    if (type === 'NotifySubscriberRequest') {
      const info = body.serviceInfo as { readonly name?: unknown } | null | undefined;
      const name =
        String(info?.name ?? '')
          .split('@@')
          .at(-1) ?? '';
      if (this.#subscribed.has(name)) await this.#takeHosts(name, hostsOf(info));
      this.#tellState();
    } else if (type === 'ConfigChangeNotifyRequest') {
      const [dataId, group] = [String(body.dataId), String(body.group)];
      if (group === MAPPING) {
        await this.#readMapping(dataId);
        for (const app of this.#apps) if (!this.#subscribed.has(app)) await this.#subscribe(app);
      } else await this.#readMetadata(dataId, group);
    }
  }

  /** Does what nobody pushes: new services, revisions that were not readable, lists that were held. */
  async #keepUp(connection: NacosConnection): Promise<void> {
    const { clock } = this.#options;
    const ended = new AbortController();
    void connection.lost.then(() => ended.abort());
    let retryAt = clock.monotonic() + RETRY_MS;
    while (!ended.signal.aborted) {
      const due = [this.#hold.dueAtMs, this.#account.renewAtMs].filter((time) => time !== null);
      const pause = Math.min(RESCAN_MS, ...due.map((time) => Math.max(time - clock.monotonic(), 0) + 1));
      await clock.sleep(pause, ended.signal).catch(() => undefined);
      if (ended.signal.aborted) return;
      await this.#keepToken();
      const isRetry = clock.monotonic() >= retryAt;
      if (isRetry) retryAt = clock.monotonic() + RETRY_MS;
      await this.#queue(async () => {
        if (!this.#isWhole) return;
        const heldUntil = this.#hold.dueAtMs;
        if (heldUntil !== null && clock.monotonic() >= heldUntil) {
          for (const name of this.#hold.services) await this.#subscribe(name);
          this.#tellState();
        }
        if (isRetry) await this.#askUnknownRevisions();
        await this.#scan();
      }).catch((error) => this.#unreadable(error));
    }
  }

  /** Renews the token before it ends. While it counts, a failure is said and nothing else. */
  async #keepToken(): Promise<void> {
    if (this.#server === null) return;
    const failed = await this.#account.keepFresh(this.#server).catch((error: unknown) => error);
    if (failed !== null && !this.#isRenewalTold) this.#options.warn(`its token is not renewed: ${clauseOf(failed)}`);
    this.#isRenewalTold = failed !== null;
  }

  async #subscribe(service: string): Promise<void> {
    this.#subscribed.add(service);
    const answer = await this.#request('SubscribeServiceRequest', {
      ...{ namespace: this.#options.config.namespace, serviceName: service, groupName: GROUP },
      ...{ subscribe: true, clusters: '' },
    });
    await this.#takeHosts(service, hostsOf(answer.serviceInfo));
  }

  async #takeHosts(service: string, listed: readonly NacosHost[]): Promise<void> {
    const { clock, config, emit } = this.#options;
    const byId = new Map(listed.map((host) => [host.id, host]));
    const hosts = [...this.#hold.take(service, byId, clock.monotonic()).values()];
    const offered = readServiceName(service);
    if (offered !== null) {
      this.#tellProviders(offered, service, hosts);
      return;
    }
    const instances = readInstances(service, hosts);
    const nodes = [...instances.values()].flatMap((read) => ('node' in read ? [read.node] : []));
    // The metadata first: an instance must not be seen before what it offers is known.
    for (const [revision, members] of Map.groupBy(nodes, (node) => node.revision)) {
      const key = `${service} ${revision}`;
      const known = this.#revisions.get(key);
      this.#revisions.set(key, { members, isKnown: known?.isKnown ?? false });
      if (known?.isKnown !== true) await this.#readMetadata(service, revision);
    }
    emit({ registry: config.name, kind: 'instances', app: service, listed: instances });
  }

  #tellProviders(offered: ProviderService, service: string, hosts: readonly NacosHost[]): void {
    const { config, emit } = this.#options;
    const services =
      this.#providers.get(offered.interface) ?? new Map<string, ReadonlyMap<string, ReadNode<ProviderNode>>>();
    this.#providers.set(offered.interface, services);
    const read = hosts.map((host) => [`${service}#${host.id}`, readProvider(offered, service, host)] as const);
    services.set(service, new Map(read));
    // An interface has a service for each version and group; the world lists it as one.
    const listed = new Map([...services.values()].flatMap((nodes) => [...nodes]));
    emit({ registry: config.name, kind: 'providers', interface: offered.interface, listed });
  }

  async #readMapping(name: string): Promise<void> {
    const { config, emit } = this.#options;
    const content = await this.#readConfig(name, MAPPING);
    const apps = (content ?? '').split(',').map((app) => app.trim());
    const named = apps.filter((app) => app !== '');
    for (const app of named) this.#apps.add(app);
    emit({ registry: config.name, kind: 'mapping', interface: name, apps: named });
  }

  /** From the configuration, else from one of the revision's instances. */
  async #readMetadata(app: string, revision: string): Promise<void> {
    const { config, emit } = this.#options;
    const known = this.#revisions.get(`${app} ${revision}`);
    // Dubbo writes "0" for a revision without services.
    if (known === undefined || revision === '' || revision === '0') return;
    const written = await this.#readConfig(app, revision);
    const value = written ?? (await askOneOf(known.members, app, revision));
    const read = value === null ? null : readRevisionMetadata(`${app}@${revision}`, app, revision, value);
    known.isKnown = read !== null;
    emit({ registry: config.name, kind: 'metadata', app, revision, read });
    if (read === null || !('node' in read)) return;
    for (const { key } of read.node.services) this.#interfaces.add(key.interface);
  }

  async #askUnknownRevisions(): Promise<void> {
    for (const [key, { isKnown }] of this.#revisions) {
      const [app = '', revision = ''] = key.split(' ');
      if (!isKnown) await this.#readMetadata(app, revision);
    }
  }

  /** Reads a configuration and listens to it; null where there is none. */
  async #readConfig(dataId: string, group: string): Promise<string | null> {
    const { namespace } = this.#options.config;
    // The namespace `public` is the empty tenant of configurations.
    const tenant = namespace === 'public' ? '' : namespace;
    let content: string | null = null;
    let md5 = '';
    try {
      const answer = await this.#request('ConfigQueryRequest', { module: 'config', dataId, group, tenant });
      content = typeof answer.content === 'string' ? answer.content : null;
      md5 = typeof answer.md5 === 'string' ? answer.md5 : '';
    } catch (error) {
      if (!(error instanceof NacosError) || error.code !== NOT_FOUND) throw error;
    }
    const key = `${group} ${dataId}`;
    const watched = this.#watched.get(key);
    if (watched?.md5 !== md5) {
      this.#watched.set(key, { dataId, group, md5 });
      const contexts = [{ dataId, group, tenant, md5 }];
      await this.#request('ConfigBatchListenRequest', {
        ...{ module: 'config', listen: true, configListenContexts: contexts },
      });
    }
    return content;
  }

  /** Subscribes the services of the interface-level layout that belong to what is wanted. */
  async #scan(): Promise<void> {
    const { wanted } = this.#options;
    const fresh = (await this.#serviceNames()).filter((name) => !this.#subscribed.has(name));
    const unknown: string[] = [];
    for (const name of fresh) {
      const offered = readServiceName(name);
      if (wanted.everything === true) await this.#subscribe(name);
      if (offered === null || wanted.everything === true) continue;
      if (this.#interfaces.has(offered.interface)) await this.#subscribe(name);
      else if (wanted.apps.size > 0 && !this.#passedOver.has(name)) unknown.push(name);
    }
    const queue = unknown.slice(0, MOST_SERVICES).values();
    const worker = async () => {
      for (const name of queue) {
        if (await this.#isOfWanted(name)) await this.#subscribe(name);
        else this.#passedOver.add(name);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }

  /** Whether a provider of the service is of an application that is wanted: only its instances say so. */
  async #isOfWanted(service: string): Promise<boolean> {
    const answer = await this.#request('ServiceQueryRequest', {
      ...{ namespace: this.#options.config.namespace, serviceName: service, groupName: GROUP },
      ...{ cluster: '', healthyOnly: false, udpPort: 0 },
    });
    const { apps } = this.#options.wanted;
    return hostsOf(answer.serviceInfo).some(({ metadata }) => apps.has(String(metadata.application)));
  }

  async #serviceNames(): Promise<readonly string[]> {
    const names: string[] = [];
    for (let pageNo = 1; ; pageNo += 1) {
      const answer = await this.#request('ServiceListRequest', {
        ...{ namespace: this.#options.config.namespace, groupName: GROUP, serviceName: '', selector: '' },
        ...{ pageNo, pageSize: PAGE },
      });
      const page = Array.isArray(answer.serviceNames) ? answer.serviceNames.map(String) : [];
      names.push(...page.map((name) => name.split('@@').at(-1) ?? ''));
      if (page.length < PAGE) return names;
    }
  }
}
