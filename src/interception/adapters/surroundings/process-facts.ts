/** Accounts and namespaces of processes, from /proc. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cgroupOfText } from '../../../platform/cgroups.ts';
import { isInNamespaceOf } from '../../../platform/namespace.ts';
import { valueIfThere } from '../../../platform/null-if-missing.ts';
import type { ProcessAccount, ProcessFact, WantedProcesses } from '../../surroundings/ports.ts';
import type { Seen } from '../../surroundings/seen.ts';

/** The processes of the host that are wanted. Reads synchronously: a thousand take some 20 ms, and four times that by promises. */
export async function readProcesses(wanted: WantedProcesses, proc = '/proc'): Promise<Seen<readonly ProcessFact[]>> {
  const found: { pid: number; name: string; cgroup: string | null; account: ProcessAccount }[] = [];
  try {
    for (const entry of readdirSync(proc)) {
      const pid = Number(entry);
      if (!Number.isInteger(pid)) continue;
      const status = readStatus(pid, proc);
      if (status === null) continue;
      const cgroup = wanted.needsCgroup ? cgroupOf(pid, proc) : null;
      if (wanted.has(status.account, cgroup)) found.push({ pid, cgroup, ...status });
    }
  } catch (error) {
    return { unseen: `${proc} cannot be read: ${String(error)}` };
  }
  const facts = found.map(async ({ pid, name, cgroup, account }) => ({
    pid,
    name,
    cgroup,
    ...account,
    isHere: await isInNamespaceOf(pid, proc),
  }));
  return { seen: await Promise.all(facts) };
}

/** The accounts of some processes. */
export async function readAccounts(pids: readonly number[], proc = '/proc'): Promise<Map<number, ProcessAccount>> {
  return new Map(
    pids.flatMap((pid): [number, ProcessAccount][] => {
      const status = readStatus(pid, proc);
      return status === null ? [] : [[pid, status.account]];
    }),
  );
}

/**
 * Null for a process that has ended meanwhile, and for one of the kernel, which has no sockets of its own. Throws the
 * error of the file system when a process cannot be looked at.
 */
function readStatus(pid: number, proc: string): { name: string; account: ProcessAccount } | null {
  const text = valueIfThere(() => readFileSync(`${proc}/${pid}/status`, 'latin1'));
  if (text === null) return null;
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\t(.*)$`, 'm').exec(text)?.[1];
  // Real, effective, saved and file system's, in this order (proc_pid_status(5)).
  const uid = field('Uid')?.split('\t')[3];
  const gid = field('Gid')?.split('\t')[3];
  if (uid === undefined || gid === undefined || field('VmSize') === undefined) return null;
  const groups = (field('Groups') ?? '')
    .trim()
    .split(' ')
    .filter((group) => group !== '');
  return { name: field('Name') ?? '', account: { uid: Number(uid), gid: Number(gid), groups: groups.map(Number) } };
}

/** Null where there is no cgroup v2, and for a process that has ended meanwhile. */
function cgroupOf(pid: number, proc: string): string | null {
  return cgroupOfText(valueIfThere(() => readFileSync(`${proc}/${pid}/cgroup`, 'utf8')) ?? '');
}

/** A process in this network namespace whose user namespace has this inode; null when none is seen. */
export function processOfUserNamespace(inode: number, proc = '/proc'): number | null {
  const own = linkOf(`${proc}/self/ns/net`);
  for (const entry of readdirSync(proc)) {
    if (!/^\d+$/.test(entry) || linkOf(`${proc}/${entry}/ns/net`) !== own) continue;
    if (linkOf(`${proc}/${entry}/ns/user`) === `user:[${inode}]`) return Number(entry);
  }
  return null;
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
