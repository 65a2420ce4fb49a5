import { isObjectType } from '../java-type.ts';
import { type LeafConstants, type LeafValue, leafKey, type TargetEntries } from '../models/target-model.ts';
import type { CallLeaf } from '../plan-term.ts';
import type { PlanRule, RoutePlan } from '../route-plan.ts';
import type { CallShape } from './call-shape.ts';
import type { LeafRules, ShapeMemory } from './leaf-rules.ts';
import { argumentCandidates, isNullableLeaf, textCandidates } from './leaf-values.ts';
import { MaskIndex } from './mask-index.ts';

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
  memory: ShapeMemory,
): LeafCells[] {
  return leaves
    .filter(
      (leaf) => leaf.t !== 'service' && leaf.t !== 'paramType' && leaf.t !== 'paramCount' && leaf.t !== 'argCount',
    )
    .filter((leaf) => leaf.t !== 'method' || shape.method === null)
    .filter((leaf) => leaf.t !== 'arg' || leaf.index < shape.paramTypes.length)
    .map((leaf) => {
      const type = leaf.t === 'arg' ? (shape.paramTypes[leaf.index] ?? '') : '';
      // Shapes that meet the same entries have the same cells.
      const key = hasNames(entries) ? JSON.stringify([leaf, type, entries.names]) : null;
      return memory.cells(key, () => leafCells(plan, shape, entries, leaf, memory.rulesOf(leaf)));
    });
}

function hasNames({ names }: TargetEntries): boolean {
  return !names.includes(null) && new Set(names).size === names.length;
}

function leafCells(
  plan: RoutePlan,
  shape: CallShape,
  entries: TargetEntries,
  leaf: CallLeaf,
  rules: LeafRules,
): LeafCells {
  const { touching, own } = rules;
  const constants: LeafConstants[] = [own, entries.constants(leaf)];
  const text = leaf.t !== 'arg';
  const candidates = text
    ? textCandidates(constants, isNullableLeaf(leaf))
    : argumentCandidates(shape.paramTypes[leaf.index] ?? '', constants, rules.count + entries.names.length);
  const cells = new Map<string, LeafCell>();
  const taken = new MaskIndex(entries.names.map((_, index) => entries.domain(index, leaf)));
  for (const value of candidates.values) {
    const cell = cellOf(rules, entries, leaf, value, taken);
    const name = `${cell.rules.toString(16)}:${cell.entries.toString(16)}:${cell.throws}`;
    if (!cells.has(name)) cells.set(name, cell);
  }
  // For numbers a text pattern means nothing; a computed term is in doubt unless its residues were listed.
  const type = leaf.t === 'arg' ? (shape.paramTypes[leaf.index] ?? '') : '';
  const numeric = isNumeric(type);
  const names = new Set(entries.names);
  const opaque = new Set(own.opaque);
  const doubtful = (index: number): boolean => {
    const id = plan.rules[index]?.id ?? '';
    const conditions = touching[index] ?? [];
    // A rule that is refused here is matched too widely, never too narrowly: its cells cannot hide a difference.
    if (conditions.length === 0 || (names.has(`${id}-refused`) && !names.has(id))) return false;
    if (isObjectType(type)) return false;
    if (!candidates.complete) return true;
    return numeric
      ? conditions.some((condition) => !isResidual(condition))
      : conditions.some((condition) => opaque.has(condition) && !(leaf.t === 'arg' && isArithmetic(condition)));
  };
  const doubt = plan.rules.findIndex((_, index) => doubtful(index));
  return { leaf, cells: [...cells.values()], doubt: doubt < 0 ? Number.POSITIVE_INFINITY : doubt };
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
  rules: LeafRules,
  entries: TargetEntries,
  leaf: CallLeaf,
  value: LeafValue,
  taken: MaskIndex,
): LeafCell {
  let throws = false;
  const held = taken.mask(leafKey(value), (index) => {
    const holds = entries.holds(index, leaf, value);
    if (holds === 'error') throws = true;
    return holds === true;
  });
  return { value, rules: rules.mask(value), entries: held, throws };
}
