/** The event log of a state directory: what became of the traffic of applications, when, and why. */
import { join } from 'node:path';
import { type JournalFile, openJournalFile } from '../../platform/journal-file.ts';
import { readValue, recordDocument } from '../../platform/record.ts';
import type { JournalEntry } from '../journal-entry.ts';

/** The event log and its predecessor, in the state directory. */
export const EVENT_LOG_FILES = ['journal.jsonl', 'journal.jsonl.1'] as const;

/** Some 8,000 events. */
const MAX_BYTES = 1024 * 1024;

/** One line of the event log. */
const EVENT = { name: 'event', version: 1 } as const;

/** Opens the event log `<stateDir>/journal.jsonl`; `maxBytes` is for tests. */
export function openEventLog(stateDir: string, maxBytes: number = MAX_BYTES): JournalFile<JournalEntry> {
  const journal = openJournalFile<unknown>(join(stateDir, EVENT_LOG_FILES[0]), {
    mode: 0o600,
    maxBytes,
    parse: (document) => document,
  });
  return {
    append: (entry) => journal.append(recordDocument(EVENT, entry)),
    async read() {
      // Loaded here: `off` only writes a line.
      const { EVENT_SCHEMA } = await import('./event-schema.ts');
      return (await journal.read()).flatMap((document) => {
        // A line of a later weir is left out like half a one: it is told for people to read, and nothing is decided by it.
        const reading = readValue({ ...EVENT, schema: EVENT_SCHEMA }, document);
        return reading.state === 'read' ? [reading.value] : [];
      });
    },
  };
}
