/** The search for every pair of deciding rule and deciding entry, without the product of all cells. */
import { termKey } from '../groovy/machine/path-knowledge.ts';
import type { TargetEntries } from '../models/target-model.ts';
import { conditionAnswer, ruleAnswer } from '../plan/evaluate-plan.ts';
import { leavesOf } from '../plan/plan-term.ts';
import type { PlanRule, RoutePlan } from '../plan/route-plan.ts';
import { type CallShape, type LeafAssignment, shapedCall } from './call-shape.ts';
import type { LeafCells } from './leaf-cells.ts';

/** A combination of cells in which one rule of the plan meets one entry of the document, with the values of a witness. */
export interface Meeting {
  readonly values: ReadonlyMap<string, LeafAssignment>;
  /** Rules that are alive, as bits: the lowest decides, but for conditions over several leaves. */
  readonly rules: bigint;
  readonly entries: bigint;
  /** An entry throws over one of the values: the call fails if none before it takes the call. */
  readonly throws: boolean;
}

/** All meetings of a shape; `complete` is false when there were too many combinations to visit. */
export interface Meetings {
  readonly meetings: readonly Meeting[];
  readonly complete: boolean;
  /** Indexes of the rules that service, types and count of the shape allow, to the first that takes every call of it. */
  readonly possible: readonly number[];
}

const MAX_STATES = 60_000;

/**
 * Walks the leaves one after another and keeps only the set of rules and entries still alive. Two ways with the same
 * set are one. The walk meets every pair of deciding rule and deciding entry without visiting the product of all cells.
 */
export function findMeetings(
  plan: RoutePlan,
  shape: CallShape,
  entries: TargetEntries,
  leaves: readonly LeafCells[],
): Meetings {
  const fixed = fixedRules(plan, shape);
  const rest = remainingReaders(plan, entries, leaves);
  const own = (1n << BigInt(entries.own ?? entries.names.length)) - 1n;
  let states = new Map<string, State>();
  const first: State = { rules: fixed, entries: everyEntry(entries), throws: false, values: new Map() };
  states.set(keyOf(first), first);
  let complete = true;
  leaves.forEach(({ leaf, cells }, at) => {
    const name = termKey(leaf);
    const next = new Map<string, State>();
    const free = rest[at];
    for (const state of states.values()) {
      for (const cell of cells) {
        const rules = upToDecider(state.rules & cell.rules, free?.rules ?? 0n);
        const open = state.entries & cell.entries;
        const readers = free?.entries ?? 0n;
        // Each document has a deciding entry of its own.
        const taken = upToDecider(open & own, readers & own) | upToDecider(open & ~own, readers & ~own);
        const throws = state.throws || cell.throws;
        const key = `${rules.toString(16)}:${taken.toString(16)}:${throws}`;
        if (next.has(key)) continue;
        if (next.size >= MAX_STATES) {
          complete = false;
          continue;
        }
        const values = new Map(state.values).set(name, { leaf, value: cell.value });
        next.set(key, { rules, entries: taken, throws, values });
      }
    }
    states = next;
  });
  const last = plan.rules.findIndex((rule) => takesAll(rule, shape));
  const possible = plan.rules.flatMap((_, index) =>
    ((fixed >> BigInt(index)) & 1n) === 1n && (last < 0 || index <= last) ? [index] : [],
  );
  const meetings = [...states.values()].map((state) => ({ ...state, entries: state.entries & own }));
  return { meetings, complete, possible };
}

interface State {
  readonly rules: bigint;
  readonly entries: bigint;
  readonly throws: boolean;
  readonly values: ReadonlyMap<string, LeafAssignment>;
}

function keyOf(state: State): string {
  return `${state.rules.toString(16)}:${state.entries.toString(16)}:${state.throws}`;
}

