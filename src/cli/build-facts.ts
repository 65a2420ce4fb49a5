/** What the build of this weir knew about itself. */

/** Null: not known, because it was built outside of a checkout. */
export interface BuildFacts {
  readonly commit: string | null;
  /** Whether files differed from the commit. */
  readonly isChanged: boolean | null;
  /** Of the commit, or SOURCE_DATE_EPOCH of the build; ISO 8601. */
  readonly date: string | null;
}

declare const __WEIR_FACTS__: BuildFacts | undefined;

/** The facts that the build left here; null when src/ runs as it is. */
export function ownBuildFacts(): BuildFacts | null {
  return typeof __WEIR_FACTS__ === 'undefined' ? null : __WEIR_FACTS__;
}
