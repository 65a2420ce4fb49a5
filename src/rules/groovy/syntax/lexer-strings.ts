/** The lexer's part for string literals and GStrings. */
import { isNamePart, isNameStart } from './name-characters.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import type { GStringPart, Token } from './token.ts';

/** Opening mark of a string literal. The literal ends with the same mark, `$/` with `/$`. */
export type StringDelimiter = "'" | "'''" | '"' | '"""' | '/' | '$/';

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  '\\': '\\',
  "'": "'",
  '"': '"',
  $: '$',
};

/**
 * Reads one string literal at `start`. Text without embedded expressions gives a `string` token, else a `gstring`.
 * `lexEmbedded` reads the tokens of an expression from just after its `${`.
 * @throws GroovySyntaxError for an unknown escape, a lone `$`, or a missing end mark.
 */
export function lexGStringBody(
  text: string,
  start: number,
  delimiter: StringDelimiter,
  lexEmbedded: (from: number) => Token[],
): Token {
  const close = delimiter === '$/' ? '/$' : delimiter;
  const plain = delimiter.startsWith("'");
  const oneLine = delimiter === "'" || delimiter === '"';
  const parts: GStringPart[] = [];
  let run: string[] = [];
  let from = start + delimiter.length;
  let at = from;
  const flush = (): void => {
    if (at > from) run.push(text.slice(from, at));
  };
  while (at < text.length) {
    if (text.startsWith(close, at)) {
      flush();
      return finish(text, start, at + close.length, parts, run);
    }
    const char = text.charAt(at);
    if ((char === '\n' || char === '\r') && oneLine) break;
    if (char === '\\') {
      flush();
      const [value, length] = readEscape(text, at, delimiter);
      run.push(value);
      at += length;
      from = at;
    } else if (char === '$' && delimiter === '$/' && (text[at + 1] === '$' || text[at + 1] === '/')) {
      flush();
      run.push(text.charAt(at + 1));
      at += 2;
      from = at;
    } else if (char === '$' && !plain) {
      const embedded = readEmbedded(text, at, delimiter, lexEmbedded);
      if (embedded === undefined) {
        at++;
        continue;
      }
      flush();
      parts.push({ text: run.join('') }, embedded);
      run = [];
      at = embedded.end;
      from = at;
    } else {
      at++;
    }
  }
  throw new GroovySyntaxError(
    'this string is never closed',
    { start, end: start + delimiter.length },
    false,
    delimiter.includes('/') ? null : 'unclosed-string',
  );
}

function finish(text: string, start: number, end: number, parts: GStringPart[], run: string[]): Token {
  const tail = run.join('');
  if (parts.length === 0) return { kind: 'string', text: tail, start, end };
  return { kind: 'gstring', text: text.slice(start, end), start, end, parts: [...parts, { text: tail }] };
}

/** The decoded text of the escape at `at`, and how many characters it took. */
function readEscape(text: string, at: number, delimiter: StringDelimiter): [string, number] {
  const next = text.charAt(at + 1);
  const unicode = /^\\u+([0-9a-fA-F]{4})/.exec(text.slice(at, at + 24));
  if (unicode) return [String.fromCharCode(Number.parseInt(unicode[1] ?? '0', 16)), unicode[0].length];
  if (delimiter === '/') return next === '/' ? ['/', 2] : ['\\', 1];
  if (delimiter === '$/') return ['\\', 1];
  const known = ESCAPES[next];
  if (known !== undefined) return [known, 2];
  const octal = /^\\([0-3][0-7]{2}|[0-7]{1,2})/.exec(text.slice(at, at + 4));
  if (octal) return [String.fromCharCode(Number.parseInt(octal[1] ?? '0', 8)), octal[0].length];
  if (next === '\n') return ['', 2];
  if (next === '\r') return ['', text[at + 2] === '\n' ? 3 : 2];
  throw new GroovySyntaxError(`unknown escape \\${next}`, { start: at, end: at + 2 }, false, 'unknown-escape');
}

/** The embedded expression at a `$`, or undefined where the `$` is text. */
function readEmbedded(
  text: string,
  at: number,
  delimiter: StringDelimiter,
  lexEmbedded: (from: number) => Token[],
): Exclude<GStringPart, { text: string }> | undefined {
  if (text[at + 1] === '{') {
    const tokens = lexEmbedded(at + 2);
    return { tokens, start: at, end: tokens.at(-1)?.end ?? at + 2, braces: true };
  }
  if (!isNameStart(text.charAt(at + 1)) || text[at + 1] === '$') {
    if (delimiter === '/' || delimiter === '$/') return undefined;
    throw new GroovySyntaxError(
      'a lone $ in a string with double quotes: write \\$',
      { start: at, end: at + 1 },
      false,
      'lone-dollar',
    );
  }
  // `$a.b.c` takes names joined by dots, never calls.
  const tokens: Token[] = [];
  let end = at + 1;
  for (;;) {
    const start = end;
    while (end < text.length && isNamePart(text.charAt(end)) && text[end] !== '$') end++;
    const word = text.slice(start, end);
    tokens.push({ kind: word === 'this' ? 'keyword' : 'name', text: word, start, end });
    if (text[end] !== '.' || !isNameStart(text.charAt(end + 1)) || text[end + 1] === '$') break;
    tokens.push({ kind: 'op', text: '.', start: end, end: end + 1 });
    end++;
  }
  tokens.push({ kind: 'eof', text: '', start: end, end });
  return { tokens, start: at, end, braces: false };
}
