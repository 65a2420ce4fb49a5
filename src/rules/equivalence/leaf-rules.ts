/** The effect of each value of a leaf on a plan's rules, computed once and remembered. */
import { conditionKey, termKey } from '../groovy/machine/path-knowledge.ts';
import { type LeafValue, leafKey } from '../models/target-model.ts';
import { conditionAnswer } from '../plan/evaluate-plan.ts';
import { type CallLeaf, leavesOf } from '../plan/plan-term.ts';
import type { PlanCondition, RoutePlan } from '../plan/route-plan.ts';
import { type CallShape, shapedCall } from './call-shape.ts';
import type { KnownCells } from './leaf-cells.ts';
import { MaskIndex } from './mask-index.ts';
import { type PlanLeafConstants, planConstants } from './plan-constants.ts';

/** Memory of what a plan's rules say about single leaves, whatever documents the plan is compared with. */
export class PlanMemory {
  readonly #plan: RoutePlan;
  readonly #leaves = new Map<string, LeafRules>();

  constructor(plan: RoutePlan) {
    this.#plan = plan;
  }

  /** The rules that read a leaf. */
  rulesOf(leaf: CallLeaf): LeafRules {
    const key = termKey(leaf);
    let rules = this.#leaves.get(key);
    if (rules === undefined) {
      rules = new LeafRules(this.#plan, leaf);
      this.#leaves.set(key, rules);
    }
    return rules;
  }
}

/** The cells of one comparison. All of its shapes share them, for shapes that meet the same entries have the same cells. */
export class ShapeMemory {
  readonly #plan: PlanMemory;
  readonly #cells = new Map<string, KnownCells>();

  constructor(plan: PlanMemory) {
    this.#plan = plan;
  }

  /** What was made under a key. */
  cells(key: string, make: () => KnownCells): KnownCells {
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#cells.set(key, made);
    return made;
  }

  rulesOf(leaf: CallLeaf): LeafRules {
    return this.#plan.rulesOf(leaf);
  }
}

/** The conditions of a plan's rules that read one leaf, and which rules a value of it lets live. */
export class LeafRules {
  /** By rule: its conditions that read the leaf. */
  readonly touching: readonly (readonly PlanCondition[])[];
  /** Constants of all of them. */
  readonly own: PlanLeafConstants;
  /** Rules that read the leaf. */
  readonly count: number;
  readonly #leaf: CallLeaf;
  readonly #shape: CallShape;
  readonly #index: MaskIndex;
  // Long lists repeat few different conditions in many rules: each is asked once a value.
  readonly #distinct: PlanCondition[] = [];
  readonly #asked: readonly (readonly number[])[];
  readonly #masks = new Map<string, bigint>();

  constructor(plan: RoutePlan, leaf: CallLeaf) {
    const key = termKey(leaf);
    this.#leaf = leaf;
    // A value of one leaf decides its conditions alone, whatever else is in the call.
    const count = leaf.t === 'arg' ? leaf.index + 1 : 0;
    this.#shape = { service: '', method: null, paramTypes: Array.from({ length: count }, () => ''), known: false };
    this.touching = plan.rules.map((rule) => rule.when.filter((condition) => isAbout(condition, key)));
    this.own = planConstants(this.touching.flat());
    this.count = this.touching.filter((conditions) => conditions.length > 0).length;
    this.#index = new MaskIndex(this.touching.map(domainOf));
    const ids = new Map<string, number>();
    this.#asked = this.touching.map((conditions) =>
      conditions
        .filter((condition) => !isJoint(condition))
        .map((condition) => {
          const name = conditionKey(condition);
          const id = ids.get(name) ?? this.#distinct.push(condition) - 1;
          ids.set(name, id);
          return id;
        }),
    );
  }

  /** The rules whose conditions on the leaf hold for a value, as bits; those over several leaves are left open. */
  mask(value: LeafValue): bigint {
    const name = typeof value === 'string' ? `s${value}` : JSON.stringify(value);
    const known = this.#masks.get(name);
    if (known !== undefined) return known;
    const call = shapedCall(this.#shape, new Map([['leaf', { leaf: this.#leaf, value }]]));
    const answers = new Map<number, boolean>();
    const holds = (id: number): boolean => {
      let answer = answers.get(id);
      if (answer === undefined) {
        const condition = this.#distinct[id];
        // If weir cannot tell, the rule may decide. The meeting then says so.
        answer = condition !== undefined && conditionAnswer(condition, call) !== false;
        answers.set(id, answer);
      }
      return answer;
    };
    const mask = this.#index.mask(leafKey(value), (index) => (this.#asked[index] ?? []).every(holds));
    this.#masks.set(name, mask);
    return mask;
  }
}

function isAbout({ term, test }: PlanCondition, key: string): boolean {
  const leaves = test.op === 'relation' ? [...leavesOf(term), ...leavesOf(test.other)] : leavesOf(term);
  return leaves.some((leaf) => termKey(leaf) === key);
}

function isJoint({ term, test }: PlanCondition): boolean {
  return test.op === 'relation' || leavesOf(term).length > 1;
}

// A rule whose condition is a plain equality lives only in the cells of its constants.
function domainOf(conditions: readonly PlanCondition[]): 'any' | readonly string[] | 'test' {
  if (conditions.length === 0) return 'any';
  for (const { term, test } of conditions) {
    if (term.t === 'fn' || test.op !== 'eq') continue;
    const keys = test.values.map(leafKey);
    if (keys.every((key) => key !== null)) return keys;
  }
  return 'test';
}
