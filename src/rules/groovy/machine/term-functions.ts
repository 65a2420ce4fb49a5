/** The functions of terms, computed on known values as Groovy computes them. */
import type { TermFunction } from '../../plan/plan-term.ts';
import { runJavaRegex } from '../../regex/run-pattern.ts';
import { arithmetic, type NumericOperator } from '../values/arithmetic.ts';
import { classNameOf, concreteHash, concreteText, isText } from '../values/concrete.ts';
import { parseDecimal } from '../values/decimal.ts';
import {
  decimal,
  floating,
  integral,
  isIntegral,
  type JavaNumber,
  javaInt,
  toDecimal,
  toDouble,
  toIntegral,
} from '../values/java-number.ts';
import { isKind, type Value } from '../values/values.ts';
import { GroovyThrow, OpaqueSignal } from './exceptions.ts';

const NPE = 'java.lang.NullPointerException';
const NUMBER_FORMAT = 'java.lang.NumberFormatException';
const STRING_INDEX = 'java.lang.StringIndexOutOfBoundsException';

const BINARY: Partial<Record<TermFunction, NumericOperator>> = {
  plus: 'plus',
  minus: 'minus',
  multiply: 'multiply',
  divide: 'divide',
  intdiv: 'intdiv',
  mod: 'mod',
  bitAnd: 'bitAnd',
  bitOr: 'bitOr',
  bitXor: 'bitXor',
  shiftLeft: 'shiftLeft',
  shiftRight: 'shiftRight',
  shiftRightUnsigned: 'shiftRightUnsigned',
};

/** The method behind an operator, for messages. */
function methodName(fn: TermFunction): string {
  return fn === 'divide' ? 'div' : fn === 'bitAnd' ? 'and' : fn === 'bitOr' ? 'or' : fn === 'bitXor' ? 'xor' : fn;
}

/** Computes a term function on values that depend on nothing. @throws GroovyThrow where Groovy throws. */
export function applyTermFunction(fn: TermFunction, args: readonly Value[]): Value {
  const [a = null, b = null, c = null] = args;
  const operator = BINARY[fn];
  if (operator !== undefined) return binary(fn, operator, a, b);
  switch (fn) {
    case 'negative':
    case 'abs':
      return negateOrAbs(fn, number(a, fn));
    case 'toInteger':
      return isKind(a, 'number') ? toIntegral(a, 'Integer') : parseWhole(javaTrim(text(a, fn)), 'Integer');
    case 'toLong':
      return isKind(a, 'number') ? toIntegral(a, 'Long') : parseWhole(javaTrim(text(a, fn)), 'Long');
    case 'parseInt':
      return parseWhole(parseText(a), 'Integer');
    case 'parseLong':
      return parseWhole(parseText(a), 'Long');
    case 'intValue':
      return toIntegral(number(a, fn), 'Integer');
    case 'longValue':
      return toIntegral(number(a, fn), 'Long');
    case 'doubleValue':
      return floating('Double', toDouble(number(a, fn)));
    case 'toDouble':
      // Of a Float Groovy takes the text: 0.1f.toDouble() is 0.1.
      if (isKind(a, 'number')) return floating('Double', a.cls === 'Float' ? Number(concreteText(a)) : toDouble(a));
      return parseDouble(javaTrim(text(a, fn)));
    case 'toBigDecimal':
      return toBigDecimal(a);
    case 'toText':
      return concreteText(a);
    case 'concat':
      return args.map(concreteText).join('');
    case 'length':
      return javaInt(text(a, fn).length);
    case 'toLowerCase':
      return text(a, fn).toLowerCase();
    case 'toUpperCase':
      return text(a, fn).toUpperCase();
    case 'trim':
      return javaTrim(text(a, fn));
    case 'reverse':
      return [...text(a, fn)].reverse().join('');
    case 'substring':
      return substring(text(a, fn), index(b), args.length > 2 ? index(c) : undefined);
    case 'indexOf':
      return javaInt(text(a, fn).indexOf(text(b, fn), args.length > 2 ? index(c) : 0));
    case 'lastIndexOf':
      return javaInt(text(a, fn).lastIndexOf(text(b, fn)));
    case 'charAt': {
      const char = text(a, fn)[index(b)];
      if (char === undefined) throw new GroovyThrow(STRING_INDEX, `index ${index(b)}`);
      return { kind: 'char', text: char };
    }
    case 'replace':
      return text(a, fn).split(text(b, fn)).join(text(c, fn));
    case 'tokenAt':
      return tokens(text(a, fn), text(b, fn))[index(c)] ?? null;
    case 'tokenCount':
      return javaInt(tokens(text(a, fn), text(b, fn)).length);
    case 'splitAt': {
      const part = splitJava(text(a, fn), text(b, fn))[index(c)];
      if (part === undefined) throw new GroovyThrow('java.lang.ArrayIndexOutOfBoundsException', `Index ${index(c)}`);
      return part;
    }
    case 'splitCount':
      return javaInt(splitJava(text(a, fn), text(b, fn)).length);
    case 'hashCode':
      if (a === null) throw nullReceiver(fn);
      return javaInt(concreteHash(a));
    default:
      throw new OpaqueSignal('unsupported', `the function ${fn}`);
  }
}

