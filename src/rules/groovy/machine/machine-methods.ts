/** The layer of the machine for method calls, with the lookup in the method tables. */
import { REFUSED_STATICS, staticRows } from '../knowledge/known-statics.ts';
import { lacksMethod } from '../knowledge/member-names.ts';
import { knownArities, methodRows } from '../knowledge/member-table.ts';
import { classesOfKinds, kindOf, kindsOfClasses } from '../knowledge/value-kinds.ts';
import { callHostMethod } from '../methods/methods-host.ts';
import { callListMethod } from '../methods/methods-list.ts';
import { callGroupsMethod, callMapMethod } from '../methods/methods-map.ts';
import { callMatcherMethod, callNumberMethod, callRangeMethod } from '../methods/methods-number.ts';
import { callStreamMethod } from '../methods/methods-stream.ts';
import { callTextMethod } from '../methods/methods-text.ts';
import { type Found, MISSING } from '../methods/missing.ts';
import { callStatic, refused } from '../methods/static-members.ts';
import { isSegment } from '../syntax/segments.ts';
import { classesOfMask, classMask, NULL_CLASS, NUMBER_CLASSES, TEXT_CLASS } from '../values/class-mask.ts';
import { classNameOf, concreteHash, concreteText, isText, ownerName, rangeItems } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import {
  type ClosureValue,
  type InstanceValue,
  type IteratorValue,
  isKind,
  type LazyListValue,
  type SymbolValue,
  type Value,
} from '../values/values.ts';
import { HASH_ORDER, hasHashOrder, ORDERED_METHODS } from './hash-order.ts';
import { MachineTypes, simpleName } from './machine-types.ts';

/** Kinds whose members are looked up elsewhere: classes of the script, statics, beans of the call. */
const UNTABLED = new Set(['instance', 'class', 'random', 'math', 'bean', 'enum', 'script', 'poison']);
const NUMBER_KINDS = new Set(['int', 'long', 'short', 'byte', 'double', 'float', 'dec', 'bigint']);
const OBJECT_CLASSES = classMask(['other', 'java.util.List', 'java.util.Map']);
/** Methods of any value: a call is looked up in the table of what weir knows, then carried out. */
export abstract class MachineMethods extends MachineTypes {
  /** A method of an object of a class that the script declares. */
  protected abstract callInstance(self: InstanceValue, name: string, args: readonly Value[]): Found;

  /** A static method or field of a class that the script declares, or MISSING. */
  protected abstract callDeclared(cls: string, name: string, args: readonly Value[] | null): Found;

  /** Calls a method. @throws GroovyThrow, or OpaqueSignal for a method that weir does not know. */
  invoke(given: Value, name: string, args: readonly Value[]): Value {
    this.explorer.tick();
    const object = this.resolve(given);
    const closed = isKind(object, 'symbol') || UNTABLED.has(kindOf(object));
    if (!closed && !this.#isKnown(object, name, args)) return this.#unknown(object, name, args);
    if (object === null) return this.#onNull(name, args);
    if (ORDERED_METHODS.has(name) && hasHashOrder(object)) return this.opaque('unsupported', HASH_ORDER);
    const common = isKind(object, 'symbol') ? MISSING : this.#common(object, name, args);
    if (common !== MISSING) return common;
    const found = this.#dispatch(object, name, args);
    if (found !== MISSING) return found;
    return this.opaque('unknown-call', `${ownerName(object)}.${name}()`);
  }

  /** Whether a row of the table covers the call. Values of the call split the path by their class where that decides. */
  #isKnown(object: Value, name: string, args: readonly Value[]): boolean {
    if (name === 'with' || name === 'asType' || name === 'getClass') return true;
    const kind = kindOf(object);
    return methodRows(kind, name, args.length).some((row) =>
      args.every((arg, i) => this.#isOfKinds(arg, row.args[i] ?? 'any')),
    );
  }

  #isOfKinds(given: Value, kinds: ReadonlySet<string> | 'any'): boolean {
    if (kinds === 'any') return true;
    const value = this.resolve(given);
    return isKind(value, 'symbol') ? this.isOf(value, classesOfKinds(kinds)) : kinds.has(kindOf(value));
  }

