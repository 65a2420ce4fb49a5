/** From a decision tree to the ordered rules of a plan. */
import type { DecisionTree, LeafOutcome, PathLeaf } from '../groovy/machine/explorer.ts';
import { allOf } from '../groovy/machine/predicates.ts';
import type { GroovySource, TextRange } from '../groovy/syntax/source.ts';
import type { PlanCondition, PlanNote, PlanOutcome, ProviderPredicate } from './route-plan.ts';
import type { TypedValue } from './typed-value.ts';

/** A set of providers without a name yet. */
export interface DraftGroup {
  readonly where: ProviderPredicate;
  readonly label: string;
  readonly closedWorld: boolean;
  readonly weights?: readonly { readonly where: ProviderPredicate; readonly weight: number }[];
}

/** A choice over sets without names. */
export interface DraftChoice {
  readonly weight: number;
  readonly chain: readonly DraftGroup[];
  readonly otherwise: 'deny' | 'all';
}

/** An outcome over sets without names. */
export type DraftOutcome =
  | Exclude<PlanOutcome, { kind: 'route' }>
  | { readonly kind: 'choices'; readonly choices: readonly DraftChoice[] };

/** A rule before its groups have names. */
export interface DraftRule {
  readonly when: readonly PlanCondition[];
  readonly outcome: DraftOutcome;
  readonly range: TextRange;
  readonly notes: readonly PlanNote[];
}

/** Most combinations of rules under a test on providers. */
const PRODUCT_LIMIT = 4_000;

/**
 * Turns a decision tree into an ordered list. A decision on the call puts its condition on the rules of its yes side,
 * and these come first. A test on providers or a draw joins each rule of one side with each of the other.
 */
export function rulesFromTree(tree: DecisionTree, source: GroovySource): DraftRule[] {
  const rules: DraftRule[] = [];
  let at: DecisionTree | null = tree;
  while (at) {
    if (at.kind === 'leaf') {
      rules.push({ when: [], outcome: draftOf(at), range: at.range, notes: notesOf(at) });
      return rules;
    }
    const yes = at.yes ? rulesFromTree(at.yes, source) : [];
    if (at.atom.on === 'call') {
      const { condition } = at.atom;
      for (const rule of yes) rules.push({ ...rule, when: withCondition(condition, rule.when) });
      at = at.no;
      continue;
    }
    const no = at.no ? rulesFromTree(at.no, source) : [];
    const { atom } = at;
    const join = (a: DraftRule, b: DraftRule): DraftOutcome =>
      atom.on === 'group' ? joinFallback(atom.where, a, b, source) : joinDraw(atom.yes, atom.no, a, b, source);
    if (yes.length * no.length > PRODUCT_LIMIT) {
      const range = yes[0]?.range ?? { start: 0, end: 1 };
      const reason = 'tests on providers and on the call multiply beyond what weir follows';
      rules.push({
        when: [],
        outcome: { kind: 'opaque', code: 'path-limit', reason, span: source.span(range) },
        range,
        notes: [],
      });
      return rules;
    }
    for (const a of yes) {
      for (const b of no) {
        rules.push({
          when: [...a.when, ...b.when],
          outcome: join(a, b),
          range: a.range,
          notes: mergeNotes(a.notes, b.notes),
        });
      }
    }
    return rules;
  }
  return rules;
}

/** A condition before others, unless one of them says it already: a text that equals `gray` is not empty. */
function withCondition(condition: PlanCondition, when: readonly PlanCondition[]): PlanCondition[] {
  const key = JSON.stringify(condition.term);
  const isSaid =
    condition.test.op === 'truthy' &&
    when.some(({ term, test }) => test.op === 'eq' && JSON.stringify(term) === key && test.values.every(isFilledText));
  return isSaid ? [...when] : [condition, ...when];
}

function isFilledText(value: TypedValue): boolean {
  return 'v' in value && value.t === 'java.lang.String' && value.v !== '';
}

function mergeNotes(a: readonly PlanNote[], b: readonly PlanNote[]): PlanNote[] {
  return [...a, ...b.filter((note) => !a.some((known) => known.code === note.code && known.message === note.message))];
}

function notesOf(leaf: PathLeaf): readonly PlanNote[] {
  return leaf.notes;
}

function draftOf(leaf: PathLeaf): DraftOutcome {
  const { outcome } = leaf;
  if (outcome.kind === 'group') {
    const closedWorld = outcome.closedWorld || leaf.notes.some((note) => note.code === 'closed-world');
    return draftGroup(outcome, closedWorld);
  }
  if (outcome.kind === 'members') throw new Error('known providers are for one call, not for a plan');
  return outcome;
}

function draftGroup(outcome: Extract<LeafOutcome, { kind: 'group' }>, closedWorld: boolean): DraftOutcome {
  if (outcome.where.p === 'false') return { kind: 'deny' };
  if (outcome.where.p === 'true' && !outcome.weights) return { kind: 'all' };
  const { where, label, weights } = outcome;
  const group: DraftGroup = weights ? { where, label, closedWorld, weights } : { where, label, closedWorld };
  return { kind: 'choices', choices: [{ weight: 1, chain: [group], otherwise: 'deny' }] };
}

