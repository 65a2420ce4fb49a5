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
  readonly #newest = new Map<string, FolderMark>();

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
    if (!isOlder) this.#newest.set(path, mark);
    return isOlder;
  }
}

/** Changes are an int32 of ZooKeeper, which begins anew at its lowest number: what is less far behind than ahead is before. */
function isBefore(a: FolderMark, b: FolderMark): boolean {
  return a.created < b.created || (a.created === b.created && ((a.changes - b.changes) | 0) < 0);
}