/** String.trim: cuts every character up to U+0020, and no other blank. */
export function javaTrim(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && value.charCodeAt(from) <= 0x20) from++;
  while (to > from && value.charCodeAt(to - 1) <= 0x20) to--;
  return value.slice(from, to);
}

function nullReceiver(method: string): GroovyThrow {
  return new GroovyThrow(NPE, `Cannot invoke method ${method}() on null object`);
}

function missing(value: Value, method: string): GroovyThrow {
  return new GroovyThrow(
    'groovy.lang.MissingMethodException',
    `No signature of method: ${classNameOf(value)}.${method}()`,
  );
}

function number(value: Value, fn: TermFunction): JavaNumber {
  if (isKind(value, 'number')) return value;
  if (value === null) throw nullReceiver(methodName(fn));
  throw missing(value, methodName(fn));
}

function text(value: Value, fn: TermFunction): string {
  if (isText(value) || isKind(value, 'char')) return concreteText(value);
  if (value === null) throw nullReceiver(fn);
  throw missing(value, fn);
}

function index(value: Value): number {
  if (!isKind(value, 'number') || !isIntegral(value)) throw missing(value, 'getAt');
  return Number(value.value);
}

function parseText(value: Value): string {
  if (value === null) throw new GroovyThrow(NUMBER_FORMAT, 'null');
  if (!isText(value)) throw missing(value, 'parseInt');
  return concreteText(value);
}

function binary(fn: TermFunction, operator: NumericOperator, a: Value, b: Value): Value {
  if (a === null) throw new GroovyThrow(NPE, `Cannot execute null${operator}`);
  const left = isKind(a, 'char') ? javaInt(a.text.charCodeAt(0)) : a;
  if (typeof left === 'boolean' && typeof b === 'boolean' && operator.startsWith('bit')) {
    return operator === 'bitAnd' ? left && b : operator === 'bitOr' ? left || b : left !== b;
  }
  if (!isKind(left, 'number')) throw missing(a, methodName(fn));
  const right = isKind(b, 'char') ? javaInt(b.text.charCodeAt(0)) : b;
  if (right === null) throw new GroovyThrow('groovy.lang.GroovyRuntimeException', 'Ambiguous method overloading');
  if (!isKind(right, 'number')) throw missing(left, methodName(fn));
  const result = arithmetic(operator, left, right);
  if ('ok' in result) {
    if (isHuge(result.ok)) throw new OpaqueSignal('size-limit', 'a number of more than 1,000 digits');
    return result.ok;
  }
  throw new GroovyThrow(result.error, result.message);
}

const HUGE = 10n ** 1000n;

/** Whether a number is beyond what scripts compute with; squaring one in a loop would take all memory. */
function isHuge({ value }: JavaNumber): boolean {
  if (typeof value === 'number') return false;
  const whole = typeof value === 'bigint' ? value : value.unscaled;
  return whole > HUGE || whole < -HUGE || (typeof value === 'object' && Math.abs(value.scale) > 1000);
}

