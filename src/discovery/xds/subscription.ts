/** What one Envoy has, wants and refuses of one type of resources. */
import type { DeltaRequest, SentResource } from './delta-messages.ts';
import type { ResourceStore } from './resource-store.ts';
import type { TypeUrl } from './resource-types.ts';

/** By which a request asks for all resources of its type. */
const WILDCARD = '*';

/** A response on its way. */
interface Unanswered {
  readonly nonce: string;
  readonly resources: readonly SentResource[];
  readonly removed: readonly string[];
}

/** Why a version was refused. */
interface Rejection {
  readonly version: string;
  readonly error: string;
}

/** The state of one type on one stream. */
export class Subscription {
  readonly #type: TypeUrl;
  readonly #store: ResourceStore;
  readonly #wanted = new Set<string>();
  /** The version that Envoy has of each name, as far as was told. */
  readonly #held = new Map<string, string>();
  readonly #rejections = new Map<string, Rejection>();
  /** Names to look at when the next response is made. */
  readonly #touched = new Set<string>();
  /** Names that are sent whether they changed or not. */
  readonly #again = new Set<string>();
  /** Names of a refused response: each is sent alone, so that only the bad ones are refused. */
  readonly #suspects = new Set<string>();
  readonly #sent = new Set<string>();
  /** The names that Envoy has taken in some version, and was not asked to make anew since. */
  readonly #taken = new Set<string>();
  #unanswered: Unanswered | null = null;
  #hasBegun = false;
  #isWildcard = false;
  /** The first wildcard request is answered even when there is nothing: Envoy waits for it. */
  #owesAnswer = false;

  constructor(type: TypeUrl, store: ResourceStore) {
    this.#type = type;
    this.#store = store;
  }

