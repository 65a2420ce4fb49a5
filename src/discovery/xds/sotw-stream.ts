/** One stream of state-of-the-world ADS: the decisions are those of a delta stream, the messages hold whole states. */
import { createHash } from 'node:crypto';
import type { SentResource, StreamResponse } from './delta-messages.ts';
import { DeltaStream } from './delta-stream.ts';
import type { ResourceStore } from './resource-store.ts';
import { TYPE, type TypeUrl } from './resource-types.ts';
import { type SotwRequest, sotwResponse } from './sotw-messages.ts';
import type { RejectedResource, ResourceChanges, StreamStep, XdsStream } from './xds-stream.ts';

/** Of these an Envoy takes every response as all that there is; of the others, a response may hold some. */
const WHOLE: ReadonlySet<TypeUrl> = new Set([TYPE.cluster, TYPE.listener]);

/** What a response changed of what an Envoy has, to be taken back when it is refused. */
interface Unanswered {
  readonly nonce: string;
  readonly before: ReadonlyMap<string, SentResource | undefined>;
}

/** The state of one Envoy on one stream. */
export class SotwStream implements XdsStream {
  readonly #delta: DeltaStream;
  /** By type and name, what this Envoy was sent and has not refused. */
  readonly #has = new Map<TypeUrl, Map<string, SentResource>>();
  readonly #names = new Map<string, ReadonlySet<string>>();
  readonly #unanswered = new Map<string, Unanswered>();
  readonly #whole: ReadonlySet<string>;

  /** `isOpen`: whether anything may be answered yet. `whole`: types whose responses hold all that was asked for. */
  constructor(store: ResourceStore, isOpen: boolean, whole: ReadonlySet<string> = WHOLE) {
    this.#whole = whole;
    this.#delta = new DeltaStream(store, isOpen, (type, response) => this.#encode(type, response));
  }

  get acked(): number {
    return this.#delta.acked;
  }

  get rejected(): readonly RejectedResource[] {
    return this.#delta.rejected;
  }

  get isSettled(): boolean {
    return this.#delta.isSettled;
  }

  /** Takes a request. Throws a RangeError for a type that is not published: the stream ends then. */
  receive({ node, typeUrl, names, nonce, error }: SotwRequest): StreamStep {
    const answered = this.#unanswered.get(typeUrl);
    if (answered !== undefined && answered.nonce === nonce) {
      this.#unanswered.delete(typeUrl);
      if (error !== null) this.#takeBack(typeUrl as TypeUrl, answered);
    }
    const wanted = new Set(isWildcard(typeUrl) ? [] : names);
    const before = this.#names.get(typeUrl) ?? new Set<string>();
    this.#names.set(typeUrl, wanted);
    const subscribe = [...wanted.difference(before)];
    const unsubscribe = [...before.difference(wanted)];
    return this.#delta.receive({ node, typeUrl, subscribe, unsubscribe, initialVersions: new Map(), nonce, error });
  }

  publish(changes: ResourceChanges): StreamStep {
    return this.#delta.publish(changes);
  }

  open(): StreamStep {
    return this.#delta.open();
  }

  #encode(type: TypeUrl, { nonce, resources, removed }: StreamResponse): Buffer {
    const has = this.#has.get(type) ?? new Map<string, SentResource>();
    this.#has.set(type, has);
    const changed = [...resources.map(({ name }) => name), ...removed];
    this.#unanswered.set(type, { nonce, before: new Map(changed.map((name) => [name, has.get(name)])) });
    for (const resource of resources) has.set(resource.name, resource);
    for (const name of removed) has.delete(name);
    const state = this.#whole.has(type) ? [...has.values()] : resources;
    return sotwResponse(type, versionOf(state), nonce, state);
  }

  #takeBack(type: TypeUrl, { before }: Unanswered): void {
    const has = this.#has.get(type);
    for (const [name, resource] of before) {
      if (resource === undefined) has?.delete(name);
      else has?.set(name, resource);
    }
  }
}

/** Envoy asks for these without names. */
function isWildcard(typeUrl: string): boolean {
  return typeUrl === TYPE.cluster || typeUrl === TYPE.listener;
}

function versionOf(state: readonly SentResource[]): string {
  const text = state.map(({ name, version }) => `${name} ${version}`).toSorted();
  return createHash('sha256').update(text.join('\n')).digest('hex').slice(0, 16);
}
