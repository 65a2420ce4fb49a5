/** Number literals of Groovy: class and value. */
import type { NumberClass } from './ast.ts';

/** A number literal: its class and its value as canonical decimal text. */
export interface NumberLiteral {
  readonly cls: NumberClass;
  readonly text: string;
}

const SUFFIXES: Readonly<Record<string, NumberClass>> = {
  i: 'Integer',
  l: 'Long',
  g: 'BigInteger',
  d: 'Double',
  f: 'Float',
};

/** Reads a literal as Groovy does (a leading minus is part of it); undefined where the value does not fit its suffix. */
export function parseNumberLiteral(literal: string): NumberLiteral | undefined {
  let text = literal.replaceAll('_', '');
  const negative = text.startsWith('-');
  if (negative) text = text.slice(1);
  const hex = /^0[xX]/.test(text);
  const radix = hex || /^0[bB]/.test(text);
  const suffix = (radix ? /[gGlLiI]$/ : /[gGlLiIdDfF]$/).exec(text)?.[0].toLowerCase();
  const digits = suffix ? text.slice(0, -1) : text;
  const wanted = suffix === undefined ? undefined : SUFFIXES[suffix];
  if (!radix && /[.eE]/.test(digits)) {
    const sign = negative ? '-' : '';
    if (wanted === undefined || wanted === 'BigInteger') return { cls: 'BigDecimal', text: sign + digits };
    return wanted === 'Double' || wanted === 'Float' ? { cls: wanted, text: sign + digits } : undefined;
  }
  const octal = !radix && digits.length > 1 && digits.startsWith('0') && wanted !== 'Double' && wanted !== 'Float';
  if (octal && !/^[0-7]+$/.test(digits)) return undefined;
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  const value = negative ? -magnitude : magnitude;
  if (wanted === 'Double' || wanted === 'Float') return { cls: wanted, text: String(value) };
  // Groovy reads -2147483648 as one Integer literal, and without a suffix takes the smallest class that fits.
  const fits = (bits: bigint): boolean => value >= -(1n << (bits - 1n)) && value < 1n << (bits - 1n);
  const natural: NumberClass = fits(32n) ? 'Integer' : fits(64n) ? 'Long' : 'BigInteger';
  const cls = wanted ?? natural;
  if (cls === 'Integer' && !fits(32n)) return undefined;
  if (cls === 'Long' && !fits(64n)) return undefined;
  return { cls, text: String(value) };
}
