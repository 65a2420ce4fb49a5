/** The layer of the machine for properties and subscripts. */
import { lacksProperty } from '../knowledge/member-names.ts';
import { kindOf, kindsOfClasses } from '../knowledge/value-kinds.ts';
import { hostProperty } from '../methods/methods-host.ts';
import { itemAt, sliceOf } from '../methods/methods-list.ts';
import { callGroupsMethod, lookUp } from '../methods/methods-map.ts';
import { callMatcherMethod } from '../methods/methods-number.ts';
import { type Found, MISSING } from '../methods/missing.ts';
import { staticProperty } from '../methods/static-members.ts';
import { classMask, NULL_CLASS, TEXT_CLASS } from '../values/class-mask.ts';
import { isText, keyOf, ownerName } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import { isKind, type ListItem, type SymbolValue, type Value } from '../values/values.ts';
import { MachineMethods } from './machine-methods.ts';

/** Properties that lists, arrays and ranges have of their own in some version of Java. */
const LIST_PROPERTIES = new Set(['first', 'last', 'class', 'metaClass', 'properties', 'from', 'to', 'reversed']);
const SKIPPED = { value: null };
const OBJECT_CLASSES = classMask(['other', 'java.util.List', 'java.util.Map']);
/** Properties and subscripts of any value. */
export abstract class MachineMembers extends MachineMethods {
  /** Reads a property. */
  property(given: Value, name: string): Value {
    const object = this.resolve(given);
    if (object === null) {
      // NullObject has a few properties of its own.
      if (name === 'class' || name === 'metaClass' || name === 'properties' || name === 'nullObject')
        return this.opaque('unknown-call', `the property ${name} of null`);
      return this.fail('java.lang.NullPointerException', `Cannot get property '${name}' on null object`);
    }
    const found = this.#readProperty(object, name);
    if (found !== MISSING) return found;
    if (lacksProperty(kindOf(object), name))
      return this.fail('groovy.lang.MissingPropertyException', `No such property: ${name}`);
    return this.opaque('unknown-call', `the property ${name} of ${ownerName(object)}`);
  }

  #readProperty(object: Value, name: string): Found {
    if (isKind(object, 'map')) {
      this.noteRead(object);
      return object.entries.get(keyOf(name))?.[1] ?? null;
    }
    if (isKind(object, 'groups')) return callGroupsMethod(this, object, 'get', [name]);
    if (isKind(object, 'list')) {
      if (LIST_PROPERTIES.has(name)) return MISSING;
      if (object.sort === 'array' && name === 'length') return this.sizeOf(object);
      if (name === 'empty' && object.sort !== 'array') return !this.truth(object);
      return this.#propertyOfItems(object, name);
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
    // The ends of a range that goes down are exchanged, and one that is open counts one less.
    if (isKind(object, 'range'))
      return name === 'from' || name === 'to' ? this.opaque('unsupported', `the property ${name} of a range`) : MISSING;
    if (isKind(object, 'matcher') && name === 'count') return callMatcherMethod(this, object, 'getCount', []);
    if (isKind(object, 'poison')) return this.opaque(object.code, object.reason);
    if (name === 'class') return { kind: 'class', name: this.classOf(object) };
    if (isText(object) && name === 'empty') return !this.truth(object);
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
    if (name === 'class') return { kind: 'class', name: this.classOf(symbol) };
    if (name === 'empty' && this.isOf(symbol, TEXT_CLASS)) return !this.truth(symbol);
    const kinds = kindsOfClasses(this.facts(symbol.term).classes(symbol.term));
    if (kinds.every((kind) => lacksProperty(kind, name)))
      return this.fail('groovy.lang.MissingPropertyException', `No such property: ${name}`);
    return this.opaque('unknown-call', `the property ${name} of an argument`);
  }

  /** `list.name`: the property of each item; null is passed over. */
  #propertyOfItems(object: Value, name: string): Value {
    const results = this.overItems(this.iterable(object), (item) =>
      this.isNullHere(item) ? SKIPPED : { value: this.property(item, name) },
    );
    return this.list(
      results.flatMap(({ where, result }): ListItem[] => {
        if (result === SKIPPED) return [];
        return [where ? { kind: 'segment', where, item: result.value } : result.value];
      }),
    );
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
    if (object === null) return this.nullAt(index);
    if (isKind(object, 'list') && !['set', 'view'].includes(kindOf(object))) return itemAt(this, object, index, false);
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
    if (isKind(object, 'symbol') && this.isOf(object, TEXT_CLASS)) return this.#partOf(object, index);
    if (isKind(object, 'symbol') && isKind(index, 'range') && this.isOf(object, NULL_CLASS)) return this.nullAt(index);
    return this.invoke(object, 'getAt', [index]);
  }

  /** A character or a slice of a text of the call, counted from its start or its end. */
  #partOf(text: SymbolValue, index: Value): Value {
    const from = wholeOf(isKind(index, 'range') ? index.from : index);
    const end = wholeOf(isKind(index, 'range') ? index.to : index);
    const isOpen = isKind(index, 'range') && !index.inclusive;
    // `text[1..<1]` is empty, however short the text is.
    if (isOpen && from !== null && from === end) return '';
    if (from === null || end === null || from > end || from < 0 !== end < 0)
      return this.opaque('unsupported', 'such a part of a text of the call');
    const to = isOpen ? end - 1 : end;
    if (from >= 0) return this.apply('substring', [text, javaInt(from), javaInt(to + 1)]);
    const length = this.apply('length', [text]);
    if (!this.compare('>=', length, javaInt(-from))) {
      const cls = isKind(index, 'range') ? 'StringIndexOutOfBoundsException' : 'ArrayIndexOutOfBoundsException';
      return this.fail(`java.lang.${cls}`, `Negative array index [${from}] too large`);
    }
    const start = this.apply('minus', [length, javaInt(-from)]);
    if (to === -1) return this.apply('substring', [text, start]);
    return this.apply('substring', [text, start, this.apply('minus', [length, javaInt(-to - 1)])]);
  }

  #charAt(text: string, index: Value): Value {
    if (isKind(index, 'range')) {
      const { from, to, reverse } = sliceOf(this, index, text.length);
      if (from < 0 || to > text.length || from > to)
        return this.fail(
          'java.lang.StringIndexOutOfBoundsException',
          `begin ${from}, end ${to}, length ${text.length}`,
        );
      const slice = text.slice(from, to);
      return reverse ? [...slice].reverse().join('') : slice;
    }
    if (!isKind(index, 'number') || index.cls !== 'Integer')
      return this.opaque('unsupported', 'a position that depends on the call');
    const at = Number(index.value);
    const found = text[at < 0 ? text.length + at : at];
    if (found !== undefined) return found;
    if (at < 0) return this.fail('java.lang.ArrayIndexOutOfBoundsException', `Negative array index [${at}] too large`);
    return this.fail('java.lang.StringIndexOutOfBoundsException', `index ${at}, length ${text.length}`);
  }
}

// An Integer that is known; null for other values.
function wholeOf(value: Value): number | null {
  return isKind(value, 'number') && value.cls === 'Integer' ? Number(value.value) : null;
}
