/** The finding of a check that goes by the state file, and could not read it. */
import { type CheckFinding, finding } from './check-finding.ts';

/** `problem`: why the state file could not be read. What weir remembers is not known then, which is not nothing. */
export function unreadMemory(problem: string, why: string): CheckFinding {
  return finding('skipped', `not known what weir remembers: ${problem}`, why, { hint: 'see `weir check leftovers`' });
}
