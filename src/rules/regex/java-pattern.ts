/**
 * The reader of java.util.regex patterns (Java 17). It gives one pattern in two spellings: one that JavaScript runs, and one
 * for automata and RE2. What has no counterpart with the same meaning is refused by name.
 */
import { type CharacterSet, readCharacterClass, readEscape, setOfChar } from './character-set.ts';
import { JavaRegexError } from './java-regex-error.ts';

/** A pattern as weir reads it. */
export interface JavaPattern {
  /** Source of a JavaScript RegExp with the flag `u`, not anchored. */
  readonly unicode: string;
  /** Source without flags for automata and RE2 that match a whole text; null where only `unicode` can say it. */
  readonly plain: string | null;
  /** JavaScript and Java may give a group another text: a group or an empty text is repeated. */
  readonly groupsDiffer: boolean;
  /** A repetition inside a repetition, or of an alternative: trying it may take exponential time. */
  readonly nested: boolean;
}

/** Deepest nesting of groups. */
const DEPTH_LIMIT = 200;
const LINE_ENDS = '\\n\\r\\u0085\\u2028\\u2029';
/** Java's `$`: the end, or before the last line end; never inside of a last \r\n. */
const DOLLAR = `(?:(?!(?<=\\r)\\n)(?=(?:\\r\\n|[${LINE_ENDS}])?(?![^])))`;
const PLAIN_DOLLAR = `(?=(?:\\r\\n|[${LINE_ENDS}])?$)`;
/** Java's \b asks for letters and digits of Unicode; JavaScript's for ASCII. */
const WORD = '[_\\p{L}\\p{Nd}]';
const BOUNDARY = `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`;

const cache = new Map<string, JavaPattern | JavaRegexError>();
const CACHE_SIZE = 5000;

/** Reads a pattern. @throws JavaRegexError for what Java or weir does not take. Results are kept, at most 5,000. */
export function readJavaPattern(pattern: string): JavaPattern {
  let known = cache.get(pattern);
  if (known === undefined) {
    if (cache.size >= CACHE_SIZE) cache.clear();
    try {
      known = new PatternReader(pattern).read();
    } catch (error) {
      if (!(error instanceof JavaRegexError)) throw error;
      known = error;
    }
    cache.set(pattern, known);
  }
  if (known instanceof JavaRegexError) throw known;
  return known;
}

/** A part of a pattern in both spellings, and what a repetition has to know about it. */
interface Part {
  readonly unicode: string;
  readonly plain: string | null;
  /** It can match the empty text. */
  readonly empty: boolean;
  readonly captures: boolean;
  readonly repeats: boolean;
}

const NOTHING: Part = { unicode: '', plain: '', empty: true, captures: false, repeats: false };

class PatternReader {
  readonly #text: string;
  #at = 0;
  /** Where the current alternative of the whole pattern begins. */
  #start = 0;
  #depth = 0;
  #ignoreCase = false;
  #dotAll = false;
  #groupsDiffer = false;
  #nested = false;

  constructor(text: string) {
    this.#text = text;
  }

