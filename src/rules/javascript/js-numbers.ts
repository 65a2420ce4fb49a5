/** Numbers that JavaScript reads from a text of the call or provider, as patterns of the whole text. */
import { type IntegerInterval, integerTextRegex, naturalTextRegex } from '../targets/integer-regex.ts';
import { ANY_TEXT } from '../targets/text-regex.ts';
import { baseTextRegex, NO_TEXT } from './js-digits.ts';
import { BLANK, classOf, pieceOf, type TextPart } from './js-parts.ts';

/**
 * How a number comes from a text: `parseInt` in a base (with `0x` before it, or without), `Number` and its like, `parseFloat`, or
 * how many pieces `split` gives.
 */
export type Reading =
  | { readonly by: 'parseInt'; readonly part: TextPart; readonly base: number; readonly prefixed: boolean }
  | { readonly by: 'Number' | 'parseFloat'; readonly part: TextPart }
  | { readonly by: 'pieces'; readonly separator: string };

/** Where a number stands: characters other than some, any rest, and whether it may hold a dot. */
interface Room {
  not(excluded: string): string;
  readonly rest: string;
  readonly dots: boolean;
}

const WHOLE: Room = { not: (excluded) => `[^${excluded}]`, rest: ANY_TEXT, dots: true };

/** The texts from whose part `parseInt` reads a number of base 16 when nobody names another base; null where weir cannot say. */
export function hexPattern(part: TextPart): string | null {
  return within(part, ({ rest }) => `${BLANK}[-+]?0[xX]${rest}`);
}

/**
 * The texts whose number weir does not follow: one with an exponent, one with more than six decimals (which may be rounded to a
 * bound), and one in base 16 with other signs than ASCII's, whose digits Nashorn's Number takes. Null where weir cannot say.
 */
export function unreadPattern({ by, part }: Extract<Reading, { by: 'Number' | 'parseFloat' }>): string | null {
  return within(part, ({ not, rest, dots }) => {
    const mantissa = dots ? '(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)' : '[0-9]+';
    const long = dots ? '|[0-9]*\\.[0-9]{7}' : '';
    if (by === 'parseFloat') return `${BLANK}[-+]?(?:${mantissa}[eE][-+]?[0-9]${long})${rest}`;
    const hex = `[-+]?0[xX][0-9a-zA-Z]*${not(' -~')}${rest}`;
    return `${BLANK}(?:[-+]{0,2}(?:${mantissa}[eE][-+]?[0-9]+${long}[0-9]*)${BLANK}|${hex})`;
  });
}

/** The texts of which `number operator bound` holds; null where weir cannot say. NaN is like no number. */
export function numberPattern(reading: Reading, operator: string, bound: number): string | null {
  if (!Number.isFinite(bound) || Math.abs(bound) >= 2 ** 53) return null;
  const whole = wholeInterval(operator, bound);
  if (reading.by === 'pieces') return whole === null ? null : piecesPattern(reading.separator, whole);
  if (reading.by === 'parseInt') {
    const { part, base, prefixed } = reading;
    if (whole === null) return null;
    const digits = base === 10 ? '0-9' : digitsOf(base);
    const number = base === 10 ? integerTextRegex(whole) : baseTextRegex(whole, base, prefixed ? '0[xX]' : '');
    return within(part, ({ not, rest }) => `${BLANK}(?:${number})(?:${not(digits)}${rest})?`);
  }
  // Texts of at most six decimals keep their order beside such a bound when they are rounded.
  if (whole === null || !Number.isInteger(bound) || Math.abs(bound) > 1e9) return null;
  const interval = decimalInterval(operator, BigInt(bound));
  const zero = interval.min === null || interval.min < 0n || (interval.min === 0n && !interval.minOpen);
  const isZero = zero && (interval.max === null || interval.max > 0n || (interval.max === 0n && !interval.maxOpen));
  const { part } = reading;
  if (reading.by === 'parseFloat') return within(part, (room) => `${BLANK}${floatTexts(interval, room)}`);
  const ending = `${BLANK})${isZero ? '?' : ''}`;
  const pattern = within(part, (room) => `${BLANK}(?:${numberTexts(interval, whole, room)}${ending}`);
  // What is left of a text that ends before is empty, which is 0.
  if (pattern === null || part.part !== 'slice' || part.from === 0 || !isZero) return pattern;
  return `(?:${pattern}|[\\s\\S]{0,${part.from - 1}})`;
}

