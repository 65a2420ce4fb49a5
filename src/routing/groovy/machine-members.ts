import { classMask, NULL_CLASS, NUMBER_CLASSES, TEXT_CLASS } from './class-mask.ts';
import { classNameOf, concreteHash, concreteText, isText, keyOf } from './concrete.ts';
import { javaInt } from './java-number.ts';
import { MachineTypes } from './machine-types.ts';
import { callHostMethod, hostProperty } from './methods-host.ts';
import { callListMethod, itemAt } from './methods-list.ts';
import { callGroupsMethod, callMapMethod, lookUp } from './methods-map.ts';
import { callMatcherMethod, callNumberMethod, callRangeMethod, NUMBER_ONLY_METHODS } from './methods-number.ts';
import { callTextMethod, TEXT_ONLY_METHODS } from './methods-text.ts';
import { type Found, MISSING } from './missing.ts';
import { isSegment } from './segments.ts';
import { callStatic, staticProperty } from './static-members.ts';
import {
  type InstanceValue,
  type IteratorValue,
  isKind,
  type LazyListValue,
  type SymbolValue,
  type Value,
} from './values.ts';

const OBJECT_CLASSES = classMask(['other', 'java.util.List', 'java.util.Map']);
/** Methods and properties of any value. */
export abstract class MachineMembers extends MachineTypes {
  /** A method of an object of a class that the script declares. */
  protected abstract callInstance(self: InstanceValue, name: string, args: readonly Value[]): Found;

  /** A static method or field of a class that the script declares, or MISSING. */
  protected abstract callDeclared(cls: string, name: string, args: readonly Value[] | null): Found;

  /** Calls a method. @throws GroovyThrow, or OpaqueSignal for a method that weir does not know. */
  invoke(given: Value, name: string, args: readonly Value[]): Value {
    this.explorer.tick();
    const object = this.resolve(given);
    if (object === null) return this.#onNull(name, args);
    const common = this.#common(object, name, args);
    if (common !== MISSING) return common;
    const found = this.#dispatch(object, name, args);
    if (found !== MISSING) return found;
    return this.opaque('unknown-call', `${classNameOf(object)}.${name}()`);
  }

