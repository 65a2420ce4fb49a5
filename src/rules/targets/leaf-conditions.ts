/** Conditions of a rule, sorted by the leaf that they read. */
import { termKey } from '../groovy/machine/path-knowledge.ts';
import { type CallLeaf, leavesOf } from '../plan/plan-term.ts';
import type { PlanCondition, PlanRule } from '../plan/route-plan.ts';

/** The conditions of a rule that read one leaf of the call. */
export interface LeafConditions {
  readonly leaf: CallLeaf;
  readonly conditions: readonly PlanCondition[];
}

/** A rule's conditions, apart by what they read; `joint` ones read more than one leaf (or a relation). */
export interface SplitConditions {
  readonly single: readonly LeafConditions[];
  readonly joint: readonly PlanCondition[];
  /** Conditions on constants only. */
  readonly constant: readonly PlanCondition[];
}

// A rule is written several times: for each block of a document, and again without what nothing reaches.
const SPLIT = new WeakMap<PlanRule, SplitConditions>();

/** Sorts the conditions of a rule by the leaf that they read, in order of first use. */
export function splitConditions(rule: PlanRule): SplitConditions {
  const known = SPLIT.get(rule);
  if (known !== undefined) return known;
  const split = sorted(rule);
  SPLIT.set(rule, split);
  return split;
}

function sorted(rule: PlanRule): SplitConditions {
  const single = new Map<string, { leaf: CallLeaf; conditions: PlanCondition[] }>();
  const joint: PlanCondition[] = [];
  const constant: PlanCondition[] = [];
  for (const condition of rule.when) {
    const other = condition.test.op === 'relation' ? leavesOf(condition.test.other) : [];
    const leaves = [...leavesOf(condition.term), ...other];
    const keys = new Set(leaves.map(termKey));
    const leaf = leaves[0] as CallLeaf | undefined;
    if (leaf === undefined) constant.push(condition);
    else if (keys.size > 1 || condition.test.op === 'relation') joint.push(condition);
    else {
      const key = termKey(leaf);
      const entry = single.get(key) ?? { leaf, conditions: [] };
      entry.conditions.push(condition);
      single.set(key, entry);
    }
  }
  return { single: [...single.values()], joint, constant };
}

/** Whether a leaf reads arguments or their types, which only a known signature makes sense of. */
export function readsSignature(leaf: CallLeaf): boolean {
  return leaf.t === 'arg' || leaf.t === 'paramType' || leaf.t === 'paramCount' || leaf.t === 'argCount';
}
