/** Patterns for the canonical decimals of promoted arguments, which Envoy compares as texts. */
import type { DecimalRange } from '../../rules/targets/envoy/envoy-test.ts';
import { naturalTextRegex } from '../../rules/targets/integer-regex.ts';

const ANY_FRACTION = '(?:\\.[0-9]+)?';

/** RE2 patterns (full match) that all hold for exactly the decimals of a range; none: every number. */
export function decimalPatterns({ min, minOpen, max, maxOpen }: DecimalRange): readonly string[] {
  const patterns: string[] = [];
  // NaN and Infinity lie above every bound, -Infinity below.
  if (min !== null) patterns.push([...above(min, minOpen).map(unsigned), 'NaN', 'Infinity'].join('|'));
  if (max !== null) patterns.push([...above(mirrored(max), maxOpen).map(mirroredPattern), '-Infinity'].join('|'));
  return patterns;
}

/** Alternatives for the decimals above a bound; `+` stands in front of those without a sign. -0 lies right below 0. */
function above(bound: string, isOpen: boolean): string[] {
  const isNegative = bound.startsWith('-');
  const [whole = '0', fraction = ''] = bound.replace(/^-/, '').split('.');
  const size = { whole: BigInt(whole), fraction };
  if (!isNegative) return larger(size, isOpen).map((pattern) => `+${pattern}`);
  // Every number without a minus, -0, and those with a minus whose size is smaller.
  return [`+[0-9]+${ANY_FRACTION}`, ...smaller(size, isOpen).map((pattern) => `-${pattern}`)];
}

interface Size {
  readonly whole: bigint;
  readonly fraction: string;
}

function larger({ whole, fraction }: Size, isOpen: boolean): string[] {
  const parts = [`${naturals(whole + 1n, null)}${ANY_FRACTION}`];
  if (fraction === '') parts.push(`${whole}\\.[0-9]+`);
  // The same digits up to one, that one larger; or all of them, and more.
  for (const [at, digit] of [...fraction].entries()) {
    if (digit !== '9') parts.push(`${whole}\\.${fraction.slice(0, at)}[${Number(digit) + 1}-9][0-9]*`);
  }
  if (fraction !== '') parts.push(`${whole}\\.${fraction}[0-9]+`);
  if (!isOpen) parts.push(`${whole}${fraction === '' ? '' : `\\.${fraction}`}`);
  return parts;
}

function smaller({ whole, fraction }: Size, isOpen: boolean): string[] {
  const parts = whole > 0n ? [`${naturals(0n, whole - 1n)}${ANY_FRACTION}`] : [];
  for (const [at, digit] of [...fraction].entries()) {
    const head = fraction.slice(0, at);
    parts.push(`${whole}${head === '' ? '' : `\\.${head}`}`);
    if (digit !== '0') parts.push(`${whole}\\.${head}[0-${Number(digit) - 1}][0-9]*`);
  }
  if (!isOpen) parts.push(`${whole}${fraction === '' ? '' : `\\.${fraction}`}`);
  return parts;
}

function naturals(min: bigint, max: bigint | null): string {
  return naturalTextRegex(min, max) ?? '[^\\s\\S]';
}

/** The other side of zero: what is above a bound there is below it here. */
function mirrored(bound: string): string {
  return bound.startsWith('-') ? bound.slice(1) : `-${bound}`;
}

function mirroredPattern(pattern: string): string {
  return pattern.startsWith('+') ? `-${pattern.slice(1)}` : pattern.slice(1);
}

function unsigned(pattern: string): string {
  return pattern.startsWith('+') ? pattern.slice(1) : pattern;
}
