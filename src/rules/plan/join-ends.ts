/** Joins the two ends of a range, which a plan holds as two conditions. */
import { termKey } from '../groovy/machine/path-knowledge.ts';
import type { PlanCondition } from './route-plan.ts';

/** The same conditions, with two ends of a range on one term as one range: at least 5 and below 10. */
export function joinEnds(when: readonly PlanCondition[]): PlanCondition[] {
  const joined: PlanCondition[] = [];
  for (const condition of when) {
    const { term, test } = condition;
    const at =
      test.op === 'range' && (test.min === null) !== (test.max === null)
        ? joined.findIndex(
            (other) =>
              other.test.op === 'range' &&
              (test.min === null ? other.test.max === null : other.test.min === null) &&
              termKey(other.term) === termKey(term),
          )
        : -1;
    const other = joined[at];
    if (test.op !== 'range' || other?.test.op !== 'range') joined.push(condition);
    else {
      const [low, high] = test.min === null ? [other.test, test] : [test, other.test];
      joined[at] = { term, test: { ...low, max: high.max, maxOpen: high.maxOpen } };
    }
  }
  return joined;
}
