/** A control group with a memory limit. */
import { spawnSync } from 'node:child_process';
import { access, mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A control group with little memory. */
export interface MemoryLimit {
  /** Puts a process under the limit. */
  add(pid: number): Promise<void>;
  /** Removes the group; what was in it has to have ended. */
  close(): Promise<void>;
}

/** The two versions of control groups: where a group is made and which file holds its limit. */
const HIERARCHIES = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', swap: 'memory.swappiness' },
  { root: '/sys/fs/cgroup', limit: 'memory.max', swap: 'memory.swap.max' },
] as const;

/**
 * Makes a group whose processes the kernel kills above so many bytes. Where no group can be made, the limit is on address
 * space instead, and the process ends by its own failed allocation.
 */
export async function openMemoryLimit(bytes: number): Promise<MemoryLimit> {
  for (const { root, limit, swap } of HIERARCHIES) {
    const group = join(root, `weir-test-${process.pid}-${Date.now()}`);
    try {
      await mkdir(group);
      await access(join(group, limit));
      await writeFile(join(group, limit), String(bytes));
      // Without this the kernel may swap instead of killing.
      await writeFile(join(group, swap), '0').catch(() => {});
      return {
        add: (pid) => writeFile(join(group, 'cgroup.procs'), String(pid)),
        close: () => removeGroup(group),
      };
    } catch {
      await rmdir(group).catch(() => {});
    }
  }
  return {
    async add(pid) {
      spawnSync('prlimit', ['--pid', String(pid), `--as=${bytes}`]);
    },
    close: async () => {},
  };
}

async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const removed = await rmdir(group).then(
      () => true,
      () => false,
    );
    if (removed) return;
    await sleep(20);
  }
}
