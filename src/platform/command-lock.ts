/** The lock that keeps two changing commands apart, by flock(2) on `<runDir>/lock`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { messageOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import { notStarted } from './exec.ts';
import { heldLocks } from './held-locks.ts';
import { makeFolder } from './make-folder.ts';
import { nullIfMissing } from './null-if-missing.ts';
import { isProcessAlive } from './process-alive.ts';

/** A held lock. */
export interface HeldLock {
  release(): Promise<void>;
}

/**
 * One mutating command at a time; kept by the kernel, so a killed holder holds it only until its tools have ended.
 * `signal` ends the wait, with its reason. A lock that is free is taken all the same.
 */
export type TakeLock = (
  what: string,
  waitMs: number,
  onWait: (holder: string) => void,
  signal?: AbortSignal,
) => Promise<HeldLock>;

/** Node itself sets O_CLOEXEC: `flock` gets the descriptor, and tools that change rules; no child that stays does. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

/** The exit code of `flock` when somebody else holds the lock; it differs from flock's own codes for failures. */
const HELD_ELSEWHERE = 75;

/**
 * The lock `<runDir>/lock`, by flock(2). The lock belongs to the open file, not to the `flock` program that asked for
 * it. The kernel drops it when this process has ended, also by SIGKILL, and those of its tools that change rules: they
 * do what they were told all the same. The file names the holder: `pid command since`.
 * The function throws WEIR2021 when somebody else holds the lock (exit 3 without waiting, 6 after waitMs). It throws
 * WEIR2022 when the run directory cannot be written; `off` then goes on without a lock.
 */
export function commandLock(runDir: string): TakeLock {
  const path = join(runDir, 'lock');
  return async (what, waitMs, onWait, signal) => {
    const deadline = performance.now() + waitMs;
    let hasWaited = false;
    for (;;) {
      const file = await openLockFile(runDir, path);
      try {
        if (!(await lockFile(file, 0))) {
          const holder = await describeHolder(path);
          if (!hasWaited && waitMs > 0) onWait(holder);
          hasWaited = true;
          signal?.throwIfAborted();
          const left = deadline - performance.now();
          if (left <= 0 || !(await lockFile(file, left, signal)))
            throw heldByAnother(await describeHolder(path), waitMs);
        }
        // The former holder removes the file at its end. A lock on a removed file excludes nobody.
        if (await isSameFile(file, path)) {
          await file.truncate(0);
          const holder = `${process.pid} ${what.replaceAll(/\s+/g, ' ')} ${new Date().toISOString()}\n`;
          // The lock works on a full disk; only the holder's name is missing then.
          await file.write(holder, 0).catch(() => undefined);
          heldLocks.add(file.fd);
          return { release: () => release(file, path) };
        }
        await file.close();
      } catch (error) {
        await file.close().catch(() => {});
        throw error;
      }
    }
  };
}

async function openLockFile(runDir: string, path: string): Promise<FileHandle> {
  try {
    await makeFolder(runDir);
    return await open(path, OPEN_FLAGS, 0o644);
  } catch (cause) {
    throw new WeirError('WEIR2022', {
      what: `${path} cannot be opened`,
      why: messageOf(cause),
      hint: 'run weir as root, or name a directory that can be written: --run-dir DIR',
      cause,
    });
  }
}

// Not by runTool: no other program is ever handed a descriptor, and this one costs 1 ms without loading execa.
async function lockFile(file: FileHandle, waitMs: number, signal?: AbortSignal): Promise<boolean> {
  const patience = waitMs > 0 ? ['-w', (waitMs / 1000).toFixed(3)] : ['-n'];
  const child = spawn('flock', ['-x', '-E', String(HELD_ELSEWHERE), ...patience, '3'], {
    stdio: ['ignore', 'ignore', 'pipe', file.fd],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    // Ctrl-C reaches weir alone, which decides what becomes of a command that waits.
    detached: true,
  });
  // Its copy of the descriptor keeps the lock that it may just have got: only when it has ended is that given back.
  const giveUp = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', giveUp);
  try {
    const [[code, killedBy], stderr] = await Promise.all([
      once(child, 'close'),
      child.stderr === null ? '' : text(child.stderr),
    ]);
    if (code === 0) return true;
    signal?.throwIfAborted();
    if (code === HELD_ELSEWHERE) return false;
    throw flockFailed(stderr.trim() || `flock ended with ${killedBy ?? `exit code ${code}`}`);
  } catch (error) {
    if (error instanceof WeirError || error === signal?.reason) throw error;
    throw notStarted(['flock'], error as NodeJS.ErrnoException);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

// The file is removed before the unlock. The next holder sees that its file is gone and makes a new one.
async function release(file: FileHandle, path: string): Promise<void> {
  heldLocks.delete(file.fd);
  if (await isSameFile(file, path)) await unlink(path).catch(() => {});
  await file.close();
}

async function isSameFile(file: FileHandle, path: string): Promise<boolean> {
  const [own, found] = await Promise.all([file.stat(), stat(path).catch(nullIfMissing)]);
  return found !== null && own.ino === found.ino && own.dev === found.dev;
}

async function describeHolder(path: string): Promise<string> {
  const line = await readFile(path, 'utf8').catch(() => '');
  const found = /^(\d+) (.*) (\S+)$/m.exec(line);
  if (found === null) return 'another weir command';
  const tool = isProcessAlive(Number(found[1])) ? '' : ' or a tool that it started';
  return `weir ${found[2]}${tool} (process ${found[1]}, since ${found[3]})`;
}

function heldByAnother(holder: string, waitMs: number): WeirError {
  return new WeirError('WEIR2021', {
    what: `${holder} is at work`,
    why:
      waitMs > 0
        ? `one command at a time changes a host, and this one had not ended after ${waitMs} ms`
        : 'one command at a time changes a host; nothing was changed',
    hint: 'wait until it has ended and run the command again; traffic goes direct without any lock: sh off.sh in the run directory',
    exit: waitMs > 0 ? 6 : 3,
  });
}

function flockFailed(why: string): WeirError {
  return new WeirError('WEIR2003', {
    what: 'flock failed',
    why,
    hint: 'the run directory must lie on a file system with locks, such as tmpfs: --run-dir DIR',
  });
}
