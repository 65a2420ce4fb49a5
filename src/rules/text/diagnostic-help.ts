/** The pages of `weir help` about diagnostics of rules. */
import { HELP_WIDTH, wrapText } from '../../cli/wrap-text.ts';
import { DIAGNOSTICS, diagnosticEntry } from '../diagnostics/catalogue.ts';

/** The page of `weir help WR012`; undefined for an id that is not in the catalogue. */
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
