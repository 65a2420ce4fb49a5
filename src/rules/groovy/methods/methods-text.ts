/** Methods of texts, and matches of patterns. */
import { upperChar } from '../../plan/holds-test.ts';
import { readsProvider, type TermFunction } from '../../plan/plan-term.ts';
import { runJavaRegex } from '../../regex/run-pattern.ts';
import type { MachineCalls } from '../machine/machine-calls.ts';
import { javaTrim, tokens } from '../machine/term-functions.ts';
import { NULL_CLASS, TEXT_CLASS } from '../values/class-mask.ts';
import { concreteCompare, concreteText, isText } from '../values/concrete.ts';
import { parseDecimal } from '../values/decimal.ts';
import { javaInt } from '../values/java-number.ts';
import { isKind, type SymbolValue, type Value } from '../values/values.ts';
import { type Found, MISSING } from './missing.ts';

/** The texts of which toBoolean() is true. */
const TRUE_TEXT = '[\\x00- ]*(?:[tT][rR][uU][eE]|[yY]|1)[\\x00- ]*';

/** Methods whose result a term function gives. */
const FUNCTIONS: Readonly<Record<string, TermFunction>> = {
  length: 'length',
  size: 'length',
  toLowerCase: 'toLowerCase',
  toUpperCase: 'toUpperCase',
  trim: 'trim',
  reverse: 'reverse',
  substring: 'substring',
  indexOf: 'indexOf',
  lastIndexOf: 'lastIndexOf',
  charAt: 'charAt',
  toInteger: 'toInteger',
  toLong: 'toLong',
  toDouble: 'toDouble',
  toBigDecimal: 'toBigDecimal',
  hashCode: 'hashCode',
};

const NUMBER_SHAPES: Readonly<Record<string, (text: string) => boolean>> = {
  isInteger: (text) => wholeWithin(text, 32n),
  isLong: (text) => wholeWithin(text, 64n),
  isNumber: (text) => parseDecimal(javaTrim(text)) !== undefined,
  isBigDecimal: (text) => parseDecimal(javaTrim(text)) !== undefined,
};

function wholeWithin(text: string, bits: bigint): boolean {
  const trimmed = javaTrim(text);
  if (!/^[+-]?\d{1,40}$/.test(trimmed)) return false;
  const value = BigInt(trimmed.replace('+', ''));
  return BigInt.asIntN(Number(bits), value) === value;
}

/** Methods of java.lang.String as Groovy extends it. The receiver is a text, or a symbol that is one. */
export function callTextMethod(
  m: MachineCalls,
  self: string | SymbolValue,
  name: string,
  args: readonly Value[],
): Found {
  const [first = null, second = null] = args;
  const fn = FUNCTIONS[name];
  if (fn !== undefined && Object.hasOwn(FUNCTIONS, name)) {
    const numbers = args.every((arg) => !isKind(arg, 'char'));
    if (numbers) return m.apply(fn, [self, ...args]);
  }
  switch (name) {
    case 'startsWith':
    case 'endsWith':
    case 'contains':
      if (args.length !== 1) return MISSING;
      return relate(m, self, first, name === 'startsWith' ? 'prefix' : name === 'endsWith' ? 'suffix' : 'contains');
    case 'equalsIgnoreCase':
      return first === null ? false : relate(m, self, first, 'eqIgnoreCase');
    case 'matches':
      return matchText(m, self, first, 'full');
    case 'equals':
      return m.equals(self, first);
    case 'compareTo':
      if (!isKind(self, 'symbol') && isText(first)) return javaInt(compareTexts(self, concreteText(first)));
      return m.opaque('unsupported', 'compareTo of a text of the call');
    case 'isEmpty':
      return !m.truth(self);
    case 'isInteger':
    case 'isLong':
    case 'isNumber':
    case 'isBigDecimal':
      if (typeof self === 'string') return NUMBER_SHAPES[name]?.(self) ?? false;
      if (name === 'isNumber')
        return m.decide({ term: { t: 'fn', fn: 'toBigDecimal', args: [self.term] }, test: { op: 'defined' } });
      if (name === 'isBigDecimal') return MISSING;
      return m.decide({
        term: { t: 'fn', fn: name === 'isInteger' ? 'toInteger' : 'toLong', args: [self.term] },
        test: { op: 'defined' },
      });
    case 'tokenize': {
      const separator = args.length === 0 ? ' \t\n\r\f' : m.text(first);
      return typeof separator === 'string'
        ? m.pieces(self, 'tokens', separator)
        : m.opaque('unsupported', 'a computed separator');
    }
    case 'split': {
      if (args.length === 0) {
        if (typeof self !== 'string') return m.opaque('unknown-call', 'split() without a separator');
        return m.list(tokens(self, ' \t\n\r\f'), 'array');
      }
      const separator = m.text(first);
      if (args.length > 1 || typeof separator !== 'string') return MISSING;
      return m.pieces(self, 'pieces', separator);
    }
    case 'replace': {
      const [from, to] = [m.text(first), m.text(second)];
      return typeof from === 'string' && typeof to === 'string' && from !== ''
        ? m.apply('replace', [self, from, to])
        : MISSING;
    }
    case 'concat':
      return m.concat([self, m.text(first)]);
    case 'toString':
    case 'intern':
    case 'stripIndent':
      return name === 'stripIndent' ? MISSING : self;
    case 'asBoolean':
      return m.truth(self);
    case 'toBoolean':
      return matchText(m, self, TRUE_TEXT, 'full');
    case 'getAt':
      return m.subscript(self, first);
    case 'plus':
    case 'minus':
    case 'multiply':
      return m.binaryOperator(name === 'plus' ? '+' : name === 'minus' ? '-' : '*', self, first);
    default:
      return typeof self === 'string' ? callKnownText(m, self, name, args) : MISSING;
  }
}

