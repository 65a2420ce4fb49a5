/** The tests of a plan on single values, with the semantics of Java and Groovy. */
import { GroovyThrow, OpaqueSignal } from '../groovy/machine/exceptions.ts';
import {
  concreteCompare,
  concreteLooseEquals,
  concreteText,
  concreteTruth,
  isText,
  valueClassOf,
} from '../groovy/values/concrete.ts';
import { parseDecimal } from '../groovy/values/decimal.ts';
import { compareNumbers, decimal, type JavaNumber } from '../groovy/values/java-number.ts';
import { valueOfTyped } from '../groovy/values/typed-values.ts';
import { isKind, type Value } from '../groovy/values/values.ts';
import { runJavaRegex } from '../regex/run-pattern.ts';
import type { PlanTest } from './route-plan.ts';

/** A bound of a range test as a number. */
function boundOf(text: string): JavaNumber {
  let bound = BOUNDS.get(text);
  if (bound === undefined) {
    const value = parseDecimal(text);
    if (value === undefined) throw new OpaqueSignal('size-limit', `the bound ${text.slice(0, 40)}`);
    bound = decimal(value);
    if (BOUNDS.size >= 10_000) BOUNDS.clear();
    BOUNDS.set(text, bound);
  }
  return bound;
}

// Proofs ask for the same bounds millions of times.
const BOUNDS = new Map<string, JavaNumber>();

/**
 * Whether a value passes a test. `other` computes the second term of a relation.
 * @throws GroovyThrow where Groovy would (a pattern that does not compile), OpaqueSignal where weir cannot tell.
 */
export function holdsTest(test: PlanTest, value: Value, other?: () => Value): boolean {
  switch (test.op) {
    case 'is':
      return test.classes.includes(valueClassOf(value));
    case 'eq':
      return test.values.some((typed) => concreteLooseEquals(value, valueOfTyped(typed)));
    case 'range':
      return isKind(value, 'number') && inRange(value, test);
    case 'truthy':
      return concreteTruth(value);
    case 'defined':
      return true;
    case 'relation': {
      if (!other) throw new OpaqueSignal('unsupported', 'a relation without its second value');
      return holdsRelation(test.rel, value, other());
    }
    default:
      return isText(value) && holdsText(test, concreteText(value));
  }
}

function inRange(value: JavaNumber, test: Extract<PlanTest, { op: 'range' }>): boolean {
  if (test.min !== null) {
    const order = compareNumbers(value, boundOf(test.min));
    if (order < 0 || (order === 0 && test.minOpen)) return false;
  }
  if (test.max !== null) {
    const order = compareNumbers(value, boundOf(test.max));
    if (order > 0 || (order === 0 && test.maxOpen)) return false;
  }
  return true;
}

function holdsText(
  test: Extract<PlanTest, { op: 'prefix' | 'suffix' | 'contains' | 'regex' | 'eqIgnoreCase' }>,
  text: string,
): boolean {
  switch (test.op) {
    case 'prefix':
      return text.startsWith(test.text);
    case 'suffix':
      return text.endsWith(test.text);
    case 'contains':
      return text.includes(test.text);
    case 'eqIgnoreCase':
      return equalsIgnoreCase(text, test.text);
    case 'regex':
      return matchesJavaRegex(test.pattern, text, test.mode);
  }
}

/** String.equalsIgnoreCase: unit by unit, equal in upper case, or in lower case of the upper case. */
export function equalsIgnoreCase(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const [x = '', y = ''] = [a[i], b[i]];
    if (x !== y && upperChar(x) !== upperChar(y) && lowerChar(upperChar(x)) !== lowerChar(upperChar(y))) return false;
  }
  return true;
}

/** Character.toUpperCase of one UTF-16 unit. */
export function upperChar(char: string): string {
  const upper = char.toUpperCase();
  return upper.length === 1 ? upper : char;
}

function lowerChar(char: string): string {
  if (char === '\u0130') return 'i';
  const lower = char.toLowerCase();
  return lower.length === 1 ? lower : char;
}

/** Whether a Java pattern matches. @throws GroovyThrow for a bad pattern, OpaqueSignal for one that weir does not translate. */
export function matchesJavaRegex(pattern: string, text: string, mode: 'full' | 'find'): boolean {
  const found = runJavaRegex(pattern, text, mode);
  if ('match' in found) return found.match !== null;
  if (found.kind === 'syntax') throw new GroovyThrow('java.util.regex.PatternSyntaxException', found.error);
  throw new OpaqueSignal('unsupported', `the pattern ${pattern.slice(0, 60)} uses ${found.error}`);
}

function holdsRelation(rel: Extract<PlanTest, { op: 'relation' }>['rel'], a: Value, b: Value): boolean {
  switch (rel) {
    case 'eq':
      return concreteLooseEquals(a, b);
    case 'lt':
      return concreteCompare(a, b) < 0;
    case 'le':
      return concreteCompare(a, b) <= 0;
    case 'gt':
      return concreteCompare(a, b) > 0;
    case 'ge':
      return concreteCompare(a, b) >= 0;
    default:
      break;
  }
  if (!isText(a) || !isText(b)) return false;
  const [x, y] = [concreteText(a), concreteText(b)];
  switch (rel) {
    case 'prefix':
      return x.startsWith(y);
    case 'suffix':
      return x.endsWith(y);
    case 'contains':
      return x.includes(y);
    case 'eqIgnoreCase':
      return equalsIgnoreCase(x, y);
    default:
      return matchesJavaRegex(y, x, rel === 'regexFull' ? 'full' : 'find');
  }
}
