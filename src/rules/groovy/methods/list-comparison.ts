/** How lists compare their items in minus(), intersect() and disjoint(): numbers by their value, texts by their letters. */
import type { MachineCalls } from '../machine/machine-calls.ts';
import { isSegment } from '../syntax/segments.ts';
import { NUMBER_CLASSES, TEXT_CLASS } from '../values/class-mask.ts';
import { isText } from '../values/concrete.ts';
import { isKind, type Value } from '../values/values.ts';

/** `list - other` compares with numbers by value, as Groovy's NumberAwareComparator does. */
export function minusEqual(m: MachineCalls, item: Value, other: Value): boolean {
  // A GString is compared by its text there, also with a number: which side it stands on decides.
  if (isKind(item, 'gstring') !== isKind(other, 'gstring') && !isLetters(m, isKind(item, 'gstring') ? other : item))
    return m.opaque('unknown-call', 'a GString in a list beside what is no text');
  if (isKind(item, 'list') && isKind(other, 'list')) {
    const same = m.equalsDeep(item, other);
    return same === m.looseEqualObjects(item, other) ? same : m.opaque('unknown-call', 'lists with numbers in lists');
  }
  return isScalar(m, item) && isScalar(m, other) ? m.looseEquals(item, other) : m.equalsDeep(item, other);
}

/** A text, or null, which equals no GString. */
function isLetters(m: MachineCalls, given: Value): boolean {
  const value = m.resolve(given);
  return value === null || isText(value) || (isKind(value, 'symbol') && m.isOf(value, TEXT_CLASS));
}

/** A number or letters: a GString equals a String here, a Character both its letter and its number. */
function isScalar(m: MachineCalls, given: Value): boolean {
  const value = m.resolve(given);
  if (isKind(value, 'symbol')) return m.isOf(value, NUMBER_CLASSES) || m.isOf(value, TEXT_CLASS);
  return isKind(value, 'number') || isText(value) || isKind(value, 'char');
}

/** A test for items that a collection holds, numbers by their value, as intersect() and disjoint() compare. */
export function withinByNumber(m: MachineCalls, collection: Value): (item: Value) => boolean {
  const items = m.membersOf(collection);
  if (items.some((item) => !isSegment(item) && isKind(item, 'number')))
    return (item) =>
      items.some((other) => {
        if (isSegment(other)) return m.contains([other], item);
        if (m.equalsDeep(item, other)) return true;
        if (!minusEqual(m, item, other)) return false;
        return m.opaque('unknown-call', 'numbers of different classes in two lists');
      });
  return (item) => items.some((other) => (isSegment(other) ? m.contains([other], item) : minusEqual(m, item, other)));
}
