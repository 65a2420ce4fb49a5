/** Truth, text, equality and order of values that depend on nothing. */
import type { ValueClass } from '../../plan/route-plan.ts';
import { GroovyThrow, OpaqueSignal } from '../machine/exceptions.ts';
import {
  compareNumbers,
  integral,
  isIntegral,
  type JavaNumber,
  numberHash,
  numberToText,
  sameNumber,
} from './java-number.ts';
import { walkNested } from './nested-walk.ts';
import {
  isKind,
  type ListItem,
  type ListValue,
  type MapValue,
  type RangeValue,
  VALUE_CLASSES,
  type Value,
} from './values.ts';

const LONGEST_RANGE = 100_000;

/** The full name of a value's class, as messages and `is` tests use it. */
export function classNameOf(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'java.lang.Boolean';
  if (typeof value === 'string') return 'java.lang.String';
  switch (value.kind) {
    case 'number':
      return value.cls.startsWith('Big') ? `java.math.${value.cls}` : `java.lang.${value.cls}`;
    case 'char':
      return 'java.lang.Character';
    case 'gstring':
      return 'org.codehaus.groovy.runtime.GStringImpl';
    case 'list':
      if (value.sort === 'array') return '[Ljava.lang.Object;';
      if (value.sort === 'list') return value.linked === true ? 'java.util.LinkedList' : 'java.util.ArrayList';
      return value.hashed === true ? 'java.util.HashSet' : 'java.util.LinkedHashSet';
    case 'map':
      return value.hashed === true ? 'java.util.HashMap' : 'java.util.LinkedHashMap';
    case 'range':
      return isKind(value.from, 'number') && value.from.cls === 'Integer'
        ? 'groovy.lang.IntRange'
        : 'groovy.lang.ObjectRange';
    case 'closure':
      return 'groovy.lang.Closure';
    case 'pattern':
      return 'java.util.regex.Pattern';
    case 'matcher':
      return 'java.util.regex.Matcher';
    case 'class':
      return 'java.lang.Class';
    case 'instance':
      return value.cls.name;
    case 'throwable':
      return value.cls;
    case 'host':
      return value.type === 'bean' || value.type === 'enum' ? value.cls : `weir.${value.type}`;
    default:
      return 'java.lang.Object';
  }
}

/** A value as the owner of a member, in the words of the script: `NetUtils`, `context`, `java.lang.String`. */
export function ownerName(value: Value): string {
  if (isKind(value, 'class') && typeof value.name === 'string')
    return value.name.slice(value.name.lastIndexOf('.') + 1);
  if (isKind(value, 'host') && value.type !== 'bean' && value.type !== 'enum') return value.type;
  const name = classNameOf(value);
  return name === 'java.lang.Object' ? 'a value' : name;
}

/** The class of a call's value, among those that a plan distinguishes. */
export function valueClassOf(value: Value): ValueClass {
  if (value === null) return 'null';
  if (isKind(value, 'list')) return value.sort === 'list' ? 'java.util.List' : 'other';
  if (isKind(value, 'map')) return 'java.util.Map';
  const name = classNameOf(value);
  return (PLAIN as ReadonlySet<string>).has(name) ? (name as ValueClass) : 'other';
}

const PLAIN: ReadonlySet<ValueClass> = new Set(VALUE_CLASSES.filter((name) => /^java\.(?:lang|math)\./.test(name)));

