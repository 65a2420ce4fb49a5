/** A place in a text and the line that it is on. */
export interface CodeFrame {
  /** Both count from 1; the column in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** How many characters to underline; at least one is. */
  readonly length: number;
  /** The text of the line. */
  readonly source: string;
}

/** The longest line that is shown whole, in characters, and the widest piece of a longer one. With its number, set in, either fits into 80 columns. */
const [WHOLE, WIDEST] = [68, 60] as const;

/**
 * The line with its number and a caret under the place, without colours or control characters:
 * ```
 *   12 |     lease: 3
 *      |            ^
 * ```
 * A long line is cut to what is around the place. '' for a line without text.
 */
export function formatCodeFrame({ line, column, length, source }: CodeFrame): string {
  if (source.trim() === '') return '';
  const width = source.length <= WHOLE ? WHOLE : WIDEST;
  const start = source.length > WHOLE && column - 1 > WIDEST - 20 ? column - 1 - 24 : 0;
  const shown = source.slice(start, start + width);
  const before = source.slice(start, column - 1);
  const marked = source.slice(column - 1, Math.min(column - 1 + length, start + width));
  const number = String(line);
  const head = start > 0 ? '...' : '';
  const tail = start + width < source.length ? '...' : '';
  const carets = '^'.repeat(Math.max(columnsOf(marked).length, 1));
  return [
    `${number} | ${head}${visible(shown)}${tail}`,
    `${' '.repeat(number.length)} | ${' '.repeat(head.length)}${columnsOf(before)}${carets}`,
  ]
    .map((row) => row.trimEnd())
    .join('\n');
}

/** Blanks as wide as the text is on a terminal: a tab stays one, letters of East Asia and emoji take two columns. */
function columnsOf(text: string): string {
  return visible(text)
    .replace(/\p{Mark}/gu, '')
    .replace(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/gu,
      '  ',
    )
    .replace(/[^\t ]/gu, ' ');
}

/** The text with everything replaced that a terminal would obey; a tab stays. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (char) => (char === '\t' ? char : '?'));
}
