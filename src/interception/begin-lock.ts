/** The commands' lock: for commands that change nothing without it, and for `off`, which goes on where it must. */
import { interruptedBy } from '../errors/interrupted-by.ts';
import { reasonOf } from '../errors/message-of.ts';
import type { HeldLock } from '../platform/command-lock.ts';
import type { InterceptHost } from './host.ts';
import { LOCK_WAIT_MS } from './lock-wait.ts';
import type { SettleOptions } from './send-direct.ts';

/** How a command waits: whom it tells of the wait, and the signal that ends it. */
export type LockWait = Pick<SettleOptions, 'report' | 'signal'>;

/** The reason of an interruption: the command that holds the lock goes on. */
export function waitedFor(holder: string | null): string {
  return `it waited for ${holder ?? 'another weir command'}, which goes on`;
}

/** Whether it is the signal that has ended a wait for the lock. */
export function isWaitEnded(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && error === signal.reason;
}

/**
 * Takes the lock for a command that has changed nothing so far.
 * @throws WeirError WEIR2005 when a signal came before it was held: `stands` says what that means, `hint` what to do
 */
export async function lockBeforeChanges(
  host: InterceptHost,
  what: string,
  { report, signal }: LockWait,
  { stands = 'nothing was changed', ...next }: { readonly stands?: string; readonly hint?: string } = {},
): Promise<HeldLock> {
  let holder: string | null = null;
  const onWait = (who: string): void => {
    holder = who;
    report({ step: 'waiting', holder: who });
  };
  const lock = await host.takeLock(what, LOCK_WAIT_MS, onWait, signal).catch((error: unknown) => {
    if (!isWaitEnded(error, signal)) throw error;
    throw interruptedBy(signal, stands, { why: waitedFor(holder), ...next });
  });
  if (!signal.aborted) return lock;
  await lock.release();
  throw interruptedBy(signal, stands, next);
}

/** A lock that was asked for. */
export interface BegunLock {
  /** Whether it was free at once: everything read from now on is read under the lock then. */
  readonly isHeld: boolean;
  /** The command that held it when it was asked for; null when there was none. */
  readonly holder: string | null;
  /** Resolves when it is held, and to the reason when it cannot be had. */
  readonly held: Promise<string | null>;
  /** Whether a signal has ended the wait for it. */
  isInterrupted(): boolean;
  /** Releases the lock, also while it is still awaited. Safe to call twice. */
  release(): Promise<void>;
}

/** Asks for the lock. Resolves as soon as the lock is held, unavailable, or known to be held by another process. */
export async function waitForLock(host: InterceptHost, what: string, { report, signal }: LockWait): Promise<BegunLock> {
  const { promise: isBusy, resolve: busy } = Promise.withResolvers<'busy'>();
  let holder: string | null = null;
  const onWait = (who: string): void => {
    holder = who;
    report({ step: 'waiting', holder: who });
    busy('busy');
  };
  const taken = host.takeLock(what, LOCK_WAIT_MS, onWait, signal);
  let isReleased = false;
  let isSettled = false;
  let isInterrupted = false;
  void taken.then(
    () => {
      isSettled = true;
    },
    () => {
      isSettled = true;
    },
  );
  const held = taken.then(
    () => null,
    (error: unknown) => {
      isInterrupted = isWaitEnded(error, signal);
      return reasonOf(error);
    },
  );
  const first = await Promise.race([held, isBusy]);
  return {
    isHeld: first === null,
    holder,
    held,
    isInterrupted: () => isInterrupted,
    async release() {
      if (isReleased) return;
      isReleased = true;
      const back = taken.then((lock) => lock.release()).catch(() => undefined);
      // A lock that is still awaited is released when it arrives; nobody waits for that.
      if (isSettled) await back;
    },
  };
}
