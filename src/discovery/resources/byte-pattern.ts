/**
 * Patterns over bytes: Envoy compiles a safe_regex in RE2's Latin-1 mode, where a letter outside ASCII is the bytes of its
 * UTF-8 form, each a character of its own.
 */

/** Inclusive ranges of code points, sorted and apart. */
type Ranges = readonly (readonly [number, number])[];

const LAST = 0xffff;
/** Java writes a character beyond the basic plane as two halves of three bytes each. */
const SURROGATES = [0xd800, 0xdfff] as const;
const PAIR = '\\xED[\\xA0-\\xAF][\\x80-\\xBF]\\xED[\\xB0-\\xBF][\\x80-\\xBF]';
const DIGITS: Ranges = [[0x30, 0x39]];
const WORDS: Ranges = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const BLANKS: Ranges = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];
const CLASSES: Readonly<Record<string, Ranges>> = { d: DIGITS, w: WORDS, s: BLANKS };
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };

/** The pattern of the same texts over their bytes. Null for a construct that is not of weir's common core. */
export function bytePattern(pattern: string): string | null {
  const reader = new PatternBytes(pattern);
  try {
    return reader.read();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

class PatternBytes {
  readonly #chars: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#chars = [...pattern];
  }

  read(): string {
    let out = '';
    while (this.#at < this.#chars.length) {
      const char = this.#chars[this.#at] ?? '';
      if (char === '(') out += this.#group();
      else if (char === '[') out += this.#atom(this.#set());
      else if (char === '.') out += this.#atom(complement([[10, 10]]), 1);
      else if (char === '\\') out += this.#escape();
      else if ('|)*+?'.includes(char)) out += this.#take();
      else if (char === '{') out += this.#counted();
      else out += this.#atom([[codeOf(char), codeOf(char)]], 1);
    }
    return out;
  }

  #take(): string {
    this.#at += 1;
    return this.#chars[this.#at - 1] ?? '';
  }

  #group(): string {
    const isPlain = this.#chars[this.#at + 1] !== '?';
    if (!isPlain && this.#chars[this.#at + 2] !== ':') throw new SyntaxError('a flag or assertion');
    this.#at += isPlain ? 1 : 3;
    return '(?:';
  }

  #counted(): string {
    const rest = this.#chars.slice(this.#at, this.#at + 16).join('');
    const [count] = /^\{\d*,?\d*\}/.exec(rest) ?? [];
    if (count === undefined) throw new SyntaxError('a brace');
    this.#at += count.length;
    return count;
  }

  #escape(): string {
    const next = this.#chars[this.#at + 1] ?? '';
    if (/[bBAzZGpPQEkC1-9]/.test(next)) throw new SyntaxError('an escape');
    const ranges = this.#escapeRanges();
    return this.#atom(ranges);
  }

  /** Reads an escape; what it stands for. */
  #escapeRanges(): Ranges {
    this.#at += 1;
    const char = this.#take();
    const named = CLASSES[char.toLowerCase()];
    if (named !== undefined) return char === char.toLowerCase() ? named : complement(named);
    const code = char === 'x' ? this.#hex() : (CONTROLS[char] ?? codeOf(char));
    return [[code, code]];
  }

  #hex(): number {
    const rest = this.#chars.slice(this.#at, this.#at + 10).join('');
    const [all, braced, two] = /^(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(rest) ?? [];
    if (all === undefined) throw new SyntaxError('a hexadecimal escape');
    this.#at += all.length;
    return Number.parseInt(braced ?? two ?? '', 16);
  }

  #set(): Ranges {
    this.#at += 1;
    const isNegated = this.#chars[this.#at] === '^';
    if (isNegated) this.#at += 1;
    const ranges: (readonly [number, number])[] = [];
    while (this.#chars[this.#at] !== ']') {
      if (this.#at >= this.#chars.length) throw new SyntaxError('an open class');
      const from = this.#member();
      const [first] = from;
      if (from.length === 1 && first?.[0] === first?.[1] && this.#isRange()) {
        this.#at += 1;
        const [last] = this.#member();
        ranges.push([first?.[0] ?? 0, last?.[0] ?? 0]);
      } else ranges.push(...from);
    }
    this.#at += 1;
    const merged = merge(ranges);
    return isNegated ? complement(merged) : merged;
  }

  #isRange(): boolean {
    return this.#chars[this.#at] === '-' && this.#chars[this.#at + 1] !== ']';
  }

  #member(): Ranges {
    if (this.#chars[this.#at] === '\\') return this.#escapeRanges();
    const code = codeOf(this.#take());
    return [[code, code]];
  }

  /** One character of a set, as bytes; `skip` characters of the pattern stood for it. */
  #atom(ranges: Ranges, skip = 0): string {
    this.#at += skip;
    const next = this.#chars[this.#at];
    const ascii = ranges.flatMap(([from, to]) => (from > 0x7f ? [] : [[from, Math.min(to, 0x7f)] as const]));
    const wide = ranges.flatMap(([from, to]) => (to <= 0x7f ? [] : [[Math.max(from, 0x80), to] as const]));
    const isWhole = wide.length === 1 && wide[0]?.[0] === 0x80 && wide[0][1] === LAST;
    // Repeated at will, all wide characters are all wide bytes.
    const anyBytes = isWhole ? byteClass([...ascii, [0x80, 0xff]]) : null;
    if (anyBytes !== null && next === '*') return anyBytes;
    const parts = [...(ascii.length === 0 ? [] : [byteClass(ascii)]), ...without(wide, SURROGATES).flatMap(sequences)];
    if (wide.some(([from, to]) => from <= SURROGATES[0] && to >= SURROGATES[1])) parts.push(PAIR);
    const [only] = parts;
    if (only === undefined) return '[^\\x00-\\xFF]';
    const one = parts.length === 1 && wide.length === 0 ? only : `(?:${parts.join('|')})`;
    if (anyBytes === null || next !== '+') return one;
    // The first of them is a whole character: two such parts must not share the bytes of one.
    this.#at += 1;
    return `${one}${anyBytes}*`;
  }
}

