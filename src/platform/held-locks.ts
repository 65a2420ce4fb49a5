/** The descriptors of the locks that this process holds, for tools that are to hold them too (`RunToolOptions.holdsLocks`). */

/** While a command is at work; no program that stays may get one. */
export const heldLocks = new Set<number>();
