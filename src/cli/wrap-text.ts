/** Line breaks for texts on a terminal. */
import { stripVTControlCharacters } from 'node:util';

/** How wide the pages of `weir help` are, in characters. */
export const HELP_WIDTH = 80;

/**
 * The lines of a text that are at most `width` characters wide. Breaks at spaces only, and not within a command in
 * backticks that fits on a line: what is longer stays whole, so that it can be copied. Styles take no room. Not by
 * wrap-ansi, whose tables of widths take tens of milliseconds to load.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    const lead = /^ */.exec(paragraph)?.[0] ?? '';
    let line = lead;
    for (const word of wordsOf(paragraph.slice(lead.length), width)) {
      if (line !== lead && columns(line) + 1 + columns(word) > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === lead ? `${lead}${word}` : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}

/**
 * A text whose lines are at most `width` characters wide: a longer one is broken as `wrapText` does, and goes on below
 * with two more blanks in front. Shorter lines, tables among them, stay as they are.
 */
export function fitLines(text: string, width: number): string {
  if (width === Number.POSITIVE_INFINITY) return text;
  return text
    .split('\n')
    .flatMap((line) => {
      if (columns(line) <= width) return [line];
      const lead = /^ */.exec(line)?.[0] ?? '';
      const [first = '', ...more] = wrapText(line.trimStart(), width - lead.length - 2);
      return [`${lead}${first}`, ...more.map((row) => `${lead}  ${row.trimStart()}`)].map((row) => row.trimEnd());
    })
    .join('\n');
}

/** The lines of a text behind a label; what goes on stands below its first word. */
export function hanging(label: string, text: string, width: number): string[] {
  return wrapText(text, width - columns(label)).map((line, index) => {
    return `${index === 0 ? label : ' '.repeat(columns(label))}${line}`;
  });
}

/** Words, a command in backticks as one of them unless it is wider than a line. */
function wordsOf(paragraph: string, width: number): string[] {
  const words: string[] = [];
  let open: string[] = [];
  for (const word of paragraph.split(' ')) {
    open.push(word);
    const isWithin = open.join(' ').split('`').length % 2 === 0;
    if (isWithin) continue;
    const whole = open.join(' ');
    words.push(...(columns(whole) > width ? open : [whole]));
    open = [];
  }
  return [...words, ...open];
}

function columns(text: string): number {
  return text.includes('\u001b') ? stripVTControlCharacters(text).length : text.length;
}

/** A number and its noun, which takes an s except after 1. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
