/** The layer of the machine for provider lists: their loops, effects and random draws. */
import type { ProviderPredicate } from '../../plan/route-plan.ts';
import { kindOf } from '../knowledge/value-kinds.ts';
import { dependsOnProvider, isSegment, mergeSegments } from '../syntax/segments.ts';
import { TEXT_CLASS } from '../values/class-mask.ts';
import { concreteEquals, concreteLooseEquals, concreteText, concreteTruth, rangeItems } from '../values/concrete.ts';
import { javaInt } from '../values/java-number.ts';
import {
  type Cell,
  type ClosureValue,
  isKind,
  type LazyListValue,
  type ListItem,
  type ListValue,
  mapEntry,
  type RandomValue,
  type SegmentValue,
  symbolOf,
  type Value,
} from '../values/values.ts';
import { equalLists } from './equal-lists.ts';
import { HASH_ORDER, hasHashOrder } from './hash-order.ts';
import type { EachPath } from './machine-core.ts';
import { MachineValues } from './machine-values.ts';
import { allOf, anyOf, noneOf } from './predicates.ts';
import { splitJava, tokens } from './term-functions.ts';

/** Most pieces, arguments or parameters that a path follows when their number is unknown. */
const LAZY_LIMIT = 6;

/** Kinds whose equals is not that of lists and maps. */
const ODD_KINDS = new Set(['array', 'view', 'entry', 'throwable', 'matcher', 'iterator', 'closure', 'pattern']);

/** Lists, loops over providers and their effects, draws. */
export abstract class MachineCalls extends MachineValues {
  readonly #draws = new Map<number, readonly number[]>();
  #drawn = 0;

  /** A number for a draw, the same whenever a path is followed again. */
  nextDraw(): number {
    const before = this.#drawn;
    this.explorer.log(() => {
      this.#drawn = before;
    });
    return ++this.#drawn;
  }

  /** Calls a closure or method pointer. */
  abstract call(closure: Value, args: readonly Value[]): Value;
  /** Calls a method of a value. */
  abstract invoke(object: Value, name: string, args: readonly Value[]): Value;
  /** Name of a value's class; a value of the call splits the path by its class. */
  abstract classOf(value: Value): string;
  /** `object[index]`. */
  abstract subscript(object: Value, index: Value): Value;
  /** An operator on two values. */
  abstract binaryOperator(op: string, left: Value, right: Value): Value;
  /** A property of a value. */
  abstract property(object: Value, name: string): Value;
  /** `caseValue.isCase(value)`: switch, in, grep. */
  abstract isCase(caseValue: Value, value: Value): boolean;

  protected drawState(random: RandomValue): readonly number[] {
    return this.#draws.get(random.id) ?? random.values.map((_, i) => i);
  }

  protected narrowDraw(random: RandomValue, alive: readonly number[]): void {
    const before = this.#draws.get(random.id);
    this.explorer.log(() => {
      if (before) this.#draws.set(random.id, before);
      else this.#draws.delete(random.id);
    });
    this.#draws.set(random.id, alive);
  }

  protected truthOfObject(value: Value): boolean {
    if (isKind(value, 'lazy-list')) return this.truth(this.#lazySize(value));
    if (isKind(value, 'iterator')) return value.at < value.list.items.length;
    if (isKind(value, 'matcher')) return this.truth(this.invoke(value, 'find', []));
    return concreteTruth(value);
  }

  looseEqualObjects(a: Value, b: Value): boolean {
    this.explorer.tick();
    const sets = [a, b].filter((value) => isKind(value, 'list') && value.sort === 'set').length;
    if (sets === 1) return false;
    if (sets === 2) return concreteLooseEquals(a, b);
    const left = this.#sequence(a);
    const right = this.#sequence(b);
    if (left && right && [...left, ...right].some((item) => typeof item === 'object')) {
      if ([...left, ...right].some(isSegment)) return this.opaque('provider-order', 'lists of providers are compared');
      return (
        left.length === right.length &&
        left.every((item, i) => this.looseEquals(item as Value, (right[i] ?? null) as Value))
      );
    }
    if (isKind(a, 'class') && isKind(b, 'class')) return this.looseEquals(a.name, b.name);
    // A class is compared with a text: never equal, a frequent mistake with parameter types.
    if (isKind(a, 'lazy-list') || isKind(b, 'lazy-list')) {
      if (a === null || b === null) return false;
      return this.looseEquals(
        isKind(a, 'lazy-list') ? this.materialize(a) : a,
        isKind(b, 'lazy-list') ? this.materialize(b) : b,
      );
    }
    return concreteLooseEquals(a, b);
  }

  #sequence(value: Value): readonly ListItem[] | undefined {
    if (isKind(value, 'list')) return this.itemsOf(value);
    return isKind(value, 'range') ? rangeItems(value) : undefined;
  }

