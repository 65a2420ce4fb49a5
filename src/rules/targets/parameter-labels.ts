/** Reads a set of providers as equalities of URL parameters, so that no label has to be invented for it. */
import type { RoutingProvider } from '../case-file.ts';
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { predicateHolds } from '../plan/evaluate-plan.ts';
import { leavesOf, type ProviderLeaf } from '../plan/plan-term.ts';
import type { ProviderPredicate } from '../plan/route-plan.ts';

// A value that no script compares with stands for all values that none names.
const OTHER = '\u0001other';
const CELL_TESTS = new Set(['eq', 'is', 'defined', 'truthy']);

/**
 * The parameters that every provider of the set has and no other one: `{env: 'gray'}`; null where the set is not of that
 * kind. Tests that the equality implies (`!= null`, `is String`, a default other than the value) fall away.
 */
export function parameterEqualities(where: ProviderPredicate): Readonly<Record<string, string>> | null {
  const byKey = new Map<string, ProviderPredicate[]>();
  for (const part of conjuncts(where)) {
    const key = onlyParameter(part);
    if (key === null) return null;
    byKey.set(key, [...(byKey.get(key) ?? []), part]);
  }
  if (byKey.size === 0) return null;
  const labels: Record<string, string> = {};
  for (const [key, parts] of byKey) {
    const value = onlyValue(key, parts);
    if (value === null) return null;
    labels[key] = value;
  }
  return labels;
}

/** The parts of a set that are joined by "and", without nesting. */
export function conjuncts(where: ProviderPredicate): readonly ProviderPredicate[] {
  if (where.p === 'true') return [];
  return where.p === 'and' ? where.of.flatMap(conjuncts) : [where];
}

/** Every test of a predicate, wherever it stands. */
export function testsOf(where: ProviderPredicate): readonly Extract<ProviderPredicate, { p: 'test' | 'glob' }>[] {
  if (where.p === 'and' || where.p === 'or') return where.of.flatMap(testsOf);
  if (where.p === 'not') return testsOf(where.of);
  return where.p === 'test' || where.p === 'glob' ? [where] : [];
}

/** The leaves of a provider that a predicate reads. */
export function providerLeaves(where: ProviderPredicate): readonly ProviderLeaf[] {
  return testsOf(where).flatMap((part) => [
    ...leavesOf(part.term),
    ...(part.p === 'test' && part.test.op === 'relation' ? leavesOf(part.test.other) : []),
  ]) as ProviderLeaf[];
}

function onlyParameter(where: ProviderPredicate): string | null {
  const keys = new Set(providerLeaves(where).map((leaf) => (leaf.t === 'param' ? leaf.key : null)));
  const [key] = keys;
  return keys.size === 1 ? (key ?? null) : null;
}

// The one value of a parameter for which all parts hold. An empty value is no parameter in a Dubbo URL.
function onlyValue(key: string, parts: readonly ProviderPredicate[]): string | null {
  const tests = parts.flatMap(testsOf);
  const named = parts.flatMap((part) => (part.p === 'test' ? directTexts(part) : []));
  const isCells = tests.every((part) => part.p === 'test' && part.term.t === 'param' && CELL_TESTS.has(part.test.op));
  if (!isCells && named.length === 0) return null;
  const texts = isCells ? tests.flatMap((part) => (part.p === 'test' ? directTexts(part) : [])) : named;
  const holds = (value: string | null): boolean => {
    const provider: RoutingProvider = { id: '', host: '', port: 0, params: value === null ? {} : { [key]: value } };
    return parts.every((part) => predicateHolds(part, provider));
  };
  try {
    return heldBy(texts, holds);
  } catch (error) {
    if (!(error instanceof OpaqueSignal)) throw error;
    return null;
  }
}

// The only one of some texts for which a set holds, and that holds for no other value.
function heldBy(texts: readonly string[], holds: (value: string | null) => boolean): string | null {
  if ([null, '', OTHER].some(holds)) return null;
  const passing = [...new Set(texts)].filter((text) => text !== '' && holds(text));
  return passing.length === 1 ? (passing[0] ?? null) : null;
}

function directTexts(part: Extract<ProviderPredicate, { p: 'test' }>): string[] {
  if (part.term.t !== 'param' || part.test.op !== 'eq') return [];
  return part.test.values.flatMap((value) => ('v' in value ? [String(value.v)] : []));
}
