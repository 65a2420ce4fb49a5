/** Which build of weir this is. */

/** Put in by the build: a hash of everything that it was made from. */
declare const WEIR_BUILD: string | undefined;

/** Differs between any two builds of different sources; null when weir runs from its sources. */
export const BUILD_ID: string | null = typeof WEIR_BUILD === 'string' ? WEIR_BUILD : null;
