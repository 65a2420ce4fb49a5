/** The interface of all target models: calls in, outcomes out, constants for the comparison. */
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { CallLeaf } from '../plan/plan-term.ts';
import type { PlanScope } from '../plan/route-plan.ts';
import type { TypedValue } from '../plan/typed-value.ts';

/** Where a call goes by the documents of a target. */
export type TargetOutcome =
  | {
      readonly kind: 'routed';
      /** Name of the entry that decided, as it stands in the document. */
      readonly entry: string | null;
      readonly picks: readonly TargetPick[];
    }
  /** Nothing decided: all present providers. */
  | { readonly kind: 'unrouted'; readonly providers: readonly string[] }
  /** The call fails inside the router. */
  | { readonly kind: 'error'; readonly exception: string }
  /** The document makes the call fail on purpose: no provider. */
  | { readonly kind: 'denied'; readonly entry: string | null }
  /** The entry does nothing with the call: it stays where the consumer sends it. */
  | { readonly kind: 'left'; readonly entry: string };

/** One way that a weighted choice can go; shares sum to 1. */
export interface TargetPick {
  readonly subset: string | null;
  readonly providers: readonly string[];
  readonly share: number;
  /** No destination had a provider, and the target gives all instead. */
  readonly emptyToAll: boolean;
  /** The exception with which these calls fail inside the router. */
  readonly exception?: string;
}

/** A key that equal values of a leaf share: texts, or numbers of any class; null for null and for objects. */
export function leafKey(value: LeafValue): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return `s:${value}`;
  if (!('v' in value) || typeof value.v === 'object') return null;
  if (value.t === 'java.lang.String' || value.t === 'java.lang.Character') return `s:${value.v}`;
  return value.t === 'java.lang.Boolean' ? null : `n:${Number(value.v)}`;
}

/** A value of one leaf: text or null (absent) for most, a typed value for arguments. */
export type LeafValue = string | null | TypedValue;

/** Constants of a document that cut the values of a leaf into cells. */
export interface LeafConstants {
  readonly texts: readonly string[];
  readonly prefixes: readonly string[];
  /** Patterns of java.util.regex or RE2, full match. */
  readonly patterns: readonly string[];
  readonly numbers: readonly number[];
  readonly moduli: readonly number[];
}

/** Constants that cut nothing. */
export const NO_CONSTANTS: LeafConstants = { texts: [], prefixes: [], patterns: [], numbers: [], moduli: [] };

/** The entries of a document that a call to one service can meet, in order; the first that holds decides. */
export interface TargetEntries {
  readonly names: readonly (string | null)[];
  /** Where each of them stands among all entries of the document, counted from 0. */
  readonly ids: readonly number[];
  /**
   * The values of one leaf that an entry accepts: any, a closed list (`leafKey` of each, never null), or those that
   * pass a test.
   */
  domain(entry: number, leaf: CallLeaf): 'any' | readonly string[] | 'test';
  /** Whether what an entry says about one leaf holds for a value; `error` when the router throws over it. */
  holds(entry: number, leaf: CallLeaf, value: LeafValue): boolean | 'error';
  constants(leaf: CallLeaf): LeafConstants;
  /** How many of them are the document's own, where entries of another document follow that only tell calls apart. */
  readonly own?: number;
}

/** The evaluator of a target, working on the text of its documents. */
export interface TargetModel {
  evaluate(call: RoutingCall, present: readonly RoutingProvider[]): TargetOutcome;
  /** For a call to a known signature, or (null) to a method that no signature describes, with the parameters given. */
  entries(
    service: string,
    signature: { readonly method: string | null; readonly paramTypes: readonly string[] },
  ): TargetEntries;
  /** How the document tells services apart; null where weir cannot list it. */
  services(): LeafConstants | null;
  /** Why the document is not for the calls of a plan's scope; null where it is. */
  otherScope(scope: PlanScope): string | null;
  /** Leaves that the document reads. */
  leaves(): readonly CallLeaf[];
  /** Names of all entries of the document, in order; their indexes are the `ids` of `entries`. */
  names(): readonly (string | null)[];
}
