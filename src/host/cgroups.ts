import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SliceProbe } from '../usecases/ports.ts';

/**
 * Where the cgroup v2 hierarchy is mounted: `/sys/fs/cgroup`, on hybrid hosts `/sys/fs/cgroup/unified`, or null. A mount
 * of the whole hierarchy goes before one of a part of it. Format: proc(5), /proc/PID/mountinfo.
 */
export function findCgroupMount(mountinfo: string): string | null {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [fields = '', source = ''] = line.split(' - ');
    const [, , , root, point] = fields.split(' ');
    return source.startsWith('cgroup2 ') && root !== undefined && point !== undefined
      ? [
          {
            root,
            point: point.replaceAll(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
          },
        ]
      : [];
  });
  return (mounts.find(({ root }) => root === '/') ?? mounts[0])?.point ?? null;
}

/** Where the cgroup v2 hierarchy is mounted for this process, or null. */
export async function cgroupMount(): Promise<string | null> {
  return findCgroupMount(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));
}

/**
 * The cgroup v2 path of a process, without a leading slash and '' for the root; null when it has ended or there is no
 * cgroup v2. A socket belongs to the cgroup that its process was in when it opened the socket.
 */
export async function cgroupOfProcess(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return /^0::\/(.*?)(?: \(deleted\))?$/m.exec(text)?.[1] ?? null;
}

/** Looks cgroup v2 paths up in the mounted hierarchy. */
export const sliceProbe: SliceProbe = {
  async slice(path) {
    const mount = await cgroupMount();
    if (mount === null) return { exists: false, mount };
    const folder = join(mount, path);
    // A path with `..` would leave the hierarchy, and the kernel would not take it either.
    const isInside = folder === mount || folder.startsWith(`${mount}/`);
    const exists = isInside && (await stat(folder).catch(() => null))?.isDirectory() === true;
    return { exists, mount };
  },
};
