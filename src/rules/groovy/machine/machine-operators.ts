/** The layer of the machine for operators, `switch`, `in` and `grep`. */
import { knowsOperator } from '../knowledge/known-operators.ts';
import { kindOf } from '../knowledge/value-kinds.ts';
import { lookUp } from '../methods/methods-map.ts';
import { inGroovyRange } from '../methods/methods-number.ts';
import { matchText } from '../methods/methods-text.ts';
import { isSegment } from '../syntax/segments.ts';
import { classMask, NULL_CLASS, NUMBER_CLASSES, TEXT_CLASS } from '../values/class-mask.ts';
import { classNameOf, concreteCompare, isText } from '../values/concrete.ts';
import { integral, javaInt, toDouble, toIntegral } from '../values/java-number.ts';
import { isKind, type Value } from '../values/values.ts';
import { MachineMembers } from './machine-members.ts';

const ARITHMETIC = {
  '-': 'minus',
  '*': 'multiply',
  '/': 'divide',
  '%': 'mod',
  '&': 'bitAnd',
  '|': 'bitOr',
  '^': 'bitXor',
  '<<': 'shiftLeft',
  '>>': 'shiftRight',
  '>>>': 'shiftRightUnsigned',
} as const; // prettier-ignore

/** Classes whose objects may take anything as a case. */
const COLLECTIONS = classMask(['java.util.List', 'java.util.Map', 'other']);
/** Classes that have no subclass. */
const FINAL_CLASSES = new Set(
  'String Integer Long Short Byte Double Float Boolean Character'
    .split(' ')
    .map((name) => `java.lang.${name}`)
    .concat('int', 'long', 'double', 'float', 'boolean', 'short', 'byte', 'char'),
);

/** Operators on two values, and what `switch`, `in` and `grep` accept. */
export abstract class MachineOperators extends MachineMembers {
  /** Whether a value is null on this path. */
  isNull(value: Value): boolean {
    const known = this.resolve(value);
    return isKind(known, 'symbol') ? this.isOf(known, classMask(['null'])) : known === null;
  }

  /** An operator on two values. */
  binaryOperator(op: string, left: Value, right: Value): Value {
    const [a, b] = [this.resolve(left), this.resolve(right)];
    // A value that depends on the call splits by its class where the operator is applied.
    const [ofLeft, ofRight] = [this.#isOpen(a) ? null : kindOf(a), this.#isOpen(b) ? null : kindOf(b)];
    if ((ofLeft !== null || ofRight !== null) && !knowsOperator(op, ofLeft, ofRight))
      return this.opaque('unknown-call', `the operator ${op} on a ${classNameOf(a)} and a ${classNameOf(b)}`);
    switch (op) {
      case '==':
      case '!=':
        return this.looseEquals(left, right) === (op === '==');
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.compare(op, left, right);
      case '<=>':
        return this.#spaceship(left, right);
      case 'in':
        return this.isCase(right, left);
      case '==~':
        if (this.isNull(left)) return false;
        return matchText(this, this.text(left), right, 'full');
      case '=~': {
        const source = isKind(right, 'pattern') ? right.source : this.text(right);
        if (typeof source !== 'string') return this.opaque('unsupported', 'a computed pattern');
        return {
          kind: 'matcher',
          pattern: source,
          // null =~ pattern searches the text 'null'.
          subject: this.isNull(left) ? 'null' : this.text(left),
          at: 0,
          groups: null,
        };
      }
      case '+':
        return this.#plus(left, right);
      case '**': {
        const [base, exponent] = [this.resolve(left), this.resolve(right)];
        if (isKind(base, 'symbol') || isKind(exponent, 'symbol'))
          return this.opaque('unsupported', 'a power of a value of the call');
        return this.#power(base, exponent);
      }
      default:
        return this.#other(op as keyof typeof ARITHMETIC, left, right);
    }
  }

  /** Values that stand for others: the operator finds out what they are. */
  #isOpen(value: Value): boolean {
    return (
      isKind(value, 'symbol') ||
      isKind(value, 'random') ||
      isKind(value, 'size') ||
      isKind(value, 'index') ||
      isKind(value, 'poison')
    );
  }

