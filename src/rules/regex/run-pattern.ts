/** Runs Java patterns on texts, by way of JavaScript's RegExp. */
import { readJavaPattern } from './java-pattern.ts';
import { JavaRegexError } from './java-regex-error.ts';
import { joinedParts } from './joined-regex.ts';

/** A Java pattern that weir can run: it matches the whole input, as `String.matches` does. */
export interface JavaRegex {
  matches(input: string): boolean;
}

/** Result of a run: the first match with its groups, null for none, or the reason why the pattern was not run. */
export type PatternRun =
  | { readonly match: RegExpExecArray | null }
  | { readonly error: string; readonly kind: 'syntax' | 'unsupported' };

/** Longest pattern of a script that is run, in UTF-16 units. */
const PATTERN_LIMIT = 10_000;
/** Longest text, in UTF-16 units; much less for a pattern that may take exponential time. */
const TEXT_LIMIT = 65_536;
const NESTED_TEXT_LIMIT = 24;
const compiled = new Map<string, RegExp>();
const CACHE_SIZE = 10_000;

function compile(pattern: string, mode: 'full' | 'find'): RegExp {
  const key = mode === 'full' ? `f${pattern}` : `g${pattern}`;
  let regex = compiled.get(key);
  if (regex === undefined) {
    const { unicode } = readJavaPattern(pattern);
    try {
      regex = mode === 'full' ? new RegExp(`^(?:${unicode})$`, 'u') : new RegExp(unicode, 'ug');
    } catch (error) {
      throw new JavaRegexError('unsupported', (error as Error).message);
    }
    if (compiled.size >= CACHE_SIZE) compiled.clear();
    compiled.set(key, regex);
  }
  return regex;
}

/**
 * Runs a pattern. `full` is matches(), `find` is find() from a position on. With `groups` the texts of groups are asked
 * for: patterns for which JavaScript may tell others than Java are then refused.
 */
export function runJavaRegex(
  pattern: string,
  subject: string,
  mode: 'full' | 'find',
  { from = 0, groups = false }: { readonly from?: number; readonly groups?: boolean } = {},
): PatternRun {
  if (pattern.length > PATTERN_LIMIT) return { error: 'more than 10,000 characters', kind: 'unsupported' };
  try {
    const { nested, groupsDiffer } = readJavaPattern(pattern);
    if (groups && groupsDiffer) return { error: 'a repeated group or empty text', kind: 'unsupported' };
    if (subject.length > (nested ? NESTED_TEXT_LIMIT : TEXT_LIMIT))
      return { error: 'what may take exponential time on this text', kind: 'unsupported' };
    const regex = compile(pattern, mode);
    regex.lastIndex = from;
    const match = regex.exec(subject);
    // Under the flag `u` a search inside of a pair begins at the pair.
    if (match !== null && match.index < from) return { error: 'a search inside of a pair', kind: 'unsupported' };
    return { match };
  } catch (error) {
    if (error instanceof JavaRegexError) return { error: error.message, kind: error.kind };
    throw error;
  }
}

// Rules of one list share most of their parts, and one value is put to all of them: each part remembers its last answer.
const PARTS = new Map<string, JavaRegex>();
const MAX_PARTS = 5000;

/** A pattern to be matched in whole. @throws JavaRegexError */
export function compileJavaRegex(pattern: string): JavaRegex {
  const parts = joinedParts(pattern).map(compilePart);
  return { matches: (input) => parts.every((part) => part.matches(input)) };
}

function compilePart(pattern: string): JavaRegex {
  const known = PARTS.get(pattern);
  if (known !== undefined) return known;
  const regex = compile(pattern, 'full');
  let last: string | undefined;
  let answer = false;
  const part: JavaRegex = {
    matches: (input) => {
      if (input !== last) answer = regex.test(input);
      last = input;
      return answer;
    },
  };
  if (PARTS.size >= MAX_PARTS) PARTS.clear();
  PARTS.set(pattern, part);
  return part;
}

/** The source for automata and RE2 of a pattern, to be anchored by its reader. @throws JavaRegexError */
export function javaRegexSource(pattern: string): string {
  const { plain } = readJavaPattern(pattern);
  if (plain === null) throw new JavaRegexError('unsupported', 'a pattern that only JavaScript can say');
  return plain;
}

/** The pattern whose full matches are the texts in which `pattern` is found; leading flags keep their place in front. */
export function javaFindPattern(pattern: string): string {
  const flags = /^\(\?[is]+\)/.exec(pattern)?.[0] ?? '';
  return `${flags}[\\s\\S]*(?:${pattern.slice(flags.length)})[\\s\\S]*`;
}
