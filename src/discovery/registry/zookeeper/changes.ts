/** Changes of a ZooKeeper registry that wait to be read: each place once, in bounded memory. */
import { type ChangedPlace, changedPlace } from './changed-place.ts';
import { WATCH_EVENT } from './jute.ts';
import { instancesPath, type ZooKeeperRoots } from './paths.ts';

/** A place with the last thing that happened to it. */
export interface Change {
  readonly place: ChangedPlace;
  /** One of `WATCH_EVENT`. */
  readonly type: number;
}

/** Beyond so many the instances of an application are listed instead of being read one by one. */
const MOST_WAITING = 16_384;

/** What changed since the last look. Of many changes of one place the last one counts. */
export class Changes {
  readonly #roots: ZooKeeperRoots;
  readonly #most: number;
  #waiting = new Map<string, Change>();
  /** Folders of which everything below is listed anyway. */
  #folders = new Set<string>();
  #isTooMany = false;

  constructor(roots: ZooKeeperRoots, most = MOST_WAITING) {
    this.#roots = roots;
    this.#most = most;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether there were more places than are remembered: only a listing of everything tells what changed. */
  get isTooMany(): boolean {
    return this.#isTooMany;
  }

  /** Notes that something happened to a path; to one that no part of weir reads, nothing has. */
  add(type: number, path: string): void {
    const place = changedPlace(this.#roots, path);
    if (place === null || this.#isTooMany) return;
    if (place.kind === 'instance' && this.#folders.has(instancesPath(this.#roots, place.app))) return;
    this.#waiting.set(path, { place, type });
    if (this.#waiting.size > this.#most) this.#gather();
  }

  /** Puts back paths that could not be read, unless something happened to them meanwhile. */
  putBack(paths: Iterable<string>): void {
    for (const path of paths) if (!this.#waiting.has(path)) this.add(WATCH_EVENT.changed, path);
  }

  /** All that waits, in the order in which the places first changed; afterwards nothing does. */
  take(): ReadonlyMap<string, Change> {
    const taken = this.#waiting;
    this.clear();
    return taken;
  }

  clear(): void {
    this.#waiting = new Map();
    this.#folders = new Set();
    this.#isTooMany = false;
  }

  /** Lets one listing of an application stand for the changes of its instances. */
  #gather(): void {
    for (const [path, { place }] of this.#waiting) {
      if (place.kind !== 'instance') continue;
      const folder = instancesPath(this.#roots, place.app);
      this.#waiting.delete(path);
      this.#folders.add(folder);
      this.#waiting.set(folder, { place: { kind: 'instances', app: place.app }, type: WATCH_EVENT.children });
    }
    // Little was gathered where as many applications change, or providers, of which each says all there is to know.
    if (this.#waiting.size <= this.#most / 2) return;
    this.clear();
    this.#isTooMany = true;
  }
}
