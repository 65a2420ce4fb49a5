/** The layer of the machine for classes: instanceof, declared types, casts. */
import type { ValueClass } from '../../plan/route-plan.ts';
import {
  ALL_CLASSES,
  BOOLEAN_CLASS,
  classMask,
  NULL_CLASS,
  NUMBER_CLASSES,
  TEXT_CLASS,
  WHOLE_CLASSES,
} from '../values/class-mask.ts';
import { classNameOf, isText, rangeItems } from '../values/concrete.ts';
import { integral, isIntegral, javaInt, toIntegral } from '../values/java-number.ts';
import { isKind, type ListValue, type SymbolValue, type Value } from '../values/values.ts';
import { isThrowableA, throwableName } from './exceptions.ts';
import { HASH_ORDER, hasHashOrder } from './hash-order.ts';
import { MachineCalls } from './machine-calls.ts';

const COLLECTIONS = new Set([
  'List',
  'ArrayList',
  'Collection',
  'Iterable',
  'LinkedList',
  'AbstractList',
  'RandomAccess',
]);
const ARRAY_LISTS = new Set(['ArrayList', 'RandomAccess']);
const LINKED_LISTS = new Set(['LinkedList']);
/** Sorted collections, which weir does not have. */
const TREES = new Set(['TreeSet', 'SortedSet', 'NavigableSet', 'TreeMap', 'SortedMap', 'NavigableMap']);
const SETS = new Set(['Set', 'HashSet', 'LinkedHashSet', 'TreeSet', 'SortedSet']);
const MAPS = new Set(['Map', 'HashMap', 'LinkedHashMap', 'TreeMap', 'SortedMap', 'ConcurrentHashMap']);
const BOXES: Readonly<Record<string, ValueClass>> = {
  String: 'java.lang.String',
  Integer: 'java.lang.Integer',
  Long: 'java.lang.Long',
  Short: 'java.lang.Short',
  Byte: 'java.lang.Byte',
  Double: 'java.lang.Double',
  Float: 'java.lang.Float',
  BigDecimal: 'java.math.BigDecimal',
  BigInteger: 'java.math.BigInteger',
  Boolean: 'java.lang.Boolean',
  Character: 'java.lang.Character',
};
const CAST_ERROR = 'org.codehaus.groovy.runtime.typehandling.GroovyCastException';

/** The last part of a class name. */
export function simpleName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('.'), name.lastIndexOf('$')) + 1);
}

/** Classes: instanceof, declared types, `as`. */
export abstract class MachineTypes extends MachineCalls {
  /** `value instanceof type`. */
  instanceOf(given: Value, type: string): boolean {
    const value = this.resolve(given);
    const name = simpleName(type);
    if (isKind(value, 'symbol')) return this.#symbolInstance(value, name);
    if (value === null) return false;
    if (name === 'Object') return true;
    const cls = classNameOf(value);
    if (cls === type || simpleName(cls) === name) return true;
    // What is filtered out of a HashSet is a LinkedHashSet.
    if ((isKind(value, 'list') || isKind(value, 'map')) && value.hashed === true && name.startsWith('Linked'))
      return this.opaque('unsupported', `whether a value is a ${name}`);
    if (isKind(value, 'number')) return name === 'Number' || name === 'Comparable' || name === 'Serializable';
    if (typeof value === 'string') return ['CharSequence', 'Comparable', 'Serializable'].includes(name);
    if (isKind(value, 'gstring')) return ['GString', 'CharSequence', 'Comparable'].includes(name);
    if (typeof value === 'boolean' || isKind(value, 'char')) return ['Comparable', 'Serializable'].includes(name);
    if (isKind(value, 'list') && value.view === true) return name === 'Collection' || name === 'Iterable';
    if (isKind(value, 'list'))
      return value.sort === 'list'
        ? COLLECTIONS.has(name) && !(value.linked === true ? ARRAY_LISTS : LINKED_LISTS).has(name)
        : value.sort === 'set'
          ? name === 'Set' || name === 'HashSet' || name === 'Collection' || name === 'Iterable'
          : false;
    if (isKind(value, 'range')) return ['List', 'Collection', 'Range', 'Iterable'].includes(name);
    if (isKind(value, 'map')) return name === 'Map' || name === 'HashMap' || name === 'AbstractMap';
    if (isKind(value, 'throwable')) return isThrowableA(value.cls, throwableName(type) ?? type);
    if (isKind(value, 'closure')) return name === 'Closure' || name === 'Runnable' || name === 'Callable';
    if (isKind(value, 'instance'))
      return value.cls.extends?.name === name || value.cls.implements.some((item) => item.name === name);
    if (isKind(value, 'host') && value.type === 'invoker') return name === 'Invoker';
    if (isKind(value, 'host') && value.type === 'invocation') return ['Invocation', 'RpcInvocation'].includes(name);
    if (isKind(value, 'host') && (value.type === 'bean' || value.type === 'enum')) {
      return this.opaque('object-field', `whether an argument is a ${name}`);
    }
    if (isKind(value, 'lazy-list'))
      return (
        value.past === 'null' &&
        ['List', 'ArrayList', 'Collection', 'Iterable', 'RandomAccess', 'AbstractList'].includes(name)
      );
    return false;
  }

