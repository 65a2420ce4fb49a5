/** How wide the pages of `weir help` are, in characters. */
export const HELP_WIDTH = 80;

/**
 * The lines of a text that are at most `width` characters wide. Breaks at spaces only: a path or a command that is longer
 * stays whole, so that it can be copied. Not by wrap-ansi, whose tables of widths take tens of milliseconds to load.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** A number and its noun, which takes an s except after 1. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
