/** Shortens the decision list of a plan without changing any decision. */
import { conditionKey, termKey } from '../groovy/machine/path-knowledge.ts';
import { classMask, NUMBER_CLASSES, TEXT_CLASS } from '../groovy/values/class-mask.ts';
import { dropRepeated, excludes } from './drop-repeated.ts';
import { joinExclusive, splitLong } from './join-exclusive.ts';
import type { DraftRule } from './plan-from-tree.ts';
import type { PlanCondition, PlanTest, ValueClass } from './route-plan.ts';
import type { TypedValue } from './typed-value.ts';

interface Keyed {
  readonly rule: DraftRule;
  readonly keys: ReadonlySet<string>;
  readonly outcome: string;
}

/**
 * A shorter list that decides every call alike. It drops conditions that others imply and joins neighbours of one
 * outcome. It leaves out a rule if a later one gives the same outcome for all its calls. Takes time linear in the
 * rules.
 */
export function minimiseRules(rules: readonly DraftRule[]): DraftRule[] {
  let list = rules.map((rule) => keyed({ ...rule, when: withoutImplied(rule.when) }));
  const end = list.findIndex((item) => item.rule.when.length === 0);
  if (end >= 0) list = list.slice(0, end + 1);
  list = dropCovered(list);
  list = joinNeighbours(dropRepeated(list));
  return splitLong(joinExclusive(dropCovered(list).map((item) => item.rule)));
}

function keyed(rule: DraftRule): Keyed {
  return { rule, keys: new Set(rule.when.map(conditionKey)), outcome: JSON.stringify(rule.outcome) };
}

/** Looks back over this many rules of one outcome, so that cost stays linear. */
const LOOK_AHEAD = 24;

function dropCovered(list: readonly Keyed[]): Keyed[] {
  const kept: Keyed[] = [];
  for (let i = list.length - 1; i >= 0; i--) {
    const item = list[i];
    if (!item) continue;
    let covered = false;
    for (let k = kept.length - 1; k >= Math.max(0, kept.length - LOOK_AHEAD); k--) {
      const later = kept[k];
      if (!later) break;
      if (later.outcome === item.outcome && later.keys.isSubsetOf(item.keys)) {
        covered = true;
        break;
      }
      if (later.outcome !== item.outcome && !item.rule.when.some((one) => excludes(one, later.rule.when))) break;
    }
    if (!covered) kept.push(item);
  }
  return kept.reverse();
}

/** Neighbours that differ in one condition on one term become one rule, where the test can hold both. */
function joinNeighbours(list: readonly Keyed[]): Keyed[] {
  const joined: (Keyed | Run)[] = [];
  for (const item of list) {
    const last = joined.at(-1);
    if (last instanceof Run && last.outcome === item.outcome && last.take(item.rule)) continue;
    const run = last && !(last instanceof Run) && last.outcome === item.outcome ? Run.of(last, item) : undefined;
    if (run) joined[joined.length - 1] = run;
    else joined.push(item);
  }
  return joined.map((item) => (item instanceof Run ? keyed(item.rule()) : item));
}

/** Neighbours that differ in the values of one condition. They are collected, so that a long run takes linear time. */
class Run {
  readonly outcome: string;
  readonly #first: DraftRule;
  readonly #condition: PlanCondition;
  readonly #others: ReadonlySet<string>;
  readonly #parts = new Map<string, TypedValue | ValueClass>();

  private constructor({ rule, outcome }: Keyed, condition: PlanCondition) {
    this.outcome = outcome;
    this.#first = rule;
    this.#condition = condition;
    this.#others = new Set(rule.when.filter((other) => other !== condition).map(conditionKey));
  }

  static of(first: Keyed, second: Keyed): Run | undefined {
    const differs = first.rule.when.filter((condition) => !second.keys.has(conditionKey(condition)));
    const [condition] = differs;
    if (differs.length !== 1 || !condition || partsOf(condition.test) === undefined) return undefined;
    const run = new Run(first, condition);
    return run.take(first.rule) && run.take(second.rule) ? run : undefined;
  }

