import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A process that cannot be confused with a later one of the same number: `startTicks` is field 22 of /proc/PID/stat. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

/** The state letter of /proc/PID/stat (R, S, D, T, Z ...) and the start time; null when there is no such process. */
export async function readProcessStat(pid: number): Promise<{ state: string; startTicks: string } | null> {
  try {
    // In place: a file of /proc never waits for a disk, and the thread pool would wait for a busy machine.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name stands in brackets and may hold blanks and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '?', startTicks: fields[19] ?? '' };
  } catch {
    return null;
  }
}

/** Whether that very process still runs. A zombie does not: it waits to be reaped and answers `kill(pid, 0)` all the same. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readProcessStat(identity.pid);
  return stat !== null && stat.startTicks === identity.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** Whether that process is stopped by a signal (SIGSTOP) or a tracer. */
export async function isStopped(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readProcessStat(identity.pid);
  return stat !== null && stat.startTicks === identity.startTicks && (stat.state === 'T' || stat.state === 't');
}

/** Sends a signal to that very process; false when it is gone. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Resident memory of a process in bytes; 0 when it is gone. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/**
 * Inode numbers of the sockets that a process holds open; empty when it is gone or may not be looked into. Read in place:
 * a link takes some microseconds, and through the thread pool of a busy machine a hundred took 200 ms.
 */
export async function socketInodes(pid: number): Promise<ReadonlySet<string>> {
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set<string>();
  try {
    for (const name of readdirSync(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  } catch {
    // It has ended meanwhile.
  }
  return inodes;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
