/** What an alert is: its rule, what it means, what to do, and the cases that prove it. */

/** `page`: traffic suffers or may soon, somebody looks now. `ticket`: somebody looks today. */
export type Severity = 'page' | 'ticket';

/** Series by name and labels, with their values in promtool's notation (`0x5 1x10`), a value a minute. */
export type SeriesInput = Readonly<Record<string, string>>;

/** One alert of weir. */
export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  /** PromQL. */
  readonly expr: string;
  /** How long it has to hold, in Prometheus' notation; omitted: at once. */
  readonly for?: string;
  /** One line for the pager; `{{ $labels.NAME }}` is replaced by the value of a label. */
  readonly summary: string;
  /** For the runbook: what has happened. */
  readonly meaning: string;
  /** For the runbook: what to do, in order. Commands stand in backticks. */
  readonly steps: readonly string[];
  /** A world in which it fires at `at`, with the labels of each alert that does. */
  readonly fires: {
    readonly series: SeriesInput;
    readonly at: string;
    readonly labels: readonly Readonly<Record<string, string>>[];
  };
  /** Worlds beside it, in which it does not fire at `at`. */
  readonly quiet: readonly { readonly series: SeriesInput; readonly at: string }[];
}

/** A rule that computes a series for dashboards and alerts. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
  /** What the number says, for the guide. */
  readonly says: string;
  /** A world, and the value at `at`. */
  readonly proof: {
    readonly series: SeriesInput;
    readonly at: string;
    readonly samples: Readonly<Record<string, number>>;
  };
}
