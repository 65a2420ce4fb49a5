/** What supervisors of different weirs tell each other when one replaces the other. */
import * as z from 'zod/mini';
import type { RecordKind } from '../../platform/record.ts';

/** One weir: its version, its entry (bin/run.js), and a mark that changes when another build is put there. */
const WEIR = z.object({ version: z.string(), entry: z.string(), mark: z.nullable(z.string()) });

/** A supervisor process. `pid` and `startTicks` stay the same through a replacement. */
export const SUPERVISOR_FACTS = z.object({
  pid: z.int(),
  weir: WEIR,
  /** Every sidecar that it supervises. */
  sidecars: z.array(z.string()),
  /** The replacement by which it came, or that it took back; null: it was started as it is. */
  handoff: z.nullable(
    z.object({
      id: z.string(),
      /** `pending`: it has not adopted everything yet. `failed`: the other weir gave this one the sidecars back. */
      state: z.enum(['pending', 'done', 'failed']),
      reason: z.nullable(z.string()),
    }),
  ),
});

/** A supervisor process, as its control sockets tell of it. */
export type SupervisorFacts = z.output<typeof SUPERVISOR_FACTS>;

/** One weir as a supervisor tells of it. */
export type WeirBuild = SupervisorFacts['weir'];

/** The request of a replacement: the command line of the other weir (Node and its entry), and a number of its own. */
export const REPLACE_ASKED = z.object({
  command: z.literal('replace'),
  id: z.string(),
  program: z.array(z.string()).check(z.minLength(1)),
});

/** The request of a replacement. */
export type ReplaceAsked = z.output<typeof REPLACE_ASKED>;

/** What goes from one weir to the next in the environment. */
export const HANDOFF_NOTE: RecordKind<{
  readonly id: string;
  /** The command line by which the former weir goes on. Null: this is the former one, and `problem` says why. */
  readonly back: readonly string[] | null;
  readonly problem: string | null;
  /** The sidecars that have to be adopted. */
  readonly sidecars: string[];
  /** The process was told to end meanwhile. */
  readonly stop: boolean;
}> = {
  name: 'note of a handoff',
  version: 1,
  schema: z.object({
    id: z.string(),
    back: z.nullable(z.array(z.string())),
    problem: z.nullable(z.string()),
    sidecars: z.array(z.string()),
    stop: z._default(z.boolean(), false),
  }),
};
