/** The tests of the target envoy: what weir's documents say about texts that Envoy's Dubbo codec reads of a call. */

/**
 * A test on one text. `number` and `residue` read the canonical decimals of promoted arguments: bounds are decimals, an end
 * of null is open; a residue has the sign of the dividend, as in Java, and lies in one of the spans.
 */
export type EnvoyText =
  | { readonly in: readonly string[] }
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly contains: string }
  /** RE2, full match. */
  | { readonly regex: string }
  | { readonly present: true }
  | { readonly number: DecimalRange }
  | { readonly residue: { readonly modulus: string; readonly spans: readonly (readonly [string, string])[] } };

/** An interval of decimals; NaN lies above every number, -0 right below 0, as `Double.compare` has it. */
export interface DecimalRange {
  readonly min: string | null;
  readonly minOpen: boolean;
  readonly max: string | null;
  readonly maxOpen: boolean;
}

/** A test on a call. A text that is absent passes no test but `not`. */
export type EnvoyTest =
  | { readonly method: EnvoyText }
  | { readonly attachment: string; readonly text: EnvoyText }
  | { readonly all: readonly EnvoyTest[] }
  | { readonly any: readonly EnvoyTest[] }
  | { readonly not: EnvoyTest };

/** What a condition says about the arguments of one class; a list holds where one of its tests does. */
export type ClassAnswer = boolean | 'unknown' | readonly EnvoyText[];

/** The tests that must hold together; the only one itself. */
export function allOf(tests: readonly EnvoyTest[]): EnvoyTest {
  const [only] = tests;
  return tests.length === 1 && only !== undefined ? only : { all: tests };
}

/** The tests of which one is enough; the only one itself. */
export function anyOf(tests: readonly EnvoyTest[]): EnvoyTest {
  const [only] = tests;
  return tests.length === 1 && only !== undefined ? only : { any: tests };
}