  #onNull(name: string, args: readonly Value[]): Value {
    if (name === 'toString') return 'null';
    if (name === 'equals' || name === 'is') return args[0] === null;
    if (name === 'asBoolean') return false;
    if (['each', 'collect', 'find', 'findAll', 'any', 'every', 'iterator', 'with', 'plus', 'getClass'].includes(name)) {
      if (name === 'plus' && args[0] !== undefined && isText(args[0])) return this.concat(['null', this.text(args[0])]);
      if (name === 'plus') return this.fail('java.lang.NullPointerException', 'Cannot execute null+');
      return this.opaque('unsupported', `${name}() of null`);
    }
    return this.fail('java.lang.NullPointerException', `Cannot invoke method ${name}() on null object`);
  }

  /** Methods that every object has. */
  #common(object: Value, name: string, args: readonly Value[]): Found {
    const [first = null] = args;
    switch (name) {
      case 'getClass':
        if (isKind(object, 'symbol')) return this.opaque('object-field', 'the class of an argument');
        return { kind: 'class', name: classNameOf(object) };
      case 'is':
        return object === first || this.equalsDeep(object, first);
      case 'asType':
        return isKind(first, 'class') && typeof first.name === 'string' ? this.asType(object, first.name, 0) : MISSING;
      case 'with':
        return this.call(this.closureOf(first), [object]);
      case 'isCase':
        return this.isCase(object, first);
      case 'hashCode':
        if (isKind(object, 'symbol')) return this.opaque('hash', 'a hash code decides: no target computes it');
        return javaInt(concreteHash(object));
      case 'equals':
        return isKind(object, 'symbol') || isKind(first, 'symbol')
          ? this.equals(object, first)
          : this.equalsDeep(object, first);
      default:
        return MISSING;
    }
  }

  #dispatch(object: Value, name: string, args: readonly Value[]): Found {
    if (typeof object === 'string') return callTextMethod(this, object, name, args);
    if (isKind(object, 'gstring')) return this.invoke(this.text(object), name, args);
    if (typeof object === 'boolean')
      return name === 'toString' ? String(object) : name === 'booleanValue' ? object : MISSING;
    if (object === null) return MISSING;
    switch (object.kind) {
      case 'number':
        return callNumberMethod(this, object, name, args);
      case 'char':
        return name === 'toString'
          ? object.text
          : callNumberMethod(this, javaInt(object.text.charCodeAt(0)), name, args);
      case 'random':
        if (name === 'toString') return this.text(object);
        return args.length === 0 || args.every((arg) => isKind(arg, 'number'))
          ? callNumberMethod(this, object, name, args)
          : MISSING;
      case 'list':
        return callListMethod(this, object, name, args);
      case 'map':
        return callMapMethod(this, object, name, args);
      case 'groups':
        return callGroupsMethod(this, object, name, args);
      case 'range':
        return callRangeMethod(this, object, name, args);
      case 'lazy-list':
        return this.#lazyMethod(object, name, args);
      case 'closure':
        if (name === 'call' || name === 'doCall') return this.call(object, args);
        return MISSING;
      case 'pattern':
        if (name === 'matcher')
          return { kind: 'matcher', pattern: object.source, subject: args[0] ?? null, at: 0, groups: null };
        return name === 'pattern' || name === 'toString' ? object.source : MISSING;
      case 'matcher':
        return callMatcherMethod(this, object, name, args);
      case 'iterator':
        return this.#iteratorMethod(object, name);
      case 'class':
        return this.#classMethod(object.name, name, args);
      case 'throwable':
        if (['getMessage', 'getLocalizedMessage'].includes(name)) return object.message;
        if (name === 'toString') return concreteText(object);
        return name === 'printStackTrace' ? null : MISSING;
      case 'instance':
        return this.callInstance(object, name, args);
      case 'host':
        return callHostMethod(this, object, name, args);
      case 'symbol':
        return this.#symbolMethod(object, name, args);
      case 'poison':
        return this.opaque(object.code, object.reason);
      case 'size':
        return this.opaque('provider-count', 'the number of providers decides here');
      case 'index':
        return this.opaque('provider-order', 'the position of a provider decides here');
    }
  }

  #classMethod(name: string | SymbolValue, method: string, args: readonly Value[]): Found {
    if (method === 'getName' || method === 'getTypeName') return name;
    if (isKind(name, 'symbol')) return this.opaque('unsupported', `${method}() of a parameter type`);
    if (method === 'getSimpleName') return name.slice(name.lastIndexOf('.') + 1);
    if (method === 'isInstance') return this.instanceOf(args[0] ?? null, name);
    const declared = this.callDeclared(name, method, args);
    return declared === MISSING ? callStatic(this, name, method, args) : declared;
  }

  #lazyMethod(list: LazyListValue, name: string, args: readonly Value[]): Found {
    const [first = null] = args;
    const index = this.enumerate(first);
    if (name === 'size' || name === 'length') return this.sizeOf(list);
    if (name === 'isEmpty') return !this.truth(list);
    if ((name === 'getAt' || name === 'get') && isKind(index, 'number')) {
      if (name === 'get' && list.past === 'null') {
        const size = this.sizeOf(list);
        if (!this.compare('>', size, index))
          return this.fail('java.lang.IndexOutOfBoundsException', 'Index out of bounds');
      }
      return this.lazyAt(list, Number(index.value));
    }
    if (name === 'toList' || name === 'asList') return { ...list, past: 'null' };
    if ((name === 'first' || name === 'head') && args.length === 0) {
      return this.truth(list)
        ? this.lazyAt(list, 0)
        : this.fail('java.util.NoSuchElementException', 'Cannot access first() element from an empty List');
    }
    // A search by a position test stays short: findIndexOf{} == 0 asks for the first item only where it can.
    return callListMethod(this, this.materialize(list), name, args);
  }

  /** The iterator of the loop over providers that is running, and the provider it stands at. */
  protected turning: { readonly iterator: IteratorValue; readonly item: Value; taken: boolean } | null = null;

  #iteratorMethod(iterator: IteratorValue, name: string): Found {
    const items = iterator.list.items;
    const turn = this.turning;
    if (turn && turn.iterator === iterator) {
      if (name === 'next' && !turn.taken) {
        turn.taken = true;
        return turn.item;
      }
      if (name === 'remove' && turn.taken) {
        this.noteEffect(iterator.list, { on: 'remove', list: iterator.list });
        return null;
      }
      return this.opaque('provider-order', 'an iterator over providers is moved more than once a turn');
    }
    if (items.some(isSegment)) {
      return this.opaque('provider-order', 'an iterator over providers outside of a simple loop');
    }
    switch (name) {
      case 'hasNext':
        return iterator.at < items.length;
      case 'next': {
        const item = items[iterator.at];
        if (item === undefined) return this.fail('java.util.NoSuchElementException', null);
        this.moveIterator(iterator, iterator.at + 1);
        return item as Value;
      }
      case 'remove':
        if (iterator.at === 0) return this.fail('java.lang.IllegalStateException', null);
        this.setItems(
          iterator.list,
          items.filter((_, i) => i !== iterator.at - 1),
        );
        this.moveIterator(iterator, iterator.at - 1);
        return null;
      default:
        return MISSING;
    }
  }

  protected moveIterator(iterator: IteratorValue, at: number): void {
    const before = iterator.at;
    this.explorer.log(() => {
      iterator.at = before;
    });
    iterator.at = at;
  }

  /** A method of a value of the call: its name and what is known of the class say which class is meant. */
  #symbolMethod(symbol: SymbolValue, name: string, args: readonly Value[]): Found {
    if (name === 'toString') return this.isOf(symbol, NULL_CLASS) ? 'null' : this.text(symbol);
    if (this.isOf(symbol, NULL_CLASS))
      return this.fail('java.lang.NullPointerException', `Cannot invoke method ${name}() on null object`);
    if (name === 'toInteger' || name === 'toLong' || name === 'toDouble' || name === 'toBigDecimal')
      return this.apply(name, [symbol, ...args]);
    if (NUMBER_ONLY_METHODS.has(name)) {
      this.require(symbol, NUMBER_CLASSES, name);
      return callNumberMethod(this, symbol, name, args);
    }
    if (TEXT_ONLY_METHODS.has(name)) {
      this.require(symbol, TEXT_CLASS, name);
      return callTextMethod(this, symbol, name, args);
    }
    if (this.isOf(symbol, TEXT_CLASS)) return callTextMethod(this, symbol, name, args);
    if (this.isOf(symbol, OBJECT_CLASSES)) return this.opaque('object-field', `${name}() of an argument`);
    if (this.isOf(symbol, NUMBER_CLASSES)) return callNumberMethod(this, symbol, name, args);
    return MISSING;
  }

  /** Reads a property. */
  property(given: Value, name: string): Value {
    const object = this.resolve(given);
    if (object === null)
      return this.fail('java.lang.NullPointerException', `Cannot get property '${name}' on null object`);
    const found = this.#readProperty(object, name);
    if (found !== MISSING) return found;
    if (typeof object === 'string' || isKind(object, 'number') || typeof object === 'boolean') {
      return this.fail('groovy.lang.MissingPropertyException', `No such property: ${name}`);
    }
    return this.opaque('unknown-call', `the property ${name} of a ${classNameOf(object)}`);
  }

  #readProperty(object: Value, name: string): Found {
    if (isKind(object, 'map')) {
      this.noteRead(object);
      return object.entries.get(keyOf(name))?.[1] ?? null;
    }
    if (isKind(object, 'groups')) return callGroupsMethod(this, object, 'get', [name]);
    if (isKind(object, 'list')) {
      if (name === 'empty') return MISSING;
      if (object.sort === 'array' && name === 'length') return this.sizeOf(object);
      return this.spreadProperty(object, name);
    }
    if (isKind(object, 'lazy-list')) {
      if (name === 'length' && object.past === 'throw') return this.sizeOf(object);
      return this.spreadProperty(object, name);
    }
    if (isKind(object, 'class')) return this.#classProperty(object.name, name);
    if (isKind(object, 'instance')) {
      const cell = object.fields.get(name);
      return cell
        ? this.cellValue(cell)
        : this.callInstance(object, `get${name.charAt(0).toUpperCase()}${name.slice(1)}`, []);
    }
    if (isKind(object, 'throwable')) return name === 'message' ? object.message : MISSING;
    if (isKind(object, 'host')) return hostProperty(this, object, name);
    if (isKind(object, 'symbol')) return this.#symbolProperty(object, name);
    if (isKind(object, 'range')) return name === 'from' ? object.from : name === 'to' ? object.to : MISSING;
    if (isKind(object, 'matcher') && name === 'count') return callMatcherMethod(this, object, 'getCount', []);
    if (isKind(object, 'poison')) return this.opaque(object.code, object.reason);
    if (name === 'class') return { kind: 'class', name: classNameOf(object) };
    if (typeof object === 'string' && (name === 'empty' || name === 'bytes' || name === 'chars' || name === 'blank')) {
      return name === 'empty' ? object === '' : this.opaque('unknown-call', `the property ${name} of a text`);
    }
    return MISSING;
  }

  #classProperty(name: string | SymbolValue, property: string): Found {
    if (property === 'name' || property === 'typeName') return name;
    if (isKind(name, 'symbol')) return this.opaque('unsupported', `${property} of a parameter type`);
    const declared = this.callDeclared(name, property, null);
    return declared === MISSING ? staticProperty(this, name, property) : declared;
  }

  #symbolProperty(symbol: SymbolValue, name: string): Found {
    if (this.isOf(symbol, NULL_CLASS))
      return this.fail('java.lang.NullPointerException', `Cannot get property '${name}' on null object`);
    if (this.isOf(symbol, OBJECT_CLASSES)) return this.opaque('object-field', `the field ${name} of an argument`);
    if (name === 'class') return this.opaque('object-field', 'the class of an argument');
    if (
      this.isOf(symbol, TEXT_CLASS) &&
      (name === 'empty' || name === 'bytes' || name === 'chars' || name === 'blank')
    ) {
      return name === 'empty' ? !this.truth(symbol) : MISSING;
    }
    return this.fail('groovy.lang.MissingPropertyException', `No such property: ${name}`);
  }

  /** `list*.name`: the property of each item, null for null. */
  spreadProperty(object: Value, name: string): Value {
    if (isKind(object, 'lazy-list') && object.of === 'param-classes' && (name === 'name' || name === 'typeName')) {
      return { kind: 'lazy-list', of: 'param-types', past: 'null' };
    }
    const items = this.iterable(object);
    const results = this.overItems(items, (item) => (item === null ? null : this.property(item, name)));
    return this.list(results.map(({ where, result }) => (where ? { kind: 'segment', where, item: result } : result)));
  }

  /** `list*.name(args)`. */
  spreadInvoke(object: Value, name: string, args: readonly Value[]): Value {
    if (isKind(object, 'lazy-list') && object.of === 'param-classes' && name === 'getName')
      return this.spreadProperty(object, 'name');
    const results = this.overItems(this.iterable(object), (item) =>
      item === null ? null : this.invoke(item, name, args),
    );
    return this.list(results.map(({ where, result }) => (where ? { kind: 'segment', where, item: result } : result)));
  }

  /** `object[index]`. */
  subscript(given: Value, index: Value): Value {
    const object = this.resolve(given);
    if (object === null)
      return this.fail('java.lang.NullPointerException', 'Cannot invoke method getAt() on null object');
    if (isKind(object, 'list')) return itemAt(this, object, index, false);
    if (isKind(object, 'map')) {
      this.noteRead(object);
      return lookUp(this, object, index, true) ?? null;
    }
    if (typeof object === 'string') return this.#charAt(object, this.enumerate(index));
    if (isKind(object, 'host')) {
      if (object.type === 'params' || object.type === 'attachments') return this.invoke(object, 'get', [index]);
      const name = this.text(index);
      return typeof name === 'string'
        ? this.property(object, name)
        : this.opaque('unsupported', 'a property whose name depends on the call');
    }
    return this.invoke(object, 'getAt', [index]);
  }

  #charAt(text: string, index: Value): Value {
    if (isKind(index, 'range') || isKind(index, 'list')) {
      return this.concat(this.iterable(index).map((at) => this.#charAt(text, at as Value)));
    }
    if (!isKind(index, 'number')) return this.opaque('unsupported', 'a position that depends on the call');
    const at = Number(index.value);
    const found = text[at < 0 ? text.length + at : at];
    if (found !== undefined) return found;
    if (at < 0) return this.fail('java.lang.ArrayIndexOutOfBoundsException', `Negative array index [${at}] too large`);
    return this.fail('java.lang.StringIndexOutOfBoundsException', `index ${at}, length ${text.length}`);
  }
}
