/** Conditions on one text leaf as regular expressions that Java, RE2 and JavaScript read alike. */
import { conditionKey } from '../groovy/machine/path-knowledge.ts';
import type { FunctionTerm, Term } from '../plan/plan-term.ts';
import type { PlanCondition, PlanTest } from '../plan/route-plan.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import { javaFindPattern } from '../regex/run-pattern.ts';
import { intervalsOf, lastCharacters, numberTest, wholeNumber } from './number-text.ts';
import { avoids } from './pattern-characters.ts';

/** Any text, also over line ends, in every dialect that a target speaks. */
export const ANY_TEXT = '[\\s\\S]*';

const NOTHING = '[^\\s\\S]';

/**
 * The texts for which a condition holds, as a regular expression (full match). It stays in the common core of
 * java.util.regex, RE2 and JavaScript. The condition's term reads one String leaf. Null: weir knows no such expression.
 */
export function conditionTextRegex(condition: PlanCondition): string | null {
  const key = conditionKey(condition);
  const known = REGEXES.get(key);
  if (known !== undefined) return known;
  const regex = preimage(condition.term, condition.test);
  if (REGEXES.size >= MAX_REMEMBERED) REGEXES.clear();
  REGEXES.set(key, regex);
  return regex;
}

// Pure, and asked for the same condition by every entry and every rule that has it.
const REGEXES = new Map<string, string | null>();
const MAX_REMEMBERED = 2000;

/** Escapes a text for use inside a regular expression of any dialect. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (char) => (char === '/' || char === '-' ? char : `\\${char}`));
}

function preimage(term: Term, test: PlanTest): string | null {
  if (term.t === 'const') return null;
  if (term.t !== 'fn') return textTest(test);
  const inner = term.args[0];
  if (inner === undefined) return null;
  switch (term.fn) {
    case 'toText':
      return preimage(inner, test);
    case 'toLowerCase':
      return foldedTexts(test, inner, lowerFold);
    case 'toUpperCase':
      return foldedTexts(test, inner, upperFold);
    case 'trim':
      return trimmed(test, inner);
    case 'length':
      return lengthTest(test, inner);
    case 'parseInt':
    case 'toInteger':
    case 'parseLong':
    case 'toLong':
    case 'mod':
    case 'abs':
    case 'intdiv':
    case 'intValue':
    case 'longValue':
      return numberTest(term, test, (text, pattern) => preimage(text, { op: 'regex', pattern, mode: 'full' }));
    case 'tokenAt':
      return token(term.args, test);
    case 'splitAt':
      return piece(term.args, test);
    case 'tokenCount':
      return tokenCount(term.args, test);
    case 'substring':
      return substring(term, test);
    case 'charAt':
      return charAt(term.args, test);
    default:
      return null;
  }
}

function textTest(test: PlanTest): string | null {
  switch (test.op) {
    case 'eq':
      return alternatives(textsEqualTo(test.values));
    case 'prefix':
      return escapeRegex(test.text) + ANY_TEXT;
    case 'suffix':
      return ANY_TEXT + escapeRegex(test.text);
    case 'contains':
      return ANY_TEXT + escapeRegex(test.text) + ANY_TEXT;
    case 'regex':
      return test.mode === 'full' ? test.pattern : findRegex(test.pattern);
    case 'eqIgnoreCase':
      return [...test.text].map(equalFold).join('');
    case 'truthy':
      return '[\\s\\S]+';
    case 'defined':
      return ANY_TEXT;
    case 'is':
      return test.classes.includes('java.lang.String') ? ANY_TEXT : NOTHING;
    case 'range':
      return NOTHING;
    case 'relation':
      return null;
  }
}

// `^` and `$` at the outer ends are taken off, so that proofs meet no assertions; Java's `$` stands before a last line end too.
function findRegex(pattern: string): string {
  if (pattern.includes('|') || /^\(\?/.test(pattern)) return javaFindPattern(pattern);
  let body = pattern;
  let before = ANY_TEXT;
  let after = ANY_TEXT;
  if (body.startsWith('^')) {
    body = body.slice(1);
    before = '';
  }
  if (/(?:^|[^\\])(?:\\\\)*\$$/.test(body)) {
    body = body.slice(0, -1);
    after = '(?:\\r\\n|[\\n\\r\\u0085\\u2028\\u2029])?';
  }
  return `${before}(?:${body})${after}`;
}

/** The texts that equal one of some constants: Groovy takes a number as the text of one letter with that code. */
export function textsEqualTo(values: readonly TypedValue[]): string[] {
  return values.flatMap((value) => {
    if (!('v' in value) || typeof value.v === 'object') return [];
    const text = String(value.v);
    if (value.t === 'java.lang.String' || value.t === 'java.lang.Character') return [text];
    const code = value.t === 'java.lang.Boolean' ? undefined : wholeNumber(text);
    return code !== undefined && code >= 0n && code <= 0xffffn ? [String.fromCharCode(Number(code))] : [];
  });
}

