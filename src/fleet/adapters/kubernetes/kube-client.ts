/** The API server of a cluster: requests for single objects and lists, and watches, with what their failures mean. */
import type { HttpRequest } from '../../../platform/http-exchange.ts';
import { HttpSession } from '../../../platform/http-session.ts';
import { streamHttpLines } from '../../../platform/http-stream.ts';
import { StoreFailure } from '../../ports.ts';
import { type ClusterAccess, type KubernetesConfig, openCluster } from './cluster-access.ts';
import { type KubeCause, type KubeObject, KubeRefusal, ownedFields } from './kube-answer.ts';
import { isAsSent, sayAgain, UndecidedFailure } from './kube-retry.ts';

export { type KubeObject, KubeRefusal };

/** A list at one version. */
export interface KubeList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** The clock of the server, ms since 1970; null when its answer has no date. */
  readonly dateMs: number | null;
}

/** An answer with the clock of the server, as in lists. */
export interface KubeAnswer<T> {
  readonly value: T;
  readonly dateMs: number | null;
}

/** A page of a list, as the server gives it. */
interface ListAnswer {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly KubeObject[] | null;
}

/** One event of a watch. */
export interface KubeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

/** How a watch ended; `idle`: the server ended it by its clock, and it can go on from the last version seen. */
export type KubeWatchEnd = { readonly kind: 'expired' | 'idle' } | { readonly kind: 'lost'; readonly why: string };

const MAX_BYTES = 128 * 1024 * 1024;
const PAGE = 500;
/** The server ends a watch after this time, in s; we do when it said nothing for so long, in ms (bookmarks come each minute). */
const WATCH_S = 290;
const SILENT_MS = 150_000;

/** A client of one cluster. */
export class KubeClient {
  readonly place: string;
  /** Requests that were sent, for those who measure. */
  requests = 0;
  readonly #config: Pick<KubernetesConfig, 'kubeconfig' | 'context' | 'timeout'>;
  readonly #open: () => Promise<ClusterAccess>;
  #access: ClusterAccess | null = null;
  #session: HttpSession | null = null;

  constructor(config: KubernetesConfig, open: () => Promise<ClusterAccess> = () => openCluster(config)) {
    this.#config = config;
    this.#open = open;
    const { kubeconfig, context, namespace } = config;
    this.place = `kubernetes ${[context, kubeconfig].filter(Boolean).join(' of ') || 'of this pod'}, namespace ${namespace}`;
  }

  /**
   * One request with an answer in JSON, said again within its time while the server is not there or not ready. Throws
   * `KubeRefusal`, `StoreFailure`.
   */
  async ask<T = KubeObject>(
    method: HttpRequest['method'],
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<KubeAnswer<T>> {
    return await sayAgain(this.#config.timeout, async (leftMs, isUnsure) => {
      try {
        return await this.#once<T>({ method, path, json: body, contentType }, leftMs);
      } catch (error) {
        const landed = isUnsure && error instanceof KubeRefusal ? await this.#landed(error, method, path, body) : null;
        if (landed === null) throw error;
        return landed as KubeAnswer<T>;
      }
    });
  }

