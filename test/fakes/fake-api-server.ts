/** An API server in memory over HTTP: one version a write, optimistic locking, exact lists, watches, dry runs, Leases' times. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind.
type Thing = any;

interface Change {
  readonly version: number;
  readonly path: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Thing;
}

/** The server; tests reach behind it. */
export class FakeApiServer {
  /** Requests so far, such as `GET /apis/...`, without their queries. */
  readonly asked: string[] = [];
  /** Set: what a request answers instead, by its method and path; status 0 closes the connection. */
  refuse: (method: string, path: string) => { readonly status: number; readonly reason: string } | null = () => null;
  /** Set: requests that are carried out and not answered, by method and path. */
  hides: (method: string, path: string) => boolean = () => false;
  readonly #server: Server;
  readonly #now: () => number;
  #version = 1;
  #oldest = 0;
  #objects = new Map<string, Thing>();
  #log: Change[] = [];
  /** Who owns which fields, where it is not whoever applies. */
  readonly #owners = new Map<string, Map<string, string>>();
  readonly #watchers = new Set<(change: Change | null) => void>();

  private constructor(now: () => number) {
    this.#now = now;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Cleared: something on the way takes the Date out of answers. */
  saysDate = true;

  /** Starts on loopback with a namespace. */
  static async open(namespace: string, now: () => number = Date.now, port = 0): Promise<FakeApiServer> {
    const server = new FakeApiServer(now);
    const path = `/api/v1/namespaces/${namespace}`;
    server.#objects.set(path, { metadata: { name: namespace, uid: `uid-of-${namespace}`, resourceVersion: '1' } });
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers) watcher(null);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** An object, undefined without it. */
  object(path: string): Thing {
    return this.#objects.get(path);
  }

  /** Puts an object there as another client would. */
  put(path: string, object: Thing): void {
    this.#commit(path, structuredClone(object), this.#objects.has(path) ? 'MODIFIED' : 'ADDED');
  }

  /** Changes fields of an object as another manager does, who owns them then. */
  edit(path: string, manager: string, part: Thing): void {
    const owners = this.#owners.get(path) ?? new Map<string, string>();
    for (const field of fieldsOf(part)) owners.set(field, manager);
    this.#owners.set(path, owners);
    this.#commit(path, merged(this.#objects.get(path), part), 'MODIFIED');
  }

  /** Forgets the changes so far. */
  compact(): void {
    this.#oldest = this.#version;
    this.#log = [];
  }

  /** Ends all watches as the server's clock does. */
  endWatches(): void {
    for (const watcher of [...this.#watchers]) watcher(null);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    const url = new URL(request.url ?? '', 'http://server');
    const path = url.pathname;
    this.asked.push(`${method} ${path}`);
    let text = '';
    for await (const chunk of request) text += chunk;
    if (this.saysDate) response.setHeader('Date', new Date(this.#now()).toUTCString());
    else response.sendDate = false;
    const refused = this.refuse(method, path);
    if (refused?.status === 0) {
      request.socket.destroy();
      return;
    }
    if (refused !== null) return fail(response, refused.status, refused.reason);
    if (this.hides(method, path)) {
      response.end = () => {
        request.socket.destroy();
        return response;
      };
    }
    const body = text === '' ? {} : JSON.parse(text);
    const isCollection =
      /\/(?:meshpolicies|sidecarreleases|gateways|hosts|hoststatuses|historyentries|acceptances|leases|sidecarsets|deployments|services|configmaps|pods|events)$/.test(
        path,
      );
    if (method === 'GET' && isCollection) {
      return url.searchParams.has('watch')
        ? this.#watch(path, url, request, response)
        : this.#list(path, url, response);
    }
    const isStatus = path.endsWith('/status');
    const own = isStatus ? path.slice(0, -'/status'.length) : path;
    if (method === 'POST') return this.#create(path, body, url, response);
    const present = this.#objects.get(own);
    const type = request.headers['content-type'] ?? '';
    if (method === 'PATCH' && type.includes('apply-patch')) {
      // Of server-side apply: what is sent is there afterwards, and what others put there stays.
      const next = merged(present ?? {}, body);
      const owners = this.#owners.get(own) ?? new Map<string, string>();
      const isOther = (field: string) => JSON.stringify(at(next, field)) !== JSON.stringify(at(present, field));
      const taken = fieldsOf(body).filter((field) => owners.has(field) && isOther(field));
      if (taken.length > 0 && url.searchParams.get('force') !== 'true') {
        const causes = taken.map((field) => ({
          ...{ reason: 'FieldManagerConflict', field },
          message: `conflict with "${owners.get(field)}" using v1`,
        }));
        return fail(response, 409, 'Conflict', { causes });
      }
      for (const field of taken) owners.delete(field);
      return answer(response, 200, this.#commit(own, next, present === undefined ? 'ADDED' : 'MODIFIED'));
    }
    if (present === undefined) return fail(response, 404, 'NotFound');
    if (method === 'PATCH' && type.includes('merge-patch')) {
      const version = body.metadata?.resourceVersion;
      if (version !== undefined && version !== present.metadata.resourceVersion) return fail(response, 409, 'Conflict');
      return answer(response, 200, this.#commit(own, merged(present, body), 'MODIFIED'));
    }
    if (method === 'GET') return answer(response, 200, present);
    const isDry = url.searchParams.get('dryRun') === 'All';
    if (method === 'DELETE') {
      const wanted = body.preconditions?.resourceVersion;
      if (wanted !== undefined && wanted !== present.metadata.resourceVersion) return fail(response, 409, 'Conflict');
      if (!isDry) this.#commit(own, present, 'DELETED');
      return answer(response, 200, { kind: 'Status', status: 'Success' });
    }
    if (method === 'PATCH') return this.#patch(own, present, body, response);
    if (body.metadata?.resourceVersion === undefined) return fail(response, 422, 'Invalid');
    if (body.metadata.resourceVersion !== present.metadata.resourceVersion) return fail(response, 409, 'Conflict');
    const hasStatus = /\/(?:sidecarreleases|gateways)\//.test(own);
    const { status, ...rest } = body;
    const next = isStatus
      ? { ...present, status }
      : { ...rest, ...(hasStatus ? present.status && { status: present.status } : status && { status }) };
    return answer(response, 200, isDry ? next : this.#commit(own, next, 'MODIFIED'));
  }

  #create(path: string, body: Thing, url: URL, response: ServerResponse) {
    const own = `${path}/${body.metadata.name}`;
    if (/[A-Z_]/.test(body.metadata.name)) return fail(response, 422, 'Invalid');
    if (this.#objects.has(own)) return fail(response, 409, 'AlreadyExists');
    if (url.searchParams.get('dryRun') === 'All') return answer(response, 201, body);
    answer(response, 201, this.#commit(own, body, 'ADDED'));
  }

  #patch(path: string, present: Thing, operations: Thing, response: ServerResponse) {
    const next = structuredClone(present);
    for (const { op, path: pointer, value } of operations) {
      const parts = pointer
        .slice(1)
        .split('/')
        .map((part: string) => part.replaceAll('~1', '/'));
      const last = parts.pop();
      const holder = parts.reduce((at: Thing, part: string) => at?.[part], next);
      if (op === 'test' && holder?.[last] !== value) return fail(response, 422, 'Invalid');
      if (op === 'replace') holder[last] = value;
    }
    answer(response, 200, this.#commit(path, next, 'MODIFIED'));
  }

  #commit(path: string, object: Thing, type: Change['type']): Thing {
    this.#version += 1;
    const time = new Date(Math.floor(this.#now() / 1000) * 1000).toISOString();
    const managedFields = [{ manager: 'node', time }];
    const metadata = { ...object.metadata, resourceVersion: String(this.#version), managedFields };
    const stored = { ...object, metadata: { uid: `uid-${this.#version}`, ...metadata } };
    if (type === 'DELETED') this.#objects.delete(path);
    else this.#objects.set(path, stored);
    const change = { version: this.#version, path, type, object: stored };
    this.#log.push(change);
    for (const watcher of [...this.#watchers]) watcher(change);
    return stored;
  }

  /** All objects of a collection at a version. */
  #at(collection: string, version: number): Thing[] {
    const objects = new Map([...this.#objects].filter(([path]) => isIn(collection, path)));
    // What changed since then is put back, from the newest to the oldest.
    const before = new Map<string, Thing>();
    for (const { version: at, path, object, type } of this.#log) {
      if (!isIn(collection, path) || at > version) continue;
      before.set(path, type === 'DELETED' ? undefined : object);
    }
    for (const { version: at, path } of this.#log.toReversed()) {
      if (!isIn(collection, path) || at <= version) continue;
      const found = before.get(path);
      if (found === undefined) objects.delete(path);
      else objects.set(path, found);
    }
    return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  #list(path: string, url: URL, response: ServerResponse) {
    const token = url.searchParams.get('continue');
    const [exact, skip] = (token ?? `${url.searchParams.get('resourceVersion') ?? this.#version},0`)
      .split(',')
      .map(Number);
    const version = exact ?? this.#version;
    if (version > this.#version) return fail(response, 504, 'Timeout');
    if (version < this.#oldest) return fail(response, 410, 'Expired');
    const label = /^([^=]+)=(.+)$/.exec(url.searchParams.get('labelSelector') ?? '');
    const all = this.#at(path, version).filter(
      (one) => label === null || one.metadata.labels?.[label[1] ?? ''] === label[2],
    );
    const limit = Number(url.searchParams.get('limit') ?? all.length);
    const from = skip ?? 0;
    const more = from + limit < all.length ? { continue: `${version},${from + limit}` } : {};
    answer(response, 200, {
      metadata: { resourceVersion: String(version), ...more },
      items: all.slice(from, from + limit),
    });
  }

  #watch(path: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion') ?? 0);
    response.writeHead(200, { 'content-type': 'application/json' });
    const write = (type: string, object: Thing) => response.write(`${JSON.stringify({ type, object })}\n`);
    if (from < this.#oldest) {
      write('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: `too old resource version: ${from}` });
      response.end();
      return;
    }
    const tell = (change: Change | null) => {
      if (change === null) {
        this.#watchers.delete(tell);
        response.end();
      } else if (isIn(path, change.path)) write(change.type, change.object);
    };
    write('BOOKMARK', { metadata: { name: '', resourceVersion: String(from) } });
    for (const change of this.#log) if (change.version > from) tell(change);
    this.#watchers.add(tell);
    request.socket.on('close', () => this.#watchers.delete(tell));
  }
}

function merged(present: Thing, patch: Thing): Thing {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const next = typeof present === 'object' && present !== null && !Array.isArray(present) ? { ...present } : {};
  for (const [key, value] of Object.entries(patch)) next[key] = merged(next[key], value);
  return next;
}

/** The fields of an object that hold no others, as server-side apply names them. */
function fieldsOf(value: Thing, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, one]) => fieldsOf(one, `${path}.${key}`));
}

function at(value: Thing, field: string): Thing {
  return field
    .split('.')
    .slice(1)
    .reduce((found, key) => found?.[key], value);
}

function isIn(collection: string, path: string): boolean {
  return path.startsWith(`${collection}/`) && !path.slice(collection.length + 1).includes('/');
}

function answer(response: ServerResponse, status: number, value: Thing): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number, reason: string, details?: Thing): void {
  const message = `${reason} (fake)`;
  answer(response, status, { kind: 'Status', status: 'Failure', code: status, reason, message, details });
}