function alternatives(texts: readonly string[]): string {
  if (texts.length === 0) return NOTHING;
  return texts.length === 1 ? escapeRegex(texts[0] ?? '') : `(?:${texts.map(escapeRegex).join('|')})`;
}

// String.equalsIgnoreCase compares upper case, then lower case, char by char: four letters have relatives outside ASCII.
function equalFold(char: string): string {
  const relatives: Readonly<Record<string, string>> = { k: '\\u212a', s: '\\u017f', i: '\\u0130\\u0131' };
  const lower = char.toLowerCase();
  return /[a-z]/.test(lower) ? `[${lower}${lower.toUpperCase()}${relatives[lower] ?? ''}]` : escapeRegex(char);
}

/** How a character comes out of a change of case: as a class of characters, never (`''`), or null where weir cannot tell. */
type Fold = (char: string) => string | null;

function lowerFold(char: string): string | null {
  if (/[A-Z]/.test(char)) return '';
  if (/[a-z]/.test(char)) return `[${char}${char.toUpperCase()}${char === 'k' ? '\\u212a' : ''}]`;
  return caseless(char);
}

function upperFold(char: string): string | null {
  if (/[a-z]/.test(char)) return '';
  const relatives: Readonly<Record<string, string>> = { S: '\\u017f', I: '\\u0131' };
  if (/[A-Z]/.test(char)) return `[${char}${char.toLowerCase()}${relatives[char] ?? ''}]`;
  return caseless(char);
}

function caseless(char: string): string | null {
  return char.toLowerCase() === char && char.toUpperCase() === char ? escapeRegex(char) : null;
}

function foldedTexts(test: PlanTest, inner: Term, fold: Fold): string | null {
  if (test.op === 'defined' || test.op === 'truthy') return preimage(inner, test);
  const texts =
    test.op === 'eq'
      ? textsEqualTo(test.values)
      : test.op === 'prefix' || test.op === 'suffix' || test.op === 'contains'
        ? [test.text]
        : null;
  const folds = texts?.map((text) => [...text].map(fold));
  if (folds === undefined || folds.some((parts) => parts.includes(null))) return null;
  const bodies = folds.filter((parts) => !parts.includes('')).map((parts) => parts.join(''));
  if (bodies.length === 0) return NOTHING;
  const before = test.op === 'suffix' || test.op === 'contains' ? ANY_TEXT : '';
  const after = test.op === 'prefix' || test.op === 'contains' ? ANY_TEXT : '';
  const body = bodies.length === 1 ? bodies[0] : `(?:${bodies.join('|')})`;
  return preimage(inner, { op: 'regex', pattern: `${before}${body}${after}`, mode: 'full' });
}

function trimmed(test: PlanTest, inner: Term): string | null {
  if (test.op === 'defined') return preimage(inner, test);
  const blank = '[\\x00- ]*';
  if (test.op === 'truthy') {
    return preimage(inner, { op: 'regex', pattern: `${blank}[^\\x00- ]${ANY_TEXT}`, mode: 'full' });
  }
  if (test.op !== 'eq') return null;
  const texts = textsEqualTo(test.values).filter((text) => text.trim() === text);
  return preimage(inner, { op: 'regex', pattern: blank + alternatives(texts) + blank, mode: 'full' });
}

// Java counts UTF-16 units, RE2 and Java's regex count characters: they differ beyond the basic plane only.
function lengthTest(test: PlanTest, inner: Term): string | null {
  if (inner.t === 'fn') return null;
  const spans = intervalsOf(test, { min: 0n, max: null });
  if (spans === null) return null;
  const parts = spans.map(({ min, max }) => `[\\s\\S]{${min ?? 0n},${max ?? ''}}`);
  return parts.length === 0 ? NOTHING : `(?:${parts.join('|')})`;
}

// A text that is shorter has no such end: the script throws.
function lastText(count: number, test: PlanTest): string | null {
  if (test.op === 'defined' || test.op === 'truthy') return `[\\s\\S]{${count},}`;
  if (test.op !== 'eq') return null;
  return ANY_TEXT + alternatives(textsEqualTo(test.values).filter((text) => text.length === count));
}

function constantOf(term: Term | undefined): string | null {
  return term?.t === 'const' && 'v' in term.value ? String(term.value.v) : null;
}

// s.tokenize(seps)[i]: separators are single characters, empty tokens do not count.
function token(args: readonly Term[], test: PlanTest): string | null {
  const [inner, separatorTerm, indexTerm] = args;
  const separators = constantOf(separatorTerm);
  const index = Number(constantOf(indexTerm));
  if (inner === undefined || inner.t === 'fn' || !separators || !Number.isInteger(index) || index < 0) return null;
  const set = [...separators].map((char) => (/[\\\]^-]/.test(char) ? `\\${char}` : char)).join('');
  const before = `[${set}]*(?:[^${set}]+[${set}]+){${index}}`;
  if (test.op === 'defined') return ANY_TEXT;
  // A token is never empty, and null behind the last one.
  const exists = test.op === 'truthy' || (test.op === 'is' && test.classes.join() === 'java.lang.String');
  if (exists) return `${before}[^${set}]${ANY_TEXT}`;
  const body = textWithout(test, separators);
  return body === null ? null : `${before}(?:${body})(?:[${set}]${ANY_TEXT})?`;
}

