/** etcd by its JSON gateway (`/v3/...`): requests to whichever member answers, with the rights of a user. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../errors/message-of.ts';
import { exchangeHttp, type HttpPlace, type TlsFiles } from '../../../platform/http-exchange.ts';
import { streamHttpLines } from '../../../platform/http-stream.ts';
import type { RegionConfig } from '../../model/fleet-config.ts';
import { StoreFailure } from '../../ports.ts';
import { askMembers, MemberFailure } from './ask-members.ts';

/** A region with etcd, as fleet.yaml describes it. */
export type EtcdConfig = Extract<RegionConfig, { kind: 'etcd' }>;

/** An answer may have so many bytes: a page of a list has a thousand keys. */
const MAX_BYTES = 64 * 1024 * 1024;
/** A member that lives says so within this time, in ms. */
const LIVES_MS = 500;
const LOGIN = '/v3/auth/authenticate';
/** gRPC: no leader, or none any more; the token is no longer good. */
const [UNAVAILABLE, UNAUTHENTICATED] = [14, 16] as const;
/** Users or rights were changed since the token was made. */
const OLD_TOKEN = /revision of auth store is old/;
/** A member that was cut off from the others says so, and ends its watches, instead of keeping both waiting. */
const REQUIRE_LEADER = { 'Grpc-Metadata-Hasleader': 'true' };

/** A refusal; where the answer would be a stream, it is inside of `error`. */
interface GatewayError {
  readonly error?: string | { readonly message?: string; readonly grpc_code?: number };
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
  readonly #streams = new Set<{ readonly index: number; leave(): void }>();

  constructor(config: EtcdConfig) {
    this.#config = config;
    this.place = config.endpoints.join(', ');
  }

  /** A request that changes nothing. Throws `StoreFailure`. */
  async read<T>(path: string, body: unknown): Promise<T> {
    try {
      return await this.#askAll<T>(path, body, (index) => this.#leave(index));
    } catch (error) {
      // Nothing of it was to be carried out.
      if (error instanceof StoreFailure && error.fate === 'unknown') throw new StoreFailure(error.message, 'not-sent');
      throw error;
    }
  }

  /**
   * A request that changes something, and may be sent twice: a member that does not answer, or that gives it to a leader
   * that is gone, is not waited for. Throws `StoreFailure`.
   */
  async changeAgain<T>(path: string, body: unknown): Promise<T> {
    return await this.#askAll<T>(path, body);
  }

