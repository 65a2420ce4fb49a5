/** Joins the rules of one statement that differ in the text of one value: a table of a script becomes a rule an outcome. */
import { conditionKey, termKey } from '../groovy/machine/path-knowledge.ts';
import type { DraftRule } from './plan-from-tree.ts';
import type { PlanCondition } from './route-plan.ts';
import type { TypedValue } from './typed-value.ts';

/** Rules one after the other, of which each call meets one at most: the same conditions beside a text that differs. */
interface Stretch {
  readonly rules: readonly DraftRule[];
  /** The condition of the first rule that differs in the others. */
  readonly varying: PlanCondition;
}

/**
 * The same decisions in fewer rules. Rules that exclude one another may change their order, so those of one outcome come
 * together at the place of the first. Rules of different statements stay apart, as a reader finds them by their line.
 */
export function joinExclusive(rules: readonly DraftRule[]): DraftRule[] {
  const joined: DraftRule[] = [];
  for (let at = 0; at < rules.length; ) {
    const stretch = stretchAt(rules, at);
    if (stretch === undefined) {
      const rule = rules[at];
      if (rule !== undefined) joined.push(rule);
      at += 1;
      continue;
    }
    joined.push(...byOutcome(stretch));
    at += stretch.rules.length;
  }
  return joined;
}

function stretchAt(rules: readonly DraftRule[], start: number): Stretch | undefined {
  const [first, second] = [rules[start], rules[start + 1]];
  if (first === undefined || second === undefined) return undefined;
  const keys = new Set(second.when.map(conditionKey));
  const differing = first.when.filter((condition) => !keys.has(conditionKey(condition)));
  const [varying] = differing;
  if (differing.length !== 1 || varying === undefined || textsOf(varying) === undefined) return undefined;
  const others = new Set(first.when.filter((condition) => condition !== varying).map(conditionKey));
  const seen = new Set<string>();
  const found: DraftRule[] = [];
  for (const rule of rules.slice(start)) {
    const condition = variantOf(rule, first, varying, others);
    const texts = condition === undefined ? undefined : textsOf(condition);
    if (texts === undefined || texts.some((text) => seen.has(text))) break;
    for (const text of texts) seen.add(text);
    found.push(rule);
  }
  return found.length > 2 ? { rules: found, varying } : undefined;
}

/** The condition by which a rule of the same statement differs from the first one; undefined where it differs in more. */
function variantOf(
  rule: DraftRule,
  first: DraftRule,
  varying: PlanCondition,
  others: ReadonlySet<string>,
): PlanCondition | undefined {
  if (rule.range.start !== first.range.start || rule.range.end !== first.range.end) return undefined;
  if (rule.when.length !== first.when.length) return undefined;
  const differing = rule.when.filter((condition) => !others.has(conditionKey(condition)));
  const [condition] = differing;
  return differing.length === 1 && condition !== undefined && termKey(condition.term) === termKey(varying.term)
    ? condition
    : undefined;
}

/** The texts that a condition lists; a text of one letter may also equal a character or a number. */
function textsOf({ test }: PlanCondition): readonly string[] | undefined {
  if (test.op !== 'eq') return undefined;
  const texts = test.values.flatMap((value) =>
    'v' in value && value.t === 'java.lang.String' ? [String(value.v)] : [],
  );
  return texts.length === test.values.length && texts.every((text) => text.length !== 1) ? texts : undefined;
}

function byOutcome({ rules, varying }: Stretch): DraftRule[] {
  const groups = Map.groupBy(rules, ({ outcome, notes }) => JSON.stringify([outcome, notes]));
  return [...groups.values()].flatMap((group): DraftRule[] => {
    const [first] = group;
    if (first === undefined) return [];
    const isVarying = ({ term, test }: PlanCondition): boolean =>
      test.op === 'eq' && termKey(term) === termKey(varying.term);
    const values = group.flatMap(({ when }) => when.filter(isVarying).flatMap(valuesOf));
    const joined = { term: varying.term, test: { op: 'eq' as const, values } };
    return [{ ...first, when: first.when.map((condition) => (isVarying(condition) ? joined : condition)) }];
  });
}

function valuesOf({ test }: PlanCondition): readonly TypedValue[] {
  return test.op === 'eq' ? test.values : [];
}

/** Most letters of the texts that one rule lists: patterns of documents have limits (Istio: 1,024), and so have readers. */
const MOST_LETTERS = 600;

/** The same decisions without rules that list more texts than a document can hold in one pattern. */
export function splitLong(rules: readonly DraftRule[]): DraftRule[] {
  return rules.flatMap((rule): DraftRule[] => {
    const long = rule.when.find((condition) => lettersOf(condition) > MOST_LETTERS);
    if (long === undefined) return [rule];
    return parts(valuesOf(long)).map((values) => {
      const part = { term: long.term, test: { op: 'eq' as const, values } };
      return { ...rule, when: rule.when.map((condition) => (condition === long ? part : condition)) };
    });
  });
}

function lettersOf(condition: PlanCondition): number {
  const values = valuesOf(condition);
  return values.length < 2 ? 0 : values.reduce((sum, value) => sum + lengthOf(value), 0);
}

function lengthOf(value: TypedValue): number {
  return 'v' in value && value.t === 'java.lang.String' ? String(value.v).length + 1 : 0;
}

function parts(values: readonly TypedValue[]): TypedValue[][] {
  const made: TypedValue[][] = [];
  let letters = MOST_LETTERS + 1;
  for (const value of values) {
    letters += lengthOf(value);
    if (letters > MOST_LETTERS) {
      made.push([]);
      letters = lengthOf(value);
    }
    made.at(-1)?.push(value);
  }
  return made;
}
