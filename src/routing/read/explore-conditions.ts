import { OpaqueSignal } from '../groovy/exceptions.ts';
import type { ExploredRule } from '../groovy/explore-script.ts';
import { Explorer, type LeafOutcome, type PathLeaf } from '../groovy/explorer.ts';
import { allOf, anyOf, EVERY_PROVIDER, noneOf } from '../groovy/predicates.ts';
import type { GroovySource, TextRange } from '../groovy/source.ts';
import type { Term } from '../plan-term.ts';
import type { PlanTest, ProviderPredicate } from '../route-plan.ts';
import { type ConditionPair, parseConditionLine } from './condition-line.ts';
import type { RuleSource } from './rule-source.ts';

/**
 * Follows a condition rule as ConditionStateRouter does: every line whose left side matches the call filters what the lines
 * before left; an empty result stays with `force`, else the line is left out. An empty right side denies.
 */
export function exploreConditionRule(source: RuleSource, text: GroovySource): ExploredRule {
  const explorer = new Explorer();
  const lines = source.conditions.map((line) => ({
    range: rangeOf(text, line),
    line,
    parsed: parseConditionLine(line),
  }));
  const whole: TextRange = { start: 0, end: Math.min(1, text.text.length) };
  const step = (): { leaf: PathLeaf } => {
    let range = lines[0]?.range ?? whole;
    try {
      let where: ProviderPredicate = EVERY_PROVIDER;
      for (const { parsed, range: at } of lines) {
        if (parsed === undefined) throw new OpaqueSignal('unsupported', 'a condition line that weir does not read', at);
        if (!parsed.when.every((pair) => holds(explorer, pair, at))) continue;
        range = at;
        if (parsed.deny) return leaf({ kind: 'deny' }, range);
        const next = allOf([where, ...parsed.then.map((pair) => providerPredicate(pair, at))]);
        if (source.force || explorer.decideGroup(next)) where = next;
      }
      return leaf({ kind: 'group', where, label: '', closedWorld: false }, range);
    } catch (error) {
      if (!(error instanceof OpaqueSignal)) throw error;
      const at = error.range ?? range;
      return leaf({ kind: 'opaque', code: error.code, reason: error.reason, span: text.span(at) }, at);
    }
  };
  const limited = (): PathLeaf => {
    const reason = 'the lines combine in more ways than weir follows';
    return leaf({ kind: 'opaque', code: 'path-limit', reason, span: text.span(whole) }, whole).leaf;
  };
  return { tree: explorer.explore<null>(null, step, limited), assumptions: [] };
}

function leaf(outcome: LeafOutcome, range: TextRange): { leaf: PathLeaf } {
  return { leaf: { kind: 'leaf', outcome, range, notes: [] } };
}

function rangeOf(text: GroovySource, line: string): TextRange {
  const start = Math.max(0, text.text.indexOf(line));
  return { start, end: Math.min(text.text.length, start + line.length) };
}

/** Whether a pair of the left side holds for the call. A missing value fails `=` and `!=` alike. */
function holds(explorer: Explorer, pair: ConditionPair, at: TextRange): boolean {
  const term = callTerm(pair.key, at);
  const missing: PlanTest = { op: 'is', classes: ['null'] };
  if (term.t !== 'method' && term.t !== 'callerHost' && explorer.decide({ term, test: missing })) return false;
  const asText: Term = term.t === 'arg' ? { t: 'fn', fn: 'toText', args: [term] } : term;
  // A call with fewer arguments has nothing to compare.
  if (
    term.t === 'arg' &&
    !explorer.decide({
      term: { t: 'argCount' },
      test: { op: 'range', min: String(term.index + 1), minOpen: false, max: null, maxOpen: false },
    })
  )
    return false;
  const any = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => valueTests(pattern, at).every((test) => explorer.decide({ term: asText, test })));
  if (pair.mismatches.length > 0 && any(pair.mismatches)) return false;
  return pair.matches.length === 0 || any(pair.matches);
}

function callTerm(key: string, at: TextRange): Term {
  if (key === 'method' || key === 'methods') return { t: 'method' };
  if (key === 'host') return { t: 'callerHost' };
  if (key === 'application') return { t: 'callerApp' };
  const argument = /^arguments\[(\d+)\]$/.exec(key)?.[1];
  if (argument !== undefined) return { t: 'arg', index: Number(argument) };
  const attachment = /^attachments\[(.+)\]$/.exec(key)?.[1];
  if (attachment !== undefined) return { t: 'attachment', key: attachment };
  if (/[[\]]/.test(key)) throw new OpaqueSignal('unsupported', `the key ${key}`, at);
  return { t: 'callerParam', key };
}