  read(): JavaPattern {
    this.#flags();
    const part = this.#alternatives();
    if (this.#at < this.#text.length) throw new JavaRegexError('syntax', 'an unmatched )');
    return { unicode: part.unicode, plain: part.plain, groupsDiffer: this.#groupsDiffer, nested: this.#nested };
  }

  #flags(): void {
    const flags = /^\(\?([a-zA-Z]+)\)/.exec(this.#text);
    if (flags === null) return;
    for (const flag of flags[1] ?? '') {
      if (flag === 'i') this.#ignoreCase = true;
      else if (flag === 's') this.#dotAll = true;
      else throw unsupported(`the flag (?${flag})`);
    }
    this.#at = flags[0].length;
    // Java folds ASCII letters only; beyond ASCII nothing is folded without (?u).
    if (this.#ignoreCase && /[^\x20-\x7e]/.test(this.#text)) throw unsupported('(?i) with characters beyond ASCII');
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#text[this.#at] === '|') {
      this.#at++;
      parts.push(this.#sequence());
    }
    const [only] = parts;
    if (parts.length === 1 && only) return only;
    const plain = parts.map((part) => part.plain);
    return {
      unicode: parts.map((part) => part.unicode).join('|'),
      plain: plain.includes(null) ? null : plain.join('|'),
      empty: parts.some((part) => part.empty),
      captures: parts.some((part) => part.captures),
      repeats: true,
    };
  }

  #sequence(): Part {
    let all = NOTHING;
    if (this.#depth === 0) this.#start = this.#at;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || char === '|' || char === ')') return all;
      if (char === '*' || char === '+' || char === '?')
        throw new JavaRegexError('syntax', `a dangling meta character ${char}`);
      const part = this.#quantified(this.#atom());
      all = {
        unicode: all.unicode + part.unicode,
        plain: all.plain === null || part.plain === null ? null : all.plain + part.plain,
        empty: all.empty && part.empty,
        captures: all.captures || part.captures,
        repeats: all.repeats || part.repeats,
      };
    }
  }

  #quantified(part: Part): Part {
    const sign = /^(?:[*+?]|\{\d{1,9}(?:,\d{0,9})?\})/.exec(this.#text.slice(this.#at, this.#at + 24))?.[0];
    if (sign === undefined) {
      if (this.#text[this.#at] === '{') throw new JavaRegexError('syntax', 'a { that begins no quantifier');
      return part;
    }
    const [low = 0, high = Number.POSITIVE_INFINITY] = bounds(sign);
    if (high < low) throw new JavaRegexError('syntax', `the range ${sign}`);
    this.#at += sign.length;
    const next = this.#text[this.#at];
    if (next === '+') throw unsupported('a possessive quantifier');
    const lazy = next === '?' ? '?' : '';
    this.#at += lazy.length;
    // Groups keep a text of an earlier turn in Java alone, and turns over the empty text end differently.
    if (high > 1 && (part.captures || part.empty)) this.#groupsDiffer = true;
    if (high === Number.POSITIVE_INFINITY && part.repeats) this.#nested = true;
    return {
      unicode: `${part.unicode}${sign}${lazy}`,
      plain: part.plain === null ? null : `${part.plain}${sign}${lazy}`,
      empty: part.empty || low === 0,
      captures: part.captures,
      repeats: part.repeats || high > 1,
    };
  }

  #atom(): Part {
    const char = this.#text[this.#at] ?? '';
    if (char === '(') return this.#group();
    if (char === '[') return this.#characterClass();
    if (char === '\\') return this.#escape();
    if (char === '.') {
      this.#at++;
      return this.#dotAll
        ? { ...NOTHING, unicode: '[^]', plain: '[^]', empty: false }
        : { ...NOTHING, unicode: `[^${LINE_ENDS}]`, plain: `[^${LINE_ENDS}]`, empty: false };
    }
    if (char === '^' || char === '$') {
      const isOuter = this.#isOuter(char);
      this.#at++;
      // An assertion can only be repeated inside of a group.
      const [unicode, plain] = char === '^' ? ['(?:(?<![^]))', '^'] : [DOLLAR, PLAIN_DOLLAR];
      return { ...NOTHING, unicode, plain: isOuter ? '' : plain };
    }
    if (char === '{') throw new JavaRegexError('syntax', 'a { that begins no quantifier');
    const code = this.#text.codePointAt(this.#at) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    return ofSet(setOfChar(code, this.#ignoreCase));
  }

  /** Whether an assertion here says what a match of the whole text says anyway. */
  #isOuter(char: '^' | '$'): boolean {
    if (this.#depth > 0) return false;
    const next = this.#text[this.#at + 1];
    return char === '^' ? this.#at === this.#start && !/^[*+?{]/.test(next ?? '') : next === undefined || next === '|';
  }

  #group(): Part {
    const rest = this.#text.slice(this.#at, this.#at + 80);
    const head = /^\((?:\?(?::|=|!|<=|<!|<[a-zA-Z][a-zA-Z0-9]*>))?/.exec(rest)?.[0] ?? '(';
    if (head === '(' && rest[1] === '?') throw unsupported(`the group ${rest.slice(0, 4)}`);
    if (++this.#depth > DEPTH_LIMIT) throw unsupported(`groups nested more than ${DEPTH_LIMIT} deep`);
    this.#at += head.length;
    const inner = this.#alternatives();
    if (this.#text[this.#at] !== ')') throw new JavaRegexError('syntax', 'a group without an end');
    this.#at++;
    this.#depth--;
    const behind = head.startsWith('(?<=') || head.startsWith('(?<!');
    const look = behind || head === '(?=' || head === '(?!';
    // Java wants to see the greatest length of what it looks back for.
    if (behind && inner.repeats) throw unsupported('a repetition in a lookbehind');
    const unicode = `${head}${inner.unicode})`;
    return {
      unicode: look ? `(?:${unicode})` : unicode,
      plain: inner.plain === null ? null : `${head}${inner.plain})`,
      empty: look || inner.empty,
      captures: inner.captures || head === '(' || (head.startsWith('(?<') && !behind),
      repeats: inner.repeats,
    };
  }

  #characterClass(): Part {
    // The usual spelling of "any character at all" stays short.
    if (this.#text.startsWith('[\\s\\S]', this.#at)) {
      this.#at += 6;
      return { ...NOTHING, unicode: '[^]', plain: '[^]', empty: false };
    }
    const { set, end } = readCharacterClass(this.#text, this.#at, this.#ignoreCase);
    this.#at = end;
    return ofSet(set);
  }

  #escape(): Part {
    const char = this.#text[this.#at + 1];
    if (char === 'Q') return this.#quotation();
    const assertion = { b: BOUNDARY, B: `(?:(?!${BOUNDARY}))`, A: '(?:(?<![^]))', z: '(?:(?![^]))', Z: DOLLAR };
    if (char !== undefined && Object.hasOwn(assertion, char)) {
      this.#at += 2;
      const plain = { b: null, B: null, A: '^', z: '$', Z: PLAIN_DOLLAR };
      const name = char as keyof typeof assertion;
      return { ...NOTHING, unicode: assertion[name], plain: plain[name] };
    }
    const { set, end } = readEscape(this.#text, this.#at, this.#ignoreCase);
    this.#at = end;
    return ofSet(set);
  }

  // \Q...\E: a quantifier after it binds the last character alone.
  #quotation(): Part {
    const close = this.#text.indexOf('\\E', this.#at + 2);
    const quoted = this.#text.slice(this.#at + 2, close < 0 ? undefined : close);
    this.#at = close < 0 ? this.#text.length : close + 2;
    if (/^[*+?{]/.test(this.#text.slice(this.#at))) throw unsupported('a quantifier after \\E');
    const parts = [...quoted].map((char) => ofSet(setOfChar(char.codePointAt(0) ?? 0, this.#ignoreCase)));
    const plain = parts.map((part) => part.plain);
    return {
      ...NOTHING,
      unicode: parts.map((part) => part.unicode).join(''),
      plain: plain.includes(null) ? null : plain.join(''),
      empty: quoted === '',
    };
  }
}

function ofSet(set: CharacterSet): Part {
  return { ...NOTHING, ...set, empty: false };
}

function bounds(sign: string): number[] {
  if (sign === '*') return [0];
  if (sign === '+') return [1];
  if (sign === '?') return [0, 1];
  const [low = '0', high] = sign.slice(1, -1).split(',');
  if (high === undefined) return [Number(low), Number(low)];
  return high === '' ? [Number(low)] : [Number(low), Number(high)];
}

function unsupported(what: string): JavaRegexError {
  return new JavaRegexError('unsupported', what);
}
