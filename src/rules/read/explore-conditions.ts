/** The outcome of a condition rule for a call. */
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import type { LeafOutcome } from '../groovy/machine/explorer.ts';
import { allOf, anyOf, EVERY_PROVIDER, NO_PROVIDER, noneOf } from '../groovy/machine/predicates.ts';
import type { GroovySource, TextRange } from '../groovy/syntax/source.ts';
import type { Term } from '../plan/plan-term.ts';
import type { ProviderPredicate } from '../plan/route-plan.ts';
import { callKey, type KeyValue, NOT_FOUND_TEXT, providerKey, requireArgumentText } from './condition-keys.ts';
import {
  type ConditionFault,
  type ConditionLine,
  type ConditionPair,
  parseConditionLine,
  parsePairs,
} from './condition-line.ts';
import { globMeaning, meaningHolds, type PatternMeaning, rangeMeaning } from './condition-pattern.ts';
import { loadFault } from './load-fault.ts';
import type { RouterWorld } from './router-world.ts';
import type { RuleSource } from './rule-source.ts';

/** The outcome of a router for a call, and the text that decided. */
export interface RouterOutcome {
  readonly outcome: LeafOutcome;
  readonly range: TextRange;
}

/** Exception of the router for a line that it cannot parse. The rule is then not loaded. */
const PARSE_ERROR = 'java.lang.IllegalStateException';

/** Exception of Java for a YAML field of the wrong type. */
const LOAD_ERROR = 'java.lang.ClassCastException';

/**
 * The outcome by ConditionRouter (2.7) and ConditionStateRouter (3.x). Every line whose left side matches the call
 * filters the providers that earlier lines left. An empty result counts with `force`; otherwise the router skips the
 * line. An empty right side denies the call. One line that cannot be parsed keeps the whole rule from being loaded.
 */
export function conditionOutcome(source: RuleSource, text: GroovySource, world: RouterWorld): RouterOutcome {
  if (source.destinations !== undefined && world.engines[0] !== '3.3')
    throw new OpaqueSignal('unsupported', 'conditions with from/to, which Dubbo reads since 3.3');
  const unloaded = loadFault(source, world);
  const whole: TextRange = { start: 0, end: Math.min(1, text.text.length) };
  if (unloaded !== null) return { outcome: { kind: 'all', ignored: LOAD_ERROR }, range: whole };
  const lines = readLines(source, text);
  const broken = lines.find(({ parsed }) => 'fault' in parsed);
  if (broken) return { outcome: { kind: 'all', ignored: PARSE_ERROR }, range: broken.at };
  let range = lines[0]?.at ?? whole;
  let where: ProviderPredicate = EVERY_PROVIDER;
  for (const { parsed, at } of lines) {
    if ('fault' in parsed || !parsed.left.every((pair) => callPairHolds(world, pair, at))) continue;
    range = at;
    if (parsed.deny) return { outcome: { kind: 'deny' }, range };
    const next = allOf([where, ...rightSide(world, parsed, at)]);
    if (source.force || world.decideGroup(next)) where = next;
  }
  return { outcome: { kind: 'group', where, label: '', closedWorld: false }, range };
}

interface ReadLine {
  readonly at: TextRange;
  readonly parsed: ConditionLine | ConditionFault;
}

function readLines(source: RuleSource, text: GroovySource): ReadLine[] {
  const { destinations } = source;
  if (destinations === undefined)
    return source.conditions.map((line) => ({ at: rangeOf(text, line), parsed: parseConditionLine(line) }));
  return destinations.map(({ from, to }) => ({ at: rangeOf(text, from), parsed: destinationLine(from, to) }));
}

/** A condition of v3.1 with one destination; a blank one takes every provider, none denies. */
function destinationLine(from: string, to: readonly string[]): ConditionLine | ConditionFault {
  const left = from.trim() === '' || from === 'true' ? [] : parsePairs(from);
  if ('fault' in left) return left;
  const [match] = to;
  if (match === undefined) return { left, right: [], deny: true };
  const right = match.trim() === '' || match === 'false' ? [] : parsePairs(match);
  if ('fault' in right) return right;
  return { left, right: right.length > 0 ? right : null, deny: false };
}