/** Values of a range in order. @throws OpaqueSignal beyond 100,000. */
export function rangeItems(range: RangeValue): Value[] {
  const { from, to } = range;
  if (typeof from === 'string' && typeof to === 'string' && from.length === 1 && to.length === 1) {
    const a = from.charCodeAt(0);
    const b = to.charCodeAt(0);
    const step = a <= b ? 1 : -1;
    const texts: Value[] = [];
    for (let code = a; step > 0 ? code <= b : code >= b; code += step) texts.push(String.fromCharCode(code));
    if (!range.inclusive) texts.pop();
    return texts;
  }
  if (!isKind(from, 'number') || !isKind(to, 'number') || !isIntegral(from))
    throw new OpaqueSignal('unsupported', 'a range of this kind');
  const items: Value[] = [];
  const ascending = compareNumbers(from, to) <= 0;
  let at: JavaNumber = from;
  while (ascending ? compareNumbers(at, to) <= 0 : compareNumbers(at, to) >= 0) {
    items.push(at);
    if (items.length > LONGEST_RANGE) throw new OpaqueSignal('loop-limit', 'a range of more than 100,000 values');
    at = integral(from.cls, (at.value as bigint) + (ascending ? 1n : -1n));
  }
  if (!range.inclusive) {
    // `0..<0` is empty, and the excluded end is the last one in either direction.
    if (compareNumbers(from, to) === 0) return [];
    if (compareNumbers(items.at(-1) as JavaNumber, to) === 0) items.pop();
  }
  return items;
}

/** Items of a list; a segment stands for providers, so lists with segments have none. */
export function plainItems(items: readonly ListItem[]): Value[] {
  return items.map((item) => {
    if (isKind(item as Value, 'segment' as never))
      throw new OpaqueSignal('provider-order', 'the order or number of providers matters here');
    return item as Value;
  });
}

/** Groovy truth of a value that depends on nothing. */
export function concreteTruth(value: Value): boolean {
  if (value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value !== '';
  switch (value.kind) {
    case 'number':
      return typeof value.value === 'object' ? value.value.unscaled !== 0n : value.value !== 0n && value.value !== 0;
    case 'char':
      return value.text !== '\u0000';
    case 'gstring':
      return concreteText(value) !== '';
    case 'list':
      return value.items.length > 0;
    case 'map':
      return value.entries.size > 0;
    case 'range':
      return rangeItems(value).length > 0;
    default:
      return true;
  }
}

/** `toString` as Groovy prints it in strings. */
export function concreteText(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value;
  switch (value.kind) {
    case 'number':
      return numberToText(value);
    case 'char':
      return value.text;
    case 'gstring':
      return walkNested(value.parts.length, () => value.parts.map(concreteText).join(''));
    case 'list':
      return walkNested(value.items.length, () => `[${plainItems(value.items).map(concreteText).join(', ')}]`);
    case 'map':
      return value.entries.size === 0
        ? '[:]'
        : walkNested(
            value.entries.size,
            () =>
              `[${[...value.entries.values()].map(([key, item]) => `${concreteText(key)}:${concreteText(item)}`).join(', ')}]`,
          );
    case 'range':
      return `[${rangeItems(value).map(concreteText).join(', ')}]`;
    case 'pattern':
      return value.source;
    case 'throwable':
      return value.message === null ? value.cls : `${value.cls}: ${value.message}`;
    case 'host':
      if (value.type === 'enum') return value.name;
      break;
    default:
      break;
  }
  throw new OpaqueSignal('unsupported', `the text of a ${classNameOf(value)}`);
}

/** Kinds of values that are not known here: a path has to decide them first. */
const OPEN_KINDS = new Set(['size', 'index', 'poison', 'groups', 'symbol', 'random', 'lazy-list', 'segment']);

function requireKnown(value: Value): void {
  if (typeof value !== 'object' || value === null || !OPEN_KINDS.has(value.kind)) return;
  if (value.kind === 'poison') throw new OpaqueSignal(value.code, value.reason);
  throw new OpaqueSignal('unsupported', 'a value that is not known is compared');
}

/** java.lang.Object.equals. @throws OpaqueSignal for values that are not known. */
export function concreteEquals(a: Value, b: Value): boolean {
  requireKnown(a);
  requireKnown(b);
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a.kind === 'number' && b.kind === 'number') return sameNumber(a, b);
  if (a.kind === 'char' && b.kind === 'char') return a.text === b.text;
  if (a.kind === 'gstring' && b.kind === 'gstring') return concreteText(a) === concreteText(b);
  if (a.kind === 'class' && b.kind === 'class') return a.name === b.name;
  if (a.kind === 'map' && b.kind === 'map') return mapsEqual(a, b, concreteEquals);
  if (a.kind === 'host' && b.kind === 'host') {
    if (a.type === 'enum' && b.type === 'enum') return a.cls === b.cls && a.name === b.name;
    if ('of' in a && 'of' in b) return a.type === b.type && a.of === b.of && a.of !== 'each';
    return a.type === b.type && a.type !== 'bean' && a.type !== 'random';
  }
  if (isKind(a, 'list') || isKind(a, 'range')) {
    if (!isKind(b, 'list') && !isKind(b, 'range')) return false;
    if (isKind(a, 'list') && isKind(b, 'list') && a.sort === 'set' && b.sort === 'set') return setsEqual(a, b);
    const odd = (value: Value): boolean => isKind(value, 'list') && (value.sort !== 'list' || value.view === true);
    if (odd(a) || odd(b)) throw new OpaqueSignal('unsupported', 'a set, array or view compared with a list');
    return sequencesEqual(a, b, concreteEquals);
  }
  return false;
}

