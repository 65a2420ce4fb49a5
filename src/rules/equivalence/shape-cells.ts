/** The cells of every leaf in one shape of calls. */
import { type LeafConstants, type LeafValue, leafKey, type TargetEntries } from '../models/target-model.ts';
import { conditionAnswer } from '../plan/evaluate-plan.ts';
import { boxOf, isObjectType } from '../plan/java-type.ts';
import { type CallLeaf, leavesOf } from '../plan/plan-term.ts';
import type { PlanRule, RoutePlan } from '../plan/route-plan.ts';
import { isRefusedEntry, refusesRule } from '../targets/entry-name.ts';
import { type CallShape, shapedCall } from './call-shape.ts';
import { DoubtfulRules, type KnownCells, type LeafCell, type LeafCells } from './leaf-cells.ts';
import type { LeafRules, ShapeMemory } from './leaf-rules.ts';
import { argumentCandidates, isNullableLeaf, textCandidates } from './leaf-values.ts';
import { MaskIndex } from './mask-index.ts';

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
      // Shapes that meet the same entries have the same cells; a path holds the name of the service too.
      const key = JSON.stringify([leaf, type, leaf.t === 'method' ? shape.service : '', entries.ids]);
      const known = memory.cells(key, () => leafCells(plan, shape, entries, leaf, memory.rulesOf(leaf)));
      return {
        ...known,
        doubt: firstInside(plan, shape, known.doubts),
        gap: firstInside(plan, shape, known.gaps),
      };
    });
}

/** The first doubtful rule that a call of the shape can meet: one for another method hides no difference here. */
function firstInside(plan: RoutePlan, shape: CallShape, doubts: DoubtfulRules): number {
  const call = shapedCall(shape, new Map());
  const isOutside = (rule: PlanRule | undefined): boolean =>
    rule?.when.some((condition) => isAboutShape(condition, shape) && conditionAnswer(condition, call) === false) ===
    true;
  for (let at = 0; ; at += 1) {
    const index = doubts.at(at);
    if (index === undefined) return Number.POSITIVE_INFINITY;
    if (!isOutside(plan.rules[index])) return index;
  }
}

function isAboutShape({ term, test }: PlanRule['when'][number], shape: CallShape): boolean {
  if (test.op === 'relation') return false;
  return leavesOf(term).every(({ t }) => STATIC.has(t) || (t === 'method' && shape.method !== null));
}

const STATIC = new Set<string>(['service', 'paramType', 'paramCount', 'argCount']);

function leafCells(
  plan: RoutePlan,
  shape: CallShape,
  entries: TargetEntries,
  leaf: CallLeaf,
  rules: LeafRules,
): KnownCells {
  const { touching, own } = rules;
  const constants: LeafConstants[] = [own, entries.constants(leaf)];
  // Beside patterns the empty text would stand for the methods that none of them matches.
  if (leaf.t === 'method' && constants.some(({ patterns }) => patterns.length > 0)) constants.push(NAMED);
  const text = leaf.t !== 'arg';
  const candidates = text
    ? textCandidates(constants, isNullableLeaf(leaf))
    : argumentCandidates(shape.paramTypes[leaf.index] ?? '', constants, rules.count + entries.names.length);
  const cells = new Map<string, LeafCell>();
  const taken = new MaskIndex(entries.names.map((_, index) => entries.domain(index, leaf)));
  for (const value of candidates.values) {
    // No method of Java is without a name, or has a slash in it, which divides paths of Triple.
    if (leaf.t === 'method' && (value === '' || String(value).includes('/'))) continue;
    const cell = cellOf(rules, entries, leaf, value, taken);
    const name = `${cell.rules.toString(16)}:${cell.entries.toString(16)}:${cell.throws}`;
    if (!cells.has(name)) cells.set(name, cell);
  }
  // For numbers a text pattern means nothing; a computed term is in doubt unless its residues were listed.
  const type = leaf.t === 'arg' ? (shape.paramTypes[leaf.index] ?? '') : '';
  const numeric = isNumeric(type);
  const names = new Set(entries.names.slice(0, entries.own));
  const refused = [...names].filter((name) => name !== null && isRefusedEntry(name)) as string[];
  const opaque = new Set(own.opaque);
  const incomplete = (index: number): boolean => {
    const conditions = touching[index] ?? [];
    if (conditions.length === 0 || isObjectType(type)) return false;
    if (!candidates.complete) return true;
    // Asked for another class: null alone is left, and null is always tried.
    const isOther = ({ term, test }: PlanRule['when'][number]): boolean =>
      term.t !== 'fn' && test.op === 'is' && !(test.classes as readonly string[]).includes(boxOf(type));
    if (numeric && conditions.some(isOther)) return false;
    return numeric
      ? conditions.some((condition) => !isResidual(condition))
      : conditions.some((condition) => opaque.has(condition) && !(leaf.t === 'arg' && isArithmetic(condition)));
  };
  // A rule that is refused here is matched too widely, never too narrowly: its cells cannot hide a difference.
  const isRefused = (index: number): boolean => {
    const id = plan.rules[index]?.id ?? '';
    return !names.has(id) && refused.some((name) => refusesRule(name, id) === true);
  };
  const gaps = new DoubtfulRules(plan.rules.length, incomplete);
  const doubts = new DoubtfulRules(plan.rules.length, (index) => incomplete(index) && !isRefused(index));
  const complete = candidates.complete || entries.names.every((_, index) => entries.domain(index, leaf) === 'any');
  return { leaf, cells: [...cells.values()], doubts, gaps, complete };
}

/** Texts that are not empty. */
const NAMED: LeafConstants = { texts: [], prefixes: [], patterns: ['[\\s\\S]+'], numbers: [], moduli: [] };

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
