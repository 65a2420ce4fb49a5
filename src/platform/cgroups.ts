/** The cgroup v2 hierarchy: its mounts, the path of a process, and the probe for slices. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfMissing } from './null-if-missing.ts';

/**
 * Where the cgroup v2 hierarchy is mounted: `/sys/fs/cgroup`, on hybrid hosts `/sys/fs/cgroup/unified`. Mounts of the
 * whole hierarchy go before those of a part of it. Format: proc(5), /proc/PID/mountinfo.
 */
export function findCgroupMounts(mountinfo: string): string[] {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [fields = '', source = ''] = line.split(' - ');
    const [, , , root, point] = fields.split(' ');
    if (!source.startsWith('cgroup2 ') || root === undefined || point === undefined) return [];
    const path = point.replaceAll(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    return [{ isWhole: root === '/', path }];
  });
  return mounts.toSorted((a, b) => Number(b.isWhole) - Number(a.isWhole)).map(({ path }) => path);
}

/** Where the cgroup v2 hierarchy is mounted for this process, the best mount first. Throws when /proc cannot be read. */
export async function cgroupMounts(): Promise<readonly string[]> {
  return findCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** The best mount of the cgroup v2 hierarchy, or null. Throws when /proc cannot be read. */
export async function cgroupMount(): Promise<string | null> {
  return (await cgroupMounts())[0] ?? null;
}

/**
 * The cgroup v2 path of a process, without a leading slash and '' for the root; null when it has ended or there is no
 * cgroup v2. A socket belongs to the cgroup that its process was in when it opened the socket.
 */
export async function cgroupOfProcess(pid: number): Promise<string | null> {
  return cgroupOfText((await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(nullIfMissing)) ?? '');
}

/** The cgroup v2 path in the text of /proc/PID/cgroup, as `cgroupOfProcess` has it. */
export function cgroupOfText(text: string): string | null {
  return /^0::\/(.*?)(?: \(deleted\))?$/m.exec(text)?.[1] ?? null;
}

/** A look-up of slices in the cgroup v2 hierarchy. */
export interface SliceProbe {
  /** Whether this cgroup-v2 path exists, and where the hierarchy is mounted. */
  slice(path: string): Promise<{ readonly exists: boolean; readonly mount: string | null }>;
}

/** Looks cgroup v2 paths up in the mounted hierarchy. */
export const sliceProbe: SliceProbe = {
  async slice(path) {
    const mount = await cgroupMount();
    if (mount === null) return { exists: false, mount };
    const folder = join(mount, path);
    // A path with `..` would leave the hierarchy, and the kernel would not take it either.
    const isInside = folder === mount || folder.startsWith(`${mount}/`);
    const exists = isInside && (await stat(folder).catch(nullIfMissing))?.isDirectory() === true;
    return { exists, mount };
  },
};
