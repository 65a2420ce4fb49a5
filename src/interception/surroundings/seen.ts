/** The answer of a look at the host: what was seen, or why nothing could be seen. */

/** A failed look is an answer of its own: nothing follows from it. */
export type Seen<T> = { readonly seen: T } | { readonly unseen: string };
