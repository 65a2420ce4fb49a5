/** The accept file: reviewed diagnostics that a run lets through, each with a reason and an end. */
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { WeirError } from '../errors/weir-error.ts';
import { diagnosticEntry } from './diagnostics/catalogue.ts';
import { issueText } from './issue-text.ts';
import { aliasFault } from './read/yaml-aliases.ts';

const entrySchema = z.strictObject({
  id: z.string().refine((id) => id === 'sampled' || diagnosticEntry(id) !== undefined, 'no diagnostic of that id'),
  script: z.string().min(1).optional(),
  rule: z
    .string()
    .regex(/^r\d+$/)
    .optional(),
  reason: z.string().trim().min(1),
  expires: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a date, 2027-01-31'),
});

const fileSchema = z.strictObject({ schemaVersion: z.literal(1).optional(), accept: z.array(entrySchema) });

/** One reviewed acceptance: a diagnostic id, where it holds, why, and until when (included). */
export type AcceptEntry = z.infer<typeof entrySchema>;

/** The reviewed acceptances of a run; remembers which of them were needed. */
export class AcceptList {
  private readonly entries: readonly AcceptEntry[];
  private readonly today: string;
  private readonly needed = new Set<AcceptEntry>();

  /** `today` is a date, `2026-11-24`. */
  constructor(entries: readonly AcceptEntry[], today: string) {
    this.entries = entries;
    this.today = today;
  }

  /** The accepted ids of a script, as `WR041` or `WR041@r3`. */
  codesFor(script: string): ReadonlySet<string> {
    const live = this.entries.filter((entry) => entry.expires >= this.today && concerns(entry, script));
    return new Set(live.map((entry) => (entry.rule === undefined ? entry.id : `${entry.id}@${entry.rule}`)));
  }

  /** Whether a finding is accepted; an entry that is asked for and fits counts as needed. */
  accepts(script: string, code: string, rule: string | null): boolean {
    const fitting = this.entries.filter(
      (entry) => entry.id === code && concerns(entry, script) && (entry.rule === undefined || entry.rule === rule),
    );
    for (const entry of fitting) this.needed.add(entry);
    return fitting.some((entry) => entry.expires >= this.today);
  }

  /** Entries that have expired, and entries that nothing in the run needed. */
  complaints(): string[] {
    const name = ({ id, script, rule }: AcceptEntry): string =>
      [id, script, rule].filter((part) => part !== undefined).join(' ');
    return this.entries.flatMap((entry) => {
      if (entry.expires < this.today)
        return [`accept entry "${name(entry)}" expired on ${entry.expires}: it accepts nothing`];
      return this.needed.has(entry) ? [] : [`accept entry "${name(entry)}" is stale: nothing in this run needs it`];
    });
  }
}

function concerns(entry: AcceptEntry, script: string): boolean {
  return entry.script === undefined || script === entry.script || script.endsWith(`/${entry.script}`);
}

/** Reads an accept file. Throws WEIR5022 with the place. */
export function parseAcceptFile(text: string, file: string, today: string): AcceptList {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) {
    throw broken(
      file,
      error.message.split('\n')[0] ?? 'it is no YAML',
      error.linePos?.[0].line,
      error.linePos?.[0].col,
    );
  }
  const fault = aliasFault(document);
  if (fault !== null) throw broken(file, fault.reason);
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: -1 }));
  if (parsed.success) return new AcceptList(parsed.data.accept, today);
  throw broken(file, issueText(parsed.error.issues[0]));
}

function broken(file: string, why: string, line = 1, column = 1): WeirError {
  return new WeirError('WEIR5022', {
    what: `the accept file ${file} cannot be used`,
    why,
    hint: 'write {accept: [{id: WR041, reason: ..., expires: 2027-01-31}]}; `weir help WEIR5022` has more',
    location: { file, line, column },
  });
}
