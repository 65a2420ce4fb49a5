import { open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SidecarJournal, SidecarJournalEntry } from '../../usecases/ports/sidecar.ts';
import { makeFolder } from '../make-folder.ts';

/** The file is put aside (NAME.1) beyond this size in bytes. */
const ROTATE_AT = 2 * 1024 * 1024;

/** The journal of a sidecar: one JSON document a line, on the disk before the append resolves. */
export function openSidecarJournal(file: string): SidecarJournal {
  // Appends are queued: lines of two writers must not mix.
  let last: Promise<unknown> = Promise.resolve();
  const write = async (entry: SidecarJournalEntry): Promise<string | null> => {
    try {
      const size = (await stat(file).catch(() => null))?.size ?? 0;
      if (size > ROTATE_AT) await rename(file, `${file}.1`);
      const handle = await open(file, 'a', 0o640);
      try {
        await handle.appendFile(`${JSON.stringify(entry)}\n`);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  return {
    async append(entry) {
      const done = last.then(() => write(entry));
      last = done;
      return done;
    },
    read: () => readSidecarJournal(file),
  };
}

/** All entries of a journal, oldest first. A last line that was cut off by a crash is left out. */
export async function readSidecarJournal(file: string): Promise<readonly SidecarJournalEntry[]> {
  const texts = await Promise.all([`${file}.1`, file].map((name) => readFile(name, 'utf8').catch(() => '')));
  const entries: SidecarJournalEntry[] = [];
  for (const line of texts.join('').split('\n')) {
    if (line === '') continue;
    try {
      entries.push(JSON.parse(line));
    } catch {
      // Half a line: the machine went down while it was written.
    }
  }
  return entries;
}

/** Whether a line can be written to the journal's folder now; the reason if not. */
export async function journalProblem(file: string): Promise<string | null> {
  try {
    await makeFolder(dirname(file));
    const handle = await open(`${file}.try`, 'w');
    try {
      await handle.writeFile('x'.repeat(4096));
      await handle.datasync();
    } finally {
      await handle.close();
      const { rm } = await import('node:fs/promises');
      await rm(`${file}.try`, { force: true });
    }
    return null;
  } catch (error) {
    return `the state directory cannot be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}
