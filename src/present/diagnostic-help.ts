import { DIAGNOSTICS, diagnosticEntry } from '../routing/diagnostics/catalogue.ts';
import { HELP_WIDTH, wrapText } from './wrap-text.ts';

/** What `weir help WR012` prints; undefined for an id that is not in the catalogue. */
export function diagnosticHelp(code: string): string | undefined {
  const entry = diagnosticEntry(code);
  if (entry === undefined) return undefined;
  return [
    `${code}: ${entry.title}`,
    '',
    wrapText(entry.why, HELP_WIDTH).join('\n'),
    '',
    'Example:',
    ...entry.example.split('\n').map((line) => `  ${line}`),
    '',
    wrapText(`Instead: ${entry.instead}`, HELP_WIDTH).join('\n'),
    '',
    `Level: ${entry.level}`,
    '',
  ].join('\n');
}

/** The list of all diagnostics about routing rules. */
export function diagnosticsHelp(): string {
  const rows = Object.entries(DIAGNOSTICS).map(([code, { level, title }]) => `${code}  ${level.padEnd(7)}  ${title}`);
  return `Diagnostics about routing rules; more on each with \`weir help CODE\`:\n\n${rows.join('\n')}\n`;
}
