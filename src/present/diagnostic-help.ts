import { DIAGNOSTICS, diagnosticEntry } from '../routing/diagnostics/catalogue.ts';

/** What `weir help WR012` prints; undefined for an id that is not in the catalogue. */
export function diagnosticHelp(code: string): string | undefined {
  const entry = diagnosticEntry(code);
  if (entry === undefined) return undefined;
  return [
    `${code}: ${entry.title}`,
    '',
    wrap(entry.why),
    '',
    'Example:',
    ...entry.example.split('\n').map((line) => `  ${line}`),
    '',
    `Instead: ${wrap(entry.instead)}`,
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

function wrap(text: string): string {
  return text.replace(/(?![^\n]{1,80}$)([^\n]{1,80})\s/g, '$1\n');
}