function sequencesEqual(a: Value, b: Value, equals: (x: Value, y: Value) => boolean): boolean {
  const left = isKind(a, 'range') ? rangeItems(a) : isKind(a, 'list') ? plainItems(a.items) : [];
  const right = isKind(b, 'range') ? rangeItems(b) : isKind(b, 'list') ? plainItems(b.items) : [];
  if (left.length !== right.length) return false;
  return walkNested(left.length, () => left.every((item, i) => equals(item, right[i] ?? null)));
}

function setsEqual(a: ListValue, b: ListValue): boolean {
  const keys = new Set(plainItems(a.items).map(keyOf));
  const others = new Set(plainItems(b.items).map(keyOf));
  return keys.size === others.size && [...keys].every((key) => others.has(key));
}

function mapsEqual(a: MapValue, b: MapValue, equals: (x: Value, y: Value) => boolean): boolean {
  if (a.entries.size !== b.entries.size) return false;
  return walkNested(a.entries.size, () =>
    [...a.entries].every(([key, [, value]]) => {
      const other = b.entries.get(key);
      return other !== undefined && equals(value, other[1]);
    }),
  );
}

/** Groovy's `==`. @throws OpaqueSignal for values that are not known. */
export function concreteLooseEquals(a: Value, b: Value): boolean {
  requireKnown(a);
  requireKnown(b);
  if (a === null || b === null) return a === b;
  if (isKind(a, 'number') || isKind(a, 'char') || isKind(b, 'number') || isKind(b, 'char')) {
    const left = numericValue(a);
    const right = numericValue(b);
    if (isKind(a, 'char') && isKind(b, 'char')) return a.text === b.text;
    const texts = (isKind(a, 'char') && isText(b)) || (isKind(b, 'char') && isText(a));
    if (texts) return concreteText(a) === concreteText(b);
    return left !== undefined && right !== undefined && compareNumbers(left, right) === 0;
  }
  if (isText(a) && isText(b)) return concreteText(a) === concreteText(b);
  const lists = (isKind(a, 'list') || isKind(a, 'range')) && (isKind(b, 'list') || isKind(b, 'range'));
  if (lists) {
    const sets = [a, b].filter((value) => isKind(value, 'list') && value.sort === 'set').length;
    if (sets === 2 && isKind(a, 'list') && isKind(b, 'list')) return setsEqual(a, b);
    return sets === 0 && sequencesEqual(a, b, concreteLooseEquals);
  }
  if (isKind(a, 'map') && isKind(b, 'map')) return mapsEqual(a, b, concreteLooseEquals);
  return concreteEquals(a, b);
}

