/** Whole numbers as texts in any base from 2 to 36. */
import type { IntegerInterval } from '../targets/integer-regex.ts';

/** A pattern that no text matches. */
export const NO_TEXT = '[^\\s\\S]';

/** A pattern of the texts with at most one sign, `prefix` and leading zeros, whose value in a base lies in an interval. */
export function baseTextRegex({ min, max }: IntegerInterval, base: number, prefix: string): string {
  const naturals = (low: bigint, high: bigint | null): string => `${prefix}0*${naturalsOf(low, high, base)}`;
  const above = max === null || max >= 0n ? [`\\+?${naturals(min === null || min < 0n ? 0n : min, max)}`] : [];
  const below =
    min === null || min <= 0n ? [`-${naturals(max === null || max > 0n ? 0n : -max, min === null ? null : -min)}`] : [];
  return [...above, ...below].join('|') || NO_TEXT;
}

function naturalsOf(low: bigint, high: bigint | null, base: number): string {
  const first = low.toString(base);
  const last = (base - 1).toString(base);
  const parts: string[] = [];
  const longest = high === null ? first.length : high.toString(base).length;
  for (let length = first.length; length <= longest; length += 1) {
    const from = length === first.length ? first : `1${'0'.repeat(length - 1)}`;
    const to = high === null || length < longest ? last.repeat(length) : high.toString(base);
    parts.push(sameLength(from, to, base));
  }
  if (high === null) parts.push(`${digit(1, base - 1)}${digit(0, base - 1)}{${first.length},}`);
  return `(?:${parts.join('|')})`;
}

// Texts of one length from `low` to `high`.
function sameLength(low: string, high: string, base: number): string {
  const [from, to] = [Number.parseInt(low.charAt(0), base), Number.parseInt(high.charAt(0), base)];
  if (low.length === 1) return digit(from, to);
  const [restLow, restHigh] = [low.slice(1), high.slice(1)];
  if (from === to) return `${digit(from, from)}${sameLength(restLow, restHigh, base)}`;
  const last = (base - 1).toString(base);
  const parts = [
    `${digit(from, from)}${sameLength(restLow, last.repeat(restLow.length), base)}`,
    `${digit(to, to)}${sameLength('0'.repeat(restHigh.length), restHigh, base)}`,
  ];
  if (to - from > 1) parts.push(`${digit(from + 1, to - 1)}${digit(0, base - 1)}{${restLow.length}}`);
  return `(?:${parts.join('|')})`;
}

function digit(from: number, to: number): string {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(from, to + 1);
  return `[${digits}${digits.replace(/[^a-z]/g, '').toUpperCase()}]`;
}