/** The pattern of a whole text whose part is as `make` says; null where weir cannot say. */
function within(part: TextPart, make: (room: Room) => string): string | null {
  switch (part.part) {
    case 'whole':
    case 'trim':
      return make(WHOLE);
    case 'slice':
      return part.to === null ? `[\\s\\S]{${part.from}}${make(WHOLE)}` : null;
    case 'piece': {
      const { separator } = part;
      if (!/^[.:,;_|/@#]$/.test(separator)) return null;
      const not = (excluded: string): string => `[^${excluded}${separator}]`;
      return pieceOf(part, make({ not, rest: `[^${separator}]*`, dots: separator !== '.' }));
    }
  }
}

/** What Number reads: up to two signs before decimals, as the second one is left to Java, and one before base 16 and Infinity. */
function numberTexts(interval: DecimalInterval, whole: IntegerInterval, { dots }: Room): string {
  const end: End = { plain: '', dotted: dots ? '' : null };
  const { above, below } = magnitudes(interval, end);
  const signed = [
    ...above.map((text) => `(?:\\+{0,2}|--)${text}`),
    ...below.map((text) => `(?:-\\+?|\\+-)${text}`),
    baseTextRegex(whole, 16, '0[xX]'),
    ...infinities(interval),
  ];
  return `(?:${signed.join('|')})`;
}

/** What parseFloat reads, up to the end of the number; what follows is left out. */
function floatTexts(interval: DecimalInterval, { not, rest, dots }: Room): string {
  const dotted = `(?:${not('0-9')}${rest})?`;
  const end: End = { plain: dots ? `(?:${not('0-9.')}${rest})?` : dotted, dotted: dots ? dotted : null };
  const { above, below } = magnitudes(interval, end);
  const endless = infinities(interval).map((text) => `${text}${rest}`);
  const signed = [...above.map((text) => `\\+?${text}`), ...below.map((text) => `-${text}`), ...endless];
  return signed.length === 0 ? NO_TEXT : `(?:${signed.join('|')})`;
}

function infinities({ min, max }: DecimalInterval): string[] {
  return [...(max === null ? ['\\+?Infinity'] : []), ...(min === null ? ['-Infinity'] : [])];
}

interface DecimalInterval {
  readonly min: bigint | null;
  readonly minOpen: boolean;
  readonly max: bigint | null;
  readonly maxOpen: boolean;
}

/** What may follow a number without a dot, and one with a dot (null: there is none). */
interface End {
  readonly plain: string;
  readonly dotted: string | null;
}

/** Texts without a sign of the numbers of an interval that are not below 0, and of those that are not above it. */
function magnitudes(interval: DecimalInterval, end: End): { above: string[]; below: string[] } {
  const { min, minOpen, max, maxOpen } = interval;
  const turned = {
    min: max === null ? null : -max,
    minOpen: maxOpen,
    max: min === null ? null : -min,
    maxOpen: minOpen,
  };
  return { above: magnitude(interval, end), below: magnitude(turned, end) };
}

function magnitude({ min, minOpen, max, maxOpen }: DecimalInterval, { plain, dotted }: End): string[] {
  const low = min === null || min < 0n ? 0n : min;
  const isOpen = min !== null && min >= 0n && minOpen;
  if (max !== null && (max < low || (max === low && (isOpen || maxOpen)))) return [];
  const texts = (from: bigint, to: bigint | null, decimals: string, least: string, isPlain: boolean): string[] => {
    const digits = naturalTextRegex(from, to);
    if (digits === null) return [];
    const ends = [...(isPlain ? [plain] : []), ...(dotted === null ? [] : [`\\.${decimals}${dotted}`])];
    if (ends.length === 0) return [];
    const whole = `0*${digits}${ends.length === 1 ? ends[0] : `(?:${ends.join('|')})`}`;
    return from === 0n && dotted !== null ? [whole, `\\.${least}${dotted}`] : [whole];
  };
  const nonzero = '0*[1-9][0-9]*';
  return [
    ...texts(isOpen ? low + 1n : low, max === null ? null : max - 1n, '[0-9]*', '[0-9]+', true),
    ...(isOpen ? texts(low, low, nonzero, nonzero, false) : []),
    ...(max === null || maxOpen ? [] : texts(max, max, '0*', '0+', true)),
  ];
}

function decimalInterval(operator: string, bound: bigint): DecimalInterval {
  const none = { min: null, minOpen: false, max: null, maxOpen: false };
  if (operator === '<' || operator === '<=') return { ...none, max: bound, maxOpen: operator === '<' };
  if (operator === '>' || operator === '>=') return { ...none, min: bound, minOpen: operator === '>' };
  return { ...none, min: bound, max: bound };
}

// A text has one piece more than signs that part them.
function piecesPattern(separator: string, { min, max }: IntegerInterval): string | null {
  const [least, most] = [min === null || min < 1n ? 0n : min - 1n, max === null ? null : max - 1n];
  if (most !== null && most < least) return NO_TEXT;
  if ((most ?? least) > 1000n) return null;
  const one = classOf(separator);
  return `[^${one}]*(?:[${one}][^${one}]*){${least},${most ?? ''}}`;
}

function wholeInterval(operator: string, bound: number): IntegerInterval | null {
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
      return Number.isInteger(bound) ? { min: BigInt(bound), max: BigInt(bound) } : null;
    default:
      return null;
  }
}

function digitsOf(base: number): string {
  const last = (base - 1).toString(36);
  return base <= 10 ? `0-${last}` : `0-9a-${last}A-${last.toUpperCase()}`;
}
