/** java.math.BigDecimal: `unscaled * 10^-scale`. Equal values may have different scales, as in Java. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** Largest number of digits that is computed with; more is a hostile text. */
const DIGIT_LIMIT = 20_000;

/** The decimal of a literal such as `-1.50e3`, or undefined. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (!match || (match[2] ?? '') + (match[3] ?? '') === '') return undefined;
  const fraction = match[3] ?? '';
  const digits = (match[2] ?? '') + fraction;
  const exponent = match[4] === undefined ? 0 : Number(match[4]);
  if (digits.length > DIGIT_LIMIT || Math.abs(exponent) > DIGIT_LIMIT) return undefined;
  return { unscaled: BigInt(digits) * (match[1] === '-' ? -1n : 1n), scale: fraction.length - exponent };
}

/** The decimal of a finite double: exact decimal text of the double as `Double.toString` gives it. */
export function decimalOfDouble(value: number): Decimal {
  return parseDecimal(String(value)) ?? { unscaled: 0n, scale: 0 };
}

/** The same value with a larger scale. */
export function rescale(value: Decimal, scale: number): Decimal {
  return { unscaled: value.unscaled * 10n ** BigInt(scale - value.scale), scale };
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  return [rescale(a, scale).unscaled, rescale(b, scale).unscaled, scale];
}

/** -1, 0 or 1 by value; 1.0 and 1.00 compare equal. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const [left, right] = aligned(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Sum or difference. */
export function addDecimals(a: Decimal, b: Decimal, sign: 1n | -1n): Decimal {
  const [left, right, scale] = aligned(a, b);
  return { unscaled: left + sign * right, scale };
}

/** Product; the scales add up. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { unscaled: a.unscaled * b.unscaled, scale: a.scale + b.scale };
}

function digitCount(value: bigint): number {
  return (value < 0n ? -value : value).toString().length;
}

function stripZeros(value: Decimal, preferred: number): Decimal {
  let { unscaled, scale } = value;
  while (scale > preferred && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  return { unscaled, scale };
}

function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const top = numerator < 0n ? -numerator : numerator;
  const bottom = denominator < 0n ? -denominator : denominator;
  const rounded = (top * 2n + bottom) / (bottom * 2n);
  return negative ? -rounded : rounded;
}

/** Whether a fraction has a finite decimal expansion: its reduced denominator holds only 2 and 5. */
function terminates(numerator: bigint, denominator: bigint): boolean {
  let a = numerator < 0n ? -numerator : numerator;
  let b = denominator < 0n ? -denominator : denominator;
  let rest = b;
  while (b !== 0n) [a, b] = [b, a % b];
  if (a !== 0n) rest /= a;
  while (rest % 2n === 0n) rest /= 2n;
  while (rest % 5n === 0n) rest /= 5n;
  return rest === 1n;
}

/**
 * Groovy's `/` on BigDecimal: exact where the quotient ends, else precision max(p) + 10 and at most scale max(s, 10).
 * @returns undefined for a division by zero.
 */
export function divideDecimals(a: Decimal, b: Decimal): Decimal | undefined {
  if (b.unscaled === 0n) return undefined;
  const preferred = a.scale - b.scale;
  if (terminates(a.unscaled, b.unscaled)) {
    let extra = 0n;
    while ((a.unscaled * 10n ** extra) % b.unscaled !== 0n) extra++;
    const exact = { unscaled: (a.unscaled * 10n ** extra) / b.unscaled, scale: preferred + Number(extra) };
    return stripZeros(exact, preferred);
  }
  const precision = Math.max(digitCount(a.unscaled), digitCount(b.unscaled)) + 10;
  // Enough digits for the precision, then round to it.
  const shift = Math.max(0, precision + digitCount(b.unscaled) - digitCount(a.unscaled) + 2);
  let scale = preferred + shift;
  let quotient = (a.unscaled * 10n ** BigInt(shift)) / b.unscaled;
  const drop = digitCount(quotient) - precision;
  if (drop > 0) {
    quotient = divideRounded(a.unscaled * 10n ** BigInt(shift), b.unscaled * 10n ** BigInt(drop));
    scale -= drop;
  }
  const limit = Math.max(a.scale, b.scale, 10);
  if (scale > limit) {
    quotient = divideRounded(quotient, 10n ** BigInt(scale - limit));
    scale = limit;
  }
  return { unscaled: quotient, scale };
}

/** The integer part, as BigDecimal.toBigInteger: cut towards zero. */
export function truncateDecimal(value: Decimal): bigint {
  return value.scale >= 0 ? value.unscaled / 10n ** BigInt(value.scale) : value.unscaled * 10n ** BigInt(-value.scale);
}

/** The nearest double. */
export function decimalToNumber(value: Decimal): number {
  return Number(`${value.unscaled}e${-value.scale}`);
}

/** BigDecimal.toString: plain for scale >= 0 and an exponent >= -6, else scientific. */
export function decimalToText(value: Decimal): string {
  const sign = value.unscaled < 0n ? '-' : '';
  const digits = (value.unscaled < 0n ? -value.unscaled : value.unscaled).toString();
  const exponent = digits.length - 1 - value.scale;
  if (value.scale >= 0 && exponent >= -6) {
    if (value.scale === 0) return sign + digits;
    const padded = digits.padStart(value.scale + 1, '0');
    return `${sign}${padded.slice(0, -value.scale)}.${padded.slice(-value.scale)}`;
  }
  const mantissa = digits.length > 1 ? `${digits.charAt(0)}.${digits.slice(1)}` : digits;
  return `${sign}${mantissa}${exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`}`;
}
