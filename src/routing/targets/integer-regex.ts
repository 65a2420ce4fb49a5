/** A closed interval of integers; an end of null has no bound. */
export interface IntegerInterval {
  readonly min: bigint | null;
  readonly max: bigint | null;
}

/**
 * A regular expression (Java, RE2 and JavaScript alike, full match) of the decimal texts that `Integer.parseInt` reads as a
 * number inside the interval: any number of leading zeros, a sign only where Java takes one. ASCII digits only.
 */
export function integerTextRegex(interval: IntegerInterval): string {
  const parts: string[] = [];
  const { min, max } = interval;
  if (max === null || max >= 0n) {
    const low = min === null || min < 0n ? 0n : min;
    const body = naturalRegex(low, max);
    if (body !== null) parts.push(`\\+?0*${group(body)}`);
  }
  if (min === null || min <= 0n) {
    const low = max === null || max > 0n ? 0n : -max;
    const body = naturalRegex(low, min === null ? null : -min);
    if (body !== null) parts.push(`-0*${group(body)}`);
  }
  return parts.length === 0 ? '[^\\s\\S]' : parts.length === 1 ? (parts[0] ?? '') : `(?:${parts.join('|')})`;
}

function group(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? (alternatives[0] ?? '') : `(?:${alternatives.join('|')})`;
}

// Texts without leading zeros of the naturals in [low, high]; zero itself is the text `0`, which the caller's 0* leaves whole.
function naturalRegex(low: bigint, high: bigint | null): string[] | null {
  if (high !== null && high < low) return null;
  const parts: string[] = [];
  if (low === 0n) parts.push('0');
  let from = low === 0n ? 1n : low;
  if (high === null) {
    const text = String(from);
    const ceiling = 10n ** BigInt(text.length) - 1n;
    parts.push(...sameLength(text, String(ceiling)));
    parts.push(`[1-9][0-9]{${text.length},}`);
    return parts;
  }
  while (from <= high) {
    const text = String(from);
    const ceiling = 10n ** BigInt(text.length) - 1n;
    const to = ceiling < high ? ceiling : high;
    parts.push(...sameLength(text, String(to)));
    from = to + 1n;
  }
  return parts;
}

// Both texts have the same length; the usual split at the first digit that differs.
function sameLength(low: string, high: string): string[] {
  if (low === high) return [low];
  if (low.length === 1) return [digits(low, high)];
  const [first, rest] = [low.charAt(0), low.slice(1)];
  const [last, tail] = [high.charAt(0), high.slice(1)];
  if (first === last) return sameLength(rest, tail).map((part) => first + part);
  const out: string[] = [];
  let from = Number(first);
  let to = Number(last);
  if (/[1-9]/.test(rest)) {
    out.push(...sameLength(rest, '9'.repeat(rest.length)).map((part) => first + part));
    from += 1;
  }
  const upper: string[] = [];
  if (/[0-8]/.test(tail)) {
    upper.push(...sameLength('0'.repeat(tail.length), tail).map((part) => last + part));
    to -= 1;
  }
  if (from <= to) {
    const any = rest.length === 1 ? '[0-9]' : `[0-9]{${rest.length}}`;
    out.push(digits(String(from), String(to)) + any);
  }
  return [...out, ...upper];
}

function digits(low: string, high: string): string {
  return low === high ? low : low === '0' && high === '9' ? '[0-9]' : `[${low}-${high}]`;
}
