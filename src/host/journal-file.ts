import { type FileHandle, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { makeFolder } from './make-folder.ts';

/** The event log and its predecessor, in the state directory. */
export const JOURNAL_FILES = ['journal.jsonl', 'journal.jsonl.1'] as const;

/** Size in bytes from which a file is put away as `journal.jsonl.1`; so the log never takes more than about twice that. */
export const JOURNAL_MAX_BYTES = 1024 * 1024;

const ENTRY_SCHEMA = z.object({
  at: z.iso.datetime(),
  app: z.string(),
  from: z.string(),
  to: z.string(),
  by: z.string(),
  reason: z.nullable(z.string()),
});

/** One event, of the form that the use cases hand to their journal. */
export type JournalLine = z.infer<typeof ENTRY_SCHEMA>;

/** The append-only event log `<stateDir>/journal.jsonl`, one JSON object a line. */
export interface JournalFile {
  /** Appends by one write, so that entries of two commands never mix. Throws the error of the file system. */
  append(entry: Readonly<JournalLine>): Promise<void>;
  /** All entries that are kept, oldest first; half a line that a full disk or a crash left is skipped. */
  read(): Promise<JournalLine[]>;
}

/** Opens the journal of a state directory; `maxBytes` is for tests. */
export function createJournalFile(stateDir: string, maxBytes: number = JOURNAL_MAX_BYTES): JournalFile {
  const [path, older] = JOURNAL_FILES.map((name) => join(stateDir, name)) as [string, string];
  return {
    async append({ at, app, from, to, by, reason }) {
      await makeFolder(stateDir);
      const size = await stat(path).then(
        (found) => found.size,
        () => 0,
      );
      if (size >= maxBytes) await rename(path, older);
      const file = await open(path, 'a+', 0o600);
      try {
        // A line that was cut off must not swallow the next one.
        const start = (await endsInsideLine(file)) ? '\n' : '';
        await file.write(`${start}${JSON.stringify({ at, app, from, to, by, reason })}\n`);
      } finally {
        await file.close();
      }
    },
    async read() {
      const texts = await Promise.all([older, path].map((name) => readFile(name, 'utf8').catch(() => '')));
      return texts.join('').split('\n').flatMap(parseLine);
    },
  };
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}

function parseLine(line: string): JournalLine[] {
  try {
    const parsed = z.safeParse(ENTRY_SCHEMA, JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}
