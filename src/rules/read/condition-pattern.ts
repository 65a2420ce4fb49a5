/** Values of condition rules: globs and ranges. */
import { holdsTest } from '../plan/holds-test.ts';
import type { PlanTest } from '../plan/route-plan.ts';

/** Largest Java int. */
const INT_MAX = 2_147_483_647;

/** The meaning of a pattern: tests that a text must all pass, or one answer for every text. */
export type PatternMeaning = boolean | readonly PlanTest[];

/** `*` stands for anything, the last one only; a `*` before it is a plain character. */
export function globMeaning(pattern: string): PatternMeaning {
  if (pattern === '*') return true;
  const star = pattern.lastIndexOf('*');
  if (star < 0) return [{ op: 'eq', values: [{ t: 'java.lang.String', v: pattern }] }];
  const tests: PlanTest[] = [];
  if (star > 0) tests.push({ op: 'prefix', text: pattern.slice(0, star) });
  if (star < pattern.length - 1) tests.push({ op: 'suffix', text: pattern.slice(star + 1) });
  return tests;
}

/**
 * A range `1~100`, `1~`, `~100` as RangeValuePattern reads it. A bound without digits counts as 0. A number past int or
 * a range without an end (`1~`) gives `fallback`. The router passes false on the left of a rule and true on its right.
 */
export function rangeMeaning(pattern: string, fallback: boolean): PatternMeaning {
  const parts = pattern.split('~');
  while (parts.at(-1) === '') parts.pop();
  const [low, high] = parts;
  if (low === undefined || high === undefined || (low === '' && high === '')) return fallback;
  const from = low === '' ? 0 : javaInteger(low);
  const to = high === '' ? INT_MAX : javaInteger(high);
  if (from === undefined || to === undefined) return fallback;
  const parts10: string[] = digitsBetween(from, to);
  if (fallback) parts10.push(...decimalPatterns(String(INT_MAX + 1), '9999999999'), '[1-9][0-9]{10,}');
  const alternatives = parts10.length > 0 ? [`0*(?:${parts10.join('|')})`] : [];
  // A text that is not all digits counts as 0.
  if (from === 0) alternatives.push('(?:.*[^0-9].*)?');
  const flag = from === 0 ? '(?s)' : '';
  return alternatives.length === 0 ? false : [{ op: 'regex', pattern: flag + alternatives.join('|'), mode: 'full' }];
}

/** Whether a text that is known matches. */
export function meaningHolds(meaning: PatternMeaning, text: string): boolean {
  if (typeof meaning === 'boolean') return meaning;
  return meaning.every((test) => holdsTest(test, text));
}

/** StringUtils.parseInteger: digits as an int, anything else as 0; undefined where Java throws. */
function javaInteger(text: string): number | undefined {
  if (!/^[0-9]+$/.test(text)) return 0;
  const value = Number(text);
  return value <= INT_MAX ? value : undefined;
}

/** Patterns without leading zeros for the whole numbers between two bounds, both included. */
export function digitsBetween(min: number, max: number): string[] {
  const patterns: string[] = [];
  let from = min;
  while (from <= max) {
    const to = Math.min(max, 10 ** String(from).length - 1);
    patterns.push(...decimalPatterns(String(from), String(to)));
    from = to + 1;
  }
  return patterns;
}

/** Patterns for numbers of one length between two bounds. */
function decimalPatterns(from: string, to: string): string[] {
  if (from === to) return [from];
  const head = from.charAt(0);
  const top = to.charAt(0);
  const rest = from.length - 1;
  if (rest === 0) return [`[${head}-${top}]`];
  const digits = (count: number): string => (count === 0 ? '' : `[0-9]{${count}}`);
  if (/^\d0*$/.test(from) && /^\d9*$/.test(to))
    return [head === top ? `${head}${digits(rest)}` : `[${head}-${top}]${digits(rest)}`];
  if (head === top) return decimalPatterns(from.slice(1), to.slice(1)).map((part) => head + part);
  const lower = decimalPatterns(from.slice(1), '9'.repeat(rest)).map((part) => head + part);
  const upper = decimalPatterns('0'.repeat(rest), to.slice(1)).map((part) => top + part);
  const [next, before] = [Number(head) + 1, Number(top) - 1];
  const middle =
    next > before ? [] : [next === before ? `${next}${digits(rest)}` : `[${next}-${before}]${digits(rest)}`];
  return [...lower, ...middle, ...upper];
}
