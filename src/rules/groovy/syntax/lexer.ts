/** The lexer of Groovy 2.4. */
import { lexGStringBody, type StringDelimiter } from './lexer-strings.ts';
import { isNamePart, isNameStart } from './name-characters.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import { GROOVY_KEYWORDS, type Token } from './token.ts';

/** Longest first, so that `>>>=` is not read as `>>` and `>=`. */
const OPERATORS = [
  '>>>=',
  '<<=',
  '>>=',
  '>>>',
  '**=',
  '<=>',
  '==~',
  '===',
  '!==',
  '...',
  '..<',
  '*.@',
  '?.@',
  '==',
  '!=',
  '<=',
  '>=',
  '=~',
  '&&',
  '||',
  '++',
  '--',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '<<',
  '>>',
  '**',
  '->',
  '..',
  '?.',
  '*.',
  '.&',
  '.@',
  '?:',
  '::',
  '*:',
  '+',
  '-',
  '*',
  '/',
  '%',
  '=',
  '<',
  '>',
  '!',
  '~',
  '?',
  ':',
  '.',
  ',',
  ';',
  '&',
  '|',
  '^',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '@',
]; // prettier-ignore

const OPERATORS_BY_FIRST = new Map<string, string[]>();
for (const operator of OPERATORS) {
  const first = operator.charAt(0);
  OPERATORS_BY_FIRST.set(first, [...(OPERATORS_BY_FIRST.get(first) ?? []), operator]);
}

const NUMBER =
  /(?:0[xX][0-9a-fA-F](?:[0-9a-fA-F_]*[0-9a-fA-F])?|0[bB][01](?:[01_]*[01])?)[gGlLiI]?|\d(?:[\d_]*\d)?(?:\.\d(?:[\d_]*\d)?)?(?:[eE][+-]?\d+)?[gGlLiIdDfF]?/y;

/** Words after which a `/` is a division, though they are keywords. */
const OPERAND_KEYWORDS = new Set(['this', 'super', 'null', 'true', 'false']);

/** Most tokens of one text; beyond it the text is refused rather than read slowly. */
const TOKEN_LIMIT = 2_000_000;

/**
 * Splits Groovy 2.4 text into tokens, from `start` to the end, or, inside a GString, to the `}` that closes it.
 * The last token is `eof`. @throws GroovySyntaxError at the first character that cannot be part of a token.
 */
export function lexGroovy(text: string, start = 0, embedded = false, depth = 0): Token[] {
  const tokens: Token[] = [];
  const brackets: string[] = [];
  let at = start;
  let previous: Token | undefined;
  if (depth > 40) throw new GroovySyntaxError('strings are nested too deeply', { start, end: start + 1 }, true);
  if (start === 0 && !embedded && text.startsWith('#!')) while (at < text.length && text[at] !== '\n') at++;
  if (at === 0 && text.charCodeAt(0) === 0xfeff) at++;

  const push = (token: Token): void => {
    tokens.push(token);
    previous = token;
    if (tokens.length > TOKEN_LIMIT) throw new GroovySyntaxError('the text has too many tokens', token, true);
  };

  while (at < text.length) {
    const char = text.charAt(at);
    if (char === ' ' || char === '\t' || char === '\f' || char === '\u00a0') {
      if (char === '\u00a0') throw unexpected(text, at);
      at++;
      continue;
    }
    if (char === '\\' && (text[at + 1] === '\n' || text.startsWith('\r\n', at + 1))) {
      at += text[at + 1] === '\n' ? 2 : 3;
      continue;
    }
    if (char === '\n' || char === '\r') {
      const top = brackets.at(-1);
      if (previous?.kind !== 'nl' && top !== '(' && top !== '[')
        push({ kind: 'nl', text: '\n', start: at, end: at + 1 });
      at++;
      continue;
    }
    if (char === '/' && text[at + 1] === '/') {
      while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
      continue;
    }
    if (char === '/' && text[at + 1] === '*') {
      const close = text.indexOf('*/', at + 2);
      if (close < 0)
        throw new GroovySyntaxError(
          'this comment is never closed',
          { start: at, end: at + 2 },
          false,
          'unclosed-comment',
        );
      at = close + 2;
      continue;
    }
    const delimiter = stringDelimiter(text, at, previous);
    if (delimiter) {
      const token = lexGStringBody(text, at, delimiter, (from) => lexGroovy(text, from, true, depth + 1));
      push(token);
      at = token.end;
      continue;
    }
    if (isNameStart(char)) {
      let end = at + 1;
      while (end < text.length && isNamePart(text.charAt(end))) end++;
      const word = text.slice(at, end);
      push({ kind: GROOVY_KEYWORDS.has(word) ? 'keyword' : 'name', text: word, start: at, end });
      at = end;
      continue;
    }
    if (char >= '0' && char <= '9') {
      NUMBER.lastIndex = at;
      const literal = NUMBER.exec(text)?.[0] ?? char;
      const end = at + literal.length;
      if (end < text.length && isNamePart(text.charAt(end))) throw unexpected(text, end);
      push({ kind: 'number', text: literal, start: at, end });
      at = end;
      continue;
    }
    const operator = OPERATORS_BY_FIRST.get(char)?.find((candidate) => text.startsWith(candidate, at));
    if (operator === undefined) throw unexpected(text, at);
    if (embedded && operator === '}' && brackets.length === 0) {
      push({ kind: 'eof', text: '}', start: at, end: at + 1 });
      return tokens;
    }
    if (operator === '(' || operator === '[' || operator === '{') {
      brackets.push(operator);
    } else if (operator === ')' || operator === ']' || operator === '}') {
      brackets.pop();
    }
    push({ kind: 'op', text: operator, start: at, end: at + operator.length });
    at += operator.length;
  }
  if (embedded) throw new GroovySyntaxError('this ${ is never closed', { start: start - 2, end: start });
  push({ kind: 'eof', text: '', start: text.length, end: text.length });
  return tokens;
}

function unexpected(text: string, at: number): GroovySyntaxError {
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const wide = '（）｛｝［］；，“”‘’：＝'.includes(char) ? ' (a full-width character from a Chinese keyboard)' : '';
  const range = { start: at, end: at + char.length };
  const foreign = char > '\u00a0' || '`#\\'.includes(char);
  return new GroovySyntaxError(
    `unexpected character ${char} U+${code}${wide}`,
    range,
    false,
    foreign ? 'unknown-character' : null,
  );
}

/** Which string starts here, if one does. A `/` is a string only where an operand cannot have ended just before. */
function stringDelimiter(text: string, at: number, previous: Token | undefined): StringDelimiter | undefined {
  const char = text.charAt(at);
  if (char === '"') return text.startsWith('"""', at) ? '"""' : '"';
  if (char === "'") return text.startsWith("'''", at) ? "'''" : "'";
  if (char !== '/' && !(char === '$' && text[at + 1] === '/')) return undefined;
  if (previous === undefined || previous.kind === 'nl') return char === '/' ? '/' : '$/';
  const ended =
    previous.kind === 'name' ||
    previous.kind === 'number' ||
    previous.kind === 'string' ||
    previous.kind === 'gstring' ||
    (previous.kind === 'keyword' && OPERAND_KEYWORDS.has(previous.text)) ||
    (previous.kind === 'op' && [')', ']', '}', '++', '--'].includes(previous.text));
  if (ended) return undefined;
  return char === '/' ? '/' : '$/';
}
