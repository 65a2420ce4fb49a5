/** Conditions on one text leaf, joined into a set of texts. */
import type { RoutingCall } from '../case-file.ts';
import { withoutImplied } from '../equivalence/implied.ts';
import { conditionHolds } from '../plan/evaluate-plan.ts';
import type { PlanCondition } from '../plan/route-plan.ts';
import { ANY_TEXT, conditionTextRegex, escapeRegex, textsEqualTo } from './text-regex.ts';

/** A set of texts in the form that targets have: one of a few texts, a prefix, any non-empty text, or regexes that all hold. */
export type TextMatch =
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  | { readonly kind: 'prefix'; readonly text: string }
  | { readonly kind: 'noempty' }
  | { readonly kind: 'any' }
  | { readonly kind: 'regexes'; readonly all: readonly string[] };

/** The combined conditions on one text leaf: the texts that pass (null: none), and whether null passes. */
export type TextSet =
  | { readonly ok: true; readonly match: TextMatch | null; readonly nullPasses: boolean; readonly noted: boolean }
  | { readonly ok: false; readonly why: string };

// The conditions of a rule are asked for every block of a document; their leaf, and so `place`, is always the same.
const SETS = new WeakMap<readonly PlanCondition[], TextSet>();

/**
 * Joins conditions on one leaf that is a String or null. `place` puts a value (null for absent) into a call, so that single
 * texts are decided by the plan's own semantics.
 */
export function textSet(conditions: readonly PlanCondition[], place: (value: string | null) => RoutingCall): TextSet {
  const known = SETS.get(conditions);
  if (known !== undefined) return known;
  const set = joinedSet(conditions, place);
  SETS.set(conditions, set);
  return set;
}

function joinedSet(conditions: readonly PlanCondition[], place: (value: string | null) => RoutingCall): TextSet {
  const passes = (value: string | null): boolean => {
    const call = place(value);
    return conditions.every((condition) => conditionHolds(condition, call));
  };
  const nullPasses = passes(null);
  const noted = conditions.some(isNoted);
  const listed = conditions.find((condition) => condition.term.t !== 'fn' && condition.test.op === 'eq');
  if (listed !== undefined && listed.test.op === 'eq') {
    const passing = [...new Set(textsEqualTo(listed.test.values))].filter(passes);
    return { ok: true, match: passing.length === 0 ? null : { kind: 'texts', texts: passing }, nullPasses, noted };
  }
  const regexes: string[] = [];
  let prefix: string | null = null;
  let nonEmpty = false;
  for (const condition of conditions) {
    const { term, test } = condition;
    const plain = term.t !== 'fn';
    if (plain && test.op === 'prefix' && prefix === null) prefix = test.text;
    else if (plain && test.op === 'truthy') nonEmpty = true;
    else {
      const regex = conditionTextRegex(condition);
      if (regex === null) return { ok: false, why: describeTest(condition) };
      if (regex === '[^\\s\\S]') return { ok: true, match: null, nullPasses, noted };
      if (regex !== ANY_TEXT) regexes.push(regex);
    }
  }
  return { ok: true, match: joined(regexes, prefix, nonEmpty), nullPasses, noted };
}

function joined(regexes: readonly string[], prefix: string | null, nonEmpty: boolean): TextMatch {
  if (regexes.length === 0) {
    if (prefix !== null && prefix !== '') return { kind: 'prefix', text: prefix };
    return nonEmpty ? { kind: 'noempty' } : { kind: 'any' };
  }
  const all = [...regexes];
  if (prefix !== null && prefix !== '') all.push(escapeRegex(prefix) + ANY_TEXT);
  else if (nonEmpty) all.push('[\\s\\S]+');
  return { kind: 'regexes', all: withoutImplied(all) };
}

// Find, case folding and computed texts come out exact for the usual texts; the corners of Unicode are noted.
function isNoted(condition: PlanCondition): boolean {
  const { term, test } = condition;
  if (test.op === 'eqIgnoreCase' || term.t === 'fn') return true;
  return test.op === 'regex' && test.mode === 'find';
}

function describeTest(condition: PlanCondition): string {
  const fn = condition.term.t === 'fn' ? `${condition.term.fn}(...) ` : '';
  return `no regular expression says \`${fn}${condition.test.op}\``;
}

/** One regular expression for a set of texts, full match; lookahead joins several, which Java has and RE2 has not. */
export function textMatchRegex(match: TextMatch): string {
  switch (match.kind) {
    case 'texts':
      return match.texts.length === 1
        ? escapeRegex(match.texts[0] ?? '')
        : `(?:${match.texts.map(escapeRegex).join('|')})`;
    case 'prefix':
      return escapeRegex(match.text) + ANY_TEXT;
    case 'noempty':
      return '[\\s\\S]+';
    case 'any':
      return ANY_TEXT;
    case 'regexes': {
      const flags = /^\(\?[is]+\)/;
      const last = match.all.at(-1) ?? ANY_TEXT;
      if (match.all.length === 1) return last;
      if (match.all.some((regex) => flags.test(regex))) return '';
      return `${match.all
        .slice(0, -1)
        .map((regex) => `(?=(?:${regex})\\z)`)
        .join('')}(?:${last})`;
    }
  }
}