/** Whether the value is a String or a GString. */
export function isText(value: Value): boolean {
  return typeof value === 'string' || isKind(value, 'gstring');
}

/** A number, a character's code, or the code of a text of one letter, which Groovy takes as a character. */
function numericValue(value: Value): JavaNumber | undefined {
  if (isKind(value, 'number')) return value;
  if (!isKind(value, 'char') && !isText(value)) return undefined;
  const text = concreteText(value);
  return text.length === 1 ? integral('Integer', BigInt(text.charCodeAt(0))) : undefined;
}

/** Groovy's `<=>`: null is least; a text of one letter meets a number as its code. @throws GroovyThrow for classes that do not compare. */
export function concreteCompare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (isText(a) && isText(b)) {
    const left = concreteText(a);
    const right = concreteText(b);
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b ? 0 : a ? 1 : -1;
  const left = numericValue(a);
  const right = numericValue(b);
  const oneIsNumber = isKind(a, 'number') || isKind(b, 'number') || isKind(a, 'char') || isKind(b, 'char');
  if (oneIsNumber && left && right) return compareNumbers(left, right);
  if (isKind(a, 'char') && isText(b))
    return concreteText(a) < concreteText(b) ? -1 : concreteText(a) > concreteText(b) ? 1 : 0;
  const comparable = isText(a) || typeof a === 'boolean' || isKind(a, 'number') || isKind(a, 'char');
  if (comparable) {
    const [from, to] = isKind(b, 'number') || typeof b === 'boolean' ? [b, a] : [b, a];
    throw new GroovyThrow(
      'java.lang.ClassCastException',
      `class ${classNameOf(from)} cannot be cast to class ${classNameOf(to)}`,
    );
  }
  throw new GroovyThrow('groovy.lang.GroovyRuntimeException', `Cannot compare ${classNameOf(a)} and ${classNameOf(b)}`);
}

/** A text that is the same for two values exactly where Java's equals holds: keys of maps and sets. */
export function keyOf(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return `b${value}`;
  if (typeof value === 'string') return `s${value}`;
  switch (value.kind) {
    case 'number':
      return `n${value.cls}:${numberToText(value)}`;
    case 'char':
      return `c${value.text}`;
    case 'gstring':
      return `g${concreteText(value)}`;
    case 'class':
      return `k${String(value.name)}`;
    case 'list':
    case 'range': {
      const items = isKind(value, 'range') ? rangeItems(value) : plainItems(value.items);
      return walkNested(items.length, () => `l[${items.map(keyOf).join(',')}]`);
    }
    case 'map':
      return walkNested(
        value.entries.size,
        () =>
          `m{${[...value.entries]
            .map(([key, [, item]]) => `${key}=${keyOf(item)}`)
            .sort()
            .join(',')}}`,
      );
    case 'host':
      if (value.type === 'enum') return `e${value.cls}.${value.name}`;
      if ('of' in value && value.of !== 'each') return `h${value.type}${value.of}`;
      break;
    default:
      break;
  }
  throw new OpaqueSignal('unsupported', `a ${classNameOf(value)} as a key`);
}

/** `hashCode` of a concrete value. @throws OpaqueSignal where it depends on the object's identity. */
export function concreteHash(value: Value): number {
  if (typeof value === 'boolean') return value ? 1231 : 1237;
  if (typeof value === 'string') return textHash(value);
  if (isKind(value, 'number')) {
    const hash = numberHash(value);
    if (hash !== undefined) return hash;
  }
  if (isKind(value, 'char')) return value.text.charCodeAt(0);
  if (isKind(value, 'list') && value.sort === 'list') {
    return walkNested(value.items.length, () =>
      plainItems(value.items).reduce(
        (hash, item) => (Math.imul(hash, 31) + (item === null ? 0 : concreteHash(item))) | 0,
        1,
      ),
    );
  }
  throw new OpaqueSignal('hash', `the hash code of a ${classNameOf(value)}`);
}

function textHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
