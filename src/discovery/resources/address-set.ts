/** Sets of IP addresses as Envoy matches them: IPv4 as one pattern over their text, which is short for neighbours. */

/**
 * Addresses, each with how often it was added. A pattern takes some 5 bytes for an address among strangers, and nearly none for
 * one among neighbours; a list of ranges takes 20 for each range, and all of it is sent whenever an address joins.
 */
export class AddressSet {
  /** By the first three numbers of IPv4 addresses, the last ones with their counts. */
  readonly #blocks = new Map<string, Map<number, number>>();
  readonly #others = new Map<string, number>();
  /** By block, its pattern: only that of a block that changed is made anew. */
  readonly #patterns = new Map<string, string>();

  constructor(addresses: Iterable<string> = []) {
    for (const address of addresses) this.add(address);
  }

  get isEmpty(): boolean {
    return this.#blocks.size + this.#others.size === 0;
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
    if (this.#blocks.size === 0) return null;
    const tree = new Map<number, Map<number, Map<number, string>>>();
    for (const block of this.#blocks.keys()) {
      const [a = 0, b = 0, c = 0] = block.split('.').map(Number);
      const below = tree.get(a) ?? new Map<number, Map<number, string>>();
      tree.set(a, below);
      below.set(b, (below.get(b) ?? new Map<number, string>()).set(c, this.#patternOf(block)));
    }
    const second = (below: Map<number, Map<number, string>>) =>
      level([...below].map(([b, last]) => [b, level([...last])] as const));
    return level([...tree].map(([a, below]) => [a, second(below)] as const));
  }

  #patternOf(block: string): string {
    const known = this.#patterns.get(block);
    if (known !== undefined) return known;
    const made = numbersPattern([...(this.#blocks.get(block)?.keys() ?? [])]);
    this.#patterns.set(block, made);
    return made;
  }

  #count(address: string, by: number): void {
    if (address.includes(':')) {
      change(this.#others, address, by);
      return;
    }
    const dot = address.lastIndexOf('.');
    const block = address.slice(0, dot);
    const last = this.#blocks.get(block) ?? new Map<number, number>();
    this.#blocks.set(block, last);
    const size = last.size;
    change(last, Number(address.slice(dot + 1)), by);
    if (last.size !== size) this.#patterns.delete(block);
    if (last.size === 0) this.#blocks.delete(block);
  }
}

function change<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** Numbers with the patterns of what follows them behind a dot: those with the same pattern share it. */
function level(below: readonly (readonly [number, string])[]): string {
  const byRest = Map.groupBy(below, ([, rest]) => rest);
  const parts = [...byRest].map(([rest, ones]) => `${numbersPattern(ones.map(([number]) => number))}\\.${rest}`);
  return oneOf(parts.toSorted());
}

function numbersPattern(numbers: readonly number[]): string {
  return wordsPattern(numbers.map(String).toSorted());
}

/** A pattern that exactly these words of digits match, sorted and each there once. */
function wordsPattern(words: readonly string[]): string {
  const byFirst = Map.groupBy(
    words.filter((word) => word !== ''),
    (word) => word[0] ?? '',
  );
  const rests = [...byFirst].map(([first, ones]) => [first, wordsPattern(ones.map((word) => word.slice(1)))] as const);
  const parts = [...Map.groupBy(rests, ([, rest]) => rest)].map(
    ([rest, ones]) => `${digitsPattern(ones.map(([first]) => first).join(''))}${rest}`,
  );
  const isOptional = parts.length > 0 && words[0] === '';
  if (!isOptional) return oneOf(parts);
  const [only] = parts;
  return parts.length === 1 && only !== undefined && /^(\\d|\d|\[[\d-]+\])$/.test(only)
    ? `${only}?`
    : `(?:${parts.join('|')})?`;
}

function oneOf(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : parts.length === 0 ? '' : `(?:${parts.join('|')})`;
}

/** One of these digits, which are sorted. */
function digitsPattern(digits: string): string {
  if (digits.length === 10) return '\\d';
  if (digits.length === 1) return digits;
  const runs: string[] = [];
  for (const digit of digits) {
    const run = runs.at(-1);
    if (run !== undefined && Number(run.at(-1)) + 1 === Number(digit)) runs[runs.length - 1] = run + digit;
    else runs.push(digit);
  }
  const text = runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run));
  return `[${text.join('')}]`;
}
