/** Leases under iptables: the xt_recent lists of /proc. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfMissing } from '../../../platform/null-if-missing.ts';
import { leaseList } from '../../rules/iptables/compile-iptables.ts';
import { RECENT_ENTRIES, recentAgeMs } from '../../rules/iptables/recent-list.ts';
import type { Lease } from '../../rules/lease.ts';

/** Where the kernel shows the xt_recent lists of this process's network namespace; each is there while a rule names it. */
export const RECENT_LISTS = '/proc/self/net/xt_recent';

/** Stamps the lists of leases with the present time: no program is run. Resolves to the applications without a list. */
export async function renewRecentLists(folder: string, leases: readonly Lease[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { app, slot } of leases) {
    try {
      // One entry a write, and without O_CREAT: only a rule can make a list.
      for (const entry of RECENT_ENTRIES) await writeFile(join(folder, leaseList(slot)), entry, { flag: 'r+' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      missing.push(app);
    }
  }
  return missing;
}

/** Milliseconds that each lease has left, by application; 0 once it has lapsed, and without a list. Throws when a list cannot be read. */
export async function readRecentLists(folder: string, leases: readonly Lease[]): Promise<ReadonlyMap<string, number>> {
  const left = leases.map(async ({ app, slot, seconds }): Promise<[string, number]> => {
    const text = await readFile(join(folder, leaseList(slot)), 'utf8').catch(nullIfMissing);
    const age = recentAgeMs(text ?? '', Number(process.hrtime.bigint() / 1_000_000n));
    return [app, age === null ? 0 : Math.max(0, Math.round(seconds * 1000 - age))];
  });
  return new Map(await Promise.all(left));
}
