/** One consumed application in the agent: what its registries list, what is admitted of it, and when it is looked at again. */
import {
  type Admission,
  admissionOf,
  admit,
  believe,
  type GuardPolicy,
  isShort,
  nothingAdmitted,
  takeJoins,
  wouldRemove,
} from '../guard/admit.ts';
import { type Endpoint, endpointKey, endpointsOf } from '../world/endpoints.ts';
import type { World } from '../world/world.ts';

/** A change has to be quiet for so long, and waits for at most so long, in milliseconds. */
const QUIET_MS = 100;
const LATEST_MS = 1_000;
/** A second look that could not be made is made again after this time. */
const LOOK_AGAIN_MS = 2_000;

/** What a step did to an application. */
export type GuardTurn = 'held' | 'back' | 'believed' | null;

/** Where the list of an application comes from. */
interface Source {
  readonly world: World;
  readonly unitLabel: string | null;
  readonly pinnedBy: (endpoint: Endpoint) => boolean;
}

/** The state of one application. Pure but for its own fields; times are monotonic milliseconds. */
export class GuardedApp {
  readonly name: string;
  #admission: Admission<Endpoint>;
  #listed: ReadonlyMap<string, Endpoint> = new Map();
  #settleAt: { readonly quietMs: number; readonly latestMs: number } | null = null;
  #tookAtMs = Number.NEGATIVE_INFINITY;
  #lookAtMs: number | null = null;
  /** When the hold began that the second look under way is about; null: none is under way. */
  #lookingAt: number | null = null;
  /** What an older state of a registry would take away, with the time since when; null while all is of the newest state. */
  #older: { readonly sinceMs: number; wouldRemove: number; isTold: boolean } | null = null;
  /** What an earlier agent published and no registry has listed since: an older state, or a refusal, says nothing of it. */
  readonly #unseen: Set<string>;
  /** What `#list` was asked with last: a list that is believed may have to be made anew. */
  #source: Source | null = null;
  #sorted: readonly Endpoint[] = [];
  #sortedOf: ReadonlyMap<string, Endpoint> | null = null;

  /** `published`: what an earlier agent, or a former mesh.yaml, published of it. */
  constructor(name: string, published: readonly Endpoint[] | null, nowMs: number) {
    this.name = name;
    const former = byAddress(published ?? []);
    this.#unseen = new Set(former.keys());
    this.#admission = published === null ? nothingAdmitted() : admissionOf(former, nowMs);
  }

  /** What Envoy gets: listed endpoints, and those that are held; sorted by address and port. */
  get published(): readonly Endpoint[] {
    if (this.#sortedOf !== this.#admission.published) {
      this.#sortedOf = this.#admission.published;
      this.#sorted = [...this.#sortedOf.values()].toSorted(byPlace);
    }
    return this.#sorted;
  }

  /** How many addresses the registries list. */
  get listedSize(): number {
    return this.#listed.size;
  }

  /** The endpoints that the registries list. */
  get listed(): Iterable<Endpoint> {
    return this.#listed.values();
  }