// Rules whose conditions on service, types and count hold in this shape; the rest is decided leaf by leaf.
function fixedRules(plan: RoutePlan, shape: CallShape): bigint {
  const call = shapedCall(shape, new Map());
  let alive = 0n;
  plan.rules.forEach((rule, index) => {
    const holds = rule.when.every((condition) => {
      const outOfRange = leavesOf(condition.term).some(
        (leaf) => leaf.t === 'arg' && leaf.index >= shape.paramTypes.length,
      );
      return (!isFixed(condition, shape) && !outOfRange) || conditionAnswer(condition, call) !== false;
    });
    if (holds) alive |= 1n << BigInt(index);
  });
  return alive;
}

// The shape alone decides the condition.
function isFixed({ term }: PlanRule['when'][number], shape: CallShape): boolean {
  return leavesOf(term).every(
    ({ t }) =>
      t === 'service' ||
      t === 'paramType' ||
      t === 'paramCount' ||
      t === 'argCount' ||
      (t === 'method' && shape.method !== null),
  );
}

function takesAll(rule: PlanRule, shape: CallShape): boolean {
  const call = shapedCall(shape, new Map());
  return rule.when.every(
    (condition) =>
      condition.test.op !== 'relation' && isFixed(condition, shape) && conditionAnswer(condition, call) === true,
  );
}

function everyEntry(entries: TargetEntries): bigint {
  return (1n << BigInt(entries.names.length)) - 1n;
}

// For each position: the rules and entries that no later leaf can stop. Behind the first of them nothing is ever reached.
function remainingReaders(
  plan: RoutePlan,
  entries: TargetEntries,
  leaves: readonly LeafCells[],
): { readonly rules: bigint; readonly entries: bigint }[] {
  const allRules = (1n << BigInt(plan.rules.length)) - 1n;
  const allEntries = everyEntry(entries);
  const out: { rules: bigint; entries: bigint }[] = [];
  let rules = jointFree(plan);
  let taken = allEntries;
  for (let at = leaves.length - 1; at >= 0; at -= 1) {
    out[at] = { rules, entries: taken };
    const cells = leaves[at]?.cells ?? [];
    rules &= cells.reduce((mask, cell) => mask & cell.rules, allRules);
    taken &= cells.reduce((mask, cell) => mask & cell.entries, allEntries);
  }
  return out;
}

function jointFree(plan: RoutePlan): bigint {
  let free = 0n;
  plan.rules.forEach((rule, index) => {
    const joint = rule.when.some(
      (condition) => condition.test.op === 'relation' || leavesOf(condition.term).length > 1,
    );
    if (!joint) free |= 1n << BigInt(index);
  });
  return free;
}

function upToDecider(alive: bigint, free: bigint): bigint {
  const deciders = alive & free;
  if (deciders === 0n) return alive;
  const lowest = deciders & -deciders;
  return alive & ((lowest << 1n) - 1n);
}

/**
 * The rule that decides a meeting: the lowest that is alive and whose conditions over several leaves hold too. `unknown`
 * is the reason why weir cannot tell whether it does.
 */
export function decidingRule(
  plan: RoutePlan,
  meeting: Meeting,
  shape: CallShape,
): { readonly rule: PlanRule; readonly index: number; readonly unknown: string | null } {
  const call = shapedCall(shape, meeting.values);
  let rest = meeting.rules;
  let index = 0;
  while (rest !== 0n) {
    const skip = trailingZeros(rest);
    index += skip;
    rest >>= BigInt(skip);
    const rule = plan.rules[index];
    const answer = rule === undefined ? false : ruleAnswer(rule, call);
    if (rule !== undefined && answer !== false) return { rule, index, unknown: answer === true ? null : answer };
    rest >>= 1n;
    index += 1;
  }
  throw new TypeError('a plan ends with a rule without conditions');
}

/** Index of the lowest bit; -1 for none. */
export function firstBit(bits: bigint): number {
  return bits === 0n ? -1 : trailingZeros(bits);
}

// By its hexadecimal digits, which are made in one pass: shifts would copy long masks again and again.
function trailingZeros(bits: bigint): number {
  const digits = (bits & -bits).toString(16);
  return (digits.length - 1) * 4 + Math.log2(Number.parseInt(digits.charAt(0), 16));
}