  #power(base: Value, exponent: Value): Value {
    if (!isKind(base, 'number') || !isKind(exponent, 'number')) return this.opaque('unsupported', 'a power');
    const whole =
      typeof base.value === 'bigint' &&
      typeof exponent.value === 'bigint' &&
      exponent.value >= 0n &&
      exponent.value <= 64n;
    if (!whole) return this.opaque('unsupported', 'a power of this kind');
    const value = (base.value as bigint) ** (exponent.value as bigint);
    return BigInt.asIntN(32, value) === value && base.cls === 'Integer'
      ? javaInt(value)
      : integral(BigInt.asIntN(64, value) === value ? 'Long' : 'BigInteger', value);
  }

  #spaceship(left: Value, right: Value): Value {
    const [a, b] = [this.resolve(left), this.resolve(right)];
    if (!isKind(a, 'symbol') && !isKind(b, 'symbol') && !isKind(a, 'size') && !isKind(b, 'size'))
      return javaInt(concreteCompare(a, b));
    if (this.compare('<', a, b)) return javaInt(-1);
    return this.looseEquals(a, b) ? javaInt(0) : javaInt(1);
  }

  #plus(given: Value, right: Value): Value {
    const left = this.resolve(given);
    if (isKind(left, 'poison')) return left;
    if (isText(left)) return this.#joinText(left, right);
    if (isKind(left, 'list') || isKind(left, 'map')) return this.invoke(left, 'plus', [right]);
    if (isKind(left, 'range') || isKind(left, 'lazy-list'))
      return this.invoke(this.list(this.iterable(left)), 'plus', [right]);
    const text =
      isText(right) || (isKind(right, 'symbol') && (this.facts(right.term).classes(right.term) & ~TEXT_CLASS) === 0);
    if (isKind(left, 'symbol')) {
      if (this.isOf(left, TEXT_CLASS)) return this.#joinText(left, right);
      if (this.isOf(left, NULL_CLASS | NUMBER_CLASSES) && this.#isTextHere(right))
        return this.#joinText(this.text(left), right);
    } else if (
      (text || (left === null && this.#isTextHere(right))) &&
      (left === null || isKind(left, 'number') || isKind(left, 'size') || isKind(left, 'random'))
    ) {
      return this.#joinText(this.text(left), right);
    }
    const addend = this.resolve(right);
    if (isKind(left, 'number') && isKind(addend, 'symbol') && this.isOf(addend, TEXT_CLASS))
      return this.#joinText(this.text(left), addend);
    return this.apply('plus', [left, right]);
  }

  /** Whether the value is a text on this path. */
  #isTextHere(given: Value): boolean {
    const value = this.resolve(given);
    return isKind(value, 'symbol') ? this.isOf(value, TEXT_CLASS) : isText(value);
  }

  #joinText(left: Value, right: Value): Value {
    // A GString plus a text stays a GString; plus anything else it is a String.
    if (isKind(left, 'gstring') && isText(right))
      return { kind: 'gstring', parts: [...left.parts, isKind(right, 'gstring') ? this.text(right) : right] };
    return this.concat([this.text(left), this.text(right)]);
  }

  #other(op: keyof typeof ARITHMETIC, given: Value, right: Value): Value {
    const whole = this.resolve(given);
    if (isKind(whole, 'lazy-list') && (whole.of !== 'tokens' || op !== '-'))
      return this.opaque('unsupported', `${op} on pieces of the call`);
    const left = isKind(whole, 'lazy-list') ? this.list(this.iterable(whole)) : whole;
    if (op === '<<' && !isKind(left, 'number') && !isKind(left, 'symbol')) {
      if (isKind(left, 'list') && left.fixed !== undefined)
        return this.fail('java.lang.UnsupportedOperationException', '<<');
      if (isKind(left, 'list') || isKind(left, 'map')) return this.invoke(left, 'leftShift', [right]);
      return this.opaque('unsupported', 'a shift into this object');
    }
    if ((op === '-' || op === '*') && isKind(left, 'symbol') && this.isOf(left, TEXT_CLASS)) {
      return this.opaque('unsupported', `${op} on a text of the call`);
    }
    if (op === '-' && isKind(left, 'list')) return this.invoke(left, 'minus', [right]);
    if (op === '-' && isText(left)) {
      const [text, part] = [this.text(left), this.text(right)];
      if (typeof text !== 'string' || typeof part !== 'string')
        return this.opaque('unsupported', 'a text of the call is cut');
      const at = text.indexOf(part);
      return at < 0 ? text : text.slice(0, at) + text.slice(at + part.length);
    }
    if (op === '*' && (isText(left) || isKind(left, 'list'))) {
      const times = this.resolve(right);
      if (times === null) return this.fail('groovy.lang.GroovyRuntimeException', 'Ambiguous method overloading');
      if (!isKind(times, 'number') || toDouble(times) > 1_000)
        return this.opaque('size-limit', 'a repetition of this size');
      const count = Number(toIntegral(times, 'Integer').value);
      if (count < 0 && isKind(left, 'list') && left.items.length === 0) return this.list([]);
      if (count < 0)
        return this.fail(
          'java.lang.IllegalArgumentException',
          'multiply() should be called with a number of 0 or greater',
        );
      if (isKind(left, 'list') && left.items.some(isSegment)) return left;
      if (isKind(left, 'list')) return this.list(Array.from({ length: count }, () => left.items).flat());
      return this.concat(Array.from({ length: count }, () => this.text(left)));
    }
    if (op === '-' && isKind(left, 'map')) return this.opaque('unsupported', 'a map minus something');
    return this.apply(ARITHMETIC[op], [left, right]);
  }

  /** `switch`, `in` and `grep`: what a value of the left kind accepts. */
  isCase(caseValue: Value, given: Value): boolean {
    const value = isKind(given, 'lazy-list') ? given : this.resolve(given);
    const test = this.resolve(caseValue);
    if (test === null) return this.looseEquals(value, null);
    if (isKind(test, 'closure')) return this.truth(this.call(test, [value]));
    if (isKind(test, 'list')) return this.contains(this.itemsOf(test), value);
    if (isKind(test, 'range')) return inGroovyRange(this, test, value);
    if (isKind(test, 'lazy-list')) return this.contains(this.materialize(test).items, value);
    if (isKind(test, 'map')) return this.truth(lookUp(this, test, value, false) ?? null);
    if (isKind(test, 'host') && (test.type === 'attachments' || test.type === 'params'))
      return this.truth(this.invoke(test, 'get', [value]));
    if (isKind(test, 'class')) {
      if (isKind(test.name, 'symbol')) return this.opaque('unsupported', 'a parameter type as a case');
      // A class takes the classes that can be assigned to it; of a final class that is itself alone.
      if (isKind(value, 'class'))
        return FINAL_CLASSES.has(test.name)
          ? this.looseEquals(value.name, test.name)
          : this.opaque('unknown-call', `which classes are a ${test.name}`);
      return this.instanceOf(value, test.name);
    }
    if (isKind(test, 'pattern')) {
      if (this.isNull(value)) return false;
      if (!isText(value) && !isKind(value, 'symbol') && !isKind(value, 'number'))
        return this.opaque('unknown-call', 'a pattern as a case for such a value');
      return matchText(this, this.text(value), test, 'full');
    }
    if (isKind(test, 'number')) return this.#caseNumber(test, value);
    if (isKind(test, 'symbol') && this.isOf(test, NULL_CLASS)) return this.looseEquals(value, null);
    if (isText(test) || (isKind(test, 'symbol') && !isKind(value, 'symbol') && this.isOf(test, TEXT_CLASS))) {
      if (this.isNull(value)) return false;
      // A text accepts everything whose text it is.
      const text =
        isKind(value, 'symbol') && !this.isOf(value, TEXT_CLASS)
          ? this.text(value)
          : isKind(value, 'symbol')
            ? value
            : this.text(value);
      return this.looseEquals(this.text(test), text);
    }
    if (isKind(test, 'symbol') && this.isOf(test, COLLECTIONS))
      return this.opaque('object-field', 'what an object of the call takes as a case');
    if (isKind(test, 'symbol') && this.isOf(test, NUMBER_CLASSES)) return this.#caseNumber(test, value);
    return isKind(test, 'symbol') || isKind(value, 'symbol') ? this.equals(test, value) : this.equalsDeep(test, value);
  }

  /** A number accepts equal numbers of every class, nothing else. */
  #caseNumber(test: Value, value: Value): boolean {
    if (isKind(value, 'symbol')) return this.isOf(value, NUMBER_CLASSES) && this.looseEquals(value, test);
    return (isKind(value, 'number') || isKind(value, 'random')) && this.looseEquals(value, test);
  }
}
