/** Leaves and constants that the conditions of a plan name. */
import { termKey } from '../groovy/machine/path-knowledge.ts';
import type { LeafConstants } from '../models/target-model.ts';
import { type CallLeaf, leavesOf, type Term } from '../plan/plan-term.ts';
import type { PlanCondition, RoutePlan } from '../plan/route-plan.ts';
import { conditionTextRegex } from '../targets/text-regex.ts';

/**
 * Constants that the conditions of a plan compare one leaf with. weir cannot compute the cells of `opaque` conditions.
 */
export interface PlanLeafConstants extends LeafConstants {
  readonly opaque: readonly PlanCondition[];
  /** More integers near which a computed term may change its result. */
  readonly offsets: readonly number[];
}

/** The leaves that the rules of a plan read, each once, and the conditions on each of them. */
export function planLeaves(plan: RoutePlan): Map<string, { leaf: CallLeaf; conditions: PlanCondition[] }> {
  const found = new Map<string, { leaf: CallLeaf; conditions: PlanCondition[] }>();
  for (const rule of plan.rules) {
    for (const condition of rule.when) {
      const leaves = [...leavesOf(condition.term)];
      if (condition.test.op === 'relation') leaves.push(...leavesOf(condition.test.other));
      for (const leaf of leaves) {
        const key = termKey(leaf);
        const entry = found.get(key) ?? { leaf: leaf as CallLeaf, conditions: [] };
        entry.conditions.push(condition);
        found.set(key, entry);
      }
    }
  }
  return found;
}

/** Collects the constants by which the conditions on one leaf divide its values. */
export function planConstants(conditions: readonly PlanCondition[]): PlanLeafConstants {
  const texts: string[] = [];
  const prefixes: string[] = [];
  const patterns: string[] = [];
  const numbers: number[] = [];
  const moduli: number[] = [];
  const opaque: PlanCondition[] = [];
  for (const condition of conditions) {
    const { term, test } = condition;
    collectTerm(term, moduli, numbers, texts);
    if (test.op === 'eq') {
      for (const value of test.values) {
        if (!('v' in value)) continue;
        texts.push(String(value.v));
        if (Number.isFinite(Number(value.v))) numbers.push(Number(value.v));
      }
    } else if (test.op === 'range') {
      for (const bound of [test.min, test.max]) if (bound !== null) numbers.push(Number(bound));
    } else if (test.op === 'prefix' || test.op === 'suffix' || test.op === 'contains' || test.op === 'eqIgnoreCase') {
      texts.push(test.text);
    }
    if (test.op === 'relation' || leavesOf(term).length > 1) {
      opaque.push(condition);
      continue;
    }
    if (term.t !== 'fn' && test.op === 'eq') continue;
    if (term.t !== 'fn' && test.op === 'prefix') prefixes.push(test.text);
    else {
      const pattern = conditionTextRegex(condition);
      if (pattern === null) opaque.push(condition);
      else patterns.push(pattern);
    }
  }
  return { texts, prefixes, patterns, numbers, moduli, opaque, offsets: [] };
}

function collectTerm(term: Term, moduli: number[], numbers: number[], texts: string[]): void {
  if (term.t !== 'fn') return;
  for (const arg of term.args) {
    collectTerm(arg, moduli, numbers, texts);
    if (arg.t !== 'const' || !('v' in arg.value)) continue;
    const number = Number(arg.value.v);
    if (!Number.isFinite(number)) texts.push(String(arg.value.v));
    else if (term.fn === 'mod' && number !== 0) moduli.push(Math.abs(number));
    else numbers.push(number, -number);
  }
}