  /** Adds a rule, if it has the other conditions and a test of the same kind on the same term. */
  take({ when }: DraftRule): boolean {
    if (when.length !== this.#first.when.length) return false;
    const differs = when.filter((condition) => !this.#others.has(conditionKey(condition)));
    const [condition] = differs;
    if (differs.length !== 1 || !condition || termKey(condition.term) !== termKey(this.#condition.term)) return false;
    const parts = condition.test.op === this.#condition.test.op ? partsOf(condition.test) : undefined;
    if (parts === undefined) return false;
    for (const part of parts) {
      const key = JSON.stringify(part);
      if (!this.#parts.has(key)) this.#parts.set(key, part);
    }
    return true;
  }

  rule(): DraftRule {
    const parts = [...this.#parts.values()];
    const test =
      this.#condition.test.op === 'eq'
        ? { op: 'eq' as const, values: parts as TypedValue[] }
        : { op: 'is' as const, classes: parts as ValueClass[] };
    const joined = { term: this.#condition.term, test };
    return {
      ...this.#first,
      when: this.#first.when.map((condition) => (condition === this.#condition ? joined : condition)),
    };
  }
}

function partsOf(test: PlanTest): readonly (TypedValue | ValueClass)[] | undefined {
  return test.op === 'eq' ? test.values : test.op === 'is' ? test.classes : undefined;
}

/** Conditions without those that another one of the same rule implies. */
function withoutImplied(when: readonly PlanCondition[]): PlanCondition[] {
  const seen = new Set<string>();
  const unique = when.filter((condition) => {
    const key = conditionKey(condition);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  // Only conditions on the same term imply one another, beside a number of arguments that a position implies.
  const byTerm = new Map<string, PlanCondition[]>();
  for (const condition of unique) {
    const key = termKey(condition.term);
    const known = byTerm.get(key);
    if (known) known.push(condition);
    else byTerm.set(key, [condition]);
  }
  return unique.filter((condition) => {
    const near = condition.term.t === 'argCount' ? unique : (byTerm.get(termKey(condition.term)) ?? []);
    return !near.some((other) => other !== condition && implies(other, condition));
  });
}

function implies(other: PlanCondition, condition: PlanCondition): boolean {
  const { term, test } = condition;
  const same = termKey(term) === termKey(other.term);
  if (test.op === 'defined') return same && other.test.op !== 'defined';
  // An argument that passes any test is there, and so are the ones before it.
  if (term.t === 'argCount' && test.op === 'range' && test.max === null) {
    if (other.term.t === 'arg' && Number(test.min) <= other.term.index + 1) return true;
  }
  if (test.op === 'is' && same) {
    const mask = classMask(test.classes);
    if (other.test.op === 'range') return (NUMBER_CLASSES & ~mask) === 0;
    if (['prefix', 'suffix', 'contains', 'regex', 'eqIgnoreCase'].includes(other.test.op))
      return (TEXT_CLASS & ~mask) === 0;
    if (other.test.op === 'is') {
      const narrower = classMask(other.test.classes);
      return (narrower & ~mask) === 0 && narrower !== mask;
    }
  }
  if (test.op === 'range' && other.test.op === 'range' && same) {
    return tighter(other.test, test) && !tighter(test, other.test);
  }
  return false;
}

/** Whether every number in `a` is in `b`, for one-sided ranges of one direction. */
function tighter(a: Extract<PlanTest, { op: 'range' }>, b: Extract<PlanTest, { op: 'range' }>): boolean {
  if (a.max !== null || b.max !== null) {
    if (a.min !== null || b.min !== null || a.max === null || b.max === null) return false;
    return Number(a.max) < Number(b.max) || (a.max === b.max && (a.maxOpen || !b.maxOpen));
  }
  if (a.min === null || b.min === null) return false;
  return Number(a.min) > Number(b.min) || (a.min === b.min && (a.minOpen || !b.minOpen));
}
