/** A word as iptables-save writes it: quoted when it holds anything but plain characters. */
export function quoteIptablesWord(word: string): string {
  if (/[\n\r]/.test(word)) throw new RangeError(`iptables cannot take a line break: ${JSON.stringify(word)}`);
  if (/^[A-Za-z0-9_.:/,@%+=-]+$/.test(word)) return word;
  return `"${word.replace(/(["\\'])/g, '\\$1')}"`;
}

/** The words of a line of iptables-save: separated by spaces, `"quoted"` with backslash escapes. */
export function splitIptablesLine(line: string): string[] {
  const words: string[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"|(\S+)/g;
  for (const [, quoted, plain] of line.matchAll(pattern)) {
    words.push(quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'));
  }
  return words;
}