function codeOf(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  if (code > LAST) throw new SyntaxError('a character beyond the basic plane');
  return code;
}

function merge(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

function complement(ranges: Ranges): Ranges {
  const gaps: [number, number][] = [];
  let from = 0;
  for (const [start, end] of ranges) {
    if (start > from) gaps.push([from, start - 1]);
    from = end + 1;
  }
  return from <= LAST ? [...gaps, [from, LAST]] : gaps;
}

function without(ranges: Ranges, [first, last]: readonly [number, number]): Ranges {
  return ranges.flatMap(([from, to]) => {
    const parts: (readonly [number, number])[] = [];
    if (from < first) parts.push([from, Math.min(to, first - 1)]);
    if (to > last) parts.push([Math.max(from, last + 1), to]);
    return parts;
  });
}

function byteClass(ranges: Ranges): string {
  const parts = ranges.map(([from, to]) => (from === to ? byte(from) : `${byte(from)}-${byte(to)}`));
  const [only] = ranges;
  return ranges.length === 1 && only?.[0] === only?.[1] ? byte(only?.[0] ?? 0) : `[${parts.join('')}]`;
}

function byte(code: number): string {
  const char = String.fromCharCode(code);
  return /[A-Za-z0-9_]/.test(char) ? char : `\\x${code.toString(16).padStart(2, '0').toUpperCase()}`;
}

/** The byte sequences of a range outside ASCII, split where the bytes in front change. */
function sequences([from, to]: readonly [number, number]): string[] {
  for (const border of [0x7ff]) {
    if (from <= border && to > border) return [...sequences([from, border]), ...sequences([border + 1, to])];
  }
  const [first, last] = [utf8(from), utf8(to)];
  for (let at = first.length - 1; at > 0; at -= 1) {
    const mask = (1 << (6 * at)) - 1;
    if ((from & ~mask) === (to & ~mask)) continue;
    if ((from & mask) !== 0) return [...sequences([from, from | mask]), ...sequences([(from | mask) + 1, to])];
    if ((to & mask) !== mask) return [...sequences([from, (to & ~mask) - 1]), ...sequences([to & ~mask, to])];
  }
  return [first.map((low, at) => byteClass([[low, last[at] ?? low]])).join('')];
}

/** The bytes of a code point of the basic plane, also of half a pair, as Java writes it. */
function utf8(code: number): readonly number[] {
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 0x3f)];
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
}
