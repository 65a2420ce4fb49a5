/** The processes that keepers of a sidecar hold. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The living processes whose files keepers wrote into the run directory of a sidecar, oldest first. */
export async function keptProcesses(folder: string, pattern = /^g(\d+)\.pid$/): Promise<number[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => pattern.test(name));
  names.sort((a, b) => Number(/\d+/.exec(a)?.[0] ?? 0) - Number(/\d+/.exec(b)?.[0] ?? 0));
  const living: number[] = [];
  for (const name of names) {
    const [pid, start] = (await readFile(join(folder, name), 'utf8').catch(() => '')).trim().split(' ');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[19] === start && fields[0] !== 'Z') living.push(Number(pid));
  }
  return living;
}

/** The files in /dev/shm that a process of Envoy maps. */
export async function sharedMemoryOf(pid: number): Promise<string[]> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
  return [...new Set([...maps.matchAll(/\/dev\/shm\/envoy_shared_memory_\d+/g)].map(([path]) => path))];
}
