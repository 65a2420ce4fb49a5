/** The results of all benches, as `docs/benchmarks.json` keeps them from run to run. */
import type { Figure } from '../figure.ts';

/** What one bench came to, and where and when. */
export interface BenchResult {
  readonly name: string;
  /** That measures it again. */
  readonly command: string;
  /** When it ended, ISO 8601. */
  readonly date: string;
  readonly commit: string | null;
  readonly seconds: number;
  /** `stopped`: its time was over or it was interrupted; `failed`: it ended by itself with an error. */
  readonly end: 'done' | 'stopped' | 'failed';
  readonly machine: Machine;
  /** Average of the last minute, at its start and at its end. */
  readonly load: readonly [number, number];
  readonly figures: readonly Figure[];
}

/** What the numbers depend on. No name of the host. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
}

/** Those of this run in place of those of former runs, in the order of `names`; a bench that found nothing replaces nothing. */
export function mergeResults(
  former: readonly BenchResult[],
  fresh: readonly BenchResult[],
  names: readonly string[],
): BenchResult[] {
  return names.flatMap((name) => {
    const now = fresh.find((one) => one.name === name && one.figures.length > 0);
    return now ?? former.find((one) => one.name === name) ?? [];
  });
}

/** Whether a figure meets its goal; null without a goal. Not a number meets nothing. */
export function isMet({ weir, goal }: Figure): boolean | null {
  if (goal === null) return null;
  // In JSON it is null, which is less than every number.
  if (!Number.isFinite(weir)) return false;
  return 'most' in goal ? weir <= goal.most : weir >= goal.least;
}
