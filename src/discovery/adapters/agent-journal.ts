/** The journal of a discovery agent: what it told people, with the time. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { openJournalFile } from '../../platform/journal-file.ts';
import { type RecordKind, readValue, recordDocument } from '../../platform/record.ts';
import type { AgentNews } from '../agent/discovery-event.ts';

const MAX_BYTES = 2 * 1024 * 1024;

/** One entry. */
const ENTRY: RecordKind<{ readonly at: string; readonly event: string; readonly text: string }> = {
  name: 'journal entry of a discovery agent',
  version: 1,
  schema: z.looseObject({ at: z.string(), event: z.string(), text: z.string() }),
};

/** Opens the journal in a folder: appends news, and rejects with the system's error. */
export function openAgentJournal(folder: string): (at: string, news: AgentNews) => Promise<void> {
  const journal = openJournalFile(join(folder, 'journal.jsonl'), {
    ...{ mode: 0o640, maxBytes: MAX_BYTES },
    parse(document) {
      const read = readValue(ENTRY, document);
      return read.state === 'read' ? read.value : null;
    },
  });
  return (at, news) => journal.append(recordDocument(ENTRY, { at, ...news }));
}