  /** Null while the list is believed. */
  get held(): { readonly sinceMs: number; readonly reason: string; readonly wouldRemove: number } | null {
    if (this.#older !== null) {
      const { sinceMs, wouldRemove } = this.#older;
      return { sinceMs, reason: 'older', wouldRemove };
    }
    const { hold } = this.#admission;
    if (hold === null) return null;
    return { sinceMs: hold.sinceMs, reason: hold.reason, wouldRemove: wouldRemove(this.#admission, this.#listed) };
  }

  /** When `tick` has something to do; null for never. */
  get dueAtMs(): number | null {
    const settle = this.#settleAt === null ? null : Math.min(this.#settleAt.quietMs, this.#settleAt.latestMs);
    const look = this.#lookingAt === null && this.#older === null ? this.#lookAtMs : null;
    return settle === null ? look : look === null ? settle : Math.min(settle, look);
  }

  /** Whether its list is due to be judged as a whole. */
  isSettleDue(nowMs: number): boolean {
    return this.#settleAt !== null && nowMs >= Math.min(this.#settleAt.quietMs, this.#settleAt.latestMs);
  }

  /** The registries told something of it. Whether what joins should be taken now: the first change after a quiet time. */
  changed(nowMs: number): boolean {
    this.#settleAt = {
      quietMs: nowMs + QUIET_MS,
      latestMs: this.#settleAt?.latestMs ?? nowMs + LATEST_MS,
    };
    return nowMs - this.#tookAtMs >= QUIET_MS;
  }

  /** Nothing can be judged yet: the first complete listing judges everything. */
  postpone(): void {
    this.#settleAt = null;
  }

  /** Takes what joined or changed; whether anything did. */
  take(world: World, unitLabel: string | null, pinnedBy: (endpoint: Endpoint) => boolean, nowMs: number): boolean {
    this.#tookAtMs = nowMs;
    this.#list({ world, unitLabel, pinnedBy }, nowMs);
    const before = this.#admission.published;
    this.#admission = takeJoins(this.#admission, this.#listed, nowMs);
    return !isSameSet(before, this.#admission.published);
  }

  /** Judges the list as a whole; tells whether what is published differs, and what the guard did. */
  settle(
    world: World,
    unitLabel: string | null,
    options: {
      readonly policy: GuardPolicy;
      readonly pinnedBy: (endpoint: Endpoint) => boolean;
      readonly isRegistryEmpty: () => boolean;
    },
    nowMs: number,
  ): { readonly isChanged: boolean; readonly turn: GuardTurn } {
    this.#settleAt = null;
    this.#tookAtMs = nowMs;
    const wasOlder = this.#older?.isTold === true;
    this.#list({ world, unitLabel, pinnedBy: options.pinnedBy }, nowMs);
    const isOlder = this.#older !== null;
    if (this.#older !== null) this.#older.isTold = true;
    const before = this.#admission;
    const isEmpty = this.#listed.size === 0 && options.isRegistryEmpty();
    this.#admission = admit(before, this.#listed, nowMs, options.policy, isEmpty);
    const { hold, published } = this.#admission;
    const isNew = hold !== null && before.hold === null;
    if (isNew) this.#lookAtMs = hold.sinceMs + options.policy.holdMs;
    if (hold === null) this.#lookAtMs = null;
    const wasHeld = wasOlder || before.hold !== null;
    const isHeld = isOlder || hold !== null;
    const turn = isHeld && !wasHeld ? 'held' : wasHeld && !isHeld ? 'back' : null;
    return { isChanged: !isSameSet(before.published, published), turn };
  }

  /** Whether the second look is due; it is under way then. */
  beginLook(nowMs: number): boolean {
    const { hold } = this.#admission;
    // A second look at an older state says the same once more.
    if (this.#older !== null) return false;
    if (hold === null || this.#lookAtMs === null || this.#lookingAt !== null || nowMs < this.#lookAtMs) return false;
    this.#lookingAt = hold.sinceMs;
    return true;
  }

  /**
   * The second look found so many addresses; null when the registries could not be asked. One that was made for an
   * earlier hold says nothing about this one.
   */
  looked(size: number | null, policy: GuardPolicy, nowMs: number): GuardTurn {
    const since = this.#lookingAt;
    this.#lookingAt = null;
    const { hold } = this.#admission;
    if (hold === null || hold.sinceMs !== since) return null;
    if (size !== null && this.#older === null && isShort(size, hold.largest, policy)) return this.confirm(nowMs);
    this.#lookAtMs = nowMs + LOOK_AGAIN_MS;
    return null;
  }

  /** Believes what is listed now; null when nothing was held. */
  confirm(nowMs: number): GuardTurn {
    if (this.held === null) return null;
    if (this.#older !== null && this.#source !== null) {
      this.#source.world.believeOlder(this.name);
      this.#list(this.#source, nowMs);
    }
    this.#admission = believe(this.#listed, nowMs);
    this.#lookAtMs = null;
    return 'believed';
  }

  /** What is listed now, and what is kept because its registry has not been heard since this agent began. */
  #list(source: Source, nowMs: number): void {
    const { world, unitLabel, pinnedBy } = source;
    this.#source = source;
    const loss = world.olderLoss(this.name);
    const listed = byAddress(endpointsOf(world, this.name, unitLabel));
    for (const address of this.#unseen) if (listed.has(address)) this.#unseen.delete(address);
    // Dubbo names a node by its address.
    const unread = new Set(this.#unseen.size === 0 ? [] : [...world.unreadOf(this.name)].map(hostOf));
    let kept = 0;
    for (const [address, endpoint] of this.#admission.published) {
      if (listed.has(address)) continue;
      const isOlder = loss !== null && this.#unseen.has(address);
      if (isOlder) kept += 1;
      const isUnread = this.#unseen.has(address) && unread.has(endpoint.address);
      if (isOlder || isUnread || pinnedBy(endpoint)) listed.set(address, endpoint);
    }
    if (loss === null) this.#older = null;
    else this.#older = { sinceMs: nowMs, isTold: false, ...this.#older, wouldRemove: loss + kept };
    this.#listed = listed;
  }
}

/** The host of `HOST:PORT`, or of `[HOST]:PORT`. */
function hostOf(id: string): string {
  const host = id.slice(0, id.lastIndexOf(':'));
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

function byPlace(a: Endpoint, b: Endpoint): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port;
}

function byAddress(endpoints: readonly Endpoint[]): Map<string, Endpoint> {
  return new Map(endpoints.map((one) => [endpointKey(one), one]));
}

function isSameSet(a: ReadonlyMap<string, Endpoint>, b: ReadonlyMap<string, Endpoint>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, one] of a) {
    const other = b.get(key);
    if (other === one) continue;
    if (other === undefined || !isSame(one, other)) return false;
  }
  return true;
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  const text = ({ services, ...rest }: Endpoint) => JSON.stringify([rest, services === null ? null : [...services]]);
  return text(a) === text(b);
}
