import type { RoutingCall, RoutingProvider } from './case-file.ts';
import { GroovyThrow } from './groovy/exceptions.ts';
import { javaInt } from './groovy/java-number.ts';
import { applyTermFunction } from './groovy/term-functions.ts';
import { valueOfTyped } from './groovy/typed-values.ts';
import type { Value } from './groovy/values.ts';
import { holdsTest } from './holds-test.ts';
import type { CallLeaf, ProviderLeaf, Term } from './plan-term.ts';
import type { PlanCondition, ProviderPredicate } from './route-plan.ts';

/** What terms read: a call, and for provider leaves the provider under test and whether it is available. */
export interface TermContext {
  readonly call?: RoutingCall;
  readonly provider?: RoutingProvider;
  readonly available?: boolean;
  /** Values that are known although no call is given; asked first. */
  readonly known?: (leaf: CallLeaf | ProviderLeaf) => Value | undefined;
}

/** The value of a term. @throws GroovyThrow where it is undefined, OpaqueSignal where weir cannot tell. */
export function evaluateTerm(term: Term, context: TermContext): Value {
  if (term.t === 'const') return valueOfTyped(term.value);
  if (term.t === 'fn')
    return applyTermFunction(
      term.fn,
      term.args.map((arg) => evaluateTerm(arg, context)),
    );
  const known = context.known?.(term);
  return known === undefined ? leafValue(term, context) : known;
}

function leafValue(leaf: CallLeaf | ProviderLeaf, context: TermContext): Value {
  const { call, provider } = context;
  switch (leaf.t) {
    case 'host':
      return provider?.host ?? null;
    case 'port':
      return provider ? javaInt(provider.port) : null;
    case 'address':
      return provider ? `${provider.host}:${provider.port}` : null;
    case 'available':
      return context.available ?? true;
    case 'param': {
      const value = provider?.params[leaf.key] ?? null;
      return leaf.fallback !== undefined && (value === null || value === '') ? leaf.fallback : value;
    }
    case 'service':
      return call?.service ?? null;
    case 'method':
      return call?.method ?? null;
    case 'paramCount':
      return javaInt(call?.paramTypes.length ?? 0);
    case 'argCount':
      return javaInt(call?.args.length ?? 0);
    case 'paramType': {
      const type = call?.paramTypes[leaf.index];
      if (type === undefined) throw pastEnd(leaf.index);
      return type;
    }
    case 'arg': {
      const arg = call?.args[leaf.index];
      if (arg === undefined) throw pastEnd(leaf.index);
      return valueOfTyped(arg);
    }
    case 'attachment':
      return call?.attachments[leaf.key] ?? null;
    case 'callerApp':
      return call?.consumer.application ?? null;
    case 'callerHost':
      return call?.consumer.host ?? null;
    case 'callerParam':
      return call?.consumer.params?.[leaf.key] ?? null;
  }
}

function pastEnd(index: number): GroovyThrow {
  return new GroovyThrow('java.lang.ArrayIndexOutOfBoundsException', `Index ${index} out of bounds`);
}

/** Whether a condition holds; an undefined term fails every test. @throws OpaqueSignal where weir cannot tell. */
export function conditionHolds(condition: PlanCondition, context: TermContext): boolean {
  try {
    const value = evaluateTerm(condition.term, context);
    const { test } = condition;
    return holdsTest(test, value, test.op === 'relation' ? () => evaluateTerm(test.other, context) : undefined);
  } catch (error) {
    if (error instanceof GroovyThrow) return false;
    throw error;
  }
}

/** Whether a provider is in the set. @throws OpaqueSignal where weir cannot tell. */
export function predicateHolds(predicate: ProviderPredicate, context: TermContext): boolean {
  switch (predicate.p) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'test':
      return conditionHolds({ term: predicate.term, test: predicate.test }, context);
    case 'glob':
      return globMatches(predicate.pattern, String(evaluateTerm(predicate.term, context)));
    case 'not':
      return !predicateHolds(predicate.of, context);
    case 'and':
      return predicate.of.every((part) => predicateHolds(part, context));
    case 'or':
      return predicate.of.some((part) => predicateHolds(part, context));
  }
}

/** HSF address patterns: `*` any text, `?` one character, over the whole text; in time linear in both. */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
