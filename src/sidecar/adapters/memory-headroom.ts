/** The memory that a new process of this cgroup may still take, by the machine and by every limit up to the root. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

/** Reads a file of /proc or of a cgroup; null when it is not there. Tests lay out others. */
export type ReadText = (path: string) => Promise<string | null>;

const readText: ReadText = (path) => readFile(path, 'latin1').catch(nullIfMissing);

interface Hierarchy {
  /** Where it is mounted, and which part of it. */
  readonly point: string;
  readonly root: string;
  readonly files: { readonly limit: string; readonly usage: string; readonly inactive: RegExp };
}

const V2 = { limit: 'memory.max', usage: 'memory.current', inactive: /^inactive_file (\d+)$/m } as const;
const V1 = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  inactive: /^total_inactive_file (\d+)$/m,
} as const;

/** The memory hierarchies of both versions of cgroups (proc(5), /proc/PID/mountinfo); on hybrid hosts there are two. */
function hierarchies(mountinfo: string): Hierarchy[] {
  return mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [fields = '', source = ''] = line.split(' - ');
    const [, , , root, point] = fields.split(' ');
    const [type, , options = ''] = source.split(' ');
    if (root === undefined || point === undefined) return [];
    if (type === 'cgroup2') return [{ point, root, files: V2 }];
    return type === 'cgroup' && options.split(',').includes('memory') ? [{ point, root, files: V1 }] : [];
  });
}

function pathIn(cgroups: string, { files }: Hierarchy): string | null {
  const lines = cgroups.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const wanted = lines.find((found) => (files === V2 ? found?.[1] === '' : found?.[1]?.split(',').includes('memory')));
  return wanted?.[2] ?? null;
}

/**
 * Bytes that processes can still allocate before the out-of-memory killer acts. Unused page cache counts as free: the
 * kernel drops it first. Null when nothing tells. Sources: MemAvailable, and `limit - (usage - inactive_file)` of each
 * cgroup up to the root.
 */
export async function memoryHeadroom(read: ReadText = readText): Promise<number | null> {
  const [meminfo, mountinfo, cgroups] = await Promise.all(
    ['/proc/meminfo', '/proc/self/mountinfo', '/proc/self/cgroup'].map(read),
  );
  const available = Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo ?? '')?.[1] ?? Number.NaN) * 1024;
  const rooms = [Number.isNaN(available) ? Number.POSITIVE_INFINITY : available];
  for (const hierarchy of hierarchies(mountinfo ?? '')) {
    const path = pathIn(cgroups ?? '', hierarchy);
    if (path === null) continue;
    // A container may see only its own part of the hierarchy, under a path of its own.
    const { root, point } = hierarchy;
    const inside = root !== '/' && path.startsWith(root) ? path.slice(root.length) : path;
    for (let at = join('/', inside); ; at = dirname(at)) {
      rooms.push(await roomIn(join(point, at), hierarchy.files, read));
      if (at === '/') break;
    }
  }
  const room = Math.min(...rooms);
  return Number.isFinite(room) ? room : null;
}

async function roomIn(folder: string, files: Hierarchy['files'], read: ReadText): Promise<number> {
  const [limit, usage, stat] = await Promise.all(
    [files.limit, files.usage, 'memory.stat'].map((name) => read(join(folder, name))),
  );
  // "max" is the word of version 2 for no limit; the root has no file at all.
  if (!/^\d+\s*$/.test(limit ?? '') || !/^\d+\s*$/.test(usage ?? '')) return Number.POSITIVE_INFINITY;
  return Number(limit) - Number(usage) + Number(files.inactive.exec(stat ?? '')?.[1] ?? 0);
}
