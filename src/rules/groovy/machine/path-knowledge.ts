/** Knowledge of one path about terms, which rules out impossible branches. */
import { evaluateTerm } from '../../plan/evaluate-term.ts';
import { holdsTest } from '../../plan/holds-test.ts';
import { leavesOf, type Term } from '../../plan/plan-term.ts';
import type { PlanCondition, PlanTest } from '../../plan/route-plan.ts';
import { classMask, initialClasses, NULL_CLASS, WHOLE_CLASSES } from '../values/class-mask.ts';
import { isIntegral, javaInt } from '../values/java-number.ts';
import { valueOfTyped } from '../values/typed-values.ts';
import { isKind, type Value } from '../values/values.ts';
import { termBounds } from './term-bounds.ts';
import {
  attempt,
  equalityKey,
  impliedEqual,
  impliedRange,
  impliedText,
  oneClass,
  possibleClasses,
  type TermFacts,
  wholeBound,
  withFalse,
  withTrue,
} from './term-facts.ts';

/** Decisions of one path about terms, so that it follows no impossible branch. `mark` and `undo` take them back. */
export class PathKnowledge {
  readonly #facts = new Map<string, TermFacts>();
  readonly #answers = new Map<string, boolean>();
  readonly #trail: (() => void)[] = [];

  /** A point to return to. */
  mark(): number {
    return this.#trail.length;
  }

  /** Forgets everything that was assumed since `mark`. */
  undo(mark: number): void {
    while (this.#trail.length > mark) this.#trail.pop()?.();
  }

  /** Classes that the term may have on this path. */
  classes(term: Term): number {
    return this.#of(term).classes;
  }

  /** The only value that the term can have here, if it is known; its class may still be open for numbers. */
  equal(term: Term): Value | undefined {
    if (term.t === 'const') return valueOfTyped(term.value);
    const known = this.#of(term).equal;
    if (known !== undefined || term.t !== 'fn') return known;
    return this.#computed(term);
  }

  /** Whole numbers that the term can still be, or undefined where there are too many or it may be something else. */
  candidates(term: Term, limit: number): bigint[] | undefined {
    const facts = this.#of(term);
    if ((facts.classes & ~WHOLE_CLASSES) !== 0 || !facts.low || !facts.high) return undefined;
    const low = wholeBound(facts.low, 1n);
    const high = wholeBound(facts.high, -1n);
    if (high - low >= BigInt(limit)) return undefined;
    const found: bigint[] = [];
    for (let at = low; at <= high; at++) {
      if (!facts.unequal.has(equalityKey(javaInt(at)))) found.push(at);
    }
    return found;
  }

  /** Whether the condition must hold (true), cannot hold (false), or is open here. */
  implied(condition: PlanCondition): boolean | undefined {
    const key = conditionKey(condition);
    const answer = this.#answers.get(key);
    if (answer !== undefined) return answer;
    const { term, test } = condition;
    if (test.op === 'relation') return this.#impliedRelation(term, test);
    const facts = this.#of(term);
    if (test.op === 'is') {
      const wanted = classMask(test.classes);
      if ((facts.classes & wanted) === 0) return false;
      return (facts.classes & ~wanted) === 0 && term.t !== 'fn'
        ? true
        : (facts.classes & ~wanted) === 0
          ? this.#definedOr(term)
          : undefined;
    }
    const equal = facts.equal ?? (term.t === 'fn' ? this.#computed(term) : undefined);
    if (equal !== undefined) return attempt(() => holdsTest(test, equal));
    if (test.op === 'defined') return undefined;
    if ((facts.classes & possibleClasses(test)) === 0) return false;
    if (test.op === 'eq') return impliedEqual(test, facts);
    if (test.op === 'range') return impliedRange(test, facts);
    return impliedText(test, facts);
  }

  #definedOr(term: Term): boolean | undefined {
    return this.#answers.get(conditionKey({ term, test: { op: 'defined' } })) === true ? true : undefined;
  }

  #impliedRelation(term: Term, test: Extract<PlanTest, { op: 'relation' }>): boolean | undefined {
    const left = this.equal(term);
    const right = this.equal(test.other);
    if (left === undefined || right === undefined) return undefined;
    return attempt(() => holdsTest(test, left, () => right));
  }

