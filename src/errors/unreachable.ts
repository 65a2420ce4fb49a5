/** The default of a `switch` over all kinds: a kind that is added does not compile until somebody has decided on it. */

/** Takes what is left of a union after all its cases: nothing. Throws TypeError for a value from outside of its type. */
export function unreachable(value: never): never {
  throw new TypeError(`no case for ${JSON.stringify(value)}`);
}
