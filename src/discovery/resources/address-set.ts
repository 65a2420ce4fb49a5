/** Sets of IP addresses as Envoy matches them: IPv4 as one pattern over their text, which is short for neighbours. */

/**
 * Addresses, each with how often it was added. A pattern takes some 5 bytes for an address among strangers, and nearly none for
 * one among neighbours; a list of ranges takes 20 for each range, and all of it is sent whenever an address joins.
 */
export class AddressSet {
  readonly #ipv4 = new Level();
  readonly #others = new Map<string, number>();

  constructor(addresses: Iterable<string> = []) {
    for (const address of addresses) this.add(address);
  }

  get isEmpty(): boolean {
    return this.#ipv4.isEmpty && this.#others.size === 0;
  }

  /** The addresses that are not IPv4, sorted. */
  get others(): readonly string[] {
    return [...this.#others.keys()].toSorted();
  }

  add(address: string): void {
    this.#count(address, 1);
  }

  /** Takes back one `add` of the address. */
  delete(address: string): void {
    this.#count(address, -1);
  }

  /** A pattern of RE2 that exactly the IPv4 addresses match as a whole; null when there are none. The same for the same set. */
  get pattern(): string | null {
    return this.#ipv4.isEmpty ? null : this.#ipv4.pattern;
  }

  #count(address: string, by: number): void {
    if (address.includes(':')) change(this.#others, address, by);
    else this.#ipv4.change(address.split('.').map(Number), 0, by);
  }
}

/** The numbers at one place of addresses, each with what follows it. Only the patterns on the way to a change are made anew. */
class Level {
  readonly #below = new Map<number, Level>();
  /** At the last place, how often each number was added. */
  readonly #counts = new Map<number, number>();
  #pattern: string | null = null;

  get isEmpty(): boolean {
    return this.#below.size + this.#counts.size === 0;
  }

  change(numbers: readonly number[], place: number, by: number): void {
    const number = numbers[place] ?? 0;
    this.#pattern = null;
    if (place === numbers.length - 1) {
      change(this.#counts, number, by);
      return;
    }
    const below = this.#below.get(number) ?? new Level();
    below.change(numbers, place + 1, by);
    if (below.isEmpty) this.#below.delete(number);
    else this.#below.set(number, below);
  }

  get pattern(): string {
    this.#pattern ??=
      this.#counts.size > 0
        ? numbersPattern(this.#counts.keys())
        : level([...this.#below].map(([number, below]) => [number, below.pattern] as const));
    return this.#pattern;
  }
}

function change<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** Numbers with the patterns of what follows them behind a dot: those with the same pattern share it. */
function level(below: readonly (readonly [number, string])[]): string {
  const byRest = new Map<string, number[]>();
  for (const [number, rest] of below) {
    const same = byRest.get(rest);
    if (same === undefined) byRest.set(rest, [number]);
    else same.push(number);
  }
  const parts = [...byRest].map(([rest, numbers]) => `${numbersPattern(numbers)}\\.${rest}`);
  return oneOf(parts.toSorted());
}

/** A pattern that exactly these numbers from 0 to 255 match. */
function numbersPattern(numbers: Iterable<number>): string {
  // By a number of at most two digits, those that may follow it, as bits; by 0, which none follows, the first ones.
  const following = new Uint16Array(26);
  const ends = new Uint8Array(256);
  for (const number of numbers) {
    ends[number] = 1;
    let rest = number;
    for (; rest > 9; rest = Math.floor(rest / 10)) note(following, Math.floor(rest / 10), rest % 10);
    note(following, 0, rest);
  }
  return behind(0, following, ends);
}

function note(following: Uint16Array, number: number, digit: number): void {
  following[number] = (following[number] ?? 0) | (1 << digit);
}

/** The pattern of what follows a number; by 0, of all numbers. */
function behind(number: number, following: Uint16Array, ends: Uint8Array): string {
  const bits = following[number] ?? 0;
  if (bits === 0) return '';
  const byRest = new Map<string, number>();
  for (let digit = 0; digit < 10; digit += 1) {
    if ((bits & (1 << digit)) === 0) continue;
    const next = number * 10 + digit;
    const rest = next === 0 || next >= following.length ? '' : behind(next, following, ends);
    byRest.set(rest, (byRest.get(rest) ?? 0) | (1 << digit));
  }
  const parts = [...byRest].map(([rest, digits]) => `${digitsPattern(digits)}${rest}`);
  if (number === 0 || ends[number] === 0) return oneOf(parts);
  const [only] = parts;
  return parts.length === 1 && only !== undefined && /^(\\d|\d|\[[\d-]+\])$/.test(only)
    ? `${only}?`
    : `(?:${parts.join('|')})?`;
}

function oneOf(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : parts.length === 0 ? '' : `(?:${parts.join('|')})`;
}

/** By digits as bits, their pattern: there are few of them. */
const digitPatterns = new Map<number, string>();

/** One of these digits, given as bits. */
function digitsPattern(bits: number): string {
  const known = digitPatterns.get(bits);
  if (known !== undefined) return known;
  const digits = Array.from({ length: 10 }, (_, digit) => digit).filter((digit) => (bits & (1 << digit)) !== 0);
  const made = digits.length === 10 ? '\\d' : digits.length === 1 ? String(digits[0]) : `[${runsOf(digits)}]`;
  digitPatterns.set(bits, made);
  return made;
}

function runsOf(digits: readonly number[]): string {
  const runs: string[] = [];
  for (const digit of digits) {
    const run = runs.at(-1);
    if (run !== undefined && Number(run.at(-1)) + 1 === digit) runs[runs.length - 1] = `${run}${digit}`;
    else runs.push(String(digit));
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run)).join('');
}
