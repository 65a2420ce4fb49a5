import { joinedParts } from './joined-regex.ts';

/** A Java regular expression that weir can run: it matches the whole input, as `String.matches` does. */
export interface JavaRegex {
  matches(input: string): boolean;
}

/** Why a Java regular expression has no counterpart here. `kind` tells a syntax error of Java from a limit of weir. */
export class JavaRegexError extends Error {
  readonly kind: 'syntax' | 'unsupported';
  constructor(kind: 'syntax' | 'unsupported', message: string) {
    super(message);
    this.kind = kind;
  }
}

// Java's `.` stops at these line ends; its `\s` is ASCII with the vertical tab.
const DOT = '[^\\n\\r\\u0085\\u2028\\u2029]';
const SPACE = '\\t\\n\\x0B\\f\\r ';
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Space: SPACE,
  XDigit: '0-9a-fA-F',
};

/**
 * Translates a pattern of java.util.regex to one of JavaScript with the same language (Java 17's documentation).
 * Throws JavaRegexError for a syntax error and for what has no counterpart: class intersections, `\h`, `\R`, `\G`,
 * Unicode properties, possessive quantifiers, atomic groups, inline flags in the middle.
 */
export function compileJavaRegex(pattern: string): JavaRegex {
  const parts = joinedParts(pattern);
  const compiled = parts.map(compilePart);
  return { matches: (input) => compiled.every((part) => part.matches(input)) };
}

// Rules of one list share most of their parts, and one value is put to all of them: each part remembers its last answer.
const PARTS = new Map<string, JavaRegex>();
const MAX_PARTS = 5000;

function compilePart(pattern: string): JavaRegex {
  const known = PARTS.get(pattern);
  if (known !== undefined) return known;
  const made = compileWhole(pattern);
  let last: string | undefined;
  let answer = false;
  const part: JavaRegex = {
    matches: (input) => {
      if (input !== last) answer = made.test(input);
      last = input;
      return answer;
    },
  };
  if (PARTS.size >= MAX_PARTS) PARTS.clear();
  PARTS.set(pattern, part);
  return part;
}

function compileWhole(pattern: string): RegExp {
  const reader = new Translator(pattern);
  const source = reader.translate();
  try {
    return new RegExp(`^(?:${source})$`);
  } catch (cause) {
    throw new JavaRegexError('syntax', `${pattern}: ${(cause as Error).message}`);
  }
}

/** The pattern whose full matches are the texts in which `pattern` is found; leading flags keep their place in front. */
export function javaFindPattern(pattern: string): string {
  const flags = /^\(\?[is]+\)/.exec(pattern)?.[0] ?? '';
  return `${flags}[\\s\\S]*(?:${pattern.slice(flags.length)})[\\s\\S]*`;
}

/** The JavaScript source (to be anchored by the reader) of a Java pattern; throws like compileJavaRegex. */
export function javaRegexSource(pattern: string): string {
  return new Translator(pattern).translate();
}

class Translator {
  private readonly text: string;
  private at = 0;
  private ignoreCase = false;
  private dotAll = false;

  constructor(text: string) {
    this.text = text;
  }

  translate(): string {
    const flags = /^\(\?([a-zA-Z]+)\)/.exec(this.text);
    if (flags !== null) {
      for (const flag of flags[1] ?? '') {
        if (flag === 'i') this.ignoreCase = true;
        else if (flag === 's') this.dotAll = true;
        else throw new JavaRegexError('unsupported', `flag (?${flag})`);
      }
      this.at = flags[0].length;
    }
    let out = '';
    while (this.at < this.text.length) out += this.item();
    return out;
  }

  private item(): string {
    const char = this.text[this.at] ?? '';
    if (char === '\\') return this.escape(false);
    if (char === '[') return this.characterClass();
    this.at += 1;
    if (char === '(') return this.group();
    if (char === '.') return this.dotAll ? '[^]' : DOT;
    if ('*+?}'.includes(char)) {
      if (this.text[this.at] === '+') throw new JavaRegexError('unsupported', `possessive quantifier ${char}+`);
      return char;
    }
    if (char === '{' || char === ')' || char === '|' || char === '^') return char;
    // Java's `$` also stands before a line end at the end of the input.
    if (char === '$') return '(?=(?:\\r\\n|[\\n\\r\\u0085\\u2028\\u2029])?$)';
    if (char === ']') return '\\]';
    return this.literal(char);
  }