  /** The names that Envoy refuses in their present version, each with its reason. */
  get rejected(): ReadonlyMap<string, string> {
    const present = [...this.#rejections].filter(([name, { version }]) => this.#present(name)?.version === version);
    return new Map(present.map(([name, { error }]) => [name, error]));
  }

  /** The names that were sent on this stream and not refused. */
  get sentNames(): ReadonlySet<string> {
    return this.#sent;
  }

  /** Whether everything asked for was sent and answered. */
  get isSettled(): boolean {
    return this.#unanswered === null && this.#isSent;
  }

  /** Whether Envoy has all names that were asked for; newer versions of them may be on their way to it. */
  get hasAllNames(): boolean {
    const { resources, removed } = this.#unanswered ?? { resources: [], removed: [] };
    return removed.length === 0 && resources.every(({ name }) => this.#taken.has(name)) && this.#isSent;
  }

  get #isSent(): boolean {
    return !this.#owesAnswer && this.#suspects.size === 0 && this.#candidates().length === 0;
  }

  /** Whether Envoy has asked for all of these. */
  hasAsked(names: ReadonlySet<string>): boolean {
    for (const name of names) if (!this.#wanted.has(name) && this.#present(name) !== null) return false;
    return true;
  }

  /** Takes a request; `rejected` has the resources that are refused for good by it. */
  receive(request: DeltaRequest): {
    readonly isAck: boolean;
    readonly rejected: readonly { name: string; error: string }[];
  } {
    const answer = this.#answer(request);
    if (!this.#hasBegun) this.#begin(request);
    for (const name of request.subscribe) {
      if (name === WILDCARD) continue;
      this.#wanted.add(name);
      // A name that is asked for is sent again: Envoy may have dropped it. After a reconnect its version tells.
      if (!request.initialVersions.has(name)) this.#again.add(name);
      this.#touched.add(name);
    }
    for (const name of request.unsubscribe) {
      if (name === WILDCARD) this.#isWildcard = false;
      this.#wanted.delete(name);
      this.#held.delete(name);
      this.#taken.delete(name);
    }
    return answer;
  }

  /** These may have changed. */
  touch(names: Iterable<string>): void {
    for (const name of names) this.#touched.add(name);
  }

  /** These are sent again once they are wanted, changed or not. */
  sendAgain(names: Iterable<string>): void {
    for (const name of names) {
      this.#taken.delete(name);
      if (this.#held.has(name)) this.#again.add(name);
    }
  }

  /** The next response; null while one is unanswered or nothing is left to say. */
  next(nonce: string): Unanswered | null {
    if (this.#unanswered !== null || !this.#hasBegun) return null;
    const [suspect] = this.#suspects;
    const names = suspect === undefined ? this.#candidates() : [suspect];
    // Whatever else was touched is as it should be, or is not wanted.
    if (suspect === undefined) this.#touched.clear();
    if (names.length === 0 && !this.#owesAnswer) return null;
    const resources = names.flatMap((name) => this.#toSend(name) ?? []);
    const removed = names.filter((name) => this.#present(name) === null);
    for (const name of names) {
      this.#suspects.delete(name);
      this.#touched.delete(name);
      this.#again.delete(name);
    }
    for (const { name, version } of resources) {
      this.#held.set(name, version);
      this.#sent.add(name);
    }
    for (const name of removed) {
      this.#held.delete(name);
      this.#sent.delete(name);
      this.#taken.delete(name);
    }
    this.#owesAnswer = false;
    this.#unanswered = { nonce, resources, removed };
    return this.#unanswered;
  }

  #begin({ subscribe, initialVersions }: DeltaRequest): void {
    this.#hasBegun = true;
    this.#isWildcard = subscribe.length === 0 || subscribe.includes(WILDCARD);
    for (const [name, version] of initialVersions) this.#held.set(name, version);
    if (!this.#isWildcard) return;
    this.#owesAnswer = true;
    this.touch(this.#store.names(this.#type));
    this.touch(initialVersions.keys());
  }

  #answer({ nonce, error }: DeltaRequest): ReturnType<Subscription['receive']> {
    const answered = this.#unanswered;
    if (nonce === '' || answered === null || answered.nonce !== nonce) return { isAck: false, rejected: [] };
    this.#unanswered = null;
    if (error === null) {
      for (const { name, version } of answered.resources) {
        this.#store.accept(this.#type, name, version);
        this.#taken.add(name);
        if (this.#present(name)?.version === version) this.#rejections.delete(name);
      }
      return { isAck: true, rejected: [] };
    }
    const [only] = answered.resources;
    // What of it was taken is not told: the versions that Envoy has are not known any more.
    for (const { name } of answered.resources) {
      this.#held.delete(name);
      this.#taken.delete(name);
    }
    if (answered.resources.length > 1) {
      for (const { name } of answered.resources) this.#suspects.add(name);
      return { isAck: false, rejected: [] };
    }
    if (only === undefined) return { isAck: false, rejected: [] };
    this.#rejections.set(only.name, { version: only.version, error });
    this.#sent.delete(only.name);
    this.#touched.add(only.name);
    return { isAck: false, rejected: [{ name: only.name, error }] };
  }

  /** What to send under a name: the present version, or where this Envoy refuses it the last one that was taken. */
  #present(name: string): SentResource | null {
    return this.#store.get(this.#type, name);
  }

  #toSend(name: string): SentResource | null {
    const present = this.#present(name);
    if (present === null) return null;
    const refused = this.#rejections.get(name)?.version;
    if (refused !== present.version) return present;
    const before = this.#store.lastAccepted(this.#type, name);
    return before === null || before.version === refused ? null : before;
  }

  /** The names about which there is something to say. */
  #candidates(): readonly string[] {
    const names: string[] = [];
    for (const name of this.#touched.union(this.#again)) {
      if (!this.#isWildcard && !this.#wanted.has(name)) continue;
      const present = this.#toSend(name);
      const held = this.#held.get(name);
      if (present !== null) {
        if (this.#again.has(name) || held !== present.version) names.push(name);
      } else if (this.#present(name) === null && (held !== undefined || this.#again.has(name))) names.push(name);
    }
    return names;
  }
}
