/** The journal of one sidecar: states, ends of upgrades, bypasses, supervisors. */
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { openJournalFile } from '../../platform/journal-file.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { readValue, recordDocument } from '../../platform/record.ts';
import type { SidecarJournal } from '../ports.ts';
import { JOURNAL_ENTRY } from '../records/sidecar-records.ts';

/** Some 4,000 upgrades. */
const MAX_BYTES = 2 * 1024 * 1024;

/** Opens the journal in a file. Appending resolves to the reason why it could not be written, or to null. */
export function openSidecarJournal(file: string): SidecarJournal {
  const journal = openJournalFile<unknown>(file, { mode: 0o640, maxBytes: MAX_BYTES, parse: (document) => document });
  return {
    append: (entry) => journal.append(recordDocument(JOURNAL_ENTRY, entry)).then(() => null, messageOf),
    async read() {
      const lines = (await journal.read()).map((document) => readValue(JOURNAL_ENTRY, document));
      return {
        entries: lines.flatMap((line) => (line.state === 'read' ? [line.value] : [])),
        newer: lines.filter(({ state }) => state === 'newer').length,
      };
    },
  };
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
      await rm(`${file}.try`, { force: true });
    }
    return null;
  } catch (error) {
    return `the state directory cannot be written: ${messageOf(error)}`;
  }
}
