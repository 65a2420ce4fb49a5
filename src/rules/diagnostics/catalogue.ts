/** The diagnostics of rules as one table, and the lookup of an id in it. */
import type { DiagnosticEntry } from './entry.ts';
import { SCRIPT_DIAGNOSTICS } from './script-entries.ts';
import { TARGET_DIAGNOSTICS } from './target-entries.ts';

/** Every diagnostic about rules, by its id. Ids are never reused. */
export const DIAGNOSTICS = { ...SCRIPT_DIAGNOSTICS, ...TARGET_DIAGNOSTICS };

/** An id of the catalogue, `WR001` and so on. */
export type DiagnosticCode = keyof typeof DIAGNOSTICS;

/** The row of a code that came as text; undefined for an unknown one. */
export function diagnosticEntry(code: string): DiagnosticEntry | undefined {
  return Object.hasOwn(DIAGNOSTICS, code) ? DIAGNOSTICS[code as DiagnosticCode] : undefined;
}
