import { javaFindPattern } from '../models/java-regex.ts';
import type { Term } from '../plan-term.ts';
import type { PlanCondition, PlanTest } from '../route-plan.ts';
import type { TypedValue } from '../typed-value.ts';
import { type IntegerInterval, integerTextRegex } from './integer-regex.ts';

/** Any text, also over line ends, in every dialect that a target speaks. */
export const ANY_TEXT = '[\\s\\S]*';

const INT: IntegerInterval = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
const LONG: IntegerInterval = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const NOTHING = '[^\\s\\S]';

/**
 * The texts for which a condition holds, as a regular expression in the common core of java.util.regex, RE2 and JavaScript
 * (full match), where the condition's term is computed from one leaf that is a String. Null: weir knows no such expression.
 */
export function conditionTextRegex(condition: PlanCondition): string | null {
  return preimage(condition.term, condition.test);
}

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
      return numberTest(test, inner, INT, term.fn === 'toInteger');
    case 'parseLong':
    case 'toLong':
      return numberTest(test, inner, LONG, term.fn === 'toLong');
    case 'tokenAt':
      return token(term.args, test);
    case 'tokenCount':
      return tokenCount(term.args, test);
    case 'substring':
      return substring(term.args, test);
    case 'charAt':
      return charAt(term.args, test);
    default:
      return null;
  }
}

function textTest(test: PlanTest): string | null {
  switch (test.op) {
    case 'eq':
      return alternatives(textsOf(test.values));
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

function textsOf(values: readonly TypedValue[]): string[] {
  return values.flatMap((value) => ('v' in value && value.t === 'java.lang.String' ? [String(value.v)] : []));
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

function lowerFold(char: string): string | null {
  if (/[A-Z]/.test(char)) return null;
  if (/[a-z]/.test(char)) return `[${char}${char.toUpperCase()}${char === 'k' ? '\\u212a' : ''}]`;
  return char.toLowerCase() === char && char.toUpperCase() === char ? escapeRegex(char) : null;
}

function upperFold(char: string): string | null {
  if (/[a-z]/.test(char)) return null;
  const relatives: Readonly<Record<string, string>> = { S: '\\u017f', I: '\\u0131' };
  if (/[A-Z]/.test(char)) return `[${char}${char.toLowerCase()}${relatives[char] ?? ''}]`;
  return char.toLowerCase() === char && char.toUpperCase() === char ? escapeRegex(char) : null;
}

function foldedTexts(test: PlanTest, inner: Term, fold: (char: string) => string | null): string | null {
  if (test.op === 'defined' || test.op === 'truthy') return preimage(inner, test);
  const whole = (text: string): string | null => {
    const parts = [...text].map(fold);
    return parts.includes(null) ? null : parts.join('');
  };
  let pattern: string;
  if (test.op === 'eq') {
    const bodies = textsOf(test.values).map((text) => whole(text));
    pattern = `(?:${bodies.map((body) => body ?? NOTHING).join('|') || NOTHING})`;
  } else if (test.op === 'prefix' || test.op === 'suffix' || test.op === 'contains') {
    const body = whole(test.text) ?? NOTHING;
    pattern = `${test.op === 'prefix' ? '' : ANY_TEXT}${body}${test.op === 'suffix' ? '' : ANY_TEXT}`;
  } else {
    return null;
  }
  return preimage(inner, { op: 'regex', pattern, mode: 'full' });
}

function trimmed(test: PlanTest, inner: Term): string | null {
  if (test.op === 'defined') return preimage(inner, test);
  const blank = '[\\x00- ]*';
  if (test.op === 'truthy') {
    return preimage(inner, { op: 'regex', pattern: `${blank}[^\\x00- ]${ANY_TEXT}`, mode: 'full' });
  }
  if (test.op !== 'eq') return null;
  const texts = textsOf(test.values).filter((text) => text.trim() === text);
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

function numberTest(test: PlanTest, inner: Term, limit: IntegerInterval, trims: boolean): string | null {
  const spans = intervalsOf(test, limit);
  if (spans === null) return null;
  const body = spans.length === 0 ? NOTHING : `(?:${spans.map(integerTextRegex).join('|')})`;
  const pattern = trims ? `[\\x00- ]*${body}[\\x00- ]*` : body;
  return preimage(inner, { op: 'regex', pattern, mode: 'full' });
}

/** The integers inside `within` that pass a test, as intervals; null for tests that are not of this kind. */
export function intervalsOf(test: PlanTest, within: IntegerInterval): IntegerInterval[] | null {
  if (test.op === 'defined') return [within];
  if (test.op === 'truthy')
    return clip(
      [
        { min: null, max: -1n },
        { min: 1n, max: null },
      ],
      within,
    );
  if (test.op === 'eq') {
    const values = test.values.flatMap((value) => {
      if (!('v' in value) || !/^[-+]?\d+(?:\.0+)?$/.test(String(value.v)) || value.t === 'java.lang.String') return [];
      return [BigInt(String(value.v).replace(/^\+/, '').replace(/\.0+$/, ''))];
    });
    return clip(
      values.map((value) => ({ min: value, max: value })),
      within,
    );
  }
  if (test.op === 'range') {
    const min = test.min === null ? null : boundOf(test.min, test.minOpen, 'up');
    const max = test.max === null ? null : boundOf(test.max, test.maxOpen, 'down');
    return clip([{ min, max }], within);
  }
  return null;
}

// The first integer inside a bound that is a decimal text.
function boundOf(text: string, open: boolean, direction: 'up' | 'down'): bigint {
  const exact = /^([-+]?\d+)(?:\.0*)?$/.exec(text);
  if (exact !== null) {
    const value = BigInt((exact[1] ?? '0').replace(/^\+/, ''));
    return open ? (direction === 'up' ? value + 1n : value - 1n) : value;
  }
  return BigInt(direction === 'up' ? Math.ceil(Number(text)) : Math.floor(Number(text)));
}

function clip(spans: readonly IntegerInterval[], within: IntegerInterval): IntegerInterval[] {
  return spans.flatMap((span) => {
    const min = span.min === null || (within.min !== null && within.min > span.min) ? within.min : span.min;
    const max = span.max === null || (within.max !== null && within.max < span.max) ? within.max : span.max;
    return min !== null && max !== null && min > max ? [] : [{ min, max }];
  });
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
  const body = test.op === 'eq' ? alternatives(textsOf(test.values)) : test.op === 'regex' ? test.pattern : null;
  if (body === null || /\[\^|\\[SDW]|\./.test(body.replaceAll('\\.', '').replaceAll('[^\\s\\S]', ''))) return null;
  return `${before}(?:${body})(?:[${set}]${ANY_TEXT})?`;
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

function substring(args: readonly Term[], test: PlanTest): string | null {
  const [inner, fromTerm, toTerm] = args;
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
  return skip + alternatives(textsOf(test.values).filter((text) => text.length === to - from)) + ANY_TEXT;
}

function charAt(args: readonly Term[], test: PlanTest): string | null {
  const index = Number(constantOf(args[1]));
  const inner = args[0];
  if (inner === undefined || inner.t === 'fn' || !Number.isInteger(index) || index < 0) return null;
  const skip = index === 0 ? '' : `[\\s\\S]{${index}}`;
  if (test.op === 'defined') return `${skip}[\\s\\S]${ANY_TEXT}`;
  if (test.op !== 'eq') return null;
  return skip + alternatives(textsOf(test.values).filter((text) => text.length === 1)) + ANY_TEXT;
}
