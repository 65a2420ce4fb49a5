/** Keeps the log of Envoy itself within bounds: it lies in the run directory, which is memory on most hosts. */
import { copyFile, stat, truncate } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

const POLL_MS = 5000;
/** Beyond this size in bytes the log is kept as `envoy.log.1`, in place of an older one, and begins anew. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Moves a log that has become too large aside. Envoy appends, so that it goes on at the beginning. */
export async function boundLog(file: string, mostBytes: number): Promise<void> {
  const size = (await stat(file).catch(nullIfMissing))?.size ?? 0;
  if (size <= mostBytes) return;
  try {
    await copyFile(file, `${file}.1`);
  } finally {
    // Without room for the copy the log is given up: a full run directory would stop upgrades.
    await truncate(file, 0);
  }
}

/** Looks after a log until the signal. `warn` hears once of a row of failures. */
export async function keepLogBounded(file: string, signal: AbortSignal, warn: (text: string) => void): Promise<void> {
  let isTold = false;
  while (!signal.aborted) {
    try {
      await boundLog(file, MOST_BYTES);
      isTold = false;
    } catch (error) {
      if (!isTold) warn(`${file} could not be kept aside: ${(error as Error).message}`);
      isTold = true;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
  }
}
