/** Columns that are taken when stdout is no terminal. */
const USUAL_COLUMNS = 80;

/** How wide lines on stdout may be. */
export function terminalColumns(): number {
  return process.stdout.columns || USUAL_COLUMNS;
}

/** How wide lines of prose may be on a stream: a terminal's width, and no bound where a program reads. */
export function proseColumns(stream: 'stdout' | 'stderr'): number {
  const { isTTY, columns } = process[stream];
  return isTTY ? columns || USUAL_COLUMNS : Number.POSITIVE_INFINITY;
}

/** Whether stdout's locale is UTF-8; the variables are asked in the order in which the C library does (locale(7)). */
export function isUnicodeTerminal(env: NodeJS.ProcessEnv = process.env): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '');
  return /utf-?8/i.test(locale ?? '') && env.TERM !== 'linux';
}
