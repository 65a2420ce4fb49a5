/** Parts of a text of the call or provider, and whole numbers that a text begins with, as patterns of the whole text. */
import { integerTextRegex } from '../targets/integer-regex.ts';
import { ANY_TEXT, escapeRegex } from '../targets/text-regex.ts';

/** Which part: `substring` and `charAt` (`to` null: the rest), `trim`, or an element of what `split` gives. */
export type TextPart =
  | { readonly part: 'whole' }
  | { readonly part: 'slice'; readonly from: number; readonly to: number | null }
  | { readonly part: 'trim' }
  | { readonly part: 'piece'; readonly separator: string; readonly index: number };

/** Of which `parsedPattern` compares a number: what `parseInt` reads from a part, or how many pieces `split` gives. */
export type NumberedPart = TextPart | { readonly part: 'pieces'; readonly separator: string };

/** Blanks that Nashorn's `trim` and `parseInt` pass over. */
const BLANK = '[\\t\\n\\u000b\\f\\r \\u00a0\\u1680\\u180e\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]*';

/** `substring(from, to)` of JavaScript: ends outside of the text are cut, and stand in their order. */
export function sliceOf(from: number, to: number | null): TextPart {
  const low = Math.max(0, from);
  if (to === null) return { part: 'slice', from: low, to: null };
  const high = Math.max(0, to);
  return { part: 'slice', from: Math.min(low, high), to: Math.max(low, high) };
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

function pieceOf({ separator, index }: Extract<TextPart, { part: 'piece' }>, body: string): string {
  const one = classOf(separator);
  const before = index === 0 ? '' : `(?:[^${one}]*[${one}]){${index}}`;
  return `${before}${body}(?:[${one}]${ANY_TEXT})?`;
}

function classOf(separator: string): string {
  return /[\\\]^-]/.test(separator) ? `\\${separator}` : separator;
}

/** The texts from whose part `parseInt` reads a number of base 16 when nobody names the base; null where weir cannot say. */
export function hexPattern(part: TextPart): string | null {
  return numberPattern(part, '[-+]?0[xX]', '');
}

/** The texts of whose part `parseInt operator bound` holds, in base 10 or 16; null where weir cannot say. NaN is like no number. */
export function parsedPattern(part: NumberedPart, isHex: boolean, operator: string, bound: number): string | null {
  if (!Number.isFinite(bound) || Math.abs(bound) >= 2 ** 53) return null;
  const interval = intervalOf(operator, bound);
  if (interval === null) return null;
  if (part.part === 'pieces') return piecesPattern(part.separator, interval);
  return isHex
    ? numberPattern(part, hexTextRegex(interval), '0-9a-fA-F')
    : numberPattern(part, integerTextRegex(interval), '0-9');
}

// A text has one piece more than signs that part them.
function piecesPattern(separator: string, { min, max }: Interval): string | null {
  const [least, most] = [min === null || min < 1n ? 0n : min - 1n, max === null ? null : max - 1n];
  if (most !== null && most < least) return '[^\\s\\S]';
  if ((most ?? least) > 1000n) return null;
  const one = classOf(separator);
  return `[^${one}]*(?:[${one}][^${one}]*){${least},${most ?? ''}}`;
}

function intervalOf(operator: string, bound: number): Interval | null {
  switch (operator) {
    case '<':
      return { min: null, max: BigInt(Math.ceil(bound)) - 1n };
    case '<=':
      return { min: null, max: BigInt(Math.floor(bound)) };
    case '>':
      return { min: BigInt(Math.floor(bound)) + 1n, max: null };
    case '>=':
      return { min: BigInt(Math.ceil(bound)), max: null };
    case '==':
    case '!=':
    case '===':
    case '!==':
      return Number.isInteger(bound) ? { min: BigInt(bound), max: BigInt(bound) } : null;
    default:
      return null;
  }
}

// A number and what follows it: not another one of its digits.
function numberPattern(part: TextPart, number: string, digits: string): string | null {
  switch (part.part) {
    case 'whole':
    case 'trim':
      return `${BLANK}(?:${number})${digits === '' ? ANY_TEXT : `(?:[^${digits}]${ANY_TEXT})?`}`;
    case 'slice':
      if (part.to !== null) return null;
      return `[\\s\\S]{${part.from}}${numberPattern({ part: 'whole' }, number, digits)}`;
    case 'piece': {
      if (!/^[.:,;_|/@#]$/.test(part.separator)) return null;
      const rest = `[^${part.separator}]*`;
      return pieceOf(
        part,
        `${BLANK}(?:${number})${digits === '' ? rest : `(?:[^${digits}${part.separator}]${rest})?`}`,
      );
    }
  }
}

interface Interval {
  readonly min: bigint | null;
  readonly max: bigint | null;
}

/** `-0x1F` and its like whose value is in an interval. */
function hexTextRegex({ min, max }: Interval): string {
  const above = max === null || max >= 0n ? [`\\+?${hexNaturals(min === null || min < 0n ? 0n : min, max)}`] : [];
  const below =
    min === null || min <= 0n
      ? [`-${hexNaturals(max === null || max > 0n ? 0n : -max, min === null ? null : -min)}`]
      : [];
  return [...above, ...below].join('|') || '[^\\s\\S]';
}

function hexNaturals(low: bigint, high: bigint | null): string {
  const first = low.toString(16);
  const parts: string[] = [];
  const longest = high === null ? first.length : high.toString(16).length;
  for (let length = first.length; length <= longest; length += 1) {
    const from = length === first.length ? first : `1${'0'.repeat(length - 1)}`;
    const to = high === null || length < longest ? 'f'.repeat(length) : high.toString(16);
    parts.push(sameLength(from, to));
  }
  if (high === null) parts.push(`[1-9a-fA-F][0-9a-fA-F]{${first.length},}`);
  return `0[xX]0*(?:${parts.join('|')})`;
}

// Hexadecimal texts of one length from `low` to `high`.
function sameLength(low: string, high: string): string {
  const [from, to] = [Number.parseInt(low.charAt(0), 16), Number.parseInt(high.charAt(0), 16)];
  if (low.length === 1) return hexDigits(from, to);
  const [restLow, restHigh] = [low.slice(1), high.slice(1)];
  if (from === to) return `${hexDigits(from, to)}${sameLength(restLow, restHigh)}`;
  const parts = [
    `${hexDigits(from, from)}${sameLength(restLow, 'f'.repeat(restLow.length))}`,
    `${hexDigits(to, to)}${sameLength('0'.repeat(restHigh.length), restHigh)}`,
  ];
  if (to - from > 1) parts.push(`${hexDigits(from + 1, to - 1)}[0-9a-fA-F]{${restLow.length}}`);
  return `(?:${parts.join('|')})`;
}

function hexDigits(from: number, to: number): string {
  const digits = '0123456789abcdef'.slice(from, to + 1);
  return `[${digits}${digits.replace(/[^a-f]/g, '').toUpperCase()}]`;
}
