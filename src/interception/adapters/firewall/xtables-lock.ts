/** The holder of the xtables lock, which iptables-legacy takes for each change and waits for without a message. */
import { readFileSync, statSync } from 'node:fs';

/** Where iptables keeps its lock (xshared.c), unless the environment says otherwise. */
const LOCK_FILE = '/run/xtables.lock';

/**
 * The program that holds the xtables lock now, as `iptables (process 4242)`; null when nobody does, or it cannot be
 * found out. At once, because the first switch of `off` asks it.
 */
export function xtablesLockHolder(file = process.env.XTABLES_LOCKFILE || LOCK_FILE): string | null {
  try {
    const lock = statSync(file, { throwIfNoEntry: false });
    const pid = lock === undefined ? null : lockOwner(readFileSync('/proc/locks', 'utf8'), lock.ino);
    return pid === null ? null : `${programName(pid)} (process ${pid})`;
  } catch {
    return null;
  }
}

/** How often somebody who waits is told that the lock is still held, in milliseconds. */
const AGAIN_MS = 5000;

/**
 * Says who holds the xtables lock, at once and again and again, until the returned function is called. Nothing is said
 * while nobody holds it.
 */
export function tellOfXtablesLock(tell: (text: string) => void, file?: string): () => void {
  const holder = xtablesLockHolder(file);
  if (holder === null) return () => {};
  tell(`waiting for the xtables lock, which ${holder} holds`);
  const began = performance.now();
  const timer = setInterval(() => {
    const now = xtablesLockHolder(file);
    const seconds = Math.round((performance.now() - began) / 1000);
    if (now !== null) tell(`still waiting for the xtables lock after ${seconds} s: ${now} holds it`);
  }, AGAIN_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function programName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program';
  }
}

/** The process that holds a flock(2) lock on this inode, by the text of /proc/locks; waiting ones have an arrow. */
export function lockOwner(locks: string, inode: number): number | null {
  for (const line of locks.split('\n')) {
    const found = /^\d+: FLOCK\s+\S+\s+\S+\s+(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line);
    if (found?.[2] === String(inode)) return Number(found[1]);
  }
  return null;
}
