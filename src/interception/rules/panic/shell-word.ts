/**
 * A text as one word of a POSIX shell, in single quotes.
 * @throws RangeError for a NUL character, which no shell can hold
 */
export function quoteShellWord(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold a NUL character');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Lines of shell that append a text to a variable; the text may have several lines and ends with a line break. */
export function appendToVariable(variable: string, text: string): string {
  return `${variable}="$${variable}"${quoteShellWord(text)}`;
}