/** An outcome as weighted choices, where it is one of providers. */
function asChoices(outcome: DraftOutcome): readonly DraftChoice[] | undefined {
  if (outcome.kind === 'choices') return outcome.choices;
  if (outcome.kind === 'all' && outcome.ignored === undefined) return [{ weight: 1, chain: [], otherwise: 'all' }];
  return outcome.kind === 'deny' ? [{ weight: 1, chain: [], otherwise: 'deny' }] : undefined;
}

function sameOutcome(a: DraftOutcome, b: DraftOutcome): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether two conjunctions have the same parts, in any order. */
function sameParts(a: ProviderPredicate, b: ProviderPredicate): boolean {
  if (a.p !== 'and' || b.p !== 'and' || a.of.length !== b.of.length) return false;
  const known = new Set(a.of.map((part) => JSON.stringify(part)));
  return b.of.every((part) => known.has(JSON.stringify(part)));
}

function sameChoice(a: DraftChoice, b: DraftChoice): boolean {
  return JSON.stringify([a.chain, a.otherwise]) === JSON.stringify([b.chain, b.otherwise]);
}

/** `set is not empty ? a : b`. */
function joinFallback(where: ProviderPredicate, a: DraftRule, b: DraftRule, source: GroovySource): DraftOutcome {
  if (sameOutcome(a.outcome, b.outcome)) return a.outcome;
  if (a.outcome.kind === 'opaque') return a.outcome;
  if (b.outcome.kind === 'opaque') return b.outcome;
  const first = asChoices(a.outcome);
  const second = asChoices(b.outcome);
  const key = JSON.stringify(where);
  const inside = (group: DraftGroup): boolean =>
    JSON.stringify(allOf([where, group.where])) === JSON.stringify(group.where) ||
    sameParts(allOf([where, group.where]), group.where);
  // Sets before the tested one lie inside it: when it is empty, so are they.
  const headOf = ({ chain }: DraftChoice): readonly DraftGroup[] | null => {
    const at = chain.findIndex((group) => JSON.stringify(group.where) === key);
    return at >= 0 && chain.slice(0, at).every(inside) ? chain.slice(0, at + 1) : null;
  };
  const [choice] = first ?? [];
  const [last] = second ?? [];
  if (first?.length === 1 && choice && second) {
    const head = headOf(choice);
    if (head !== null) {
      const choices = second.map((other) => ({ ...other, chain: [...head, ...other.chain] }));
      const [only] = choices;
      return { kind: 'choices', choices: choices.length === 1 && only ? [{ ...only, weight: 1 }] : choices };
    }
    if (b.outcome.kind === 'deny' && choice.otherwise === 'deny' && choice.chain.every(inside)) return a.outcome;
  }
  // A draw among what is there, and one outcome where the tested set is empty: every choice then comes to that one.
  if (first && second?.length === 1 && last) {
    const choices = first.flatMap((one): DraftChoice[] => {
      const head = headOf(one);
      if (head !== null) return [{ ...last, weight: one.weight, chain: [...head, ...last.chain] }];
      return sameChoice(one, last) ? [one] : [];
    });
    if (choices.length === first.length) return { kind: 'choices', choices };
  }
  return {
    kind: 'opaque',
    code: 'provider-count',
    reason: 'whether some providers are present decides between outcomes that are no fallback of one another',
    span: source.span(a.range),
  };
}

/** A draw that gives `a` in `yes` of `yes + no` cases, else `b`. */
function joinDraw(yes: number, no: number, a: DraftRule, b: DraftRule, source: GroovySource): DraftOutcome {
  if (sameOutcome(a.outcome, b.outcome)) return a.outcome;
  const first = asChoices(a.outcome);
  const second = asChoices(b.outcome);
  if (!first || !second) {
    const opaque = [a.outcome, b.outcome].find((outcome) => outcome.kind === 'opaque');
    return (
      opaque ?? {
        kind: 'opaque',
        code: 'random',
        reason: 'a random number decides whether the script fails',
        span: source.span(a.range),
      }
    );
  }
  const total = (choices: readonly DraftChoice[]): number => choices.reduce((sum, choice) => sum + choice.weight, 0);
  const scaled = [
    ...first.map((choice) => ({ ...choice, weight: choice.weight * yes * total(second) })),
    ...second.map((choice) => ({ ...choice, weight: choice.weight * no * total(first) })),
  ];
  const merged = new Map<string, DraftChoice>();
  for (const choice of scaled) {
    const key = JSON.stringify([choice.chain, choice.otherwise]);
    merged.set(key, { ...choice, weight: choice.weight + (merged.get(key)?.weight ?? 0) });
  }
  const divisor = [...merged.values()].reduce((sum, choice) => gcd(sum, choice.weight), 0);
  return {
    kind: 'choices',
    choices: [...merged.values()].map((choice) => ({ ...choice, weight: choice.weight / divisor })),
  };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