/** The fault of the first line that the router refuses, with its place. */
export function conditionFault(source: RuleSource, text: GroovySource): { fault: string; range: TextRange } | null {
  for (const { parsed, at } of readLines(source, text))
    if ('fault' in parsed) return { fault: parsed.fault, range: at };
  return null;
}

/** The right side as predicates that must all hold. Without a single pair it selects no provider. */
function rightSide(world: RouterWorld, line: ConditionLine, at: TextRange): ProviderPredicate[] {
  if (line.right === null) return [];
  return line.right.length === 0 ? [NO_PROVIDER] : line.right.map((pair) => providerPair(world, pair, at));
}

function rangeOf(text: GroovySource, line: string): TextRange {
  const start = Math.max(0, text.text.indexOf(line));
  return { start, end: Math.min(text.text.length, start + line.length) };
}

/** Whether a pair of the left side holds for the call. */
function callPairHolds(world: RouterWorld, pair: ConditionPair, at: TextRange): boolean {
  const value = callKey(world, pair.key, at);
  const meaning = (pattern: string): PatternMeaning => meaningOf(world, pattern, false);
  if (value.from === 'term') {
    const missing = { term: value.term, test: { op: 'is', classes: ['null'] } } as const;
    // The tests themselves fail for a missing value: its absence is asked for where that would be another answer.
    const asks =
      pair.matches.length === 0 || [...pair.matches, ...pair.mismatches].some((one) => meaning(one) === true);
    if (value.nullable && asks && world.decide(missing)) return missingHolds(world, pair);
    return termHolds(world, value.term, pair, meaning);
  }
  if (value.from !== 'argument') return constantHolds(world, pair, value, meaning);
  requireArgumentText(world, value.index, at);
  // Only a pair that the placeholder fulfils tells the lines of Dubbo apart.
  const absent = textHolds(pair, NOT_FOUND_TEXT, meaning) && world.does('missing-argument-is-text');
  const text: Term = { t: 'fn', fn: 'toText', args: [{ t: 'arg', index: value.index }] };
  // An absent argument fails every test of its text: only where that gives another answer is its presence asked for.
  const untested = pair.matches.length === 0 && pair.mismatches.length > 0;
  if (absent !== untested || [...pair.matches, ...pair.mismatches].some((one) => meaning(one) === true)) {
    const min = String(value.index + 1);
    const present = { op: 'range', min, minOpen: false, max: null, maxOpen: false } as const;
    if (!world.decide({ term: { t: 'argCount' }, test: present })) return absent;
  }
  return termHolds(world, text, pair, meaning);
}

function termHolds(
  world: RouterWorld,
  term: Term,
  pair: ConditionPair,
  meaning: (pattern: string) => PatternMeaning,
): boolean {
  const any = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => {
      const tests = meaning(pattern);
      return typeof tests === 'boolean' ? tests : tests.every((test) => world.decide({ term, test }));
    });
  if (pair.mismatches.length > 0 && any(pair.mismatches)) return false;
  return pair.matches.length > 0 ? any(pair.matches) : pair.mismatches.length > 0;
}

function textHolds(pair: ConditionPair, text: string, meaning: (pattern: string) => PatternMeaning): boolean {
  const any = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => meaningHolds(meaning(pattern), text));
  if (pair.mismatches.length > 0 && any(pair.mismatches)) return false;
  return pair.matches.length > 0 ? any(pair.matches) : pair.mismatches.length > 0;
}

function constantHolds(
  world: RouterWorld,
  pair: ConditionPair,
  value: Exclude<KeyValue, { from: 'term' | 'argument' }>,
  meaning: (pattern: string) => PatternMeaning,
): boolean {
  if (value.from === 'text') return textHolds(pair, value.text, meaning);
  return value.from === 'missing' && missingHolds(world, pair);
}

