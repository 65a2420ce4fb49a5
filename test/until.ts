/** Waits for a fact by looking again and again. */
import { setTimeout as sleep } from 'node:timers/promises';

/** What a wait is given up after, in milliseconds: a machine under load may take long for anything. */
export const PATIENCE_MS = 60_000;

/** The shortest and the longest pause between two looks, in milliseconds. */
const [SHORTEST_MS, LONGEST_MS] = [20, 1000] as const;

/** How long to wait, and what the error adds when the wait is given up. */
export interface UntilOptions {
  readonly patienceMs?: number;
  readonly tell?: () => string;
}

/**
 * Resolves to what the first look found that found anything; false, null and undefined are nothing. Rejects when the
 * look does, or after `patienceMs`.
 *
 * The pause is twice what the look has taken. A look that starts a program would otherwise keep a core busy, which is
 * then missing to what is waited for.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | null | undefined>,
  { patienceMs = PATIENCE_MS, tell = () => '' }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const began = performance.now();
    const found = await look();
    if (found !== false && found !== null && found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}\n${tell()}`);
    await sleep(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, 2 * (performance.now() - began))));
  }
}
