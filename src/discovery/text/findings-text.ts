/** Findings and differences as text. */
import type { Paint } from '../../cli/paint.ts';
import { terminalColumns } from '../../cli/terminal.ts';
import { hanging, plural, wrapText } from '../../cli/wrap-text.ts';
import { printable } from './printable.ts';

/** Something with a place and a repair. */
export interface FindingLine {
  readonly code: string;
  readonly place: string;
  readonly what: string;
  readonly repair: string;
}

/**
 * Each with its place where the sentence does not name it, then their number; what is mended in one way stands above that repair.
 * `words`: what to say where there is none, and what one of them is called.
 */
export function findingsText(
  found: readonly FindingLine[],
  words: { readonly none: string; readonly noun: string },
  paint: Paint,
): string {
  const findings = printable(found);
  if (findings.length === 0) return words.none;
  const width = terminalColumns();
  const lines = findings.flatMap(({ code, place, what, repair }, index) => [
    ...wrapText(`${what} [${code}]`, width).map((line) => paint.caution(line)),
    ...(what.includes(place) ? [] : hanging('  at:   ', place, width)),
    ...(findings[index + 1]?.repair === repair ? [] : hanging('  next: ', repair, width)),
  ]);
  return [...lines, '', plural(findings.length, words.noun)].join('\n');
}