/** A pair of the right side as a predicate over providers. */
function providerPredicate(pair: ConditionPair, at: TextRange): ProviderPredicate {
  const term: Term =
    pair.key === 'host'
      ? { t: 'host' }
      : pair.key === 'port'
        ? { t: 'fn', fn: 'toText', args: [{ t: 'port' }] }
        : { t: 'param', key: pair.key };
  if (/[[\]]/.test(pair.key) || pair.key === 'method' || pair.key === 'methods')
    throw new OpaqueSignal('unsupported', `the key ${pair.key} on the right side`, at);
  const any = (patterns: readonly string[]): ProviderPredicate =>
    anyOf(patterns.map((pattern) => allOf(valueTests(pattern, at).map((test) => ({ p: 'test', term, test })))));
  const present: ProviderPredicate =
    term.t === 'param' ? noneOf({ p: 'test', term, test: { op: 'is', classes: ['null'] } }) : EVERY_PROVIDER;
  const parts: ProviderPredicate[] = [present];
  if (pair.mismatches.length > 0) parts.push(noneOf(any(pair.mismatches)));
  if (pair.matches.length > 0) parts.push(any(pair.matches));
  return allOf(parts);
}

/** One value of a pair: a number range, or a text in which the last `*` stands for anything. */
function valueTests(pattern: string, at: TextRange): PlanTest[] {
  if (pattern.startsWith('$'))
    throw new OpaqueSignal('provider-relation', `${pattern}: caller and provider are compared`, at);
  const range = /^(\d*)~(\d*)$/.exec(pattern);
  if (range && pattern !== '~') {
    // RangeValuePattern parses the value as int; what is no number does not match.
    return [{ op: 'regex', pattern: digitsBetween(range[1] ?? '', range[2] ?? '', at), mode: 'full' }];
  }
  if (pattern === '*') return [{ op: 'regex', pattern: '(?s).*', mode: 'full' }];
  const star = pattern.lastIndexOf('*');
  if (star < 0) return [{ op: 'eq', values: [{ t: 'java.lang.String', v: pattern }] }];
  const prefix = pattern.slice(0, star);
  const suffix = pattern.slice(star + 1);
  const tests: PlanTest[] = [];
  if (prefix !== '') tests.push({ op: 'prefix', text: prefix });
  if (suffix !== '') tests.push({ op: 'suffix', text: suffix });
  return tests;
}

/** A pattern for whole numbers within inclusive bounds, leading zeros allowed. */
function digitsBetween(low: string, high: string, at: TextRange): string {
  const min = low === '' ? 0 : Number(low);
  const max = high === '' ? 2_147_483_647 : Number(high);
  if (max - min > 1_000_000 && high !== '') throw new OpaqueSignal('unsupported', 'a number range of this size', at);
  if (high === '') return `0*(?:${atLeast(String(min))})`;
  const parts: string[] = [];
  for (const [from, to] of sameLengthRanges(min, max)) parts.push(...decimalPatterns(String(from), String(to)));
  return `0*(?:${parts.join('|')})`;
}

function sameLengthRanges(min: number, max: number): [number, number][] {
  const ranges: [number, number][] = [];
  let from = min;
  while (from <= max) {
    const to = Math.min(max, 10 ** String(from).length - 1);
    ranges.push([from, to]);
    from = to + 1;
  }
  return ranges;
}

/** Patterns for numbers of one length between two bounds. */
function decimalPatterns(from: string, to: string): string[] {
  if (from === to) return [from];
  const head = from.charAt(0);
  const top = to.charAt(0);
  const rest = from.length - 1;
  if (rest === 0) return [`[${head}-${top}]`];
  const digits = (count: number): string => (count === 0 ? '' : `[0-9]{${count}}`);
  if (/^\d0*$/.test(from) && /^\d9*$/.test(to))
    return [head === top ? `${head}${digits(rest)}` : `[${head}-${top}]${digits(rest)}`];
  if (head === top) return decimalPatterns(from.slice(1), to.slice(1)).map((part) => head + part);
  const lower = decimalPatterns(from.slice(1), '9'.repeat(rest)).map((part) => head + part);
  const upper = decimalPatterns('0'.repeat(rest), to.slice(1)).map((part) => top + part);
  const [next, before] = [Number(head) + 1, Number(top) - 1];
  const middle =
    next > before ? [] : [next === before ? `${next}${digits(rest)}` : `[${next}-${before}]${digits(rest)}`];
  return [...lower, ...middle, ...upper];
}

function atLeast(min: string): string {
  const same = decimalPatterns(min, '9'.repeat(min.length));
  return [...same, `[1-9][0-9]{${min.length},9}`].join('|');
}
