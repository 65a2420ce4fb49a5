/** Parts of a text of the call or provider, as patterns of the whole text. */
import { ANY_TEXT, escapeRegex } from '../targets/text-regex.ts';

/** `substring` and `charAt`; `to` null: the rest. */
interface Slice {
  readonly part: 'slice';
  readonly from: number;
  readonly to: number | null;
}

/** Which part: `substring` and `charAt` (`to` null: the rest), `trim`, or an element of what `split` gives. */
export type TextPart =
  | { readonly part: 'whole' }
  | Slice
  | { readonly part: 'trim' }
  | { readonly part: 'piece'; readonly separator: string; readonly index: number };

/** Blanks that Nashorn's `trim` and its readers of numbers pass over. */
export const BLANK =
  '[\\t\\n\\u000b\\f\\r \\u00a0\\u1680\\u180e\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]*';

/** `substring(from, to)` of JavaScript: ends outside of the text are cut, and stand in their order. */
export function sliceOf(from: number, to: number | null): Slice {
  const low = Math.max(0, from);
  if (to === null) return { part: 'slice', from: low, to: null };
  const high = Math.max(0, to);
  return { part: 'slice', from: Math.min(low, high), to: Math.max(low, high) };
}

/** The texts with a pair of surrogates. */
export const ANY_PAIR = `${ANY_TEXT}[^\\x00-\\uffff]${ANY_TEXT}`;

/** The texts with a pair of surrogates before a slice or across its start; null where it starts with the text. */
export function pairsBefore({ from }: Slice): string | null {
  return from === 0 ? null : `[\\s\\S]{0,${from - 1}}[^\\x00-\\uffff]${ANY_TEXT}`;
}

/** The texts whose part is `text`, as a pattern of the whole text; null where there is none. */
export function partIs(part: TextPart, text: string): string | null {
  const body = escapeRegex(text);
  switch (part.part) {
    case 'whole':
      return body;
    case 'trim':
      return new RegExp(`^${BLANK}$`).test(text) || new RegExp(`^${BLANK}([^]*?)${BLANK}$`).exec(text)?.[1] === text
        ? `${BLANK}${body}${BLANK}`
        : null;
    case 'slice': {
      const { from, to } = part;
      const before = from === 0 ? '' : `[\\s\\S]{${from}}`;
      const most = to === null ? Number.POSITIVE_INFINITY : to - from;
      if (text.length > most) return null;
      if (most === 0) return ANY_TEXT;
      // A text that ends before `to` gives what there is; one that ends before `from` gives nothing.
      if (text === '') return from === 0 ? '' : `[\\s\\S]{0,${from}}`;
      return text.length === most ? `${before}${body}${ANY_TEXT}` : `${before}${body}`;
    }
    case 'piece':
      return text.includes(part.separator) ? null : pieceOf(part, body);
  }
}

/** The texts of which the element `index` of a split matches `body`, which takes no separator. */
export function pieceOf({ separator, index }: Extract<TextPart, { part: 'piece' }>, body: string): string {
  const one = classOf(separator);
  const before = index === 0 ? '' : `(?:[^${one}]*[${one}]){${index}}`;
  return `${before}${body}(?:[${one}]${ANY_TEXT})?`;
}

/** A sign as it stands in brackets of a pattern. */
export function classOf(separator: string): string {
  return /[\\\]^-]/.test(separator) ? `\\${separator}` : separator;
}
