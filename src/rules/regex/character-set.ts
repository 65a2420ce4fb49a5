/** Single characters, escapes and classes of a Java pattern, each as a set of characters in both spellings. */
import { JavaRegexError } from './java-regex-error.ts';

/** A set of characters: for a RegExp with the flag `u`, and for automata and RE2 (null where that has none). */
export interface CharacterSet {
  readonly unicode: string;
  readonly plain: string | null;
}

const DIGITS = '0-9';
const WORDS = 'a-zA-Z_0-9';
const SPACE = '\\t\\n\\x0B\\f\\r ';
const HORIZONTAL = ' \\t\\xA0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000';
const VERTICAL = '\\n\\x0B\\f\\r\\u0085\\u2028\\u2029';
/** Java's classes of ASCII, as members of a JavaScript class. */
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`\\{-~',
  Space: SPACE,
  XDigit: '0-9a-fA-F',
};
const SYNTAX = /[\\^$.*+?()[\]{}|/]/;

/** A character that stands for itself. */
export function setOfChar(code: number, ignoreCase: boolean): CharacterSet {
  const char = String.fromCodePoint(code);
  if (ignoreCase && /[a-zA-Z]/.test(char)) {
    const both = `[${char.toLowerCase()}${char.toUpperCase()}]`;
    return { unicode: both, plain: both };
  }
  const quoted = SYNTAX.test(char) ? `\\${char}` : char;
  // Automata work on UTF-16 units: a character beyond them would be two.
  return { unicode: spelled(char, quoted), plain: code > 0xffff ? null : quoted };
}

/** One escape outside of a class that stands for a set of characters. @throws JavaRegexError for the others. */
export function readEscape(text: string, at: number, ignoreCase: boolean): { set: CharacterSet; end: number } {
  const { members, negated, end, code } = escapeAt(text, at);
  if (code !== null) return { set: setOfChar(code, ignoreCase), end };
  const unicode = `[${negated ? '^' : ''}${members}]`;
  const short = text.slice(at, at + 2);
  // The spelling of the script is kept where automata and RE2 read it alike.
  return { set: { unicode, plain: /^\\[dDwW]$/.test(short) ? short : unicode }, end };
}

interface EscapedSet {
  /** Members of a class. */
  readonly members: string;
  readonly negated: boolean;
  readonly end: number;
  /** The one character, where it is one. */
  readonly code: number | null;
}

function escapeAt(text: string, at: number): EscapedSet {
  const char = text[at + 1];
  if (char === undefined) throw new JavaRegexError('syntax', 'a backslash at the end');
  const set = (members: string, negated: boolean, length = 2): EscapedSet => ({
    members,
    negated,
    end: at + length,
    code: null,
  });
  const one = (code: number, length = 2): EscapedSet => ({ members: '', negated: false, end: at + length, code });
  switch (char) {
    case 's':
    case 'S':
      return set(SPACE, char === 'S');
    case 'd':
    case 'D':
      return set(DIGITS, char === 'D');
    case 'w':
    case 'W':
      return set(WORDS, char === 'W');
    case 'h':
    case 'H':
      return set(HORIZONTAL, char === 'H');
    case 'v':
    case 'V':
      return set(VERTICAL, char === 'V');
    case 'p':
    case 'P': {
      const name = /^\{(\w+)\}/.exec(text.slice(at + 2, at + 40));
      const members = name && Object.hasOwn(POSIX, name[1] ?? '') ? POSIX[name[1] ?? ''] : undefined;
      // Versions of Unicode differ between Java and JavaScript.
      if (name === null || members === undefined) throw unsupported('a property of Unicode');
      return set(members, char === 'P', 2 + name[0].length);
    }
    case 't':
      return one(9);
    case 'n':
      return one(10);
    case 'r':
      return one(13);
    case 'f':
      return one(12);
    case 'a':
      return one(7);
    case 'e':
      return one(27);
    case 'u':
    case 'x': {
      const code = /^(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/.exec(text.slice(at + 1, at + 6));
      if (code === null) throw unsupported(`the escape \\${char}`);
      const value = Number.parseInt(code[1] ?? code[2] ?? '', 16);
      if (value >= 0xd800 && value <= 0xdfff) throw unsupported('a half of a surrogate pair');
      return one(value, 1 + code[0].length);
    }
    default:
      break;
  }
  if (/[1-9]/.test(char)) throw unsupported('a back-reference');
  if (/[a-zA-Z0]/.test(char)) throw unsupported(`the escape \\${char}`);
  const code = text.codePointAt(at + 1) ?? 0;
  return one(code, code > 0xffff ? 3 : 2);
}

/** A class from its bracket on. @throws JavaRegexError for intersections, classes inside of classes and what Java refuses. */
export function readCharacterClass(
  text: string,
  start: number,
  ignoreCase: boolean,
): { set: CharacterSet; end: number } {
  let at = start + 1;
  const negated = text[at] === '^';
  if (negated) at++;
  const first = at;
  const members: { readonly unicode: string; readonly plain: string | null }[] = [];
  for (;;) {
    const char = text[at];
    if (char === undefined) throw new JavaRegexError('syntax', 'a class without an end');
    if (char === ']' && at > first) break;
    if (char === '[') throw unsupported('a class inside of a class');
    if (text.startsWith('&&', at)) throw unsupported('an intersection of classes');
    const from = memberAt(text, at);
    at = from.end;
    if (from.code === null) {
      if (text[at] === '-' && text[at + 1] !== ']') throw unsupported('a range that begins with a class');
      members.push(from.negated ? negatedMembers(from.members) : { unicode: from.members, plain: from.members });
      continue;
    }
    let last = from.code;
    if (text[at] === '-' && text[at + 1] !== ']' && text[at + 1] !== undefined) {
      if (text[at + 1] === '[' || text.startsWith('&&', at + 1)) throw unsupported('a range that ends in a class');
      const to = memberAt(text, at + 1);
      if (to.code === null) throw unsupported('a range that ends in a class');
      if (to.code < from.code) throw new JavaRegexError('syntax', 'a range of characters that runs backwards');
      last = to.code;
      at = to.end;
    }
    members.push(rangeMembers(from.code, last, ignoreCase));
  }
  const plain = members.map((member) => member.plain);
  const open = negated ? '[^' : '[';
  return {
    set: {
      unicode: `${open}${members.map((member) => member.unicode).join('')}]`,
      plain: plain.includes(null) ? null : `${open}${plain.join('')}]`,
    },
    end: at + 1,
  };
}

function negatedMembers(members: string): { unicode: string; plain: string } {
  if (members === DIGITS) return { unicode: '\\D', plain: '\\D' };
  if (members === WORDS) return { unicode: '\\W', plain: '\\W' };
  if (members !== SPACE) throw unsupported('a negated class inside of a class');
  const low = '\\0-\\x08\\x0E-\\x1F!-';
  return { unicode: `${low}\\u{10FFFF}`, plain: `${low}\\uFFFF` };
}

function memberAt(text: string, at: number): EscapedSet {
  if (text[at] === '\\') {
    if (text[at + 1] === 'Q') throw unsupported('\\Q in a class');
    return escapeAt(text, at);
  }
  const code = text.codePointAt(at) ?? 0;
  return { members: '', negated: false, end: at + (code > 0xffff ? 2 : 1), code };
}

function rangeMembers(from: number, to: number, ignoreCase: boolean): { unicode: string; plain: string | null } {
  const spell = (code: number): string => {
    const char = String.fromCodePoint(code);
    return spelled(char, /[\\^\]\-[/&]/.test(char) ? `\\${char}` : char);
  };
  // Under the flag `u` an ampersand may not be escaped, and needs no escape.
  const text = (from === to ? spell(from) : `${spell(from)}-${spell(to)}`).replaceAll('\\&', '&');
  const folded = ignoreCase ? foldedLetters(from, to) : '';
  return { unicode: text + folded, plain: to > 0xffff ? null : text + folded };
}

// Java folds ASCII letters only: the other case of every letter of the range.
function foldedLetters(from: number, to: number): string {
  let extra = '';
  for (let code = Math.max(from, 65); code <= Math.min(to, 122); code++) {
    const char = String.fromCharCode(code);
    if (/[a-z]/.test(char)) extra += char.toUpperCase();
    else if (/[A-Z]/.test(char)) extra += char.toLowerCase();
  }
  return extra;
}

/** Control characters and halves of pairs are written as escapes, so that a source is printable. */
function spelled(char: string, quoted: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f || (code >= 0xd800 && code <= 0xdfff) || code === 0x2028 || code === 0x2029)
    return `\\u${code.toString(16).padStart(4, '0')}`;
  return quoted;
}

function unsupported(what: string): JavaRegexError {
  return new JavaRegexError('unsupported', what);
}
