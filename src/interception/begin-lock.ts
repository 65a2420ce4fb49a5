/** The commands' lock for `off`, which goes on without it where it must. */
import { reasonOf } from '../errors/message-of.ts';
import type { InterceptHost } from './host.ts';
import { LOCK_WAIT_MS } from './lock-wait.ts';
import type { SwitchEvent } from './switch-result.ts';

/** A lock that was asked for. */
export interface BegunLock {
  /** Whether it was free at once: everything read from now on is read under the lock then. */
  readonly isHeld: boolean;
  /** Resolves when it is held, and to the reason when it cannot be had. */
  readonly held: Promise<string | null>;
  /** Releases the lock, also while it is still awaited. Safe to call twice. */
  release(): Promise<void>;
}

/** Asks for the lock. Resolves as soon as the lock is held, unavailable, or known to be held by another process. */
export async function waitForLock(
  host: InterceptHost,
  what: string,
  report: (event: SwitchEvent) => void,
): Promise<BegunLock> {
  const { promise: isBusy, resolve: busy } = Promise.withResolvers<'busy'>();
  const taken = host.takeLock(what, LOCK_WAIT_MS, (holder) => {
    report({ step: 'waiting', holder });
    busy('busy');
  });
  let isReleased = false;
  let isSettled = false;
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
    (error: unknown) => reasonOf(error),
  );
  const first = await Promise.race([held, isBusy]);
  return {
    isHeld: first === null,
    held,
    async release() {
      if (isReleased) return;
      isReleased = true;
      const back = taken.then((lock) => lock.release()).catch(() => undefined);
      // A lock that is still awaited is released when it arrives; nobody waits for that.
      if (isSettled) await back;
    },
  };
}
