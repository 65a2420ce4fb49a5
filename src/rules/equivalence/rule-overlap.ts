/** Tells which rules of a plan surely have no call in common, so that their order does not matter. */
import { conditionKey, termKey } from '../groovy/machine/path-knowledge.ts';
import type { LeafValue } from '../models/target-model.ts';
import { conditionAnswer } from '../plan/evaluate-plan.ts';
import { type CallLeaf, leavesOf } from '../plan/plan-term.ts';
import type { PlanCondition, PlanRule, RoutePlan } from '../plan/route-plan.ts';
import type { TypedValue } from '../plan/typed-value.ts';
import { type CallShape, shapedCall } from './call-shape.ts';
import { isNullableLeaf, textCandidates } from './leaf-values.ts';
import { planConstants } from './plan-constants.ts';

interface LeafPart {
  readonly leaf: CallLeaf;
  readonly conditions: readonly PlanCondition[];
  readonly name: string;
}

/** Compares rules pair by pair and remembers the answers for conditions that rules share. */
export class RuleOverlap {
  readonly #parts = new Map<PlanRule, ReadonlyMap<string, LeafPart>>();
  readonly #known = new Map<string, boolean>();

  constructor(plan: RoutePlan) {
    for (const rule of plan.rules) this.#parts.set(rule, partsOf(rule));
  }

  /** Whether no call can meet the conditions of both; false also where weir does not know. */
  areDisjoint(a: PlanRule, b: PlanRule): boolean {
    const other = this.#parts.get(b);
    for (const [key, mine] of this.#parts.get(a) ?? []) {
      const theirs = other?.get(key);
      if (theirs !== undefined && this.#excludes(mine, theirs)) return true;
    }
    return false;
  }

  #excludes(a: LeafPart, b: LeafPart): boolean {
    const key = `${a.name}\n${b.name}`;
    let answer = this.#known.get(key);
    if (answer === undefined) {
      answer = exclude(a, b);
      this.#known.set(key, answer);
    }
    return answer;
  }
}

// Conditions over several values of the call say nothing about one of them.
function partsOf(rule: PlanRule): ReadonlyMap<string, LeafPart> {
  const parts = new Map<string, { leaf: CallLeaf; conditions: PlanCondition[] }>();
  for (const condition of rule.when) {
    const leaves = leavesOf(condition.term);
    const [leaf] = leaves;
    if (leaves.length !== 1 || condition.test.op === 'relation' || leaf === undefined) continue;
    const key = termKey(leaf);
    const part = parts.get(key) ?? { leaf: leaf as CallLeaf, conditions: [] };
    part.conditions.push(condition);
    parts.set(key, part);
  }
  return new Map(
    [...parts].map(([key, part]) => [key, { ...part, name: part.conditions.map(conditionKey).sort().join('\n') }]),
  );
}

function exclude(a: LeafPart, b: LeafPart): boolean {
  const { leaf } = a;
  // Numbers of arguments come from the declared types; two tests on them are not told apart here.
  if (leaf.t === 'paramCount' || leaf.t === 'argCount') return false;
  const count = leaf.t === 'arg' ? leaf.index + 1 : 0;
  const shape = { service: '', method: null, paramTypes: Array.from({ length: count }, () => ''), known: false };
  const holds = (conditions: readonly PlanCondition[], value: LeafValue): boolean => {
    const call = shapedCall(shapeWith(shape, leaf, value), new Map([['leaf', { leaf, value }]]));
    // Where weir cannot tell, the conditions may hold.
    return conditions.every((condition) => conditionAnswer(condition, call) !== false);
  };
  for (const [mine, theirs] of [
    [a, b],
    [b, a],
  ] as const) {
    const values = listedValues(mine.conditions);
    if (values !== null)
      return values.every((value) => !holds(mine.conditions, value) || !holds(theirs.conditions, value));
  }
  if (!TEXT_LEAVES.has(leaf.t)) return false;
  const constants = planConstants([...a.conditions, ...b.conditions]);
  if (constants.opaque.length > 0) return false;
  const { values, complete } = textCandidates([constants], isNullableLeaf(leaf));
  return complete && values.every((value) => !holds(a.conditions, value) || !holds(b.conditions, value));
}

/** A service and a declared type are parts of the shape, and no values that a shape is given. */
function shapeWith(shape: CallShape, leaf: CallLeaf, value: LeafValue): CallShape {
  if (typeof value !== 'string') return shape;
  if (leaf.t === 'service') return { ...shape, service: value };
  if (leaf.t !== 'paramType') return shape;
  return { ...shape, paramTypes: Array.from({ length: leaf.index + 1 }, () => value) };
}

const TEXT_LEAVES = new Set<string>(['service', 'method', 'attachment', 'callerApp', 'callerHost', 'callerParam']);

// The values of a plain equality or of "is null": nothing else can meet the conditions.
function listedValues(conditions: readonly PlanCondition[]): readonly LeafValue[] | null {
  for (const { term, test } of conditions) {
    if (term.t === 'fn') continue;
    if (test.op === 'is' && test.classes.every((name) => name === 'null')) return [null];
    if (test.op !== 'eq') continue;
    // A number stands for every class of numbers and a letter for a Character too, so only longer texts are lists.
    const isText = (value: TypedValue): boolean =>
      !('v' in value) || (value.t === 'java.lang.String' && (term.t !== 'arg' || String(value.v).length !== 1));
    if (!test.values.every(isText)) continue;
    return test.values.map((value) => (term.t === 'arg' ? value : 'v' in value ? String(value.v) : null));
  }
  return null;
}
