/** The types of upgrade reports and of the sidecar's status. */
import type { UpgradeOutcome } from './sidecar-state.ts';

/**
 * The counts of an SDK after a notice: connections moved, failed to move, or told about; calls that still wait on old
 * ones.
 */
export type NoticeCounts = Readonly<Partial<Record<'moved' | 'failed' | 'told' | 'pending', number>>>;

/** The answer of one SDK notice. */
export interface NoticeResult {
  readonly role: 'consumer' | 'provider';
  readonly adapter: string;
  readonly ok: boolean;
  readonly detail: string;
  /** There when the adapter gets numbers. */
  readonly counts?: NoticeCounts;
}

/** One end of an upgrade, as the report names it. */
export interface UpgradeSide {
  readonly epoch: number | null;
  readonly version: string | null;
  readonly binarySha256: string | null;
  readonly bootstrapSha256: string | null;
}

/** How an upgrade ended: the `result` of `weir sidecar upgrade --json` and an entry of the history. Times in ms. */
export interface UpgradeReport {
  readonly id: string;
  readonly at: string;
  readonly outcome: UpgradeOutcome | 'unchanged';
  readonly reason: string;
  /** Only the checks were asked for: nothing was upgraded, whatever the outcome. */
  readonly dryRun: boolean;
  /** Whether an Envoy of the sidecar accepted new connections when it ended; null: not known. */
  readonly served: boolean | null;
  /** The requesting account (or `SIGHUP`) and its reason; null when they are not known. */
  readonly actor: string | null;
  readonly note: string | null;
  readonly from: UpgradeSide;
  readonly to: UpgradeSide;
  /** `atMs` counts from the request. */
  readonly states: readonly { readonly state: string; readonly atMs: number }[];
  /** Null: not counted, and a warning says why. */
  readonly connections: { readonly drained: number | null; readonly cut: number | null };
  /** Null when there is no access log to count in. */
  readonly requests: { readonly cut: number | null };
  /** The time at which the old process had no connection left; null when it always had some. */
  readonly drainedAtMs: number | null;
  readonly notices: readonly NoticeResult[];
  readonly warnings: readonly string[];
}

/** A progress event of an upgrade: one for each state, and one a second while it drains. */
export interface UpgradeProgressEvent {
  readonly event: 'state' | 'drain';
  readonly state: string;
  /** Milliseconds since the upgrade began. */
  readonly atMs: number;
  /** Until the deadline of this state; null where it has none. */
  readonly secondsLeft: number | null;
  readonly connections: { readonly old: number; readonly new: number } | null;
}

/** An Envoy that ended unasked, or could not be started; `inARow`: how many of them since one was healthy. */
export interface SidecarCrash {
  readonly at: string;
  /** The signal or exit code, and what Envoy said last. */
  readonly detail: string;
  readonly version: string | null;
  readonly inARow: number;
}

/** One sidecar as `weir sidecar status --json` shows it. */
export interface SidecarStatus {
  readonly name: string;
  /** `unknown`: it could not be asked, and `detail` says why. No supervisor says that of its own. */
  readonly state: 'starting' | 'live' | 'upgrading' | 'stopped' | 'failed' | 'unsupervised' | 'frozen' | 'unknown';
  /** What was seen of a process that does not say that it is ready, or that its supervisor does not answer. */
  readonly detail: string | null;
  readonly epoch: number | null;
  readonly pid: number | null;
  readonly version: string | null;
  readonly bootstrapSha256: string | null;
  /** Whether weir runs it. */
  readonly managed: boolean;
  readonly supervisorPid: number | null;
  /** Null where weir may not look at the sockets of Envoy. */
  readonly connections: { readonly active: number | null };
  readonly upgrade: {
    readonly state: string;
    readonly secondsLeft: number | null;
    readonly connections: { readonly old: number; readonly new: number } | null;
  } | null;
  /** The last crash that the journal has; null without one. */
  readonly crash: SidecarCrash | null;
  /** The last upgrade that was no dry run. */
  readonly last: Pick<UpgradeReport, 'outcome' | 'at' | 'to'> | null;
}
