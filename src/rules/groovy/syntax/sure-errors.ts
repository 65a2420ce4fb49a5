/** Errors that a row of tokens shows, whatever stands around it: brackets that do not match, syntax of Groovy 3. */
import type { CompileCauseId } from '../knowledge/compile-causes.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import type { Token } from './token.ts';

/** An error that makes any Groovy 2.4 text invalid, or undefined where the tokens show none. */
export function sureError(tokens: readonly Token[], text: string): GroovySyntaxError | undefined {
  const open: Token[] = [];
  // A slash may begin a string or divide: where one was read, brackets may be part of a text.
  const slashes = tokens.some(
    (token) => token.kind !== 'op' && /^\$?\//.test(text.slice(token.start, token.start + 2)),
  );
  for (const [at, token] of tokens.entries()) {
    const newer = slashes ? undefined : newerSyntax(tokens, at, open.at(-1)?.text ?? '');
    if (newer !== undefined) return newer;
    if (token.kind !== 'op') continue;
    if (token.text === '===' || token.text === '!==')
      return new GroovySyntaxError(`the operator ${token.text} came with Groovy 3`, token, false, 'identity-operator');
    if (/^[([{]$/.test(token.text)) open.push(token);
    const opening = { ')': '(', ']': '[', '}': '{' }[token.text];
    if (opening === undefined) continue;
    const last = open.pop();
    // `?[` and the like are one operator that opens, too.
    if (!slashes && last?.text.endsWith(opening) !== true)
      return new GroovySyntaxError(`${token.text} closes nothing`, token, false, 'unbalanced-brackets');
  }
  const [first] = open;
  if (first === undefined || slashes) return undefined;
  return new GroovySyntaxError(`${first.text} is never closed`, first, false, 'unbalanced-brackets');
}

/** Syntax that Groovy 2.4 lacks, which begins at a token. */
function newerSyntax(tokens: readonly Token[], at: number, bracket: string): GroovySyntaxError | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  const fault = (message: string, cause: CompileCauseId): GroovySyntaxError =>
    new GroovySyntaxError(message, token, false, cause);
  const is = (offset: number, kind: Token['kind'], ...words: readonly string[]): boolean => {
    const other = tokens[at + offset];
    return other?.kind === kind && words.includes(other.text);
  };
  // After a dot, or before the colon of a map entry, a word of the language is a plain name.
  const isName = is(-1, 'op', '.', '?.', '*.', '.@', '.&') || is(1, 'op', ':');
  if (token.kind === 'keyword' && !isName) {
    if (token.text === 'do') return fault('do { } while () came with Groovy 3', 'do-loop');
    if (token.text === 'try' && is(1, 'op', '(')) return fault('try (...) came with Groovy 3', 'try-resources');
    if (token.text === 'new' && isArrayOfItems(tokens, at + 1))
      return fault('an array with its items in braces came with Groovy 3', 'array-items');
  }
  if (token.kind !== 'op') return undefined;
  if (token.text === '::') return fault('a method reference (::) came with Groovy 3', 'method-reference');
  if (token.text === '!' && is(1, 'keyword', 'in', 'instanceof'))
    return fault(`!${tokens[at + 1]?.text} came with Groovy 3`, 'negated-word');
  // The arrow of a closure stands between its braces.
  if (token.text === '->' && bracket !== '{') return fault('a lambda (->) came with Groovy 3', 'lambda');
  return undefined;
}

/** `String[]{`, after `new`. */
function isArrayOfItems(tokens: readonly Token[], from: number): boolean {
  let at = from;
  while (tokens[at]?.kind === 'name' || tokens[at]?.kind === 'keyword' || tokens[at]?.text === '.') at++;
  const dims = at;
  while (tokens[at]?.text === '[' && tokens[at + 1]?.text === ']') at += 2;
  return at > dims && tokens[at]?.text === '{';
}
