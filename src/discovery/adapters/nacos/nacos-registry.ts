/** A Nacos registry: lists what is wanted after every connection, then takes what the server pushes. */
import type { RegistryConfig, RegistryServer } from '../../../mesh/discovery-config.ts';
import type { Clock } from '../../../platform/clock.ts';
import { NacosListing, type NacosListingParts } from '../../registry/nacos/list-registry.ts';
import { clauseOf } from '../../registry/nacos/nacos-error.ts';
import type { NacosPayload } from '../../registry/nacos/payload.ts';
import { Refusals } from '../../registry/refusals.ts';
import type { Wanted } from '../../registry/wanted.ts';
import type { RegistryEvent, RegistryState } from '../../world/registry-event.ts';
import { askOneOf } from '../dubbo/ask-metadata.ts';
import { NacosAccount, type NacosCredentials } from './nacos-account.ts';
import { NacosConnection } from './nacos-connection.ts';

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

/** New services are not pushed: their names are asked for so often, in milliseconds. */
const RESCAN_MS = 10_000;
/** A revision that nobody could tell of is asked for again after this time. */
const RETRY_MS = 20_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** One registry, read once or followed. */
export class NacosRegistry {
  readonly #options: NacosRegistryOptions;
  readonly #account: NacosAccount;
  readonly #refusals: Refusals;
  #listing: NacosListing;
  /** The server of the present connection. */
  #server: RegistryServer | null = null;
  #connection: NacosConnection | null = null;
  /** Whether it was said that the token could not be renewed. */
  #isRenewalTold = false;
  #work: Promise<void> = Promise.resolve();
  #isWhole = false;
  /** Whether anything was told on this connection. */
  #isAnythingTold = false;
  #state: RegistryState = 'lost';
  /** Resolves when something is to be done that was not known of when it was last looked. */
  #wake = Promise.withResolvers<void>();

  constructor(options: NacosRegistryOptions) {
    this.#options = options;
    this.#account = new NacosAccount(options.credentials, options.clock);
    this.#refusals = new Refusals(options.warn, () => options.clock.monotonic());
    this.#listing = this.#listingOf(undefined);
  }

  #listingOf(refused: NacosListingParts['refused']): NacosListing {
    const { config, wanted, clock } = this.#options;
    return new NacosListing({
      ...{ registry: config.name, namespace: config.namespace, wanted, refused },
      emit: (event) => {
        this.#isAnythingTold = true;
        this.#options.emit(event);
      },
      ask: (type, body) => this.#request(type, body),
      askInstances: askOneOf,
      nowMs: () => clock.monotonic(),
    });
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
    const { config, clock, warn } = this.#options;
    this.#listing = this.#listingOf((...refusal) => {
      this.#refusals.note(...refusal);
      this.#wake.resolve();
    });
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
      this.#refusals.clear();
      this.#tellRefused();
      this.#tell('lost');
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
    this.#account.connected();
    this.#isAnythingTold = false;
    this.#listing.connected();
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
    this.#isWhole = false;
    this.#tell('syncing');
    await this.#listing.all();
    this.#isWhole = true;
    this.#tellState();
  }

  /** While lists may be short, or could not be read just now, what is known is not whole; nor where everything is refused. */
  #tellState(): void {
    if (!this.#isWhole) return;
    this.#tellRefused();
    const { isBehind, places } = this.#refusals;
    const isRefused = isBehind || (places.size > 0 && !this.#isAnythingTold);
    this.#tell(this.#listing.heldUntilMs === null && !isRefused ? 'synced' : 'syncing');
  }

  #tellRefused(): void {
    const places = this.#refusals.news();
    if (places !== null) this.#options.emit({ registry: this.#options.config.name, kind: 'refused', places });
  }

  #tell(state: RegistryState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.emit({ registry: this.#options.config.name, kind: 'state', state });
  }

  async #take(push: NacosPayload): Promise<void> {
    await this.#listing.take(push);
    this.#tellState();
  }

  /** Does what nobody pushes: new services, revisions that were not readable, lists that were held, what was refused. */
  async #keepUp(connection: NacosConnection): Promise<void> {
    const { clock } = this.#options;
    let isEnded = false;
    void connection.lost.then(() => {
      isEnded = true;
      this.#wake.resolve();
    });
    let [scanAt, retryAt] = [clock.monotonic() + RESCAN_MS, clock.monotonic() + RETRY_MS];
    while (!isEnded) {
      const dueIn = this.#dueAtMs(scanAt) - clock.monotonic();
      if (dueIn > 0) {
        this.#wake = Promise.withResolvers();
        const waiting = new AbortController();
        await Promise.race([this.#wake.promise, clock.sleep(dueIn + 1, waiting.signal).catch(() => undefined)]);
        waiting.abort();
        continue;
      }
      await this.#keepToken();
      if (isEnded) return;
      const isScan = clock.monotonic() >= scanAt;
      if (isScan) scanAt = clock.monotonic() + RESCAN_MS;
      const isRetry = clock.monotonic() >= retryAt;
      if (isRetry) retryAt = clock.monotonic() + RETRY_MS;
      await this.#queue(async () => {
        if (!this.#isWhole) return;
        const heldUntil = this.#listing.heldUntilMs;
        if (heldUntil !== null && clock.monotonic() >= heldUntil) await this.#listing.listHeld();
        await this.#listing.again(this.#refusals.take(false));
        if (isRetry) await this.#listing.askUnknownRevisions();
        if (isScan) await this.#listing.scan();
        this.#tellState();
      }).catch((error) => this.#unreadable(error));
    }
  }

  /** When something is to be done that nobody pushes. */
  #dueAtMs(scanAtMs: number): number {
    const times = [scanAtMs, this.#listing.heldUntilMs, this.#account.renewAtMs, this.#refusals.dueAtMs];
    return times.filter((time) => time !== null).reduce((first, time) => Math.min(first, time));
  }

  /** Renews the token before it ends. While it counts, a failure is said and nothing else. */
  async #keepToken(): Promise<void> {
    if (this.#server === null) return;
    try {
      const failed = await this.#account.keepFresh(this.#server);
      if (failed !== null && !this.#isRenewalTold) this.#options.warn(`its token is not renewed: ${clauseOf(failed)}`);
      this.#isRenewalTold = failed !== null;
    } catch (error) {
      this.#unreadable(error);
    }
  }
}
