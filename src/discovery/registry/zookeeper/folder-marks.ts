/** How new the state of folders is that ZooKeeper told of: by it, one that was set back is known. */

/** How far a folder has come, as ZooKeeper counts it (Stat: czxid and cversion). Neither ever goes back, but by a backup. */
export interface FolderMark {
  /** The transaction that created it. */
  readonly created: bigint;
  /** How often names below it came or went. */
  readonly changes: number;
}

/** The newest marks of folders that were ever told. */
export class FolderMarks {
  readonly #newest: Map<string, FolderMark>;
  #text: string | null = null;

  /** `known`: what an earlier agent wrote down, by path. */
  constructor(known: Iterable<readonly [string, FolderMark]> = []) {
    this.#newest = new Map(known);
  }

  /** All of them as JSON: by path, the transaction as text and the number of changes. Made anew when one is another. */
  get text(): string {
    const written = () => [...this.#newest].map(([path, { created, changes }]) => [path, [String(created), changes]]);
    this.#text ??= JSON.stringify(Object.fromEntries(written()));
    return this.#text;
  }

  get paths(): Iterable<string> {
    return this.#newest.keys();
  }

  has(path: string): boolean {
    return this.#newest.has(path);
  }

  /** Takes what is told of a folder; whether it is older than what was told before. A folder that is gone tells nothing. */
  note(path: string, mark: FolderMark | null): boolean {
    if (mark === null) return false;
    const newest = this.#newest.get(path);
    const isOlder = newest !== undefined && isBefore(mark, newest);
    if (isOlder) return true;
    const isSame = newest !== undefined && newest.created === mark.created && newest.changes === mark.changes;
    if (!isSame) this.#text = null;
    this.#newest.set(path, mark);
    return false;
  }
}

/** Changes are an int32 of ZooKeeper, which begins anew at its lowest number: what is less far behind than ahead is before. */
function isBefore(a: FolderMark, b: FolderMark): boolean {
  return a.created < b.created || (a.created === b.created && ((a.changes - b.changes) | 0) < 0);
}
