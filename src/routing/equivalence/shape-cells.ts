import { isObjectType } from '../java-type.ts';
import type { LeafConstants, LeafValue, TargetEntries } from '../models/target-model.ts';
import { conditionHolds } from '../plan-evaluate.ts';
import { type CallLeaf, leavesOf } from '../plan-term.ts';
import type { PlanRule, RoutePlan } from '../route-plan.ts';
import { type CallShape, shapedCall } from './call-shape.ts';
import { argumentCandidates, isNullableLeaf, textCandidates } from './leaf-values.ts';
import { planConstants } from './plan-constants.ts';

/** One cell of a leaf: a value that stands for it, which rules and entries it lets live, and whether the router throws. */
export interface LeafCell {
  readonly value: LeafValue;
  readonly rules: bigint;
  readonly entries: bigint;
  readonly throws: boolean;
}

/** A leaf with its cells. `doubt` is the first rule (its index) whose cells may be incomplete; Infinity: all are there. */
export interface LeafCells {
  readonly leaf: CallLeaf;
  readonly cells: readonly LeafCell[];
  readonly doubt: number;
}

/** The leaves that matter in a shape, each with its cells; conditions over several leaves put all their rules in doubt. */
export function shapeCells(
  plan: RoutePlan,
  shape: CallShape,
  entries: TargetEntries,
  leaves: readonly CallLeaf[],
): LeafCells[] {
  return leaves
    .filter(
      (leaf) => leaf.t !== 'service' && leaf.t !== 'paramType' && leaf.t !== 'paramCount' && leaf.t !== 'argCount',
    )
    .filter((leaf) => leaf.t !== 'method' || shape.method === null)
    .filter((leaf) => leaf.t !== 'arg' || leaf.index < shape.paramTypes.length)
    .map((leaf) => leafCells(plan, shape, entries, leaf));
}

function leafCells(plan: RoutePlan, shape: CallShape, entries: TargetEntries, leaf: CallLeaf): LeafCells {
  const key = JSON.stringify(leaf);
  const touching = plan.rules.map((rule) => rule.when.filter((condition) => isAbout(condition, key)));
  const own = planConstants(touching.flat());
  const constants: LeafConstants[] = [own, entries.constants(leaf)];
  const text = leaf.t !== 'arg';
  const candidates = text
    ? textCandidates(constants, isNullableLeaf(leaf))
    : argumentCandidates(shape.paramTypes[leaf.index] ?? '', constants);
  const cells = new Map<string, LeafCell>();
  for (const value of candidates.values) {
    const cell = cellOf(plan.rules, touching, shape, entries, leaf, value);
    const name = `${cell.rules}:${cell.entries}:${cell.throws}`;
    if (!cells.has(name)) cells.set(name, cell);
  }
  // For numbers a text pattern means nothing; a computed term is in doubt unless its residues were listed.
  const type = leaf.t === 'arg' ? (shape.paramTypes[leaf.index] ?? '') : '';
  const numeric = isNumeric(type);
  const doubtful = (index: number): boolean => {
    const id = plan.rules[index]?.id ?? '';
    const conditions = touching[index] ?? [];
    // A rule that is refused here is matched too widely, never too narrowly: its cells cannot hide a difference.
    if (conditions.length === 0 || (entries.names.includes(`${id}-refused`) && !entries.names.includes(id)))
      return false;
    if (isObjectType(type)) return false;
    if (!candidates.complete) return true;
    return numeric
      ? conditions.some((condition) => !isResidual(condition))
      : conditions.some(
          (condition) => own.opaque.includes(condition) && !(leaf.t === 'arg' && isArithmetic(condition)),
        );
  };
  const doubt = plan.rules.findIndex((_, index) => doubtful(index));
  return { leaf, cells: [...cells.values()], doubt: doubt < 0 ? Number.POSITIVE_INFINITY : doubt };
}

function isAbout(condition: PlanRule['when'][number], key: string): boolean {
  const leaves = [...leavesOf(condition.term)];
  if (condition.test.op === 'relation') leaves.push(...leavesOf(condition.test.other));
  return leaves.some((leaf) => JSON.stringify(leaf) === key);
}

function isNumeric(type: string): boolean {
  return /^(?:byte|short|int|long|float|double|java\.lang\.(?:Byte|Short|Integer|Long|Float|Double)|java\.math\..*)$/.test(
    type,
  );
}

// Arithmetic on a String throws for every text, so the condition holds for none.
function isArithmetic({ term, test }: PlanRule['when'][number]): boolean {
  if (test.op === 'relation' || term.t !== 'fn') return false;
  const direct = term.args[0]?.t === 'arg' && ARITHMETIC.has(term.fn);
  return direct || term.args.some((arg) => arg.t === 'fn' && isArithmetic({ term: arg, test }));
}

const ARITHMETIC = new Set(['mod', 'minus', 'intdiv', 'divide', 'abs', 'negative', 'bitAnd', 'bitOr', 'bitXor']);

// Bounds on the argument itself, and anything computed from `arg % m`, change only at the candidates.
function isResidual(condition: PlanRule['when'][number]): boolean {
  const { term, test } = condition;
  if (test.op === 'relation') return false;
  if (term.t !== 'fn') return true;
  const underMod = (node: (typeof term.args)[number]): boolean =>
    node.t === 'const' ||
    (node.t === 'fn' && (node.fn === 'mod' ? node.args[1]?.t === 'const' : node.args.every(underMod)));
  return underMod(term);
}

function cellOf(
  rules: readonly PlanRule[],
  touching: readonly (readonly PlanRule['when'][number][])[],
  shape: CallShape,
  entries: TargetEntries,
  leaf: CallLeaf,
  value: LeafValue,
): LeafCell {
  const call = shapedCall(shape, new Map([['leaf', { leaf, value }]]));
  let alive = 0n;
  rules.forEach((_, index) => {
    const conditions = touching[index] ?? [];
    const single = conditions.filter(
      (condition) => condition.test.op !== 'relation' && leavesOf(condition.term).length === 1,
    );
    if (single.every((condition) => conditionHolds(condition, call))) alive |= 1n << BigInt(index);
  });
  let taken = 0n;
  let throws = false;
  entries.names.forEach((_, index) => {
    const holds = entries.holds(index, leaf, value);
    if (holds === 'error') throws = true;
    else if (holds) taken |= 1n << BigInt(index);
  });
  return { value, rules: alive, entries: taken, throws };
}
