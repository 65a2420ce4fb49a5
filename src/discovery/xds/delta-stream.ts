/** One stream of delta ADS as a pure state machine: requests and publications in, responses out. */
import { type DeltaRequest, deltaResponse, type SentResource, type StreamResponse } from './delta-messages.ts';
import type { ResourceStore } from './resource-store.ts';
import { knownType, shortType, TYPE, TYPE_ORDER, type TypeUrl } from './resource-types.ts';
import { Subscription } from './subscription.ts';
import type { RejectedResource, ResourceChanges, StreamStep, XdsStream } from './xds-stream.ts';

/**
 * The state of one Envoy on one stream. At most one response of each type is unanswered: a slow reader costs one response,
 * and what changes meanwhile is gathered. Listeners and routes wait until the clusters that they name are taken, with
 * their members. They go out with newer members of clusters that Envoy has, and behind them.
 */
export class DeltaStream implements XdsStream {
  readonly #store: ResourceStore;
  readonly #types: ReadonlyMap<TypeUrl, Subscription>;
  readonly #encode: (type: TypeUrl, response: StreamResponse) => Buffer;
  #responses = 0;
  #acked = 0;
  #isOpen: boolean;

  /**
   * `isOpen`: whether anything may be answered yet; before the first complete state nothing is. `encode` writes responses
   * otherwise than as messages of delta xDS.
   */
  constructor(
    store: ResourceStore,
    isOpen: boolean,
    encode: (type: TypeUrl, response: StreamResponse) => Buffer = deltaResponse,
  ) {
    this.#store = store;
    this.#encode = encode;
    this.#isOpen = isOpen;
    this.#types = new Map(TYPE_ORDER.map((type) => [type, new Subscription(type, store)]));
  }

  get acked(): number {
    return this.#acked;
  }

  get rejected(): readonly RejectedResource[] {
    return [...this.#types].flatMap(([type, subscription]) =>
      [...subscription.rejected].map(([name, error]) => ({ type: shortType(type), name, error })),
    );
  }

  get isSettled(): boolean {
    return this.#isOpen && TYPE_ORDER.every((type) => this.#of(type).isSettled);
  }

  /** Takes a request. Throws a RangeError for a type that is not published: the stream ends then. */
  receive(request: DeltaRequest): StreamStep {
    const type = knownType(request.typeUrl);
    if (type === null) throw new RangeError(`the type ${request.typeUrl.slice(0, 200)} is not published here`);
    const { isAck, rejected } = this.#of(type).receive(request);
    if (isAck) this.#acked += 1;
    const told = rejected.map(({ name, error }) => ({ type: shortType(type), name, error }));
    return { responses: this.#flush(), rejected: told };
  }

  publish(changes: ResourceChanges): StreamStep {
    for (const [type, names] of changes) this.#of(type).touch(names);
    return { responses: this.#flush(), rejected: [] };
  }

  open(): StreamStep {
    this.#isOpen = true;
    return { responses: this.#flush(), rejected: [] };
  }

  #flush(): readonly Buffer[] {
    if (!this.#isOpen) return [];
    const responses: Buffer[] = [];
    for (const type of TYPE_ORDER) {
      if (!this.#mayGo(type)) continue;
      const response = this.#of(type).next(this.#nonce());
      if (response === null) continue;
      this.#responses += 1;
      responses.push(this.#encode(type, response));
      if (type === TYPE.cluster) this.#sendMembersAgain(response.resources);
    }
    return responses;
  }

  #nonce(): string {
    return String(this.#responses + 1);
  }

  #mayGo(type: TypeUrl): boolean {
    const clusters = this.#of(TYPE.cluster);
    const members = this.#of(TYPE.assignment);
    if (type === TYPE.cluster || type === TYPE.assignment) return true;
    return clusters.isSettled && members.hasAllNames && members.hasAsked(clusters.sentNames);
  }

  /** Envoy warms a changed cluster anew, and does not ask for its members again (envoyproxy/envoy#13009). */
  #sendMembersAgain(clusters: readonly SentResource[]): void {
    this.#of(TYPE.assignment).sendAgain(clusters.map(({ name }) => name));
  }

  #of(type: TypeUrl): Subscription {
    return this.#types.get(type) ?? new Subscription(type, this.#store);
  }
}
