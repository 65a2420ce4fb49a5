/** Whether a ZooKeeper was set back to an older state, as to a backup: its folders are older than they were. */
import type { RegistryEvent } from '../../world/registry-event.ts';
import type { FolderMark, FolderMarks } from './folder-marks.ts';
import { inFlight } from './in-flight.ts';
import { instancesPath, providersPath, type ZooKeeperRoots } from './paths.ts';

const IN_FLIGHT = 8;

/** Compares the folders of one registry with the newest state that was told of it. */
export class SetBack {
  readonly #roots: ZooKeeperRoots;
  readonly #marks: FolderMarks;
  readonly #read: (path: string) => Promise<FolderMark | null>;
  readonly #warn: (why: string) => void;
  /** Folders of which something was told since their marks were read. */
  readonly #touched = new Set<string>();
  #isSetBack = false;

  /** `read` gives the mark of a folder; null where it has none or is not shown. */
  constructor(
    roots: ZooKeeperRoots,
    marks: FolderMarks,
    read: (path: string) => Promise<FolderMark | null>,
    warn: (why: string) => void,
  ) {
    this.#roots = roots;
    this.#marks = marks;
    this.#read = read;
    this.#warn = warn;
  }

  /** Looks whether a folder is older than it was told before: every later listing of it, and of what knows no age, is so too. */
  async look(): Promise<void> {
    const older: string[] = [];
    await inFlight([...this.#marks.paths], IN_FLIGHT, async (path) => {
      if (this.#marks.note(path, await this.#read(path))) older.push(path);
    });
    const [first] = older.toSorted();
    if (first !== undefined && !this.#isSetBack)
      this.#warn(`it was set back, as from a backup: ${first} is older than before`);
    this.#isSetBack = first !== undefined;
  }

  /** The event as it is to be told: a listing of an older state says so. */
  told(event: RegistryEvent): RegistryEvent {
    const folder = this.#folderOf(event);
    // An empty folder has nobody to lose.
    if (folder !== null && !('listed' in event && event.listed.size === 0)) this.#touched.add(folder);
    const isListing = event.kind === 'instances' || event.kind === 'providers' || event.kind === 'mapping';
    const isOlder = this.#isSetBack && isListing && (folder === null || this.#marks.has(folder));
    return isOlder ? { ...event, isOlder: true } : event;
  }

  /** Beside what is read of changes, which must not wait for it; what cannot be read now is at the next time. */
  markTouched(): void {
    const paths = [...this.#touched];
    this.#touched.clear();
    const mark = async (path: string) => this.#marks.note(path, await this.#read(path));
    inFlight(paths, IN_FLIGHT, mark).catch(() => {
      for (const path of paths) this.#touched.add(path);
    });
  }

  /** The folder of the nodes that an event is about; null for one without. */
  #folderOf(event: RegistryEvent): string | null {
    if (event.kind === 'instances' || event.kind === 'instance') return instancesPath(this.#roots, event.app);
    return event.kind === 'providers' || event.kind === 'provider' ? providersPath(this.#roots, event.interface) : null;
  }
}