  /** A method that no row covers: it throws where the class surely has no such method, else weir does not know. */
  #unknown(object: Value, name: string, args: readonly Value[]): Value {
    if (lacksMethod(kindOf(object), name)) {
      if (object === null && name === 'getAt') return this.nullAt(args[0] ?? null);
      if (object === null)
        return this.fail('java.lang.NullPointerException', `Cannot invoke method ${name}() on null object`);
      return this.fail(
        'groovy.lang.MissingMethodException',
        `No signature of method: ${classNameOf(object)}.${name}()`,
      );
    }
    return this.opaque(
      'unknown-call',
      `${ownerName(object)}.${name}()${args.length === 0 ? '' : ' with such arguments'}`,
    );
  }

  /** `null[index]`: Groovy fails in another way over an empty list of places. */
  protected nullAt(index: Value): Value {
    if (isKind(index, 'range') && rangeItems(index).length === 0)
      return this.fail('java.lang.ArrayIndexOutOfBoundsException', '0');
    if (isKind(index, 'list')) return this.opaque('unsupported', 'a list of places in null');
    return this.fail('java.lang.NullPointerException', 'Cannot invoke method getAt() on null object');
  }

  #onNull(name: string, args: readonly Value[]): Value {
    const [first = null] = args;
    switch (name) {
      case 'toString':
        return 'null';
      case 'equals':
      case 'is':
        return this.isNullHere(first);
      case 'asBoolean':
        return false;
      case 'plus':
        if (this.isNullHere(first)) return this.fail('java.lang.NullPointerException', 'Cannot execute null+');
        return this.concat(['null', this.text(first)]);
      case 'hashCode':
        return this.fail('java.lang.NullPointerException', 'Cannot invoke method hashCode() on null object');
      case 'any':
        return false;
      case 'every':
        return true;
      case 'find':
        return null;
      case 'collect':
      case 'findAll':
        return this.list([]);
      // each() of null is missing: its value equals null, and `case null` and `?.` do not take it for null.
      case 'iterator':
        return { kind: 'iterator', list: this.list([]), at: 0, birth: this.births++ };
      default:
        return this.opaque('unknown-call', `${name}() of null`);
    }
  }

  protected isNullHere(given: Value): boolean {
    const value = this.resolve(given);
    return isKind(value, 'symbol') ? this.isOf(value, NULL_CLASS) : value === null;
  }

  /** Methods that every object has. */
  #common(object: Value, name: string, args: readonly Value[]): Found {
    const [first = null] = args;
    switch (name) {
      case 'getClass':
        if (args.length > 0) return MISSING;
        return { kind: 'class', name: this.classOf(object) };
      case 'is':
        return object === first;
      case 'asType':
        return isKind(first, 'class') && typeof first.name === 'string' ? this.asType(object, first.name, 0) : MISSING;
      case 'with':
        return args.length === 1 ? this.callWithDelegate(this.closureOf(first), object) : MISSING;
      case 'isCase':
        return this.isCase(object, first);
      case 'hashCode':
        if (isKind(object, 'symbol')) return this.opaque('hash', 'a hash code decides: no target computes it');
        return javaInt(concreteHash(object));
      case 'equals':
        if (args.length !== 1) return MISSING;
        if (isKind(object, 'symbol') || isKind(first, 'symbol')) return this.equals(object, first);
        // Groovy has its own equals() of two lists, which takes numbers by value.
        return isKind(object, 'list') && isKind(first, 'list')
          ? this.looseEqualObjects(object, first)
          : this.equalsDeep(object, first);
      default:
        return MISSING;
    }
  }

  /** Name of a value's class; a value of the call splits the path by its class. */
  classOf(object: Value): string {
    if (isKind(object, 'symbol')) {
      const classes = classesOfMask(this.facts(object.term).classes(object.term) & ~NULL_CLASS & ~OBJECT_CLASSES);
      const found = classes.find((cls) => this.isOf(object, classMask([cls])));
      return found ?? this.opaque('object-field', 'the class of an argument');
    }
    const exact = isKind(object, 'number') || isText(object) || typeof object === 'boolean' || isKind(object, 'char');
    return exact ? classNameOf(object) : this.opaque('unknown-call', 'the class of such a value');
  }

  /** Calls a closure whose names mean members of a value first: `value.with { ... }`. */
  protected abstract callWithDelegate(closure: ClosureValue, delegate: Value): Value;

  #dispatch(object: Value, name: string, args: readonly Value[]): Found {
    if (typeof object === 'string') return callTextMethod(this, object, name, args);
    if (isKind(object, 'gstring')) {
      if (name === 'plus') return this.binaryOperator('+', object, args[0] ?? null);
      return this.invoke(this.text(object), name, args);
    }
    if (typeof object === 'boolean') return this.#booleanMethod(object, name, args);
    if (object === null) return MISSING;
    switch (object.kind) {
      case 'number':
        return callNumberMethod(this, object, name, args);
      case 'char':
        return name === 'toString'
          ? object.text
          : callNumberMethod(this, javaInt(object.text.charCodeAt(0)), name, args);
      case 'stream':
        return callStreamMethod(this, object, name, args);
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

  #booleanMethod(object: boolean, name: string, args: readonly Value[]): Found {
    const [other = null] = args;
    switch (name) {
      case 'toString':
        return String(object);
      case 'booleanValue':
      case 'asBoolean':
        return object;
      case 'and':
      case 'or':
      case 'xor':
        return this.apply(name === 'and' ? 'bitAnd' : name === 'or' ? 'bitOr' : 'bitXor', [object, other]);
      case 'compareTo':
        return javaInt(object === other ? 0 : object ? 1 : -1);
      default:
        return MISSING;
    }
  }

  #classMethod(name: string | SymbolValue, method: string, args: readonly Value[]): Found {
    if (method === 'getName' || method === 'getTypeName') return name;
    if (isKind(name, 'symbol')) return this.opaque('unsupported', `${method}() of a parameter type`);
    if (method === 'getSimpleName') return name.slice(name.lastIndexOf('.') + 1);
    if (method === 'isInstance') return this.instanceOf(args[0] ?? null, name);
    const declared = this.callDeclared(name, method, args);
    if (declared !== MISSING) return declared;
    return this.coveredStatic(`${simpleName(name)}.${method}`, args)
      ? callStatic(this, name, method, args)
      : refused(this, name);
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

  /** Whether a row of the table covers a static call or a constructor. */
  protected coveredStatic(name: string, args: readonly Value[]): boolean {
    if (REFUSED_STATICS.has(name)) return true;
    return staticRows(name, args.length).some((row) => args.every((arg, i) => this.#isOfKinds(arg, row[i] ?? 'any')));
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

  /** A method of a value of the call: the path splits by the class that the value has. */
  #symbolMethod(symbol: SymbolValue, name: string, args: readonly Value[]): Found {
    if (this.isOf(symbol, NULL_CLASS)) return this.invoke(null, name, args);
    if (name === 'getClass' || name === 'asType' || name === 'with') return this.#common(symbol, name, args);
    const possible = this.facts(symbol.term).classes(symbol.term);
    // All classes that surely lack the method fail alike. The path takes the other classes one by one.
    const having = kindsOfClasses(possible & ~OBJECT_CLASSES).filter((kind) => !lacksMethod(kind, name));
    if (having.length === 0) return this.#withoutMethod(symbol, name);
    const text = having.includes('text') && this.isOf(symbol, TEXT_CLASS);
    const number = !text && having.some((kind) => NUMBER_KINDS.has(kind)) && this.isOf(symbol, NUMBER_CLASSES);
    if (!text && !number) return this.#withoutMethod(symbol, name);
    if (number && !this.#sameRows(symbol, name)) {
      const rest = kindsOfClasses(this.facts(symbol.term).classes(symbol.term));
      const kind = rest.find((one) => this.isOf(symbol, classesOfKinds(new Set([one])))) ?? 'int';
      if (lacksMethod(kind, name))
        return this.fail('groovy.lang.MissingMethodException', `No signature of method: ${name}()`);
    }
    const [kind = 'text'] = kindsOfClasses(this.facts(symbol.term).classes(symbol.term));
    const covered = methodRows(text ? 'text' : kind, name, args.length).some((row) =>
      args.every((arg, i) => this.#isOfKinds(arg, row.args[i] ?? 'any')),
    );
    if (!covered) return this.opaque('unknown-call', `${name}() of a value of the call, with such arguments`);
    const common = this.#common(symbol, name, args);
    if (common !== MISSING) return common;
    return text ? callTextMethod(this, symbol, name, args) : callNumberMethod(this, symbol, name, args);
  }

  /** Whether the table says the same of all classes of numbers that the value can still be of. */
  #sameRows(symbol: SymbolValue, name: string): boolean {
    const kinds = kindsOfClasses(this.facts(symbol.term).classes(symbol.term));
    const rows = kinds.map((kind) => JSON.stringify(knownArities(kind, name)));
    return rows.every((row) => row === rows[0]);
  }

  #withoutMethod(symbol: SymbolValue, name: string): Value {
    if (this.isOf(symbol, OBJECT_CLASSES)) return this.opaque('object-field', `${name}() of an argument`);
    const kinds = kindsOfClasses(this.facts(symbol.term).classes(symbol.term));
    if (kinds.every((kind) => lacksMethod(kind, name)))
      return this.fail('groovy.lang.MissingMethodException', `No signature of method: ${name}()`);
    return this.opaque('unknown-call', `${name}() of an argument of this class`);
  }
}
