/** The terms of a plan: leaves of calls and providers, and functions on them. */
import type { TypedValue } from './typed-value.ts';

/**
 * The value that a condition tests. Leaf terms read the call (`service` ... `callerParam`) or one provider (`host` ...
 * `available`). A `fn` term computes from other terms with Groovy's semantics, so `args[0] % 100` stays exact.
 * A term is "unary" when exactly one leaf occurs in it: `leavesOf(term).length === 1`. Only relations are not.
 */
export type Term = CallLeaf | ProviderLeaf | ConstTerm | FunctionTerm;

/** A leaf that reads the call. All of them are null-free but `arg`, `attachment`, `callerParam` and `callerApp`. */
export type CallLeaf =
  | { readonly t: 'service' }
  | { readonly t: 'method' }
  /** `Class.getName()` of the declared parameter: `int`, `java.lang.Long`, `[Ljava.lang.String;`. Out of range: undefined. */
  | { readonly t: 'paramType'; readonly index: number }
  /** Number of declared parameters, an Integer. */
  | { readonly t: 'paramCount' }
  /** Number of arguments, an Integer. Equal to paramCount in every call that is not generic. */
  | { readonly t: 'argCount' }
  /** Argument value, 0-based, with its run-time class. Out of range: undefined (the access throws). */
  | { readonly t: 'arg'; readonly index: number }
  /** Attachment as String, null when absent. Key `remote.application` is the caller's application as the SDK sends it. */
  | { readonly t: 'attachment'; readonly key: string }
  /** Consumer URL parameter `application`. Condition rules; scripts read the attachment instead. */
  | { readonly t: 'callerApp' }
  /** `context.localHost`, `host` on the left of a condition rule. */
  | { readonly t: 'callerHost' }
  | { readonly t: 'callerParam'; readonly key: string };

/** A leaf that reads the provider under test. Legal in group predicates and assumptions only. */
export type ProviderLeaf =
  | { readonly t: 'host' }
  /** An Integer. */
  | { readonly t: 'port' }
  /** URL parameter as String. Absent: `fallback` if given (getParameter(key, fallback): also for an EMPTY value), else null. */
  | { readonly t: 'param'; readonly key: string; readonly fallback?: string }
  /** `host:port`. */
  | { readonly t: 'address' }
  /** `isAvailable()`: a Boolean that no label can express. */
  | { readonly t: 'available' };

/** A constant inside a `fn` term. */
export interface ConstTerm {
  readonly t: 'const';
  readonly value: TypedValue;
}

/** A computed value. Undefined (the call throws) where Groovy throws: tested by the test `defined`. */
export interface FunctionTerm {
  readonly t: 'fn';
  readonly fn: TermFunction;
  readonly args: readonly Term[];
}

/**
 * The functions a term may use, all pure. Numbers keep Java's classes: Integer and Long wrap, `/` gives BigDecimal, `%` keeps
 * the sign of the left side. Text functions are those of java.lang.String. `concat` is Groovy's `+` on text and GString.
 * `tokenAt`: `s.tokenize(sep)[i]`, null past the end; `splitAt`: `s.split(regex)[i]`, undefined past the end.
 */
export type TermFunction =
  | 'plus'
  | 'minus'
  | 'multiply'
  | 'divide'
  | 'intdiv'
  | 'mod'
  | 'negative'
  | 'abs'
  | 'bitAnd'
  | 'bitOr'
  | 'bitXor'
  | 'shiftLeft'
  | 'shiftRight'
  | 'shiftRightUnsigned'
  | 'toInteger'
  | 'toLong'
  | 'toDouble'
  | 'toBigDecimal'
  | 'parseInt'
  | 'parseLong'
  | 'intValue'
  | 'longValue'
  | 'doubleValue'
  | 'toText'
  | 'concat'
  | 'length'
  | 'toLowerCase'
  | 'toUpperCase'
  | 'trim'
  | 'reverse'
  | 'substring'
  | 'indexOf'
  | 'lastIndexOf'
  | 'charAt'
  | 'replace'
  | 'tokenAt'
  | 'tokenCount'
  | 'splitAt'
  | 'splitCount'
  | 'hashCode';

/** The leaves of a term, each once, in order of first use. */
export function leavesOf(term: Term): readonly (CallLeaf | ProviderLeaf)[] {
  const known = LEAVES.get(term);
  if (known !== undefined) return known;
  const found = new Map<string, CallLeaf | ProviderLeaf>();
  const visit = (node: Term): void => {
    if (node.t === 'fn') for (const arg of node.args) visit(arg);
    else if (node.t !== 'const') found.set(JSON.stringify(node), node);
  };
  visit(term);
  const leaves = [...found.values()];
  LEAVES.set(term, leaves);
  return leaves;
}

/** A script that joins or adds a value to itself makes larger terms than this, and doubles them with every turn of a loop. */
export const MOST_TERMS = 10_000;

/** How many terms a term is made of. One that it holds twice counts twice: whoever walks it comes there twice. */
export function termSize(term: Term): number {
  if (term.t !== 'fn') return 1;
  const known = SIZES.get(term);
  if (known !== undefined) return known;
  const size = term.args.reduce((sum, arg) => sum + termSize(arg), 1);
  SIZES.set(term, size);
  return size;
}

const SIZES = new WeakMap<Term, number>();

// Terms never change, and proofs ask for the same ones millions of times.
const LEAVES = new WeakMap<Term, readonly (CallLeaf | ProviderLeaf)[]>();

/** Whether a term reads the provider under test. */
export function readsProvider(term: Term): boolean {
  return leavesOf(term).some((leaf) => PROVIDER_LEAVES.has(leaf.t));
}

const PROVIDER_LEAVES = new Set<string>(['host', 'port', 'param', 'address', 'available']);
