/** The one format of weir's journals: a file to which one JSON document a line is appended, and its predecessor. */
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { nullIfMissing } from './null-if-missing.ts';

/** The entries of one journal. */
export interface JournalFormat<Entry> {
  /** Permission bits of a new file. */
  readonly mode: number;
  /** Size in bytes from which the file is put away as `FILE.1`: the journal never takes more than about twice that. */
  readonly maxBytes: number;
  /** The entry that a parsed line holds; null for a document that is none. */
  parse(document: unknown): Entry | null;
}

/** A journal that is kept over the life of a process. */
export interface JournalFile<Entry> {
  /**
   * Appends by one write, so that entries of two processes never mix; the entry is on the disk when it resolves. Throws
   * the error of the file system.
   */
  append(entry: Entry): Promise<void>;
  /**
   * All entries that are kept, oldest first. A line that a full disk or a crash cut off is skipped. Throws the error of
   * the file system when a file is there and cannot be read.
   */
  read(): Promise<Entry[]>;
}

/** The journal in a file; its folder is made at the first append. */
export function openJournalFile<Entry>(path: string, format: JournalFormat<Entry>): JournalFile<Entry> {
  const older = `${path}.1`;
  // Of one process only one append is under way: a long line may take several writes.
  let last: Promise<unknown> = Promise.resolve();
  const append = async (entry: Entry): Promise<void> => {
    await makeFolder(dirname(path));
    let file = await open(path, 'a+', format.mode);
    try {
      if ((await file.stat()).size >= format.maxBytes) {
        await rename(path, older);
        await file.close();
        file = await open(path, 'a+', format.mode);
      }
      // A line that was cut off must not swallow the next one.
      const start = (await endsInsideLine(file)) ? '\n' : '';
      await file.appendFile(`${start}${JSON.stringify(entry)}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
  };
  return {
    append(entry) {
      const done = last.then(() => append(entry));
      last = done.catch(() => {});
      return done;
    },
    async read() {
      const texts = await Promise.all([older, path].map((name) => readFile(name, 'utf8').catch(nullIfMissing)));
      return texts.flatMap((text) => (text ?? '').split('\n')).flatMap((line) => parseLine(line, format));
    },
  };
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

function parseLine<Entry>(line: string, format: JournalFormat<Entry>): Entry[] {
  try {
    const entry = format.parse(JSON.parse(line));
    return entry === null ? [] : [entry];
  } catch (error) {
    // Half a line, or the empty one after the last.
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