  /** A request that changes something: the next member is asked only while nothing was sent. Throws `StoreFailure`. */
  async change<T>(path: string, body: unknown): Promise<T> {
    const deadline = performance.now() + this.#config.timeout;
    const { endpoints } = this.#config;
    const failures: string[] = [];
    for (const turn of endpoints.keys()) {
      const index = (this.#first + turn) % endpoints.length;
      try {
        const answer = await this.#post<T>(index, path, body, Math.max(1, deadline - performance.now()));
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
    const { timeout, endpoints } = this.#config;
    const index = this.#first;
    const endpoint = this.#endpoint(index);
    const left = new AbortController();
    const one = { index, leave: () => left.abort(`${endpoint} does not answer`) };
    this.#streams.add(one);
    // A member that hangs takes connections.
    const timer = setTimeout(one.leave, timeout);
    const toldLine = (line: string) => {
      clearTimeout(timer);
      onLine(line);
    };
    try {
      const authorization = await this.#authorization(index, timeout);
      const request = { method: 'POST', path, json: body, headers: REQUIRE_LEADER, ...authorization } as const;
      const why = await streamHttpLines(
        await this.#placeOf(index),
        request,
        toldLine,
        AbortSignal.any([signal, left.signal]),
      );
      return left.signal.aborted ? String(left.signal.reason) : `${endpoint}: ${why}`;
    } finally {
      clearTimeout(timer);
      this.#streams.delete(one);
      if (this.#first === index) this.#first = (index + 1) % endpoints.length;
    }
  }

  async #askAll<T>(path: string, body: unknown, onSilent?: (index: number) => void): Promise<T> {
    const { endpoints, timeout } = this.#config;
    const lives = (one: number) => this.#lives(one);
    const members = { endpoints, first: this.#first, timeoutMs: timeout, lives, ...(onSilent && { onSilent }) };
    const { answer, index } = await askMembers(members, (one, ms) => this.#post<T>(one, path, body, ms));
    this.#first = index;
    return answer;
  }

  /** A member tells its version by itself, whether it has a leader or not. */
  async #lives(index: number): Promise<boolean> {
    const request = { method: 'GET', path: '/version', timeoutMs: LIVES_MS } as const;
    return (await exchangeHttp(await this.#placeOf(index), request)).kind === 'answered';
  }

  /** Ends the streams of a member that is frozen, or cut off: nothing else tells that no change comes there any more. */
  #leave(index: number): void {
    for (const one of this.#streams) if (one.index === index) one.leave();
  }

  async #post<T>(index: number, path: string, body: unknown, timeoutMs: number, isAgain = false): Promise<T> {
    const endpoint = this.#endpoint(index);
    const authorization = path === LOGIN ? {} : await this.#authorization(index, timeoutMs);
    const request = {
      method: 'POST',
      path,
      json: body,
      timeoutMs,
      maxBytes: MAX_BYTES,
      headers: REQUIRE_LEADER,
    } as const;
    const outcome = await exchangeHttp(await this.#placeOf(index), { ...request, ...authorization });
    switch (outcome.kind) {
      case 'failed':
        throw isBeforeSending(outcome.code)
          ? new MemberFailure(`${endpoint}: ${outcome.message}`, 'down', 'not-sent')
          : new MemberFailure(`${endpoint}: ${outcome.message}`, 'other', 'unknown');
      case 'silent':
        throw new MemberFailure(`${endpoint} did not answer within ${timeoutMs} ms`, 'silent', 'unknown');
      case 'closed':
        throw new MemberFailure(`${endpoint} ended the connection without an answer`, 'other', 'unknown');
      case 'answered':
        break;
    }
    if (!outcome.isWhole) throw new MemberFailure(`${endpoint} answered with half of it`, 'other', 'unknown');
    const answer = parseAnswer(endpoint, outcome.body);
    if (outcome.status === 200) return answer as T;
    const { code, message } = refusalIn(answer as GatewayError, `status ${outcome.status}`);
    const text = `${endpoint}: ${message}`;
    if ((code === UNAUTHENTICATED || OLD_TOKEN.test(message)) && !isAgain && this.#token !== null) {
      this.#token = null;
      return await this.#post(index, path, body, timeoutMs, true);
    }
    // A member without a leader may carry a request out later on.
    if (code === UNAVAILABLE) throw new MemberFailure(text, 'leaderless', 'unknown');
    if (/too many requests/.test(message)) throw new MemberFailure(text, 'other', 'not-sent');
    const isUnsure = outcome.status >= 500 && !/^etcdserver: (mvcc|requested lease|key is not)/.test(message);
    if (isUnsure) throw new MemberFailure(text, 'other', 'unknown');
    throw new StoreFailure(text, 'refused');
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

  async #authorization(index: number, timeoutMs: number): Promise<{ readonly authorization?: string }> {
    const { user, passwordFile } = this.#config;
    if (user === undefined) return {};
    if (this.#token === null) {
      const password = passwordFile === undefined ? '' : await firstLine(passwordFile);
      try {
        const answer = await this.#post<{ token?: string }>(index, LOGIN, { name: user, password }, timeoutMs);
        this.#token = answer.token ?? '';
      } catch (error) {
        // What the token was for was not sent.
        if (error instanceof MemberFailure) throw new MemberFailure(error.message, error.kind, 'not-sent');
        throw error;
      }
    }
    return { authorization: this.#token };
  }
}

/** Errors of a connection that was never there. */
function isBeforeSending(code: string): boolean {
  const never = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EACCES', 'EMFILE'];
  return never.includes(code) || code.startsWith('ERR_TLS') || /^(CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code);
}

function refusalIn({ error, ...rest }: GatewayError, otherwise: string) {
  if (typeof error !== 'object') return { code: rest.code, message: rest.message ?? error ?? otherwise };
  return { code: error.grpc_code ?? rest.code, message: error.message ?? rest.message ?? otherwise };
}

function parseAnswer(endpoint: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new MemberFailure(`${endpoint} answered with what is no JSON: ${body.slice(0, 80)}`, 'other', 'unknown');
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
