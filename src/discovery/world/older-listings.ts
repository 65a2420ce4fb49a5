/** What a registry that was set back lists of places that it knew better: kept apart until nodes speak for themselves. */

/** How the older listing of a place differs from what is known of it. */
interface Older<Read> {
  /** Names of known nodes that it does not have. */
  readonly missing: Set<string>;
  /** Nodes that are not known, or not with this content. */
  readonly other: Map<string, Read>;
}

/** The older listings that differ from what is known. */
export class OlderListings<Read> {
  readonly #places = new Map<string, Older<Read>>();

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  get places(): Iterable<string> {
    return this.#places.keys();
  }

  /** Takes an older listing of a place; whether it differs from what is known, or the one before it did. */
  note(
    place: string,
    known: ReadonlyMap<string, Read>,
    listed: ReadonlyMap<string, Read>,
    isSame: (a: Read, b: Read) => boolean,
  ): boolean {
    const missing = new Set([...known.keys()].filter((id) => !listed.has(id)));
    const isOther = (id: string, read: Read) => {
      const former = known.get(id);
      return former === undefined || !isSame(former, read);
    };
    const other = new Map([...listed].filter(([id, read]) => isOther(id, read)));
    const isFormer = this.clear(place);
    if (missing.size + other.size > 0) this.#places.set(place, { missing, other });
    return missing.size + other.size > 0 || isFormer;
  }

  /** A node spoke for itself: what the older listing says of it counts no more. Whether it said something. */
  resolve(place: string, id: string): boolean {
    const older = this.#places.get(place);
    if (older === undefined) return false;
    const isNamed = [older.missing.delete(id), older.other.delete(id)].includes(true);
    if (older.missing.size + older.other.size === 0) this.#places.delete(place);
    return isNamed;
  }

  /** Forgets the older listing of a place; whether there was one. */
  clear(place: string): boolean {
    return this.#places.delete(place);
  }

  /** The applications of the nodes by which an older listing differs. */
  appsOf(place: string, known: ReadonlyMap<string, Read>, appOf: (read: Read) => string | null): ReadonlySet<string> {
    const older = this.#places.get(place);
    if (older === undefined) return new Set();
    const missing = [...older.missing].flatMap((id) => known.get(id) ?? []);
    return new Set([...missing, ...older.other.values()].flatMap((read) => appOf(read) ?? []));
  }

  /** The nodes of a place as its older listing has them. */
  asListed(place: string, known: ReadonlyMap<string, Read>): ReadonlyMap<string, Read> {
    const older = this.#places.get(place);
    if (older === undefined) return known;
    return new Map([...[...known].filter(([id]) => !older.missing.has(id)), ...older.other]);
  }

  /** Puts what the older listing of a place says of some nodes into what is known. */
  believe(place: string, known: Map<string, Map<string, Read>>, isMeant: (read: Read) => boolean): void {
    const older = this.#places.get(place);
    if (older === undefined) return;
    const nodes = known.get(place) ?? new Map<string, Read>();
    known.set(place, nodes);
    for (const id of older.missing) {
      const read = nodes.get(id);
      if (read === undefined || !isMeant(read)) continue;
      nodes.delete(id);
      this.resolve(place, id);
    }
    for (const [id, read] of older.other) {
      if (!isMeant(read)) continue;
      nodes.set(id, read);
      this.resolve(place, id);
    }
  }
}
