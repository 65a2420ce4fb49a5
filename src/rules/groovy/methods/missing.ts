/** The mark for a method that no table holds. */
import type { Value } from '../values/values.ts';

/** Answer of a method table for a name that it does not hold. */
export const MISSING: unique symbol = Symbol('missing');

/** A value, or that there is no such method. */
export type Found = Value | typeof MISSING;
