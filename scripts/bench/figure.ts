/** What a bench found, in the one form that `npm run bench` gathers. */
import { appendFileSync } from 'node:fs';

/** A number with the name of whom it belongs to. */
export interface Named {
  readonly name: string;
  readonly value: number;
}

/** One measured figure of weir beside what others do in the same run. */
export interface Figure {
  /** A noun phrase: what was measured, and in which case. */
  readonly what: string;
  /** Of `weir`, `peer` and `limit`. */
  readonly unit: string;
  readonly weir: number;
  /** The best of others that do the same work, measured in the same run; null where none was. */
  readonly peer: Named | null;
  /** What nobody can beat: a bare process, no change at all. */
  readonly limit: Named | null;
  /** The greatest or the least value that meets the goal; null where nobody set one. */
  readonly goal: { readonly most: number } | { readonly least: number } | null;
}

/** The variable that names the file of figures: a line of JSON each. Without it only tables are printed. */
export const FIGURES_FILE = 'WEIR_BENCH_FIGURES';

/** Records a figure, at once, so that a bench that is ended has told what it found until then. */
export function record({ peer = null, limit = null, goal = null, ...rest }: Partial<Figure> & Told): void {
  const file = process.env[FIGURES_FILE];
  if (file === undefined) return;
  appendFileSync(file, `${JSON.stringify({ ...rest, peer, limit, goal } satisfies Figure)}\n`);
}

type Told = Pick<Figure, 'what' | 'unit' | 'weir'>;

/** The smallest of them; null of none. */
export function leastOf(all: readonly Named[]): Named | null {
  return all.toSorted((a, b) => a.value - b.value)[0] ?? null;
}
