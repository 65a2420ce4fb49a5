/** Regular expressions for whole numbers by their remainder, and for the last digits of a text. */
import { type IntegerInterval, integerTextRegex, naturalTextRegex } from './integer-regex.ts';

/** Numbers that pass a test: intervals, of the number itself or of its remainder as Java gives it (`-7 % 5` is -2). */
export interface WantedIntegers {
  readonly spans: readonly IntegerInterval[];
  /** Null: the spans are of the number itself. */
  readonly modulus: bigint | null;
}

/** A remainder is told by so many last digits at most: 10,000 numbers are looked at. */
const MOST_DIGITS = 4;

/** Whether a number is wanted. */
export function isWanted(value: bigint, { spans, modulus }: WantedIntegers): boolean {
  const looked = modulus === null ? value : value % modulus;
  return spans.some(({ min, max }) => (min === null || looked >= min) && (max === null || looked <= max));
}

/**
 * The decimal texts of the wanted numbers inside `limit` (at least 10,000 each way), as `Integer.parseInt` reads them. Null where the last four
 * digits do not tell the remainder: 3 and 7 divide no power of ten.
 */
export function wantedTextRegex(
  wanted: WantedIntegers,
  limit: { readonly min: bigint; readonly max: bigint },
): string | null {
  if (wanted.modulus === null) {
    if (wanted.spans.length === 0) return '[^\\s\\S]';
    return `(?:${wanted.spans.map(integerTextRegex).join('|')})`;
  }
  const digits = digitsThatTell(wanted.modulus);
  if (digits === null) return null;
  const plus = magnitudes(limit.max, digits, (size) => isWanted(size, wanted));
  const minus = magnitudes(-limit.min, digits, (size) => isWanted(-size, wanted));
  const parts = [...(plus === null ? [] : [`\\+?0*${plus}`]), ...(minus === null ? [] : [`-0*${minus}`])];
  return parts.length === 0 ? '[^\\s\\S]' : `(?:${parts.join('|')})`;
}

function digitsThatTell(modulus: bigint): number | null {
  for (let digits = 1; digits <= MOST_DIGITS; digits++) if (10n ** BigInt(digits) % modulus === 0n) return digits;
  return null;
}

// Texts without leading zeros of the naturals up to `high` whose remainder, told by the last digits, is wanted.
function magnitudes(high: bigint, digits: number, isGood: (size: bigint) => boolean): string | null {
  const unit = 10n ** BigInt(digits);
  const tails = range(Number(unit)).filter((size) => isGood(BigInt(size)));
  if (tails.length === 0) return null;
  const padded = tails.map((size) => String(size).padStart(digits, '0'));
  const parts: string[] = [];
  for (let length = 1; length < digits; length++) {
    const short = tails.map(String).filter((text) => text.length === length);
    if (short.length > 0) parts.push(digitTexts(short));
  }
  const front = naturalTextRegex(1n, high / unit - 1n);
  parts.push(`${front === null ? '' : `${front}?`}${digitTexts(padded)}`);
  const last = padded.filter((text) => BigInt(text) <= high % unit);
  if (high >= unit && last.length > 0) parts.push(String(high / unit) + digitTexts(last));
  return parts.length === 1 ? (parts[0] ?? '') : `(?:${parts.join('|')})`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** A pattern for texts of digits of one length; first digits with the same rest stand in one class. */
export function digitTexts(texts: readonly string[]): string {
  const rests = new Map<string, string>();
  for (const [digit, own] of Map.groupBy(texts, (text) => text.charAt(0))) {
    const rest = own.map((text) => text.slice(1));
    const pattern = rest[0] === '' ? '' : digitTexts(rest);
    rests.set(pattern, (rests.get(pattern) ?? '') + digit);
  }
  const parts = [...rests].map(([rest, digits]) => digitClass(digits) + rest);
  return parts.length === 1 ? (parts[0] ?? '') : `(?:${parts.join('|')})`;
}

function digitClass(digits: string): string {
  const sorted = [...digits].sort().join('');
  if (sorted.length === 1) return sorted;
  const isRun = Number(sorted.at(-1)) - Number(sorted.charAt(0)) === sorted.length - 1;
  return isRun && sorted.length > 2 ? `[${sorted.charAt(0)}-${sorted.at(-1)}]` : `[${sorted}]`;
}

/**
 * Texts of one or two characters that Java reads as a wanted number; null for longer ones. Blanks around a digit count
 * where `trims` is set.
 */
export function shortTextRegex(length: number, wanted: WantedIntegers, trims: boolean): string | null {
  if (length < 1 || length > 2) return null;
  const good = (text: string): boolean => isWanted(BigInt(text), wanted);
  const single = range(10).map(String);
  if (length === 1) {
    const texts = single.filter(good);
    return texts.length === 0 ? '[^\\s\\S]' : digitTexts(texts);
  }
  const pairs = single.flatMap((a) => single.map((b) => a + b)).filter(good);
  const ones = single.filter(good);
  const negative = single.filter((text) => isWanted(-BigInt(text), wanted));
  const parts = pairs.length === 0 ? [] : [digitTexts(pairs)];
  if (ones.length > 0) {
    parts.push(`\\+${digitTexts(ones)}`);
    if (trims) parts.push(`[\\x00- ]${digitTexts(ones)}`, `${digitTexts(ones)}[\\x00- ]`);
  }
  if (negative.length > 0) parts.push(`-${digitTexts(negative)}`);
  return parts.length === 0 ? '[^\\s\\S]' : `(?:${parts.join('|')})`;
}
