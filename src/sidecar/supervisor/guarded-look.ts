/** A look at the host that may fail, for loops that go on all the same. */
import { messageOf } from '../../errors/message-of.ts';
import type { Supervised } from './supervised.ts';

/** Resolves to the result of the look, or to `BLIND` when it failed. */
export type GuardedLook = <T>(look: () => Promise<T>) => Promise<T | typeof BLIND>;

/** The answer of a failed look: it proves nothing. */
export const BLIND = Symbol('blind');

/**
 * Runs looks of one kind. A row of failures is one warning, because the loop repeats them and the reason seldom
 * changes.
 */
export function guardedLook(sidecar: Pick<Supervised, 'warn' | 'isClosed'>, what: string): GuardedLook {
  let isBlind = false;
  return async (look) => {
    try {
      const found = await look();
      isBlind = false;
      return found;
    } catch (error) {
      if (!isBlind && !sidecar.isClosed) sidecar.warn(`${what}: ${messageOf(error)}`);
      isBlind = true;
      return BLIND;
    }
  };
}