  #symbolInstance(symbol: SymbolValue, name: string): boolean {
    const box = BOXES[name];
    if (box && Object.hasOwn(BOXES, name)) return this.isOf(symbol, classMask([box]));
    if (name === 'Number') return this.isOf(symbol, NUMBER_CLASSES);
    if (name === 'CharSequence') return this.isOf(symbol, TEXT_CLASS);
    if (name === 'Object') return this.isOf(symbol, ALL_CLASSES & ~NULL_CLASS);
    const known = this.facts(symbol.term).classes(symbol.term);
    const open = known & classMask(['other', 'java.util.List', 'java.util.Map']);
    if (open === 0 && name !== 'Comparable' && name !== 'Serializable') return false;
    if (name === 'Map') return this.isOf(symbol, classMask(['java.util.Map'])) || this.#unlessOther(symbol, name);
    if (name === 'List' || name === 'Collection')
      return this.isOf(symbol, classMask(['java.util.List'])) || this.#unlessOther(symbol, name);
    if (this.isOf(symbol, NULL_CLASS | NUMBER_CLASSES | TEXT_CLASS | BOOLEAN_CLASS))
      return name === 'Comparable' ? this.isOf(symbol, ALL_CLASSES & ~NULL_CLASS) : false;
    return this.opaque('object-field', `whether an argument is a ${name}`);
  }

  #unlessOther(symbol: SymbolValue, name: string): boolean {
    if (this.isOf(symbol, classMask(['other']))) return this.opaque('object-field', `whether an argument is a ${name}`);
    return false;
  }

  /** Assigns to a variable or parameter of a declared type, as Groovy casts. */
  coerce(given: Value, type: string, dims: number): Value {
    const name = simpleName(type);
    if (dims > 0) return this.#toArray(given);
    if (['Object', 'def', 'T', 'E'].includes(name)) return given;
    const value = isKind(given, 'symbol') ? this.resolve(given) : given;
    if (isKind(value, 'poison')) return value;
    switch (name) {
      case 'String':
      case 'CharSequence':
        return this.#toText(value);
      case 'boolean':
      case 'Boolean':
        if (value === null) return name === 'boolean' ? false : null;
        if (isKind(value, 'symbol') && name === 'Boolean' && this.isOf(value, NULL_CLASS)) return null;
        return this.truth(value);
      case 'int':
      case 'Integer':
        return this.#toNumber(value, name === 'int', 'Integer');
      case 'long':
      case 'Long':
        return this.#toNumber(value, name === 'long', 'Long');
      case 'double':
      case 'Double':
      case 'float':
      case 'Float':
      case 'BigDecimal':
      case 'short':
      case 'Short':
      case 'byte':
      case 'Byte':
        return this.#toOther(value, name);
      case 'char':
      case 'Character':
        return this.#toChar(value);
      default:
        return this.#toObject(value, type, name);
    }
  }

  #castError(value: Value, type: string): never {
    return this.fail(CAST_ERROR, `Cannot cast object with class '${classNameOf(value)}' to class '${type}'`);
  }

  #toText(value: Value): Value {
    if (value === null || isText(value)) return value === null ? null : this.text(value);
    if (isKind(value, 'symbol')) {
      if ((this.facts(value.term).classes(value.term) & ~(TEXT_CLASS | NULL_CLASS)) === 0) return value;
      return this.isOf(value, NULL_CLASS) ? null : this.text(value);
    }
    const plain = isKind(value, 'number') || typeof value === 'boolean' || isKind(value, 'char');
    return plain || isKind(value, 'random') || isKind(value, 'size')
      ? this.text(value)
      : this.opaque('unsupported', 'a value becomes a text');
  }

  #toNumber(value: Value, primitive: boolean, cls: 'Integer' | 'Long'): Value {
    const fn = cls === 'Integer' ? 'intValue' : 'longValue';
    const type = primitive ? (cls === 'Integer' ? 'int' : 'long') : `java.lang.${cls}`;
    if (isKind(value, 'number')) return toIntegral(value, cls);
    if (isKind(value, 'char')) return toIntegral(javaInt(value.text.charCodeAt(0)), cls);
    if (isKind(value, 'size') || isKind(value, 'index')) return value;
    if (isKind(value, 'random'))
      return this.overDraw(value, (drawn) => (isKind(drawn, 'number') ? toIntegral(drawn, cls) : drawn));
    if (value === null) return primitive ? this.#castError(value, type) : null;
    if (isText(value)) {
      const text = this.text(value);
      if (typeof text === 'string' && text.length === 1) return toIntegral(javaInt(text.charCodeAt(0)), cls);
      return this.#castError(value, type);
    }
    if (!isKind(value, 'symbol')) return this.#castError(value, type);
    if (this.isOf(value, NUMBER_CLASSES)) {
      const own = classMask([`java.lang.${cls}`]);
      return this.isOf(value, own) ? value : this.apply(fn, [value]);
    }
    if (this.isOf(value, NULL_CLASS)) return primitive ? this.#castError(null, type) : null;
    if (this.isOf(value, TEXT_CLASS)) {
      if (this.looseEquals(this.apply('length', [value]), javaInt(1)))
        return this.opaque('unsupported', 'a text of one letter becomes a number');
      return this.#castError('', type);
    }
    return this.opaque('object-field', `an argument of unknown class becomes ${type}`);
  }

  #toChar(value: Value): Value {
    if (isKind(value, 'char')) return value;
    if (typeof value === 'string' && value.length === 1) return { kind: 'char', text: value };
    return this.opaque('unsupported', 'a value becomes a character');
  }

  #toOther(value: Value, name: string): Value {
    const primitive = name.charAt(0) === name.charAt(0).toLowerCase();
    if (value === null) return primitive ? this.#castError(value, name) : null;
    if (isKind(value, 'number') && (name === 'double' || name === 'Double')) return this.apply('doubleValue', [value]);
    if (isKind(value, 'number') && name === 'BigDecimal') return this.apply('toBigDecimal', [value]);
    if (isKind(value, 'number') && simpleName(classNameOf(value)).toLowerCase() === name.toLowerCase()) return value;
    // Java keeps the low bits of a whole number.
    const bits = name.toLowerCase() === 'short' ? 16 : name.toLowerCase() === 'byte' ? 8 : 0;
    if (bits > 0 && isKind(value, 'number') && isIntegral(value))
      return integral(bits === 16 ? 'Short' : 'Byte', value.value);
    if (isKind(value, 'symbol') && (name === 'double' || name === 'Double')) {
      if (this.isOf(value, NUMBER_CLASSES)) return this.apply('doubleValue', [value]);
      if (this.isOf(value, NULL_CLASS)) return primitive ? this.#castError(null, name) : null;
    }
    return this.opaque('unsupported', `a value becomes a ${name}`);
  }

  #toArray(value: Value): Value {
    if (isKind(value, 'list')) return value.sort === 'array' ? value : this.list(this.itemsOf(value), 'array');
    if (isKind(value, 'lazy-list') || value === null) return value;
    if (isKind(value, 'range')) return this.list(rangeItems(value), 'array');
    return this.opaque('unsupported', 'a value becomes an array');
  }

  #toObject(value: Value, type: string, name: string): Value {
    if (value === null) return null;
    if (COLLECTIONS.has(name) || name === 'Iterable') {
      if (name === 'LinkedList' && isKind(value, 'list')) return this.#toLinked(value);
      if (isKind(value, 'list') && value.view === true) return this.opaque('unsupported', `a view becomes a ${type}`);
      if (isKind(value, 'list') && (value.sort === 'list' || name === 'Collection' || name === 'Iterable'))
        return value;
      if (isKind(value, 'list') && value.sort === 'array') return this.list(this.itemsOf(value));
      if (isKind(value, 'range')) return value;
      if (isKind(value, 'lazy-list')) return { ...value, past: 'null' };
      if (isText(value) || isKind(value, 'number') || typeof value === 'boolean')
        return this.#castError(value, `java.util.${name}`);
    }
    if (TREES.has(name)) return this.opaque('unsupported', `a value becomes a ${type}`);
    if (SETS.has(name) && isKind(value, 'list')) return this.#toSet(value, name);
    if (MAPS.has(name) && (isKind(value, 'map') || isKind(value, 'groups') || isKind(value, 'host'))) return value;
    if (name === 'Closure' && isKind(value, 'closure')) return value;
    if (name === 'Iterator' && isKind(value, 'iterator')) return value;
    if (['Pattern', 'Matcher', 'Class'].includes(name)) return value;
    if (COLLECTIONS.has(name) || SETS.has(name) || MAPS.has(name) || name === 'Iterable')
      return this.opaque('unsupported', `a value becomes a ${type}`);
    if (
      isKind(value, 'host') &&
      ['Invoker', 'URL', 'Invocation', 'RpcInvocation', 'RpcContext', 'Random'].includes(name)
    )
      return value;
    if (isKind(value, 'host') && (value.type === 'bean' || value.type === 'enum' || value.type === 'random'))
      return value;
    if (isKind(value, 'instance') || isKind(value, 'throwable') || isKind(value, 'symbol')) {
      if (isKind(value, 'symbol')) return this.opaque('object-field', `an argument becomes a ${type}`);
      return value;
    }
    if (isText(value) || isKind(value, 'number') || typeof value === 'boolean') {
      if (name === 'Number' && isKind(value, 'number')) return value;
      if (name === 'Comparable' || name === 'Serializable') return value;
      return BOXES[name] || MAPS.has(name)
        ? this.#castError(value, type)
        : this.opaque('unsupported', `a value becomes a ${type}`);
    }
    return this.opaque('unsupported', `a value becomes a ${type}`);
  }

  /** A set of the same values: one of its own, unless it is of the class already. */
  #toSet(value: ListValue, name: string): Value {
    if (TREES.has(name)) return this.opaque('unsupported', `a value becomes a ${name}`);
    if (value.sort === 'set' && (name === 'Set' || (name === 'HashSet') === (value.hashed === true))) return value;
    return name === 'HashSet' ? this.invoke(value, 'toSet', []) : this.linkedSet(value);
  }

  #toLinked(value: ListValue): Value {
    return value.linked === true ? value : { ...this.list(this.iterable(value)), linked: true };
  }

  /** A LinkedHashSet of the values of a list. */
  linkedSet(value: ListValue): Value {
    if (hasHashOrder(value)) return this.opaque('unsupported', HASH_ORDER);
    const made = this.invoke(value, 'toSet', []);
    return isKind(made, 'list') ? { ...made, hashed: false } : made;
  }

  /** `value as type`: like a cast, but texts are parsed and collections converted. */
  asType(given: Value, type: string, dims: number): Value {
    const value = this.resolve(given);
    const name = simpleName(type);
    if (dims > 0) return this.#toArray(isKind(value, 'list') ? this.list(this.itemsOf(value), 'array') : value);
    if (SETS.has(name)) {
      if ((isKind(value, 'list') && value.sort !== 'array') || isKind(value, 'range'))
        return this.#toSet(isKind(value, 'list') ? value : this.list(rangeItems(value)), name);
      return this.opaque('unsupported', 'a value as a set');
    }
    if (COLLECTIONS.has(name)) {
      if (name === 'LinkedList' && isKind(value, 'list')) return this.#toLinked(value);
      if (isKind(value, 'list'))
        return value.sort === 'list' && value.view !== true ? value : this.list(this.iterable(value));
      if (isKind(value, 'lazy-list')) return { ...value, past: 'null' };
      if (isKind(value, 'range') && (name === 'List' || name === 'Collection')) return value;
      return this.opaque('unsupported', 'a value as a list');
    }
    const parse = {
      int: 'toInteger',
      Integer: 'toInteger',
      long: 'toLong',
      Long: 'toLong',
      double: 'toDouble',
      Double: 'toDouble',
      BigDecimal: 'toBigDecimal',
    } as const;
    if (Object.hasOwn(parse, name)) {
      const fn = parse[name as keyof typeof parse];
      const primitive = name === 'int' || name === 'long' || name === 'double';
      if (value === null) return primitive ? this.#castError(null, name) : null;
      if (isText(value)) return this.apply(fn, [this.text(value)]);
      if (isKind(value, 'symbol')) {
        if (this.isOf(value, NULL_CLASS)) return primitive ? this.#castError(null, name) : null;
        if (this.isOf(value, TEXT_CLASS)) return this.apply(fn, [value]);
      }
    }
    if (name === 'boolean' || name === 'Boolean')
      return value === null && name === 'Boolean' ? null : this.truth(value);
    return this.coerce(value, type, dims);
  }

  /** Whether a value can only be a whole number here. */
  isWhole(value: Value): boolean {
    if (isKind(value, 'symbol')) return (this.facts(value.term).classes(value.term) & ~WHOLE_CLASSES) === 0;
    return isKind(value, 'number') && typeof value.value === 'bigint';
  }
}
