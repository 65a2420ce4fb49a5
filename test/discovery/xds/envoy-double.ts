/** An Envoy in memory, as far as delta xDS goes: it reads responses as bytes, keeps what it takes and refuses what it is told to. */
import type { DeltaRequest } from '../../../src/discovery/xds/delta-messages.ts';
import { protoFields } from '../../../src/discovery/xds/proto-reader.ts';
import { TYPE, type TypeUrl } from '../../../src/discovery/xds/resource-types.ts';

/** A response as it was read. */
export interface ReadResponse {
  readonly type: TypeUrl;
  readonly nonce: string;
  readonly resources: readonly { readonly name: string; readonly version: string; readonly content: string }[];
  readonly removed: readonly string[];
}

/** Reads a DeltaDiscoveryResponse. */
export function readResponse(bytes: Buffer): ReadResponse {
  let [type, nonce] = ['', ''];
  const resources: { name: string; version: string; content: string }[] = [];
  const removed: string[] = [];
  for (const { id, bytes: value } of protoFields(bytes)) {
    if (id === 4) type = value.toString();
    if (id === 5) nonce = value.toString();
    if (id === 6) removed.push(value.toString());
    if (id !== 2) continue;
    const resource = { name: '', version: '', content: '' };
    for (const field of protoFields(value)) {
      if (field.id === 1) resource.version = field.bytes.toString();
      if (field.id === 3) resource.name = field.bytes.toString();
      if (field.id === 2)
        for (const inner of protoFields(field.bytes))
          if (inner.id === 2) resource.content = inner.bytes.toString('latin1');
    }
    resources.push(resource);
  }
  return { type: type as TypeUrl, nonce, resources, removed };
}

/** A request without anything in it. */
export function request(typeUrl: TypeUrl, change: Partial<DeltaRequest> = {}): DeltaRequest {
  return {
    ...{ node: null, typeUrl, subscribe: [], unsubscribe: [], initialVersions: new Map(), nonce: '', error: null },
    ...change,
  };
}

/** One Envoy. `send` gives its requests to a stream and returns the bytes that come back. */
export class EnvoyDouble {
  /** By type and name, what it works by. */
  readonly has = new Map<TypeUrl, Map<string, string>>();
  readonly #versions = new Map<TypeUrl, Map<string, string>>();
  readonly #send: (request: DeltaRequest) => readonly Buffer[];
  readonly #refuses: (type: TypeUrl, name: string, content: string) => boolean;
  readonly #asked = new Set<string>();
  readonly #waiting: Buffer[] = [];
  #bytes = 0;

  constructor(
    send: (request: DeltaRequest) => readonly Buffer[],
    refuses: (type: TypeUrl, name: string, content: string) => boolean = () => false,
  ) {
    this.#send = send;
    this.#refuses = refuses;
  }

  /** Bytes of all responses so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins a stream; one that begins again tells what it has. */
  connect(node = { id: 'weir-main', cluster: 'main' }): void {
    const versions = (type: TypeUrl) => new Map(this.#versions.get(type));
    this.#waiting.length = 0;
    this.hear(this.#send(request(TYPE.cluster, { node, initialVersions: versions(TYPE.cluster) })));
    const names = [...this.#asked];
    if (names.length > 0) {
      const again = { subscribe: names, initialVersions: versions(TYPE.assignment) };
      this.hear(this.#send(request(TYPE.assignment, again)));
    }
    this.hear(this.#send(request(TYPE.listener, { initialVersions: versions(TYPE.listener) })));
    const routes = { subscribe: ['dubbo'], initialVersions: versions(TYPE.routes) };
    this.hear(this.#send(request(TYPE.routes, routes)));
  }

  /** Takes bytes that came from the agent. */
  hear(responses: readonly Buffer[]): void {
    for (const bytes of responses) this.#bytes += bytes.length;
    this.#waiting.push(...responses);
  }

  /** Answers one response; whether there was one. */
  answerOne(): boolean {
    const bytes = this.#waiting.shift();
    if (bytes === undefined) return false;
    const { type, nonce, resources, removed } = readResponse(bytes);
    const bad = resources.filter(({ name, content }) => this.#refuses(type, name, content));
    for (const { name, version, content } of resources) {
      if (bad.some((one) => one.name === name)) continue;
      this.#of(this.has, type).set(name, content);
      // Of a refused response no version is noted, though its good resources count.
      if (bad.length === 0) this.#of(this.#versions, type).set(name, version);
      if (type === TYPE.cluster && !this.#asked.has(name)) {
        this.#asked.add(name);
        this.hear(this.#send(request(TYPE.assignment, { subscribe: [name] })));
      }
    }
    for (const name of removed) {
      this.#of(this.has, type).delete(name);
      this.#of(this.#versions, type).delete(name);
      if (type !== TYPE.cluster || !this.#asked.delete(name)) continue;
      this.#of(this.has, TYPE.assignment).delete(name);
      this.#of(this.#versions, TYPE.assignment).delete(name);
      this.hear(this.#send(request(TYPE.assignment, { unsubscribe: [name] })));
    }
    const error = bad.length === 0 ? null : `bad: ${bad.map(({ name }) => name).join()}`;
    this.hear(this.#send(request(type, { nonce, error })));
    return true;
  }

  /** Answers everything. Throws when it never ends. */
  settle(): void {
    for (let left = 10_000; this.answerOne(); left -= 1) if (left === 0) throw new Error('the stream never settles');
  }

  #of(all: Map<TypeUrl, Map<string, string>>, type: TypeUrl): Map<string, string> {
    const known = all.get(type) ?? new Map<string, string>();
    all.set(type, known);
    return known;
  }
}
