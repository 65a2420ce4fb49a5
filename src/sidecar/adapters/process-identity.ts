/** Processes by number and start time: state, life, signals, memory, from /proc. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { nullIfMissing, valueIfThere } from '../../platform/null-if-missing.ts';

/** A process that cannot be confused with a later one of the same number: `startTicks` is field 22 of /proc/PID/stat. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

/** Fields 3, 22 and 52 of /proc/PID/stat (proc_pid_stat(5)). */
export interface ProcessStat {
  /** R, S, D, T, Z ... */
  readonly state: string;
  readonly startTicks: string;
  /** Of a zombie, as waitpid(2) has it. 0 as well where this process may not see it. */
  readonly waitStatus: number;
}

/**
 * What the kernel says of a process; null when there is none of that number. Throws the error of the file system when
 * it cannot tell, for example EMFILE: that is no sign of a dead process.
 */
export async function readProcessStat(pid: number): Promise<ProcessStat | null> {
  // Read synchronously: a file of /proc never waits for a disk, while the thread pool waits on a busy machine.
  const stat = valueIfThere(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === null) return null;
  // The command name stands in brackets and may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '?', startTicks: fields[19] ?? '', waitStatus: Number(fields[49] ?? 0) };
}

/** Whether a process in this state runs no more, and waits to be reaped at most. */
export function hasEnded(state: string): boolean {
  return state === 'Z' || state === 'X';
}

/** How that process ended, in words, as long as it is not reaped; null when it is, or may not be seen. */
export async function readZombieEnd({ pid, startTicks }: ProcessIdentity): Promise<string | null> {
  const stat = await readProcessStat(pid);
  if (stat === null || stat.startTicks !== startTicks || !hasEnded(stat.state) || stat.waitStatus === 0) return null;
  const signal = stat.waitStatus & 0x7f;
  return signal === 0 ? `exit code ${stat.waitStatus >> 8}` : `signal ${signal}`;
}

/**
 * Whether that very process still runs. A zombie does not: it waits to be reaped and answers `kill(pid, 0)` all the same.
 * Throws when it cannot tell.
 */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readProcessStat(identity.pid);
  return stat !== null && stat.startTicks === identity.startTicks && !hasEnded(stat.state);
}

/** Whether that process is stopped by a signal (SIGSTOP) or a tracer. Throws when it cannot tell. */
export async function isStopped(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readProcessStat(identity.pid);
  return stat !== null && stat.startTicks === identity.startTicks && (stat.state === 'T' || stat.state === 't');
}

/** Sends a signal to that very process; false when it is gone. Throws when the kernel refuses it (EPERM). */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  return valueIfThere(() => process.kill(identity.pid, signal)) !== null;
}

/** Resident memory of a process that no file backs, in bytes; 0 when it is gone. Throws when it cannot tell. */
export async function anonymousBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(nullIfMissing);
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status ?? '')?.[1] ?? 0) * 1024;
}

/** The largest oom_score_adj: such a process is the first to go (proc_pid_oom_score_adj(5)). */
const MOST = 1000;

/**
 * Makes a process more likely, by `points`, to be chosen by the kernel for want of memory than this one; 0: as likely.
 * Nothing is done when it is gone. Throws where that is not permitted.
 */
export async function setOomPoints(identity: ProcessIdentity, points: number): Promise<void> {
  if (!(await isAlive(identity))) return;
  const own = Number(readFileSync('/proc/self/oom_score_adj', 'latin1'));
  valueIfThere(() => writeFileSync(`/proc/${identity.pid}/oom_score_adj`, String(Math.min(MOST, own + points))));
}

/** Inode numbers of the sockets that a process holds open; see `socketDescriptors`. */
export async function socketInodes(pid: number): Promise<ReadonlySet<string>> {
  return new Set(socketDescriptors(pid).keys());
}

/**
 * The sockets that a process holds open: by inode number the link of a descriptor in /proc; empty when it is gone. Throws
 * when it may not be looked into (EACCES) or cannot be (EMFILE). Reads synchronously: a link takes some microseconds,
 * while a hundred took 200 ms through the thread pool of a busy machine.
 */
export function socketDescriptors(pid: number): ReadonlyMap<string, string> {
  const folder = `/proc/${pid}/fd`;
  const links = new Map<string, string>();
  for (const name of valueIfThere(() => readdirSync(folder)) ?? []) {
    // A descriptor may have been closed since the folder was read.
    const target = valueIfThere(() => readlinkSync(`${folder}/${name}`));
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1];
    if (inode !== undefined) links.set(inode, `${folder}/${name}`);
  }
  return links;
}

/** Whether the descriptor behind a link is still that socket. Throws when it may not be looked at. */
export function isStillSocket(link: string, inode: string): boolean {
  return valueIfThere(() => readlinkSync(link)) === `socket:[${inode}]`;
}
