/** An exact decimal number: `unscaled * 10^-scale`, scale >= 0. Enough of java.math.BigDecimal to compare and to add. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** Reads a decimal text as `new BigDecimal(text)` does; null for anything else, and for exponents beyond 400 digits. */
export function parseDecimal(text: string): Decimal | null {
  const match = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d{1,3}))?$/.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const unscaled = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const scale = fraction.length - Number(exponent);
  if (Math.abs(scale) > 400) return null;
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 };
}

/** The exact value of a double; null for NaN and the infinities. */
export function decimalOfDouble(value: number): Decimal | null {
  if (!Number.isFinite(value)) return null;
  if (Number.isInteger(value)) return { unscaled: BigInt(value), scale: 0 };
  let unscaled = value;
  let scale = 0;
  // Each doubling is exact; a double has at most 1074 binary digits after the point.
  while (!Number.isInteger(unscaled)) {
    unscaled *= 2;
    scale += 1;
  }
  return { unscaled: BigInt(unscaled) * 5n ** BigInt(scale), scale };
}

/** -1, 0 or 1. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const scale = Math.max(left.scale, right.scale);
  const difference =
    left.unscaled * 10n ** BigInt(scale - left.scale) - right.unscaled * 10n ** BigInt(scale - right.scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
