/** The account by which a Nacos is asked: its token, which is renewed before it ends. */
import type { RegistryServer } from '../../../mesh/discovery-config.ts';
import type { Clock } from '../../../platform/clock.ts';
import { isNoRight, NacosRefusal } from '../../registry/nacos/nacos-error.ts';
import { loginToNacos, type NacosLogin, userOf } from './nacos-login.ts';

/** Where user and password stand. They are read at each login: a password may change while weir runs. */
export interface NacosCredentials {
  readonly file: string;
  /** `user:password`. Rejects when the file gives none. */
  read(): Promise<string>;
}

/** The part of its time after which a token is renewed. */
const RENEW_AFTER = 0.8;
/** A renewal that failed is tried again after this time at the latest, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;
const SHORTEST_PAUSE_MS = 500;
/** What a new login did not help to see is taken to be kept from its user for this time, without another login. */
const FORBIDDEN_MS = 20_000;

/** One account; without credentials it is nobody's. */
export class NacosAccount {
  readonly #credentials: NacosCredentials | null;
  readonly #clock: Clock;
  #user = '';
  #login: { readonly headers: NacosLogin['headers']; renewAtMs: number; readonly endsAtMs: number } | null = null;
  /** The login that is under way: requests side by side are refused together. */
  #renewing: Promise<void> | null = null;
  #forbiddenUntilMs = Number.NEGATIVE_INFINITY;

  constructor(credentials: NacosCredentials | null, clock: Clock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** What each request carries at present. */
  readonly headers = (): NacosLogin['headers'] => this.#login?.headers ?? {};

  /** When the token is to be renewed, on the monotonic clock; null where there is none. */
  get renewAtMs(): number | null {
    return this.#login?.renewAtMs ?? null;
  }

  /**
   * Logs in where there is no token, or one that ends soon. Rejects when that fails and the token has ended; resolves to
   * the failure while the token still counts.
   */
  async keepFresh(server: RegistryServer): Promise<unknown> {
    const now = this.#clock.monotonic();
    if (this.#credentials === null || (this.#login !== null && now < this.#login.renewAtMs)) return null;
    try {
      await this.renew(server);
      return null;
    } catch (error) {
      const leftMs = (this.#login?.endsAtMs ?? 0) - this.#clock.monotonic();
      if (this.#login === null || leftMs <= 0) throw error;
      const pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(LONGEST_PAUSE_MS, leftMs / 4));
      this.#login.renewAtMs = this.#clock.monotonic() + pauseMs;
      return error;
    }
  }

  /** Logs in anew. */
  async renew(server: RegistryServer): Promise<void> {
    this.#renewing ??= this.#logIn(server).finally(() => {
      this.#renewing = null;
    });
    await this.#renewing;
  }

  /** A connection begins: its server may be another one, or have another secret. */
  connected(): void {
    this.#forbiddenUntilMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Asks; where the server has no right for the present token, again with a new one: a token may end early, as on a server
   * that has another secret now. Rejects with NacosRefusal when the new one is refused as well: the user may not see it.
   */
  async asking<Answer>(
    server: RegistryServer,
    { name, namespace }: { readonly name: string; readonly namespace: string },
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    const login = this.#login;
    const forbidden = (message: string) =>
      new NacosRefusal(message, `see whether ${this.#user} may read it in the namespace ${namespace}`, true);
    try {
      return await ask();
    } catch (error) {
      if (!isNoRight(error)) throw error;
      if (this.#credentials === null) {
        const nextStep = `name a file with user:password as auth of ${name} in mesh.yaml`;
        throw new NacosRefusal(`the server wants a user: ${error.message}`, nextStep);
      }
      const isTried = login === this.#login && this.#clock.monotonic() < this.#forbiddenUntilMs;
      if (isTried) throw forbidden(error.message);
    }
    if (login === this.#login) await this.renew(server);
    try {
      return await ask();
    } catch (error) {
      if (!isNoRight(error)) throw error;
      this.#forbiddenUntilMs = this.#clock.monotonic() + FORBIDDEN_MS;
      throw forbidden(`${error.message}, also after a new login as ${this.#user}`);
    }
  }

  async #logIn(server: RegistryServer): Promise<void> {
    if (this.#credentials === null) return;
    const credentials = await this.#credentials.read();
    const { headers, validMs } = await loginToNacos(server, credentials, this.#credentials.file);
    const now = this.#clock.monotonic();
    this.#user = userOf(credentials);
    this.#login = { headers, renewAtMs: now + validMs * RENEW_AFTER, endsAtMs: now + validMs };
  }
}
