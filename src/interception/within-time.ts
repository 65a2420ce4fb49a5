/** Extras of a screen: they may be late or missing, and then it says so. */
import { reasonOf } from '../errors/message-of.ts';

/** The result of an extra: its value, or why it is missing. */
export type Extra<T> = { readonly value: T } | { readonly missing: string };

/** Waits for a look that may fail. Never rejects. */
export function whetherSeen<T>(look: Promise<T>): Promise<Extra<T>> {
  return look.then(
    (value): Extra<T> => ({ value }),
    (error: unknown): Extra<T> => ({ missing: reasonOf(error) }),
  );
}

/** Waits for an extra no longer than this many milliseconds. Never rejects. */
export async function withinTime<T>(extra: Promise<T>, ms: number): Promise<Extra<T>> {
  const late = Promise.withResolvers<Extra<T>>();
  const timer = setTimeout(() => late.resolve({ missing: `no answer within ${ms} ms` }), ms);
  try {
    return await Promise.race([whetherSeen(extra), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