/** A key that is not there: false in 3.x, in 2.7 true unless some value must match. */
function missingHolds(world: RouterWorld, pair: ConditionPair): boolean {
  return pair.matches.length === 0 && world.does('missing-key-differs');
}

/** A pair of the right side as a predicate over providers. */
function providerPair(world: RouterWorld, pair: ConditionPair, at: TextRange): ProviderPredicate {
  const value = providerKey(world, pair.key, at);
  const meaning = (pattern: string): PatternMeaning => {
    const asRange = pattern.includes('~') && world.does('ranges-read');
    if (asRange || !pattern.startsWith('$')) return meaningOf(world, pattern, true);
    return globMeaning(callerValue(world, pattern, at) ?? '');
  };
  if (value.from === 'argument') throw new OpaqueSignal('unsupported', `the key ${pair.key} on the right side`, at);
  if (value.from !== 'term') return constantHolds(world, pair, value, meaning) ? EVERY_PROVIDER : NO_PROVIDER;
  const { term, nullable } = value;
  if (term.t === 'service') return termHolds(world, term, pair, meaning) ? EVERY_PROVIDER : NO_PROVIDER;
  const any = (patterns: readonly string[]): ProviderPredicate =>
    anyOf(
      patterns.map((pattern) => {
        const tests = meaning(pattern);
        if (typeof tests !== 'boolean') return allOf(tests.map((test) => ({ p: 'test', term, test })));
        return tests ? EVERY_PROVIDER : NO_PROVIDER;
      }),
    );
  const missing: ProviderPredicate = { p: 'test', term, test: { op: 'is', classes: ['null'] } };
  const parts: ProviderPredicate[] = [];
  if (pair.mismatches.length > 0) parts.push(noneOf(any(pair.mismatches)));
  if (pair.matches.length > 0) {
    const matching = any(pair.matches);
    // A pattern that every text matches, or a range that takes what is no number, asks for a value all the same.
    if (nullable && !failsWithoutValue(matching)) parts.push(noneOf(missing));
    return allOf([...parts, matching]);
  }
  const present = pair.mismatches.length > 0 ? allOf(parts) : NO_PROVIDER;
  if (!nullable) return present;
  return missingHolds(world, pair) ? anyOf([missing, present]) : allOf([noneOf(missing), present]);
}

/** Whether a predicate made of tests of one term is false for a missing value. */
function failsWithoutValue(predicate: ProviderPredicate): boolean {
  if (predicate.p === 'or') return predicate.of.every(failsWithoutValue);
  if (predicate.p === 'and') return predicate.of.some(failsWithoutValue);
  return predicate.p === 'test' || predicate.p === 'false';
}

function meaningOf(world: RouterWorld, pattern: string, onRight: boolean): PatternMeaning {
  return pattern.includes('~') && world.does('ranges-read') ? rangeMeaning(pattern, onRight) : globMeaning(pattern);
}

/** `$key` on the right side: the consumer's value, as URL.getRawParameter gives it. */
function callerValue(world: RouterWorld, pattern: string, at: TextRange): string | null {
  if (world.call === null)
    throw new OpaqueSignal('provider-relation', `${pattern}: caller and provider are compared`, at);
  const key = pattern.slice(1);
  const { consumer, service } = world.call;
  if (key === 'protocol') return 'consumer';
  if (key === 'port') return '0';
  if (key === 'path') return service;
  if (key === 'host') {
    if (consumer.host !== undefined) return consumer.host;
    throw new OpaqueSignal('unsupported', 'the call does not say from which host it comes', at);
  }
  const given = consumer.params?.[key];
  if (given !== undefined) return given;
  if (key === 'application') return consumer.application ?? null;
  if (key === 'interface') return service;
  return key === 'side' ? 'consumer' : null;
}
