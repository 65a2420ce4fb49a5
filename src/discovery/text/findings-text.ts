/** Findings and differences as text. */
import type { Paint } from '../../cli/paint.ts';
import { terminalColumns } from '../../cli/terminal.ts';
import { plural, wrapText } from '../../cli/wrap-text.ts';

/** Something with a place and a repair. */
export interface FindingLine {
  readonly code: string;
  readonly what: string;
  readonly repair: string;
}

/** Each with its repair below it, then their number; `none` where there is none. */
export function findingsText(findings: readonly FindingLine[], none: string, paint: Paint): string {
  if (findings.length === 0) return none;
  const width = terminalColumns();
  const lines = findings.flatMap(({ code, what, repair }) => [
    ...wrapText(`${what} [${code}]`, width).map((line) => paint.caution(line)),
    ...wrapText(`  next: ${repair}`, width),
  ]);
  return [...lines, '', plural(findings.length, 'finding')].join('\n');
}