  /** The value of a computed term whose leaves are all known. */
  #computed(term: Term): Value | undefined {
    for (const leaf of leavesOf(term)) {
      const known = this.#of(leaf).equal;
      // The class of a known number may be open (1 == 1L): computing with it would guess.
      if (known === undefined || (isKind(known, 'number') && !oneClass(this.#of(leaf).classes))) return undefined;
    }
    return attempt(() => evaluateTerm(term, { known: (leaf) => this.#of(leaf).equal }));
  }

  #of(term: Term): TermFacts {
    const facts = this.#facts.get(termKey(term)) ?? this.#initial(term);
    return term.t === 'fn' && term.fn === 'tokenAt' ? this.#token(term, facts) : facts;
  }

  /** A token is a text below the number of tokens and null from there on, where the path knows the number. */
  #token(term: Extract<Term, { t: 'fn' }>, facts: TermFacts): TermFacts {
    const [text, separators, index] = term.args;
    if (text === undefined || separators === undefined || index?.t !== 'const') return facts;
    const at = valueOfTyped(index.value);
    if (!isKind(at, 'number') || !isIntegral(at)) return facts;
    const count = this.#facts.get(termKey({ t: 'fn', fn: 'tokenCount', args: [text, separators] }));
    if (count === undefined) return facts;
    const exact = isKind(count.equal, 'number') && isIntegral(count.equal) ? count.equal.value : undefined;
    const least = exact ?? (count.low === undefined ? 0n : wholeBound(count.low, 1n));
    const most = exact ?? (count.high === undefined ? undefined : wholeBound(count.high, -1n));
    if (least > at.value) return { ...facts, classes: facts.classes & ~NULL_CLASS };
    return most !== undefined && most <= at.value ? { ...facts, classes: NULL_CLASS, equal: null } : facts;
  }

  #initial(term: Term): TermFacts {
    const bounds = termBounds(term);
    return {
      classes: initialClasses(term, (part) => this.classes(part)),
      equal: term.t === 'const' ? valueOfTyped(term.value) : undefined,
      unequal: new Set(),
      tests: [],
      low: bounds?.low,
      high: bounds?.high,
    };
  }

  /** Whether a set of providers is not empty; undefined while the path has not decided it. */
  group(key: string): boolean | undefined {
    return this.#answers.get(`group ${key}`);
  }

  /** Records whether a set of providers is not empty. */
  assumeGroup(key: string, value: boolean): void {
    this.#set(this.#answers, `group ${key}`, value);
  }

  /** Records a decision. */
  assume(condition: PlanCondition, value: boolean): void {
    const key = conditionKey(condition);
    this.#set(this.#answers, key, value);
    const { term, test } = condition;
    if (test.op === 'relation' || term.t === 'const') return;
    const facts = this.#of(term);
    if (test.op === 'eq' && !value) {
      for (const typed of test.values) {
        const name = equalityKey(valueOfTyped(typed));
        if (facts.unequal.has(name)) continue;
        facts.unequal.add(name);
        this.#trail.push(() => facts.unequal.delete(name));
      }
      // Most paths of long lists only add one more value that is not it.
      if (this.#facts.has(termKey(term)) && !test.values.some((typed) => typed.t === 'null')) return;
    }
    this.#set(this.#facts, termKey(term), value ? withTrue(facts, test) : withFalse(facts, test));
  }

  #set<V>(map: Map<string, V>, key: string, value: V): void {
    const before = map.get(key);
    this.#trail.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
    map.set(key, value);
  }
}

const keys = new WeakMap<object, string>();
const testKeys = new WeakMap<object, string>();

/** A text that is equal for equal terms. */
export function termKey(term: Term): string {
  const known = keys.get(term);
  if (known !== undefined) return known;
  const key = JSON.stringify(term);
  keys.set(term, key);
  return key;
}

/** A text that is equal for equal conditions. */
export function conditionKey(condition: PlanCondition): string {
  const { test } = condition;
  let key = testKeys.get(test);
  if (key === undefined) {
    key = JSON.stringify(test);
    testKeys.set(test, key);
  }
  return `${termKey(condition.term)}${key}`;
}
