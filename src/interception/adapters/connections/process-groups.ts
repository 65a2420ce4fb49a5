/** Effective groups of processes, which sockets do not show. */
import { readFile } from 'node:fs/promises';
import { nullIfMissing } from '../../../platform/null-if-missing.ts';

/**
 * Effective group id of each process, from `/proc/PID/status`; a process that has ended is left
 * out. Throws when one cannot be looked at. This is the group that a socket of the process is matched by (`meta skgid`, `-m owner --gid-owner`).
 */
export async function effectiveGroups(pids: readonly number[]): Promise<Map<number, number>> {
  const groups = new Map<number, number>();
  await Promise.all(
    pids.map(async (pid) => {
      const status = (await readFile(`/proc/${pid}/status`, 'utf8').catch(nullIfMissing)) ?? '';
      // Real, effective, saved and filesystem id, in this order.
      const effective = /^Gid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
      if (effective !== undefined) groups.set(pid, Number(effective));
    }),
  );
  return groups;
}
