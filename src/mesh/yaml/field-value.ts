/** The result of reading one value of a configuration file. */
import { printableText } from '../printable-text.ts';

/** Why a value was not accepted: the thing, the reason and the next step, each a sentence part of its own. */
export interface ValueFault {
  /** Names the value, e.g. `70000 is not a port`. */
  readonly what: string;
  readonly why: string;
  readonly hint: string;
}

/** What a reader of one value returns: the exact type, or the reason why there is none. */
export type ReadValue<T> = { readonly value: T } | { readonly fault: ValueFault };

/** Whether a reader accepted its value. */
export function isRead<T>(result: ReadValue<T>): result is { readonly value: T } {
  return 'value' in result;
}

/** A `ReadValue` that refuses. */
export function refuseValue(what: string, why: string, hint: string): { readonly fault: ValueFault } {
  return { fault: { what, why, hint } };
}

const LONGEST_QUOTE = 60;

/**
 * A value of a configuration file for a message, on one line, at most some 60 characters, without control characters
 * (a message may end up on a terminal, where they would be obeyed).
 */
export function quoteValue(value: unknown): string {
  if (value === null || value === undefined) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value !== 'string') return String(value);
  const cut = value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}...` : value;
  return printableText(JSON.stringify(cut));
}