  protected textOfObject(value: Value): Value {
    if (isKind(value, 'list') && !value.items.some(isSegment)) {
      const items = value.items.map((item) => this.text(item as Value));
      return this.concat(['[', ...items.flatMap((item, i) => (i === 0 ? [item] : [', ', item])), ']']);
    }
    if (isKind(value, 'lazy-list')) return this.text(this.materialize(value));
    if (isKind(value, 'class') && isKind(value.name, 'symbol'))
      return this.opaque('unsupported', 'the text of a class');
    return concreteText(value);
  }

  /** Whether two values are the same to Java's `equals`; lists are compared item by item. */
  equalsDeep(a: Value, b: Value): boolean {
    if (isKind(a, 'host') && isKind(b, 'host') && 'of' in a && 'of' in b && a.of === 'each' && b.of === 'each')
      return a.type === b.type;
    if (isKind(a, 'class') && isKind(b, 'class')) return this.looseEquals(a.name, b.name);
    if ([a, b].every((value) => ODD_KINDS.has(kindOf(value))))
      return this.opaque('unknown-call', 'arrays, views or entries are compared');
    if (isKind(a, 'list') && isKind(b, 'list')) return equalLists(this, a, b);
    return isKind(a, 'symbol') || isKind(b, 'symbol') || isKind(a, 'random') || isKind(b, 'random')
      ? this.equals(a, b)
      : concreteEquals(a, b);
  }

  /** Number of items: a number, or a size where items stand for providers. */
  sizeOf(value: ListValue | LazyListValue): Value {
    if (isKind(value, 'lazy-list')) return this.#lazySize(value);
    const items = this.itemsOf(value);
    return items.some(isSegment) ? { kind: 'size', items } : javaInt(items.length);
  }

