/** Values of a JavaScript rule. */
import type { FunctionDeclaration, FunctionExpression } from 'acorn';
import type { Term } from '../plan/plan-term.ts';
import type { ProviderPredicate } from '../plan/route-plan.ts';
import type { Reading } from './js-numbers.ts';
import type { TextPart } from './js-parts.ts';

/** A Java list that the script made, or `invokers` itself: the providers in it so far, and the texts. */
export interface ProviderList {
  readonly k: 'list';
  where: ProviderPredicate;
  readonly texts: string[];
}

/** Value of an expression in a JavaScript rule. `term`: a value of the call or of the provider under test. */
export type JsValue =
  | { readonly k: 'undefined' }
  | { readonly k: 'null' }
  | { readonly k: 'bool'; readonly value: boolean }
  | { readonly k: 'number'; readonly value: number }
  | { readonly k: 'text'; readonly value: string }
  | { readonly k: 'term'; readonly term: Term; readonly type: TermType }
  /** `a.indexOf(b)` of a term, which only comparisons with 0 and -1 look at. */
  | { readonly k: 'found'; readonly term: Term; readonly text: string }
  /**
   * A part of a term, what `split` makes of one, and a number that is read from a text (`plus`: by the
   * operator +); only comparisons with constants look at them.
   */
  | { readonly k: 'part'; readonly term: Term; readonly part: TextPart }
  | { readonly k: 'pieces'; readonly term: Term; readonly separator: string }
  | { readonly k: 'parsed'; readonly term: Term; readonly reading: Reading; readonly plus?: true }
  | { readonly k: 'array'; readonly items: JsValue[] }
  | ProviderList
  /** Number of elements of a list of providers. */
  | { readonly k: 'size'; readonly of: ProviderList }
  /** The provider under test, and its place in `invokers`. */
  | { readonly k: 'provider' }
  | { readonly k: 'place' }
  | { readonly k: 'url' }
  | { readonly k: 'parameters' }
  | { readonly k: 'invocation' }
  | { readonly k: 'attachments' }
  | { readonly k: 'arguments' }
  | { readonly k: 'class'; readonly name: string }
  | { readonly k: 'function'; readonly node: FunctionDeclaration | FunctionExpression; readonly scope: JsScope }
  /** A global object of the engine or a member that is only called. */
  | { readonly k: 'builtin'; readonly name: string }
  /** Anything that weir does not follow; reading it ends the path. */
  | { readonly k: 'unknown'; readonly why: string };

/** Java's type of a term: `text?` may be null, `any` is an argument. */
export type TermType = 'text' | 'text?' | 'int' | 'bool' | 'any';

/** Variables of a function or of the program. */
export interface JsScope {
  readonly names: Map<string, JsValue>;
  readonly outer: JsScope | null;
  /** Made while one provider is looked at, so that nothing of it outlives that. */
  readonly passing: boolean;
}

/** An exception of the script: the router ignores the rule. */
export class JsThrow extends Error {}

/** A value of the provider under test that weir does not read: weir says nothing where such a provider is present. */
export class JsUnread extends Error {}

/** The value `undefined`: of a variable without a value, and of a property that an object does not have. */
export const UNDEFINED: JsValue = { k: 'undefined' };
/** The value `null`, which Java's null becomes. */
export const JS_NULL: JsValue = { k: 'null' };

/** The value `NaN`. */
export const NOT_A_NUMBER: JsValue = { k: 'number', value: Number.NaN };

/** A JavaScript text. */
export function jsText(value: string): JsValue {
  return { k: 'text', value };
}

/** A JavaScript boolean. */
export function jsBool(value: boolean): JsValue {
  return { k: 'bool', value };
}