  /**
   * The object, if a request that was refused now had been carried out before, when its answer did not come; null: it
   * had not. Throws `StoreFailure` when that cannot be told.
   */
  async #landed(
    refusal: KubeRefusal,
    method: HttpRequest['method'],
    path: string,
    body: unknown,
  ): Promise<KubeAnswer<KubeObject> | null> {
    const [plain = path] = path.split('?');
    const isGone = method === 'DELETE' && refusal.reason === 'NotFound';
    if (isGone) return { value: { metadata: { name: '' } }, dateMs: null };
    const isOurs =
      (method === 'PUT' && refusal.reason === 'Conflict') || (method === 'POST' && refusal.reason === 'AlreadyExists');
    if (!isOurs) return null;
    const own = method === 'POST' ? `${plain}/${(body as KubeObject).metadata.name}` : plain;
    const found = await this.get(own.replace(/\/status$/, ''));
    if (found !== null && isAsSent(found.value, body)) return found;
    const what = `whether ${method} ${plain} was carried out before somebody else's change is not known`;
    throw new UndecidedFailure(`${this.place}: ${what}`);
  }

  async #once<T>(
    request: Pick<HttpRequest, 'method' | 'path' | 'json'> & { readonly contentType: string | undefined },
    timeoutMs: number,
  ): Promise<KubeAnswer<T>> {
    const { method, path, json, contentType } = request;
    const { access, session } = await this.#ready();
    const authorization = await access.authorization();
    this.requests += 1;
    const outcome = await session.ask({
      ...{ method, path: `${access.basePath}${path}`, timeoutMs, maxBytes: MAX_BYTES },
      ...(json !== undefined && { json }),
      ...(contentType !== undefined && { contentType }),
      ...(authorization !== undefined && { authorization }),
    });
    if (outcome.kind === 'failed') {
      const isSafe = method === 'GET' || !outcome.sent;
      throw new StoreFailure(`${this.place}: ${outcome.why}`, isSafe ? 'not-sent' : 'unknown');
    }
    const { status, body: text, dateMs } = outcome;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      if (status < 300) throw new StoreFailure(`${this.place} answered with what is no JSON`, 'unknown');
      value = { message: text.trim().slice(0, 200) };
    }
    if (status < 300) return { value: value as T, dateMs };
    type Status = { message?: string; reason?: string; details?: { causes?: readonly KubeCause[] } };
    const { message = `status ${status}`, reason = '', details } = value as Status;
    throw new KubeRefusal(`${this.place}: ${message}`, status, reason, ownedFields(details?.causes));
  }

  /** The object, or null when there is none. */
  async get(path: string): Promise<{ readonly value: KubeObject; readonly dateMs: number | null } | null> {
    try {
      return await this.ask('GET', path);
    } catch (error) {
      if (error instanceof KubeRefusal && error.reason === 'NotFound') return null;
      throw error;
    }
  }

  /** All objects of a collection, by pages, all at one version: `exact`, or the newest. */
  async list(path: string, options: { readonly exact?: string; readonly query?: string } = {}): Promise<KubeList> {
    const items: KubeObject[] = [];
    let next = '';
    for (;;) {
      const at = options.exact === undefined ? '' : `&resourceVersion=${options.exact}&resourceVersionMatch=Exact`;
      const page = next === '' ? at : `&continue=${encodeURIComponent(next)}`;
      const query = `limit=${PAGE}${page}${options.query === undefined ? '' : `&${options.query}`}`;
      const { value, dateMs } = await this.ask<Partial<ListAnswer> | null>('GET', `${path}?${query}`);
      const { metadata, items: found } = value ?? {};
      // A server without items says null; what has neither comes from somebody else, and does not say that nothing is there.
      if (metadata?.resourceVersion === undefined || found === undefined)
        throw new StoreFailure(`${this.place} answered with what is no list`, 'not-sent');
      items.push(...(found ?? []));
      next = metadata.continue ?? '';
      if (next === '') return { items, resourceVersion: metadata.resourceVersion, dateMs };
    }
  }

  /** Tells the changes of a collection after a version, and bookmarks. Never rejects. */
  async watch(
    path: string,
    { from, query }: { readonly from: string; readonly query?: string },
    onEvent: (event: KubeEvent) => void,
    signal: AbortSignal,
  ): Promise<KubeWatchEnd> {
    const ended = new AbortController();
    let end: KubeWatchEnd | null = null;
    let timer = setTimeout(() => ended.abort(), SILENT_MS);
    const onLine = (line: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => ended.abort(), SILENT_MS);
      const event = parseEvent(line);
      if (event.type !== 'ERROR') return onEvent(event as KubeEvent);
      const { code, message } = event.object as { code?: number; message?: string };
      end = code === 410 ? { kind: 'expired' } : { kind: 'lost', why: message ?? 'the watch was ended' };
      ended.abort();
    };
    try {
      const { access } = await this.#ready();
      const authorization = await access.authorization();
      const rest = `resourceVersion=${from}&allowWatchBookmarks=true&timeoutSeconds=${WATCH_S}`;
      const full = `${access.basePath}${path}?watch=true&${rest}${query === undefined ? '' : `&${query}`}`;
      this.requests += 1;
      const request = { method: 'GET', path: full, ...(authorization !== undefined && { authorization }) } as const;
      const why = await streamHttpLines(access.place, request, onLine, AbortSignal.any([signal, ended.signal]));
      if (end !== null) return end;
      if (/ answered 410$/.test(why)) return { kind: 'expired' };
      return why === 'the server ended the answer' ? { kind: 'idle' } : { kind: 'lost', why };
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      return { kind: 'lost', why: error.message };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends idle connections. */
  close(): void {
    this.#session?.close();
  }

  async #ready(): Promise<{ readonly access: ClusterAccess; readonly session: HttpSession }> {
    this.#access ??= await this.#open();
    this.#session ??= new HttpSession(this.#access.place);
    return { access: this.#access, session: this.#session };
  }
}

function parseEvent(line: string): { readonly type: string; readonly object: KubeObject } {
  try {
    return JSON.parse(line);
  } catch {
    return { type: 'ERROR', object: { metadata: { name: '' }, message: 'the watch sent what is no JSON' } };
  }
}
