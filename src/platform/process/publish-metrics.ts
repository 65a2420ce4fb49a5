/** Keeps the metrics file of a long-lived program up to date. */
import { messageOf } from '../../errors/message-of.ts';
import type { Clock } from '../clock.ts';
import type { MetricsFile } from './metrics-file.ts';

/** How often metrics are written, in ms. */
const EVERY_MS = 5_000;

/** Writes what `print` says until the signal aborts, then removes the file. Without a file nothing is done. */
export async function publishMetrics(
  file: MetricsFile | null,
  print: () => string,
  { clock, warn }: { readonly clock: Clock; readonly warn: (text: string) => void },
  signal: AbortSignal,
): Promise<void> {
  let problem = '';
  while (file !== null && !signal.aborted) {
    await file.write(print()).then(
      () => {
        problem = '';
      },
      (error: unknown) => {
        // Told once, not every five seconds.
        if (messageOf(error) !== problem) warn(`the metrics could not be written: ${messageOf(error)}`);
        problem = messageOf(error);
      },
    );
    await clock.sleep(EVERY_MS, signal).catch(() => {});
  }
  await file?.remove();
}
