/** Weight of a diagnostic: an error stops the rule, a warning changes its behaviour, a note only informs. */
export type DiagnosticLevel = 'error' | 'warning' | 'note';

/** One row of the catalogue of diagnostics, which `weir help WR###` and the documentation print. */
export interface DiagnosticEntry {
  readonly title: string;
  readonly level: DiagnosticLevel;
  /** Why it matters, in the world that the rule runs in. */
  readonly why: string;
  /** The shape that triggers it. */
  readonly example: string;
  /** The cheapest way to say it otherwise. */
  readonly instead: string;
}