// The texts without separators that pass a test; null where weir cannot tell.
function textWithout(test: PlanTest, separators: string): string | null {
  if (test.op === 'eq') {
    const texts = textsEqualTo(test.values).filter(
      (text) => text !== '' && ![...separators].some((one) => text.includes(one)),
    );
    return alternatives(texts);
  }
  return test.op === 'regex' && test.mode === 'full' && avoids(test.pattern, separators) ? test.pattern : null;
}

// s.split(sep)[i] for a separator of one plain character: empty pieces count, but not those behind the last other one.
function piece(args: readonly Term[], test: PlanTest): string | null {
  const [inner, separatorTerm, indexTerm] = args;
  const separator = constantOf(separatorTerm);
  const index = Number(constantOf(indexTerm));
  if (inner === undefined || inner.t === 'fn' || separator === null || !Number.isInteger(index) || index < 0)
    return null;
  const plain =
    /^\\([^A-Za-z0-9])$/.exec(separator)?.[1] ?? (/^[^\\^$.*+?()[\]{}|]$/.test(separator) ? separator : null);
  if (plain === null) return null;
  const one = /[\\\]^-]/.test(plain) ? `\\${plain}` : plain;
  const before = index === 0 ? '' : `(?:[^${one}]*[${one}]){${index}}`;
  // The empty text is one empty piece.
  const orNothing = (pattern: string): string => (index === 0 ? `(?:${pattern})?` : pattern);
  if (test.op === 'defined') return orNothing(`${before}[${one}]*[^${one}]${ANY_TEXT}`);
  if (test.op === 'truthy') return `${before}[^${one}]${ANY_TEXT}`;
  const body = textWithout(test, plain);
  if (body === null) return null;
  if (new RegExp(`^(?:${body})$`, 'u').test('')) return null;
  const filled = `${before}(?:${body})(?:[${one}]${ANY_TEXT})?`;
  const takesEmpty = test.op === 'eq' && textsEqualTo(test.values).includes('');
  return takesEmpty ? `(?:${filled}|${orNothing(`${before}[${one}]+[^${one}]${ANY_TEXT}`)})` : filled;
}

function tokenCount(args: readonly Term[], test: PlanTest): string | null {
  const [inner, separatorTerm] = args;
  const separators = constantOf(separatorTerm);
  const spans = intervalsOf(test, { min: 0n, max: null });
  if (inner === undefined || inner.t === 'fn' || !separators || spans === null) return null;
  const set = [...separators].map((char) => (/[\\\]^-]/.test(char) ? `\\${char}` : char)).join('');
  const parts = spans.flatMap(({ min, max }) => {
    const low = min ?? 0n;
    const some = low === 0n ? [`[${set}]*`] : [];
    if (max === 0n) return some;
    const from = low === 0n ? 0n : low - 1n;
    return [...some, `[${set}]*(?:[^${set}]+[${set}]+){${from},${max === null ? '' : max - 1n}}[^${set}]+[${set}]*`];
  });
  return parts.length === 0 ? NOTHING : `(?:${parts.join('|')})`;
}

function substring(term: FunctionTerm, test: PlanTest): string | null {
  const [inner, fromTerm, toTerm] = term.args;
  const last = lastCharacters(term);
  if (last !== null) return lastText(last, test);
  const from = Number(constantOf(fromTerm));
  if (inner === undefined || inner.t === 'fn' || !Number.isInteger(from) || from < 0) return null;
  const skip = from === 0 ? '' : `[\\s\\S]{${from}}`;
  if (toTerm === undefined) {
    const body = textTest(test);
    return body === null ? null : `${skip}(?:${body})`;
  }
  const to = Number(constantOf(toTerm));
  if (!Number.isInteger(to) || to < from) return null;
  if (test.op === 'defined') return `[\\s\\S]{${to},}`;
  if (test.op !== 'eq') return null;
  return skip + alternatives(textsEqualTo(test.values).filter((text) => text.length === to - from)) + ANY_TEXT;
}

function charAt(args: readonly Term[], test: PlanTest): string | null {
  const [inner, place] = args;
  if (inner !== undefined && place !== undefined) {
    const last = lastCharacters({ t: 'fn', fn: 'substring', args: [inner, place] });
    if (last !== null) return last === 1 ? lastText(1, test) : null;
  }
  const index = Number(constantOf(place));
  if (inner === undefined || inner.t === 'fn' || !Number.isInteger(index) || index < 0) return null;
  const skip = index === 0 ? '' : `[\\s\\S]{${index}}`;
  if (test.op === 'defined') return `${skip}[\\s\\S]${ANY_TEXT}`;
  if (test.op !== 'eq') return null;
  return skip + alternatives(textsEqualTo(test.values).filter((text) => text.length === 1)) + ANY_TEXT;
}
