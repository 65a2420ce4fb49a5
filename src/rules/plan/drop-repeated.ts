/** Leaves out rules of a decision list that only repeat, for the calls of one condition, what the rules behind them decide. */
import type { RoutingCall } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { conditionKey, termKey } from '../groovy/machine/path-knowledge.ts';
import { conditionHoldsIn } from './evaluate-term.ts';
import { leavesOf } from './plan-term.ts';
import type { PlanCondition } from './route-plan.ts';

/** A rule with its conditions by key and its outcome as text. */
export interface ListedRule {
  readonly rule: { readonly when: readonly PlanCondition[] };
  readonly keys: ReadonlySet<string>;
  readonly outcome: string;
}

/** Rules that are compared at most, so that the time stays linear in the length of the list. */
const LOOK_AHEAD = 24;

/**
 * The list without such stretches: rules one after the other that share a condition, decide all its calls, and do with them
 * what the list behind them does. `level is null and Batch -> b; level is null -> n; Batch -> b; -> n` is two rules.
 */
export function dropRepeated<T extends ListedRule>(list: readonly T[]): T[] {
  // From the last to the first; the rules behind a stretch are final when it is looked at.
  const kept: T[] = [];
  for (const item of [...list].reverse()) {
    kept.push(item);
    const ahead = kept.slice(-2 * LOOK_AHEAD).reverse();
    const length = item.rule.when.map((condition) => repeatedBy(condition, ahead)).find((found) => found > 0);
    if (length !== undefined) kept.splice(kept.length - length, length);
  }
  return kept.reverse();
}

/** The length of the stretch at the begin of the list that repeats what is behind it; 0 for none. */
function repeatedBy(shared: PlanCondition, list: readonly ListedRule[]): number {
  const key = conditionKey(shared);
  let length = 0;
  for (const { rule, keys } of list.slice(0, LOOK_AHEAD)) {
    if (!keys.has(key)) return 0;
    length += 1;
    if (rule.when.length === 1) break;
  }
  if (list[length - 1]?.rule.when.length !== 1) return 0;
  let at = length;
  for (const { rule, outcome } of list.slice(0, length)) {
    while (list[at] !== undefined && excludes(shared, list[at]?.rule.when ?? [])) at += 1;
    const behind = list[at];
    if (behind === undefined || behind.outcome !== outcome) return 0;
    const mine = keysWithout(rule.when, shared);
    const theirs = keysWithout(behind.rule.when, shared);
    if (mine.size !== theirs.size || [...mine].some((one) => !theirs.has(one))) return 0;
    at += 1;
  }
  return length;
}

/** The conditions that are left for the calls for which `shared` holds. */
function keysWithout(when: readonly PlanCondition[], shared: PlanCondition): ReadonlySet<string> {
  const key = conditionKey(shared);
  const values = valuesOf(shared);
  return new Set(
    when
      .filter((one) => values === null || !values.every((value) => holdsFor(one, shared, value) === true))
      .map(conditionKey)
      .filter((one) => one !== key),
  );
}

/** Whether a condition surely never holds for a call for which all of a conjunction do. */
export function excludes(shared: PlanCondition, when: readonly PlanCondition[]): boolean {
  const values = valuesOf(shared);
  return when.some((one) => {
    if (values?.every((value) => holdsFor(one, shared, value) === false) === true) return true;
    const others = valuesOf(one);
    return others?.every((value) => holdsFor(shared, one, value) === false) === true;
  });
}

/** The only values of a leaf for which a condition holds; null where weir does not list them. */
function valuesOf({ term, test }: PlanCondition): readonly (string | null)[] | null {
  if (term.t !== 'attachment' && term.t !== 'method') return null;
  if (test.op === 'is') return term.t === 'attachment' && test.classes.join() === 'null' ? [null] : null;
  if (test.op !== 'eq') return null;
  const texts = test.values.flatMap((value) =>
    'v' in value && value.t === 'java.lang.String' ? [String(value.v)] : [],
  );
  return texts.length === test.values.length ? texts : null;
}

/** Whether a condition holds where the leaf of another one has a value; undefined where it reads something else or weir cannot tell. */
function holdsFor(condition: PlanCondition, { term }: PlanCondition, value: string | null): boolean | undefined {
  if (condition.test.op === 'relation') return undefined;
  const leaves = leavesOf(condition.term);
  const key = termKey(term);
  if (leaves.length === 0 || leaves.some((leaf) => termKey(leaf) !== key)) return undefined;
  const call: RoutingCall = {
    service: 's',
    method: term.t === 'method' ? (value ?? '') : 'm',
    paramTypes: [],
    args: [],
    attachments: term.t === 'attachment' && value !== null ? { [term.key]: value } : {},
    consumer: {},
  };
  try {
    return conditionHoldsIn(condition, { call });
  } catch (error) {
    if (error instanceof OpaqueSignal) return undefined;
    throw error;
  }
}
