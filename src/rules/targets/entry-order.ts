/**
 * The order in which the rules of a plan become entries: converted rules come before those that stay with the script.
 */
import type { RuleOverlap } from '../equivalence/rule-overlap.ts';
import type { PlanRule } from '../plan/route-plan.ts';

/** A rule as a target says it. */
export interface OrderedItem {
  readonly rule: PlanRule;
  /** Its calls stay with the script. */
  readonly refused: boolean;
  /** No call gets past its entry. */
  readonly takesAll: boolean;
  /** Where its calls would go, as a text that is equal for equal places; null where the target cannot say it. */
  readonly place: string | null;
}

// More refused rules than this that wait for a later place cost more than they are worth.
const MOST_WAITING = 64;

/**
 * Puts refused rules behind the rules that have no call in common with them: an entry for a refused rule is wider than the
 * rule. A refused rule that waits until an entry for all other calls, which sends them to the same place, needs none itself:
 * it is left out. Nothing follows an item that takes all. Items are taken one by one, so that long lists can end early.
 */
export function orderEntries<T extends OrderedItem>(items: Iterable<T>, overlap: RuleOverlap): T[] {
  const ordered: T[] = [];
  let waiting: T[] = [];
  // Writes the waiting items that `keeps` does not keep; true when one of them takes all that is left.
  const flush = (keeps: (item: T) => boolean): boolean => {
    const due = waiting.filter((item) => !keeps(item));
    waiting = waiting.filter(keeps);
    for (const item of due) {
      ordered.push(item);
      if (item.takesAll) return true;
    }
    return false;
  };
  for (const item of items) {
    if (item.refused) {
      waiting.push(item);
      if (waiting.length > MOST_WAITING && flush(() => false)) return ordered;
      continue;
    }
    const isCovered = (other: T): boolean => item.takesAll && other.place !== null && other.place === item.place;
    if (flush((other) => isCovered(other) || overlap.areDisjoint(other.rule, item.rule))) return ordered;
    ordered.push(item);
    if (item.takesAll) return ordered;
  }
  flush(() => false);
  return ordered;
}