/** Methods that need the text itself. */
function callKnownText(m: MachineCalls, self: string, name: string, args: readonly Value[]): Found {
  const [first = null, second = null] = args;
  switch (name) {
    case 'readLines':
      return m.list(self === '' ? [] : self.replace(/\r?\n$/, '').split(/\r\n|\n|\r/));
    case 'toList':
      return m.list([...self]);
    case 'capitalize':
      return upperChar(self.charAt(0)) + self.slice(1);
    case 'replaceAll':
    case 'replaceFirst': {
      if (!isText(first) || !isText(second)) return MISSING;
      return replacePattern(m, self, concreteText(first), concreteText(second), name === 'replaceAll');
    }
    case 'padLeft':
    case 'padRight': {
      if (!isKind(first, 'number') || args.length > 1) return MISSING;
      const width = Number(first.value);
      if (width > 10_000) return m.opaque('size-limit', 'a text padded to more than 10,000 characters');
      return name === 'padLeft' ? self.padStart(width) : self.padEnd(width);
    }
    case 'count':
      return typeof first === 'string' && first !== '' ? javaInt(self.split(first).length - 1) : MISSING;
    case 'each':
    case 'any':
    case 'every':
    case 'collect':
    case 'findAll':
      return isKind(first, 'closure') ? m.invoke(m.list([...self]), name, args) : MISSING;
    default:
      return MISSING;
  }
}

function compareTexts(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a.charCodeAt(i) - b.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function replacePattern(m: MachineCalls, self: string, pattern: string, replacement: string, all: boolean): Found {
  if (/[\\$]/.test(replacement)) return MISSING;
  let out = '';
  let at = 0;
  for (let turns = 0; at <= self.length && turns < 10_000; turns++) {
    const found = runJavaRegex(pattern, self, 'find', { from: at, groups: true });
    if ('error' in found) {
      return found.kind === 'syntax'
        ? m.fail('java.util.regex.PatternSyntaxException', found.error)
        : m.opaque('unsupported', `the pattern uses ${found.error}`);
    }
    if (!found.match) break;
    out += self.slice(at, found.match.index) + replacement;
    at = found.match.index + found.match[0].length;
    if (found.match[0] === '') {
      out += self.charAt(at);
      at++;
    }
    if (!all) break;
  }
  return out + self.slice(at);
}

/** A test of one text against another; where both are of the call, a relation. */
function relate(
  m: MachineCalls,
  self: string | SymbolValue,
  other: Value,
  rel: 'prefix' | 'suffix' | 'contains' | 'eqIgnoreCase',
): Found {
  if (other === null) return m.fail('java.lang.NullPointerException', null);
  let value = m.resolve(isKind(other, 'gstring') ? m.text(other) : other);
  if (isKind(value, 'char')) return MISSING;
  if (isKind(value, 'symbol')) {
    if (rel === 'eqIgnoreCase' && !isKind(self, 'symbol')) {
      // "x".equalsIgnoreCase(s): null and every text are fine.
      if (!m.isOf(value, TEXT_CLASS)) return false;
      return m.test(value, { op: 'eqIgnoreCase', text: self });
    }
    if (!m.isOf(value, TEXT_CLASS)) {
      if (rel === 'eqIgnoreCase' && m.isOf(value, NULL_CLASS)) return false;
      return m.fail('java.lang.NullPointerException', null);
    }
    value = m.resolve(value);
  }
  if (isKind(value, 'symbol')) {
    const term = m.termOf(self);
    if (readsProvider(value.term) && !readsProvider(term) && isKind(self, 'symbol'))
      return m.testInSnapshot(
        value,
        (text) => (text === '' && rel !== 'eqIgnoreCase') || m.test(self, { op: rel, text }),
      );
    return m.decide({ term, test: { op: 'relation', rel, other: value.term } });
  }
  if (!isText(value)) return MISSING;
  const text = concreteText(value);
  if (isKind(self, 'symbol')) {
    if (text === '' && rel !== 'eqIgnoreCase') return true;
    return m.test(self, { op: rel, text });
  }
  if (rel === 'prefix') return self.startsWith(text);
  if (rel === 'suffix') return self.endsWith(text);
  if (rel === 'contains') return self.includes(text);
  return self.length === text.length && concreteCompare(self.toLowerCase(), text.toLowerCase()) === 0;
}

/** `text ==~ pattern` or a find; the text is known or a symbol that is a text. */
export function matchText(m: MachineCalls, self: Value, pattern: Value, mode: 'full' | 'find'): boolean {
  const source = isKind(pattern, 'pattern') ? pattern.source : m.text(pattern);
  if (typeof source !== 'string') return m.opaque('unsupported', 'a computed pattern');
  const probe = runJavaRegex(source, '', mode);
  if ('error' in probe) {
    if (probe.kind === 'syntax') return m.fail('java.util.regex.PatternSyntaxException', probe.error);
    return m.opaque('unsupported', `the pattern uses ${probe.error}`);
  }
  if (isKind(self, 'symbol')) {
    if (mode === 'find') m.note('WR030', 'a find: the pattern may match anywhere in the text');
    return m.test(self, { op: 'regex', pattern: source, mode });
  }
  const found = runJavaRegex(source, concreteText(self), mode);
  return 'match' in found ? found.match !== null : m.opaque('unsupported', found.error);
}
