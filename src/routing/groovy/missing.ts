import type { Value } from './values.ts';

/** What a table of methods gives for a method that it does not hold. */
export const MISSING: unique symbol = Symbol('missing');

/** A value, or that there is no such method. */
export type Found = Value | typeof MISSING;