function negateOrAbs(fn: 'negative' | 'abs', value: JavaNumber): JavaNumber {
  const negative = typeof value.value === 'object' ? value.value.unscaled < 0n : Number(value.value) < 0;
  if (fn === 'abs' && !negative)
    return typeof value.value === 'number' ? floating(value.cls as 'Double', Math.abs(value.value)) : value;
  if (isIntegral(value))
    return integral(value.cls === 'Byte' || value.cls === 'Short' ? 'Integer' : value.cls, -value.value);
  if (typeof value.value === 'number') return floating(value.cls as 'Double', -value.value);
  return decimal({ unscaled: -value.value.unscaled, scale: value.value.scale });
}

/** Integer.parseInt and Long.parseLong: an optional sign, digits, and within range. */
function parseWhole(source: string, cls: 'Integer' | 'Long'): JavaNumber {
  if (/^[+-]?\d{1,40}$/.test(source)) {
    const value = BigInt(source.startsWith('+') ? source.slice(1) : source);
    const made = integral(cls, value);
    if (made.value === value) return made;
  }
  throw new GroovyThrow(NUMBER_FORMAT, `For input string: "${source}"`);
}

function parseDouble(source: string): JavaNumber {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?$/.test(source)) {
    throw new GroovyThrow(NUMBER_FORMAT, `For input string: "${source}"`);
  }
  return floating('Double', Number.parseFloat(source));
}

function toBigDecimal(value: Value): JavaNumber {
  if (isKind(value, 'number')) {
    const made = isIntegral(value) ? toDecimal(value) : parseDecimal(concreteText(value));
    if (made) return decimal(made);
    throw new GroovyThrow(NUMBER_FORMAT, 'Infinite or NaN');
  }
  const source = javaTrim(text(value, 'toBigDecimal'));
  const made = parseDecimal(source);
  if (!made) throw new GroovyThrow(NUMBER_FORMAT, null);
  return decimal(made);
}

function substring(value: string, from: number, to: number = value.length): string {
  if (from < 0 || to > value.length || from > to) {
    throw new GroovyThrow(STRING_INDEX, `begin ${from}, end ${to}, length ${value.length}`);
  }
  return value.slice(from, to);
}

/** `s.tokenize(chars)`: pieces between any of the characters, empty ones dropped. */
export function tokens(value: string, separators: string): string[] {
  const marks = new Set(separators);
  const found: string[] = [];
  let piece = '';
  for (const char of value) {
    if (!marks.has(char)) piece += char;
    else if (piece !== '') {
      found.push(piece);
      piece = '';
    }
  }
  if (piece !== '') found.push(piece);
  return found;
}

/** Most pieces that a text is split into. */
const PIECE_LIMIT = 10_000;

/** `s.split(regex)`: trailing empty pieces dropped, no leading empty piece for an empty match. */
export function splitJava(value: string, regex: string): string[] {
  if (value === '') return [''];
  const parts: string[] = [];
  let from = 0;
  let at = 0;
  while (at <= value.length) {
    const found = runJavaRegex(regex, value, 'find', { from: at, groups: true });
    if ('error' in found) {
      if (found.kind === 'syntax') throw new GroovyThrow('java.util.regex.PatternSyntaxException', found.error);
      throw new OpaqueSignal('unsupported', `the pattern uses ${found.error}`);
    }
    if (found.match === null) break;
    const end = found.match.index + found.match[0].length;
    if (end === 0) {
      // An empty match at the front makes no piece.
      at = 1;
      continue;
    }
    if (parts.length >= PIECE_LIMIT) throw new OpaqueSignal('size-limit', 'a text of more than 10,000 pieces');
    if (found.match.index >= value.length && found.match[0] === '') break;
    parts.push(value.slice(from, found.match.index));
    from = end;
    at = found.match[0] === '' ? end + 1 : end;
  }
  parts.push(value.slice(from));
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts.length === 1 && parts[0] === '' ? [] : parts;
}
