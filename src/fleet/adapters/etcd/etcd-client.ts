/** etcd by its JSON gateway (`/v3/...`): requests to whichever member answers, with the rights of a user. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../errors/message-of.ts';
import { exchangeHttp, type HttpPlace, type TlsFiles } from '../../../platform/http-exchange.ts';
import { streamHttpLines } from '../../../platform/http-stream.ts';
import type { RegionConfig } from '../../model/fleet-config.ts';
import { StoreFailure } from '../../ports.ts';

/** A region with etcd, as fleet.yaml describes it. */
export type EtcdConfig = Extract<RegionConfig, { kind: 'etcd' }>;

/** An answer may have so many bytes: a page of a list has a thousand keys. */
const MAX_BYTES = 64 * 1024 * 1024;
/** How long a member is waited for before the next one is asked as well, in ms; only for what changes nothing. */
const HEDGE_MS = 300;
/** gRPC: the token is no longer good. */
const UNAUTHENTICATED = 16;

interface GatewayError {
  readonly error?: string;
  readonly message?: string;
  readonly code?: number;
}

/** A client of one cluster. */
export class EtcdClient {
  readonly place: string;
  readonly #config: EtcdConfig;
  #tls: TlsFiles | null = null;
  #token: string | null = null;
  /** The member that answered last, asked first. */
  #first = 0;

  constructor(config: EtcdConfig) {
    this.#config = config;
    this.place = config.endpoints.join(', ');
  }

  /** A request that changes nothing: a slow member is not waited for alone. Throws `StoreFailure`. */
  async read<T>(path: string, body: unknown): Promise<T> {
    const deadline = Date.now() + this.#config.timeout;
    const failures: string[] = [];
    const { endpoints } = this.#config;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let pending = endpoints.length;
    const timers = endpoints.map((_, turn) =>
      setTimeout(
        () => {
          const index = (this.#first + turn) % endpoints.length;
          this.#post<T>(index, path, body, Math.max(1, deadline - Date.now())).then(
            (answer) => {
              this.#first = index;
              resolve(answer);
            },
            (error: unknown) => {
              failures.push(messageOf(error));
              pending -= 1;
              if (error instanceof StoreFailure && error.fate === 'refused') reject(error);
              if (pending === 0) reject(new StoreFailure(failures.join('; '), 'not-sent'));
            },
          );
        },
        Math.min(turn * HEDGE_MS, (this.#config.timeout / endpoints.length) * turn),
      ),
    );
    try {
      return await promise;
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }

  /** A request that changes something: the next member is asked only while nothing was sent. Throws `StoreFailure`. */
  async change<T>(path: string, body: unknown): Promise<T> {
    const deadline = Date.now() + this.#config.timeout;
    const { endpoints } = this.#config;
    const failures: string[] = [];
    for (const turn of endpoints.keys()) {
      const index = (this.#first + turn) % endpoints.length;
      try {
        const answer = await this.#post<T>(index, path, body, Math.max(1, deadline - Date.now()));
        this.#first = index;
        return answer;
      } catch (error) {
        if (!(error instanceof StoreFailure) || error.fate !== 'not-sent') throw error;
        failures.push(error.message);
      }
    }
    throw new StoreFailure(failures.join('; '), 'not-sent');
  }

  /** A stream of answers, a line each. Resolves to why it ended. */
  async stream(path: string, body: unknown, onLine: (line: string) => void, signal: AbortSignal): Promise<string> {
    const authorization = await this.#authorization(this.#config.timeout);
    const place = await this.#placeOf(this.#first);
    const why = await streamHttpLines(place, { method: 'POST', path, json: body, ...authorization }, onLine, signal);
    this.#first = (this.#first + 1) % this.#config.endpoints.length;
    return `${this.#config.endpoints.length > 1 ? `${this.#endpoint(this.#first)}: ` : ''}${why}`;
  }

  async #post<T>(index: number, path: string, body: unknown, timeoutMs: number, isAgain = false): Promise<T> {
    const endpoint = this.#endpoint(index);
    const authorization = path === '/v3/auth/authenticate' ? {} : await this.#authorization(timeoutMs);
    const request = { method: 'POST', path, json: body, timeoutMs, maxBytes: MAX_BYTES, ...authorization } as const;
    const outcome = await exchangeHttp(await this.#placeOf(index), request);
    switch (outcome.kind) {
      case 'failed':
        throw new StoreFailure(
          `${endpoint}: ${outcome.message}`,
          isBeforeSending(outcome.code) ? 'not-sent' : 'unknown',
        );
      case 'silent':
        throw new StoreFailure(`${endpoint} did not answer within ${this.#config.timeout} ms`, 'unknown');
      case 'closed':
        throw new StoreFailure(`${endpoint} ended the connection without an answer`, 'unknown');
      case 'answered':
        break;
    }
    if (!outcome.isWhole) throw new StoreFailure(`${endpoint} answered with half of it`, 'unknown');
    const answer = parseAnswer(endpoint, outcome.body);
    if (outcome.status === 200) return answer as T;
    const { code, error, message = error ?? `status ${outcome.status}` } = answer as GatewayError;
    if (code === UNAUTHENTICATED && !isAgain && this.#token !== null) {
      this.#token = null;
      return await this.#post(index, path, body, timeoutMs, true);
    }
    // A member without a leader may carry a request out later on.
    const isUnsure = outcome.status >= 500 && !/^etcdserver: (mvcc|requested lease|key is not)/.test(message);
    throw new StoreFailure(`${endpoint}: ${message}`, isUnsure ? 'unknown' : 'refused');
  }

  #endpoint(index: number): string {
    return this.#config.endpoints[index] ?? this.place;
  }

  async #placeOf(index: number): Promise<HttpPlace> {
    const url = new URL(this.#endpoint(index));
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (url.protocol === 'http:') return { kind: 'http', host, port: Number(url.port || 80) };
    this.#tls ??= await readTls(this.#config);
    return { kind: 'https', host, port: Number(url.port || 443), tls: this.#tls };
  }

  async #authorization(timeoutMs: number): Promise<{ readonly authorization?: string }> {
    const { user, passwordFile } = this.#config;
    if (user === undefined) return {};
    if (this.#token === null) {
      const password = passwordFile === undefined ? '' : await firstLine(passwordFile);
      const body = { name: user, password };
      const answer = await this.#post<{ token?: string }>(this.#first, '/v3/auth/authenticate', body, timeoutMs);
      this.#token = answer.token ?? '';
    }
    return { authorization: this.#token };
  }
}

/** Errors of a connection that was never there. */
function isBeforeSending(code: string): boolean {
  const never = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EACCES', 'EMFILE'];
  return never.includes(code) || code.startsWith('ERR_TLS') || /^(CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code);
}

function parseAnswer(endpoint: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new StoreFailure(`${endpoint} answered with what is no JSON: ${body.slice(0, 80)}`, 'unknown');
  }
}

async function readTls({ tls }: EtcdConfig): Promise<TlsFiles> {
  const read = async (file: string | undefined) => (file === undefined ? undefined : await readSecret(file));
  const [ca, cert, key] = await Promise.all([read(tls?.ca), read(tls?.cert), read(tls?.key)]);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

async function firstLine(file: string): Promise<string> {
  return (await readSecret(file)).toString('utf8').split('\n')[0] ?? '';
}

async function readSecret(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new StoreFailure(`${file} cannot be read: ${messageOf(error)}`, 'refused');
  }
}
