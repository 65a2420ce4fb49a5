/** A short-lived cgroup from which probes count as a slice's. */
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupMount } from '../../../platform/cgroups.ts';
import { isProcessAlive } from '../../../platform/process-alive.ts';

const PREFIX = 'weir-probe-';
let made = 0;

/** A cgroup that exists for the length of a probe. */
export interface ProbeCgroup {
  /** Absolute path of its folder. */
  readonly folder: string;
  /** Removes it; the processes in it must have ended. Never rejects: an empty cgroup that stays does no harm. */
  remove(): Promise<void>;
}

/**
 * Makes a cgroup below a slice, for a process that counts as the slice's. An inner cgroup may hold no processes of its
 * own (cgroup-v2.rst, "no internal processes"). Removes the empty cgroups of killed weirs.
 * Rejects with one line that says why there can be none.
 */
export async function makeProbeCgroup(slice: string, mountOf = cgroupMount): Promise<ProbeCgroup> {
  const mount = await mountOf();
  if (mount === null) throw new Error('no cgroup v2 hierarchy is mounted');
  const parent = join(mount, slice);
  await removeLeftovers(parent);
  made += 1;
  const folder = join(parent, `${PREFIX}${process.pid}-${made}`);
  try {
    await mkdir(folder);
  } catch (error) {
    throw new Error(`no cgroup can be made in ${parent}: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
  return { folder, remove: () => removeCgroup(folder) };
}

// A process that has just ended still counts for a moment (EBUSY).
async function removeCgroup(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 25; attempt += 1) {
    const code = await rmdir(folder).then(
      () => null,
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (code !== 'EBUSY') return;
    await sleep(20);
  }
}

async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    // A weir that still runs may be about to use its own.
    if (Number.isInteger(pid) && !isProcessAlive(pid)) await rmdir(join(parent, name)).catch(() => {});
  }
}