  #lazySize(list: LazyListValue): Value {
    if (list.of === 'args') return this.read({ t: 'argCount' });
    if (list.of === 'tokens' || list.of === 'pieces') {
      const text: Value = list.text ? { kind: 'symbol', term: list.text } : '';
      return this.apply(list.of === 'tokens' ? 'tokenCount' : 'splitCount', [text, list.separator ?? '']);
    }
    return this.read({ t: 'paramCount' });
  }

  /** An item of a list whose number of items is not known. */
  lazyAt(list: LazyListValue, index: number): Value {
    if (list.of === 'tokens' || list.of === 'pieces') {
      const text: Value = list.text ? { kind: 'symbol', term: list.text } : '';
      if (index < 0) return this.materialized(list, (items) => items[items.length + index] ?? null);
      return this.apply(list.of === 'tokens' ? 'tokenAt' : 'splitAt', [text, list.separator ?? '', javaInt(index)]);
    }
    if (index < 0) return this.materialized(list, (items) => items[items.length + index] ?? this.#pastEnd(index));
    const count = this.read({ t: list.of === 'args' ? 'argCount' : 'paramCount' });
    if (!this.compare('>=', count, javaInt(index + 1))) {
      if (list.past === 'null') return null;
      return this.#pastEnd(index);
    }
    return this.#lazyItem(list, index);
  }

  #pastEnd(index: number): never {
    return this.fail('java.lang.ArrayIndexOutOfBoundsException', `Index ${index} out of bounds`);
  }

  #lazyItem(list: LazyListValue, index: number): Value {
    if (list.of === 'args') return this.resolve(symbolOf({ t: 'arg', index }));
    const name = this.resolve(symbolOf({ t: 'paramType', index }));
    if (list.of !== 'param-classes') return name;
    return typeof name === 'string' || isKind(name, 'symbol') ? { kind: 'class', name } : null;
  }

  materialized<T>(list: LazyListValue, use: (items: readonly Value[]) => T): T {
    return use(this.materialize(list).items as readonly Value[]);
  }

  /** The list with as many items as it has on this path: the path splits by their number. */
  materialize(list: LazyListValue): ListValue {
    const size = this.#lazySize(list);
    const most = Math.max(
      LAZY_LIMIT,
      ...this.world.services.flatMap((service) => service.methods.map((method) => method.paramTypes.length)),
    );
    for (let count = 0; count <= most; count++) {
      if (!this.looseEquals(size, javaInt(count))) continue;
      const items: Value[] = [];
      for (let index = 0; index < count; index++) {
        if (list.of !== 'tokens' && list.of !== 'pieces') items.push(this.#lazyItem(list, index));
        else {
          const item = this.lazyAt(list, index);
          if (isKind(item, 'symbol')) this.isOf(item, TEXT_CLASS);
          items.push(item);
        }
      }
      return this.list(items, list.past === 'throw' ? 'array' : 'list');
    }
    return this.opaque(
      'loop-limit',
      `more than ${most} ${list.of === 'args' ? 'arguments' : list.of === 'tokens' || list.of === 'pieces' ? 'pieces' : 'parameters'}`,
    );
  }

  /** Pieces of a text: a list, or a lazy one where the text is not known. */
  pieces(text: Value, how: 'tokens' | 'pieces', separator: string): Value {
    if (typeof text === 'string') {
      const parts = how === 'tokens' ? tokens(text, separator) : splitJava(text, separator);
      return this.list(parts, how === 'tokens' ? 'list' : 'array');
    }
    if (!isKind(text, 'symbol')) return this.opaque('unsupported', 'pieces of such a text');
    return { kind: 'lazy-list', of: how, past: how === 'tokens' ? 'null' : 'throw', text: text.term, separator };
  }

  /** Items that can be gone through: the list itself, a range, the characters of a text, entries of a map. */
  iterable(value: Value): readonly ListItem[] {
    return hasHashOrder(value) ? this.opaque('unsupported', HASH_ORDER) : this.membersOf(value);
  }

  /** The items of a value where their order does not matter. */
  membersOf(value: Value): readonly ListItem[] {
    if (isKind(value, 'list')) return this.itemsOf(value);
    if (isKind(value, 'range')) return rangeItems(value);
    if (isKind(value, 'lazy-list')) return this.materialize(value).items;
    if (isKind(value, 'host') && (value.type === 'attachments' || value.type === 'params'))
      return this.opaque('unsupported', 'the entries of a map that weir does not see whole');
    if (value === null) return [];
    if (typeof value === 'string') return [...value];
    if (isKind(value, 'map')) {
      this.noteRead(value);
      return [...value.entries.values()].map(([key, item]) => mapEntry(key, item));
    }
    if (isKind(value, 'iterator')) return value.list.items.slice(value.at);
    if (isKind(value, 'poison')) return this.opaque(value.code, value.reason);
    if (isKind(value, 'gstring') || isKind(value, 'matcher'))
      return this.opaque('unknown-call', 'a loop over such a value');
    if (!isKind(value, 'symbol')) return [value];
    if (this.isOf(value, TEXT_CLASS)) return this.opaque('unsupported', 'the characters of a text of the call');
    return this.opaque('object-field', 'the contents of an argument');
  }

  /**
   * Runs a body for each item and hands back what it gave, with the providers for which it did. Changes that the body
   * makes to lists and variables from outside are carried out for all providers at once.
   */
  overItems<T>(
    items: readonly ListItem[],
    body: (item: Value) => T,
  ): { item: Value; where: ProviderPredicate | null; result: T }[] {
    const found: { item: Value; where: ProviderPredicate | null; result: T }[] = [];
    for (const item of items) {
      if (!isSegment(item)) {
        this.explorer.tick();
        found.push({ item, where: null, result: body(item) });
        continue;
      }
      const paths = this.overEach(item, () => body(item.item));
      this.carryOut(item, paths);
      for (const path of paths) found.push({ item: item.item, where: path.where, result: path.result });
    }
    return found;
  }

  /** Makes the changes of a body real: appended items become segments, variables get the value that every turn gave. */
  carryOut<T>(segment: SegmentValue, paths: readonly EachPath<T>[]): void {
    const lists = new Map<ListValue, ListItem[]>();
    const removed = new Map<ListValue, ProviderPredicate[]>();
    const cells = new Map<Cell, { where: ProviderPredicate; value: Value; append: boolean }[]>();
    for (const path of paths) {
      for (const effect of path.effects) {
        if (effect.on === 'append') {
          lists.set(effect.list, [
            ...(lists.get(effect.list) ?? []),
            { kind: 'segment', where: path.where, item: effect.item },
          ]);
        } else if (effect.on === 'remove') removed.set(effect.list, [...(removed.get(effect.list) ?? []), path.where]);
        else if (effect.on === 'other')
          this.opaque('unsupported', 'a loop over providers changes something other than a list');
        else {
          const append = effect.on === 'cell-append';
          const value = effect.on === 'cell-append' ? effect.item : effect.value;
          const before = (cells.get(effect.cell) ?? []).filter((entry) => append || entry.where !== path.where);
          cells.set(effect.cell, [...before, { where: path.where, value, append }]);
        }
      }
    }
    for (const [list, items] of lists) this.setItems(list, mergeSegments([...list.items, ...items]));
    for (const [list, wheres] of removed) {
      const gone = noneOf(anyOf(wheres));
      const kept = list.items.map((item) =>
        isSegment(item) && item.where === segment.where ? { ...item, where: allOf([item.where, gone]) } : item,
      );
      this.setItems(list, kept);
    }
    for (const [cell, writes] of cells) this.#carryCell(cell, writes);
  }

  #carryCell(cell: Cell, writes: readonly { where: ProviderPredicate; value: Value; append: boolean }[]): void {
    if (writes.every((write) => write.append) && isKind(cell.value, 'list')) {
      const fresh = writes.map((write): ListItem => ({ kind: 'segment', where: write.where, item: write.value }));
      this.setCell(cell, this.list(mergeSegments([...cell.value.items, ...fresh])));
      return;
    }
    const [first] = writes;
    const constant = first !== undefined && !dependsOnProvider(first.value) && !isKind(first.value, 'list');
    if (constant && writes.every((write) => !write.append && write.value === first.value)) {
      if (this.explorer.decideGroup(anyOf(writes.map((write) => write.where)))) this.setCell(cell, first.value);
      return;
    }
    this.setCell(cell, {
      kind: 'poison',
      code: 'provider-order',
      reason: 'a variable holds what the last provider of a loop left in it',
    });
  }

  /** Items for which the test holds. */
  filter(items: readonly ListItem[], test: (item: Value) => boolean): ListItem[] {
    const kept: ListItem[] = [];
    for (const item of items) {
      if (!isSegment(item)) {
        this.explorer.tick();
        if (test(item)) kept.push(item);
        continue;
      }
      const paths = this.overEach(item, () => test(item.item));
      this.carryOut(item, paths);
      const where = this.selectEach(item, paths, (path) => path.result);
      if (where.p !== 'false') kept.push({ kind: 'segment', where, item: item.item });
    }
    return kept;
  }

  /** Whether the list holds the value, by equals. */
  contains(items: readonly ListItem[], value: Value): boolean {
    const texts = items.filter((item) => typeof item === 'string');
    const resolved = this.resolve(value);
    // One test for all texts keeps one rule where there would be one for each.
    if (isKind(resolved, 'symbol') && texts.length === items.length && texts.length > 1) {
      const single = texts.some((text) => text.length === 1);
      if (single && !this.isOf(resolved, TEXT_CLASS)) return false;
      return this.test(resolved, {
        op: 'eq',
        values: [...new Set(texts)].map((text) => ({ t: 'java.lang.String', v: text })),
      });
    }
    for (const item of items) {
      if (isSegment(item)) {
        if (this.#inSegment(item, value)) return true;
      } else if (this.equalsDeep(item, value)) return true;
    }
    return false;
  }

  /** Whether a provider under test is in a segment; a known provider cannot be told from others. */
  #inSegment(segment: SegmentValue, value: Value): boolean {
    const invoker = (item: Value): boolean => isKind(item, 'host') && item.type === 'invoker';
    if (!invoker(segment.item)) {
      if (dependsOnProvider(value) || isKind(value, 'host'))
        return this.opaque('provider-relation', 'a search in values of providers');
      return this.hasItems(this.filter([segment], (item) => this.equals(item, value)));
    }
    if (!invoker(value) || !this.inEach)
      return isKind(value, 'host') ? this.opaque('provider-order', 'a search for one provider') : false;
    return this.holdsForEach(segment.where);
  }

  /** Whether the provider under test is in the set. */
  holdsForEach(where: ProviderPredicate): boolean {
    switch (where.p) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'test':
        return this.decide({ term: where.term, test: where.test });
      case 'not':
        return !this.holdsForEach(where.of);
      case 'and':
        return where.of.every((part) => this.holdsForEach(part));
      case 'or':
        return where.of.some((part) => this.holdsForEach(part));
      case 'glob':
        return this.opaque('unsupported', 'an address pattern in a loop');
    }
  }

  /** A closure argument, or an end of the path. */
  closureOf(value: Value | undefined): ClosureValue {
    if (isKind(value, 'closure')) return value;
    return this.opaque('unsupported', 'an argument that should be a closure');
  }
}
