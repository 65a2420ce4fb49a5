/** Values of terms and tests on them. One model for the front end, the proofs and `explain`: the values of the Groovy machine. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import { GroovyThrow, OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { applyTermFunction } from '../groovy/machine/term-functions.ts';
import { javaInt } from '../groovy/values/java-number.ts';
import { valueOfTyped } from '../groovy/values/typed-values.ts';
import type { Value } from '../groovy/values/values.ts';
import { holdsTest } from './holds-test.ts';
import type { CallLeaf, ProviderLeaf, Term } from './plan-term.ts';
import type { PlanCondition, ProviderPredicate } from './route-plan.ts';

/** The source of a term's leaves: a call, and for provider leaves the provider under test with its availability. */
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
  return PROVIDER_LEAVES.has(leaf.t)
    ? providerLeaf(leaf as ProviderLeaf, context)
    : callLeaf(leaf as CallLeaf, context.call);
}

function providerLeaf(leaf: ProviderLeaf, { provider, available }: TermContext): Value {
  if (provider === undefined) throw new OpaqueSignal('provider-relation', 'a value of a provider, and none is given');
  switch (leaf.t) {
    case 'host':
      return provider.host;
    case 'port':
      return javaInt(provider.port);
    case 'address':
      return `${provider.host}:${provider.port}`;
    case 'available':
      return available ?? true;
    case 'param': {
      const value = own(provider.params, leaf.key);
      return leaf.fallback !== undefined && (value === null || value === '') ? leaf.fallback : value;
    }
  }
}

function callLeaf(leaf: CallLeaf, call: RoutingCall | undefined): Value {
  if (call === undefined) throw new OpaqueSignal('unsupported', 'a value of the call, and none is given');
  switch (leaf.t) {
    case 'service':
      return call.service;
    case 'method':
      return call.method;
    case 'paramCount':
      return javaInt(call.paramTypes.length);
    case 'argCount':
      return javaInt(call.args.length);
    case 'paramType': {
      const type = call.paramTypes[leaf.index];
      if (type === undefined) throw pastEnd(leaf.index);
      return type;
    }
    case 'arg': {
      const arg = call.args[leaf.index];
      if (arg === undefined) throw pastEnd(leaf.index);
      return valueOfTyped(arg);
    }
    case 'attachment':
      return own(call.attachments, leaf.key);
    case 'callerApp':
      return call.consumer.application ?? null;
    case 'callerHost':
      return call.consumer.host ?? null;
    case 'callerParam':
      return own(call.consumer.params ?? {}, leaf.key);
  }
}

const PROVIDER_LEAVES = new Set<string>(['host', 'port', 'param', 'address', 'available']);

// A key like `constructor` is not there because every object has one.
function own(map: Readonly<Record<string, string>>, key: string): string | null {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

function pastEnd(index: number): GroovyThrow {
  return new GroovyThrow('java.lang.ArrayIndexOutOfBoundsException', `Index ${index} out of bounds`);
}

/** Whether a condition holds; an undefined term fails every test. @throws OpaqueSignal where weir cannot tell. */
export function conditionHoldsIn(condition: PlanCondition, context: TermContext): boolean {
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
export function predicateHoldsIn(predicate: ProviderPredicate, context: TermContext): boolean {
  switch (predicate.p) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'test':
      return conditionHoldsIn({ term: predicate.term, test: predicate.test }, context);
    case 'glob':
      return globMatches(predicate.pattern, String(evaluateTerm(predicate.term, context)));
    case 'not':
      return !predicateHoldsIn(predicate.of, context);
    case 'and':
      return predicate.of.every((part) => predicateHoldsIn(part, context));
    case 'or':
      return predicate.of.some((part) => predicateHoldsIn(part, context));
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
