/** The event log of a state directory: what became of the traffic of applications, when, and why. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import { type JournalFile, openJournalFile } from '../../platform/journal-file.ts';
import { type RecordKind, readValue, recordDocument } from '../../platform/record.ts';
import type { JournalEntry } from '../journal-entry.ts';

/** The event log and its predecessor, in the state directory. */
export const EVENT_LOG_FILES = ['journal.jsonl', 'journal.jsonl.1'] as const;

/** Some 8,000 events. */
const MAX_BYTES = 1024 * 1024;

/** One line of the event log. */
const EVENT: RecordKind<JournalEntry> = {
  name: 'event',
  version: 1,
  schema: z.object({
    at: z.iso.datetime(),
    app: z.string(),
    from: z.string(),
    to: z.string(),
    by: z.string(),
    reason: z.nullable(z.string()),
  }),
};

/** Opens the event log `<stateDir>/journal.jsonl`; `maxBytes` is for tests. */
export function openEventLog(stateDir: string, maxBytes: number = MAX_BYTES): JournalFile<JournalEntry> {
  const journal = openJournalFile<JournalEntry>(join(stateDir, EVENT_LOG_FILES[0]), {
    mode: 0o600,
    maxBytes,
    // A line of a later weir is left out like half a one: it is told for people to read, and nothing is decided by it.
    parse(document) {
      const reading = readValue(EVENT, document);
      return reading.state === 'read' ? reading.value : null;
    },
  });
  return { ...journal, append: (entry) => journal.append(recordDocument(EVENT, entry)) };
}
