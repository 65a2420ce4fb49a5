/** A pattern of java.util.regex that JavaScript runs with the same meaning, or why not. */
export type TranslatedRegex =
  | { readonly ok: RegExp }
  | { readonly error: string; readonly kind: 'syntax' | 'unsupported' };

const DOT = '[^\\n\\r\\u0085\\u2028\\u2029]';
const DOLLAR = '(?=(?:\\r\\n|[\\n\\r\\u0085\\u2028\\u2029])?(?![\\s\\S]))';
const CLASSES: Readonly<Record<string, string>> = {
  s: ' \\t\\n\\x0B\\f\\r',
  h: ' \\t\\xA0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000',
  d: '0-9',
  w: 'a-zA-Z_0-9',
};
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`{-~',
  Space: ' \\t\\n\\x0B\\f\\r',
  XDigit: '0-9a-fA-F',
  L: '\\p{L}',
  Lu: '\\p{Lu}',
  N: '\\p{N}',
};

/** Longest pattern that is translated. */
const PATTERN_LIMIT = 10_000;
const cache = new Map<string, TranslatedRegex>();

/** Translates a Java pattern; `full` anchors it at both ends as `matches()` does. Results are kept, at most 5,000. */
export function translateJavaRegex(pattern: string, full: boolean): TranslatedRegex {
  const key = `${full ? 'f' : 'p'}${pattern}`;
  const known = cache.get(key);
  if (known) return known;
  if (cache.size >= 5_000) cache.clear();
  const made = translate(pattern, full);
  cache.set(key, made);
  return made;
}

function translate(pattern: string, full: boolean): TranslatedRegex {
  if (pattern.length > PATTERN_LIMIT) return { error: 'a pattern of more than 10,000 characters', kind: 'unsupported' };
  let flags = 'u';
  let rest = pattern;
  let dotAll = false;
  const inline = /^\(\?([a-zA-Z]+)\)/.exec(rest);
  if (inline) {
    for (const flag of inline[1] ?? '') {
      if (flag === 'i') flags = flags.includes('i') ? flags : `${flags}i`;
      else if (flag === 's') dotAll = true;
      else return { error: `the flag (?${flag})`, kind: 'unsupported' };
    }
    rest = rest.slice(inline[0].length);
    // Java folds ASCII only without (?u); a pattern beyond ASCII would fold more here.
    if (flags.includes('i')) {
      if (!/^[\x20-\x7e]*$/.test(rest)) return { error: '(?i) with characters beyond ASCII', kind: 'unsupported' };
      flags = 'i';
    }
  }
  const body = translateBody(rest, dotAll, flags.includes('u'));
  if ('error' in body) return body;
  try {
    return { ok: new RegExp(full ? `^(?:${body.text})(?![\\s\\S])` : body.text, flags) };
  } catch (error) {
    return { error: (error as Error).message, kind: 'syntax' };
  }
}

type Body = { readonly text: string } | { readonly error: string; readonly kind: 'syntax' | 'unsupported' };

function translateBody(pattern: string, dotAll: boolean, unicode: boolean): Body {
  const unsupported = (what: string): Body => ({ error: what, kind: 'unsupported' });
  let out = '';
  let at = 0;
  while (at < pattern.length) {
    const char = pattern.charAt(at);
    if (char === '\\') {
      if (pattern.startsWith('\\Q', at)) {
        const close = pattern.indexOf('\\E', at + 2);
        const text = pattern.slice(at + 2, close < 0 ? undefined : close);
        out += text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
        at = close < 0 ? pattern.length : close + 2;
        continue;
      }
      const escaped = translateEscape(pattern, at, false, unicode);
      if (escaped === undefined) return unsupported(`the escape ${pattern.slice(at, at + 2)}`);
      out += escaped.text;
      at = escaped.end;
    } else if (char === '[') {
      const set = translateSet(pattern, at, unicode);
      if (set === undefined) return unsupported('a character class with && or a class inside');
      out += set.text;
      at = set.end;
    } else if (char === '.') {
      out += dotAll ? '[\\s\\S]' : DOT;
      at++;
    } else if (char === '^') {
      out += '(?<![\\s\\S])';
      at++;
    } else if (char === '$') {
      out += DOLLAR;
      at++;
    } else if (char === '(' && pattern[at + 1] === '?') {
      const group = /^\(\?(?::|=|!|<=|<!|<[a-zA-Z][a-zA-Z0-9]*>)/.exec(pattern.slice(at));
      if (!group) return unsupported(`the group ${pattern.slice(at, at + 4)}`);
      out += group[0];
      at += group[0].length;
    } else if ('*+?}'.includes(char) && pattern[at + 1] === '+') {
      return unsupported('a possessive quantifier');
    } else if (char === '{' && !/^\{\d+(?:,\d*)?\}/.test(pattern.slice(at))) {
      return { error: 'a { that is no quantifier', kind: 'syntax' };
    } else if (char === '}' || char === ']') {
      const quantifier = char === '}' && /\{\d+(?:,\d*)?$/.test(pattern.slice(Math.max(0, at - 24), at));
      out += quantifier ? char : `\\${char}`;
      at++;
    } else {
      out += char === '/' ? '\\/' : char;
      at++;
    }
  }
  return { text: out };
}

/** One escape at `at`, or undefined where its meaning differs or is unknown. */
function translateEscape(
  pattern: string,
  at: number,
  inSet: boolean,
  unicode: boolean,
): { text: string; end: number } | undefined {
  const next = pattern.charAt(at + 1);
  if (next === '') return undefined;
  const wrap = (members: string): string => (inSet ? members : `[${members}]`);
  if (next in CLASSES) return { text: wrap(CLASSES[next] ?? ''), end: at + 2 };
  if (next.toLowerCase() in CLASSES) {
    if (inSet)
      return next === 'D' ? { text: '\\D', end: at + 2 } : next === 'W' ? { text: '\\W', end: at + 2 } : undefined;
    return { text: `[^${CLASSES[next.toLowerCase()]}]`, end: at + 2 };
  }
  if (next === 'p' || next === 'P') {
    const name = /^\{(?:Is)?(\w+)\}/.exec(pattern.slice(at + 2));
    const members = name ? POSIX[name[1] ?? ''] : undefined;
    if (members === undefined || !name || (inSet && next === 'P') || (members.startsWith('\\p') && !unicode))
      return undefined;
    return { text: next === 'P' ? `[^${members}]` : wrap(members), end: at + 2 + name[0].length };
  }
  const code = /^(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/.exec(pattern.slice(at + 1));
  if (code) return { text: `\\u${(code[1] ?? code[2] ?? '').padStart(4, '0')}`, end: at + 1 + code[0].length };
  if ('tnrf'.includes(next)) return { text: `\\${next}`, end: at + 2 };
  if (next === 'a') return { text: '\\x07', end: at + 2 };
  if (next === 'e') return { text: '\\x1b', end: at + 2 };
  if (!inSet && next === 'A') return { text: '(?<![\\s\\S])', end: at + 2 };
  if (!inSet && next === 'z') return { text: '(?![\\s\\S])', end: at + 2 };
  if (!inSet && next === 'Z') return { text: DOLLAR, end: at + 2 };
  if (!inSet && (next === 'b' || next === 'B')) return { text: `\\${next}`, end: at + 2 };
  if (!inSet && /[1-9]/.test(next)) return { text: `\\${next}`, end: at + 2 };
  if (/[a-zA-Z0-9]/.test(next)) return undefined;
  // Punctuation stands for itself; under the u flag only syntax characters may be escaped.
  return {
    text: /[\^$\\.*+?()[\]{}|/-]/.test(next) ? (next === '-' && !inSet ? '-' : `\\${next}`) : next,
    end: at + 2,
  };
}

function translateSet(pattern: string, start: number, unicode: boolean): { text: string; end: number } | undefined {
  let at = start + 1;
  let out = '[';
  if (pattern[at] === '^') {
    out += '^';
    at++;
  }
  let first = true;
  while (at < pattern.length) {
    const char = pattern.charAt(at);
    if (char === ']' && !first) return { text: `${out}]`, end: at + 1 };
    if (char === '[' || pattern.startsWith('&&', at)) return undefined;
    if (char === '\\') {
      const escaped = translateEscape(pattern, at, true, unicode);
      if (escaped === undefined) return undefined;
      out += escaped.text;
      at = escaped.end;
    } else {
      out += char === ']' || char === '/' || char === '^' ? `\\${char}` : char;
      at++;
    }
    first = false;
  }
  return undefined;
}

/**
 * Whether trying the pattern on a long text may take exponential time: a repetition inside a repetition, or a
 * repeated alternative. Such patterns run on short texts only.
 */
export function mayBacktrackBadly(pattern: string): boolean {
  return (
    /\([^()]*[*+}][^()]*\)\s*(?:[*+]|\{\d+,)/.test(pattern) ||
    /\([^()]*\|[^()]*\)\s*(?:[*+]|\{\d+,)/.test(pattern) ||
    /\)[*+]\)[*+]/.test(pattern)
  );
}

/** Runs a pattern: groups of the first match (whole match first), null for none, or why it was not run. */
export function runJavaRegex(
  pattern: string,
  subject: string,
  mode: 'full' | 'find',
  from = 0,
): { readonly match: RegExpExecArray | null } | { readonly error: string; readonly kind: 'syntax' | 'unsupported' } {
  const translated = translateJavaRegex(pattern, mode === 'full');
  if ('error' in translated) return translated;
  if (subject.length > (mayBacktrackBadly(pattern) ? 24 : 65_536)) {
    return { error: 'the pattern may take exponential time on this text', kind: 'unsupported' };
  }
  const regex = from > 0 ? new RegExp(translated.ok.source, `${translated.ok.flags}g`) : translated.ok;
  regex.lastIndex = from;
  return { match: regex.exec(subject) };
}
