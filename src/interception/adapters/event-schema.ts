/** The zod schema of one line of the event log. */
import * as z from 'zod/mini';
import type { JournalEntry } from '../journal-entry.ts';

/** The form of a line. */
export const EVENT_SCHEMA = z.object({
  at: z.iso.datetime(),
  app: z.string(),
  from: z.string(),
  to: z.string(),
  by: z.string(),
  reason: z.nullable(z.string()),
}) satisfies z.ZodMiniType<JournalEntry>;
