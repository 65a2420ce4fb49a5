import type { FallbackEvent } from '../../../test/e2e/sidecar/fallback-events.ts';
import { record } from '../figure.ts';

/** What the tries of one row came to; times in milliseconds. */
export interface RowResult {
  readonly backend: string;
  readonly event: FallbackEvent;
  readonly times: number[];
  readonly backTimes: number[];
  readonly problems: string[];
}

const WIDTHS = [16, 34, 6, 8, 8, 8, 9, 18, 8] as const;

/** The heads of the columns. */
export function printRowHead(): void {
  print(['back end', 'event', 'tries', 'p50 ms', 'p95 ms', 'max ms', 'goal ms', 'came back (p50 ms)', 'verdict']);
}

/** Prints one row; true when it is as the fallback table says. */
export function printRow({ backend, event, times, backTimes, problems }: RowResult): boolean {
  const tries = Math.max(times.length, backTimes.length) + problems.length;
  const { withinMs, percentile } = event;
  const decisive = percentile === 95 ? at(times, 0.95) : at(times, 1);
  const isOk = problems.length === 0 && (withinMs === null || decisive <= withinMs);
  if (times.length > 0 && withinMs !== null)
    record({
      ...{
        what: `${event.name}: until new connections are direct, ${percentile === 95 ? 'p95' : 'slowest'} of ${times.length}, ${backend}`,
      },
      ...{ unit: 'ms', weir: decisive, goal: { most: withinMs } },
    });
  record({ what: `${event.name}: tries that failed, of ${tries}`, unit: '', weir: problems.length, goal: { most: 0 } });
  const goal = withinMs === null ? '-' : percentile === 95 ? `${withinMs} p95` : String(withinMs);
  const figures =
    times.length === 0 ? ['never', 'never', 'never'] : [0.5, 0.95, 1].map((share) => at(times, share).toFixed(1));
  const back =
    backTimes.length === 0 ? 'by operator only' : `${backTimes.length}/${tries} (${at(backTimes, 0.5).toFixed(0)})`;
  print([backend, event.name, String(tries), ...figures, goal, back, isOk ? 'ok' : 'LATE']);
  for (const problem of problems) process.stdout.write(`  failed: ${problem.split('\n')[0]}\n`);
  return isOk;
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function print(cells: readonly string[]): void {
  process.stdout.write(
    `${cells
      .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
      .join(' ')
      .trimEnd()}\n`,
  );
}
