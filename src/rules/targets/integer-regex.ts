/** A closed interval of integers; an end of null has no bound. */
export interface IntegerInterval {
  readonly min: bigint | null;
  readonly max: bigint | null;
}

/**
 * A regular expression (full match) of the decimal texts that `Integer.parseInt` reads as a number inside the interval.
 * Java, RE2 and JavaScript read it alike. It takes leading zeros, and a sign only where Java takes one. ASCII digits
 * only.
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

/** The decimal texts, without zeros in front, of the naturals from `low` to `high` (null: no bound); null for none. */
export function naturalTextRegex(low: bigint, high: bigint | null): string | null {
  const body = naturalRegex(low, high);
  return body === null ? null : `(?:${body.join('|')})`;
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
    return joinLengths(parts);
  }
  while (from <= high) {
    const text = String(from);
    const ceiling = 10n ** BigInt(text.length) - 1n;
    const to = ceiling < high ? ceiling : high;
    parts.push(...sameLength(text, String(to)));
    from = to + 1n;
  }
  return joinLengths(parts);
}

// `[1-9]`, `[1-9][0-9]` and `[1-9][0-9]{2}` are `[1-9][0-9]{0,2}`.
function joinLengths(parts: readonly string[]): string[] {
  const joined: { head: string; from: number; to: string }[] = [];
  for (const part of parts) {
    const [, head = part, digit, low, comma, high = ''] =
      /^(\[1-9\])(\[0-9\](?:\{(\d+)(,)?(\d+)?\})?)?$/.exec(part) ?? [];
    const from = head !== '[1-9]' ? -1 : digit === undefined ? 0 : Number(low ?? 1);
    const to = comma === undefined ? String(from) : high;
    const last = joined.at(-1);
    if (last?.head === head && from >= 0 && last.to === String(from - 1)) joined[joined.length - 1] = { ...last, to };
    else joined.push({ head, from, to });
  }
  return joined.map(({ head, from, to }) => {
    if (from < 0 || (from === 0 && to === '0')) return head;
    if (String(from) === to) return from === 1 ? `${head}[0-9]` : `${head}[0-9]{${from}}`;
    return from === 0 && to === '' ? `${head}[0-9]*` : `${head}[0-9]{${from},${to}}`;
  });
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
    const any = (count: number): string => (count === 1 ? '[0-9]' : `[0-9]{${count}}`);
    const isAny = from === 0 && to === 9;
    out.push(isAny ? any(low.length) : digits(String(from), String(to)) + any(rest.length));
  }
  return [...out, ...upper];
}

function digits(low: string, high: string): string {
  return low === high ? low : low === '0' && high === '9' ? '[0-9]' : `[${low}-${high}]`;
}