  private group(): string {
    if (this.text[this.at] !== '?') return '(';
    const rest = this.text.slice(this.at);
    const known = /^\?(?::|=|!|<=|<!|<[a-zA-Z][a-zA-Z0-9]*>)/.exec(rest);
    if (known === null) throw new JavaRegexError('unsupported', `group (${rest.slice(0, 4)}`);
    this.at += known[0].length;
    return `(${known[0]}`;
  }

  private literal(char: string): string {
    const quoted = /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
    if (!this.ignoreCase || !/[a-zA-Z]/.test(char)) return quoted;
    return `[${char.toLowerCase()}${char.toUpperCase()}]`;
  }

  private escape(inClass: boolean): string {
    const char = this.text[this.at + 1];
    if (char === undefined) throw new JavaRegexError('syntax', 'backslash at the end');
    this.at += 2;
    if (char === 'Q') return this.quotation(inClass);
    if (char === 's') return inClass ? SPACE : `[${SPACE}]`;
    if (char === 'S') return inClass ? '\\0-\\x08\\x0E-\\x1F!-\\uFFFF' : `[^${SPACE}]`;
    if ('dDwW'.includes(char)) return `\\${char}`;
    if ('tnrf'.includes(char)) return `\\${char}`;
    if (!inClass && (char === 'b' || char === 'B')) return `\\${char}`;
    if (!inClass && char === 'A') return '^';
    if (!inClass && char === 'z') return '$';
    if (!inClass && char === 'Z') return '(?=(?:\\r\\n|[\\n\\r\\u0085\\u2028\\u2029])?$)';
    if (char === 'p') return this.posix(inClass);
    if (char === 'u' || char === 'x') return this.codePoint(char, inClass);
    if (char === '0') throw new JavaRegexError('unsupported', 'octal escape');
    if (/[1-9]/.test(char) && !inClass) throw new JavaRegexError('unsupported', 'backreference');
    if (/[a-zA-Z]/.test(char)) throw new JavaRegexError('unsupported', `escape \\${char}`);
    return inClass ? `\\${char}` : this.literal(char);
  }

  private codePoint(kind: string, inClass: boolean): string {
    const length = kind === 'u' ? 4 : 2;
    const hex = this.text.slice(this.at, this.at + length);
    if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(hex)) throw new JavaRegexError('unsupported', `\\${kind}`);
    this.at += length;
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return inClass || !/[a-zA-Z]/.test(char) ? `\\u${hex.padStart(4, '0')}` : this.literal(char);
  }

  private quotation(inClass: boolean): string {
    const end = this.text.indexOf('\\E', this.at);
    const quoted = this.text.slice(this.at, end < 0 ? undefined : end);
    this.at = end < 0 ? this.text.length : end + 2;
    if (inClass) throw new JavaRegexError('unsupported', '\\Q in a class');
    return [...quoted].map((char) => this.literal(char)).join('');
  }

  private posix(inClass: boolean): string {
    const name = /^\{([A-Za-z]+)\}/.exec(this.text.slice(this.at));
    const set = POSIX[name?.[1] ?? ''];
    if (name === null || set === undefined) throw new JavaRegexError('unsupported', 'Unicode property');
    this.at += name[0].length;
    return inClass ? set : `[${set}]`;
  }

  private characterClass(): string {
    // The usual spelling of "any character at all" is kept recognisable.
    if (this.text.startsWith('[\\s\\S]', this.at)) {
      this.at += 6;
      return '[^]';
    }
    let out = '[';
    this.at += 1;
    if (this.text[this.at] === '^') {
      out += '^';
      this.at += 1;
    }
    const start = this.at;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw new JavaRegexError('syntax', 'class without an end');
      if (char === ']' && this.at > start) break;
      if (char === '[') throw new JavaRegexError('unsupported', 'class in a class');
      if (char === '&' && this.text[this.at + 1] === '&') throw new JavaRegexError('unsupported', 'class intersection');
      if (char === '\\') {
        out += this.escape(true);
        continue;
      }
      this.at += 1;
      out += char === '^' || char === ']' ? `\\${char}` : char;
    }
    this.at += 1;
    return this.ignoreCase ? foldClass(`${out}]`) : `${out}]`;
  }
}

// Java folds only ASCII letters; the ranges are widened by hand, for JavaScript's own flag would fold others too.
function foldClass(source: string): string {
  const probe = new RegExp(source.replace(/^\[\^/, '['));
  let extra = '';
  for (let code = 65; code <= 90; code += 1) {
    const upper = String.fromCharCode(code);
    const lower = upper.toLowerCase();
    if (probe.test(upper) !== probe.test(lower)) extra += upper + lower;
  }
  return `${source.slice(0, -1)}${extra}]`;
}
