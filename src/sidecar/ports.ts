/** The ports of the sidecar: versions store, journal, and the host of a supervisor. */
import type { AdminAddress, SidecarCheck, SidecarNotify } from '../mesh/mesh-config.ts';
import type { KnownReadiness } from '../platform/readiness.ts';
import type { ListenerLook } from './envoy/judge-listeners.ts';
import type { AnswerCounts } from './machine/judge-answers.ts';
import type { PreflightFacts } from './machine/judge-preflight.ts';
import type { Generation, PairId, SidecarState, UpgradeInProgress } from './machine/sidecar-state.ts';
import type { NoticeResult, UpgradeReport } from './machine/upgrade-report.ts';

/** A sidecar's entry of mesh.yaml for one that weir runs; read again at every upgrade. */
export interface SidecarSpec {
  readonly name: string;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly admin: AdminAddress;
  readonly readyPath: string;
  readonly binary: string;
  readonly bootstrap: string;
  /** The ports that mesh.yaml names as its listeners'. */
  readonly ports: readonly number[];
  readonly concurrency: number;
  readonly drainMs: number;
  readonly notify: SidecarNotify | null;
  /** More arguments, variables and capabilities for Envoy. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  /** The required SHA-256 of `binary`; null: any. */
  readonly sha256: string | null;
  /** The gates of an upgrade, unless its request names others. */
  readonly check: SidecarCheck | null;
  readonly bakeMs: number;
  readonly bakeBytes: number | null;
  /** See `UpgradeRequest`. */
  readonly spreadMs: number;
}

/** The body of a notice. `deadlineMs` is the time until the old connections are cut, counted from now. */
export interface NoticeBody extends Readonly<Record<string, unknown>> {
  readonly deadlineMs: number;
}

/** A binary and a bootstrap as they were when they were stored; both hashes are of the files as given. */
export interface StoredPair {
  readonly id: PairId;
  readonly binary: string;
  readonly bootstrap: string;
  readonly binarySha256: string;
  readonly bootstrapSha256: string;
  readonly version: string | null;
  readonly hotRestartVersion: string | null;
}

/** The versions store of one sidecar. */
export interface PairStore {
  /** Stores the pair (idempotent). Throws WEIR4003 when a file is missing or the disk is full. */
  stage(binary: string, bootstrap: string): Promise<StoredPair>;
  read(id: PairId): Promise<StoredPair | null>;
  /** Why a stored pair has changed since it was stored; null when it has not. */
  problemOf(pair: StoredPair): Promise<string | null>;
  pointers(): Promise<{ readonly current: PairId | null; readonly previous: PairId | null }>;
  settle(current: PairId, previous: PairId | null): Promise<void>;
  /** Removes all but the newest three and those named. */
  prune(keep: readonly (PairId | null)[]): Promise<void>;
}

/** One line of the journal. `at` is the wall clock as ISO text. */
export type SidecarJournalEntry = { readonly at: string } & SidecarNote;

/** A note of a supervisor: an entered state, the end of an upgrade or of a process, a bypass, its own start. */
export type SidecarNote =
  | {
      readonly kind: 'state';
      readonly state: SidecarState['name'];
      readonly upgrade: UpgradeInProgress | null;
      /** The end of the drain in milliseconds of `Clock.monotonic`, which all processes of a machine share. */
      readonly drainEndMonotonicMs?: number | null;
      /** The same since 1970, from a weir that kept it so. */
      readonly drainEndMs?: number | null;
      readonly epoch: number | null;
    }
  | { readonly kind: 'report'; readonly report: UpgradeReport }
  | { readonly kind: 'bypass'; readonly on: boolean; readonly reason: string }
  | {
      readonly kind: 'crash';
      /** The process that ended; null: none did, its start failed otherwise. Not there from a weir that did not say it. */
      readonly id?: number | null;
      readonly pair: PairId;
      readonly version: string | null;
      readonly detail: string;
      readonly crashes: number;
      readonly retryMs: number;
    }
  /** How a process ended, learned after its crash was noted without it. */
  | { readonly kind: 'end'; readonly id: number; readonly detail: string }
  | { readonly kind: 'supervisor'; readonly pid: number; readonly found: readonly number[] };

/** The entries of a journal, oldest first; `newer` counts those of a later weir, which this one cannot read. */
export interface SidecarJournalReading {
  readonly entries: readonly SidecarJournalEntry[];
  readonly newer: number;
}

/** The journal of one sidecar. Appending never throws: the answer says why it could not be written. */
export interface SidecarJournal {
  append(entry: SidecarJournalEntry): Promise<string | null>;
  read(): Promise<SidecarJournalReading>;
}

/** The end of a process of which nobody has said yet whether it was a signal or an exit code. */
export const UNTOLD_END = 'ended';

/** The launch of a generation. */
export interface LaunchRecord {
  readonly generation: Generation;
  readonly concurrency: number;
  readonly drainMs: number;
  readonly pid: number;
  /** The entry of mesh.yaml by which it was started; null: a weir that did not record it had started it. */
  readonly spec: SidecarSpec | null;
}

/** A running Envoy of ours that a new supervisor found. */
export interface FoundEnvoy {
  readonly launch: LaunchRecord;
  /** Null: it may not be looked into. */
  readonly listening: boolean | null;
  readonly hadSuccessor: boolean;
}

/** How the admin of one generation answers; null: nobody, or another process. */
export interface GenerationInfo {
  readonly state: 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';
  readonly version: string;
  /** Progress of a starting process with its control plane; null when it is live, has none, or does not say. */
  readonly start: { readonly fingerprint: string; readonly waitsFor: string } | null;
  /** How long it may stay without progress before it goes live without its configuration, in ms; null: for ever. */
  readonly patienceMs: number | null;
}

/** What a rehearsal has to show. */
export interface RehearsalPlan {
  /** The operator's check, asked from within the namespace of the rehearsal; null: none. */
  readonly check: SidecarCheck | null;
  /** Addresses that serve now and that the pair has to listen on as well. */
  readonly expected: readonly string[];
  readonly initTimeoutMs: number;
  /** How long it runs and is asked after it is live, in ms; 0: it is asked once. */
  readonly watchMs: number;
  /** False once nobody wants the answer any more. */
  isWanted(): boolean;
}

/** The end of a rehearsal. `impossible` says nothing about the pair. */
export type Rehearsal =
  | { readonly kind: 'held' }
  | { readonly kind: 'failed'; readonly part: 'start' | 'listeners' | 'check'; readonly reason: string }
  | { readonly kind: 'impossible'; readonly reason: string };

/** Connections of a draining process and of the one that serves, as the kernel has them. */
export interface DrainSample {
  /** Established ones of the draining process: the client still holds them open. */
  readonly old: number;
  /** The same with those that one side has closed. The drain is over at 0. */
  readonly oldAny: number;
  readonly new: number;
}

/** Counts the connections of a draining process; the kernel's tables are the source. */
export interface DrainTracker {
  /** Its connections when the count began; 0 where the kernel's table could not be read then. */
  readonly atStart: number;
  /** Cuts at most so many of its established connections; the peers of those that were cut. Rejects where it may not. */
  cut(count: number): Promise<readonly string[]>;
  /** Null when the table could not be read, as while the process ends: that says nothing about its connections. */
  sample(): Promise<DrainSample | null>;
}

/** All effects of one sidecar's supervisor on the host. A look that fails rejects: it is no answer. */
export interface SidecarHost {
  readonly pairs: PairStore;
  readonly journal: SidecarJournal;
  /** Prepares the run directory of the sidecar. */
  prepare(spec: SidecarSpec): Promise<void>;
  spawn(spec: SidecarSpec, pair: StoredPair, generation: Generation, drainMs: number): Promise<LaunchRecord>;
  launchOf(id: number): Promise<LaunchRecord | null>;
  findProcesses(spec: SidecarSpec): Promise<{ readonly found: readonly FoundEnvoy[]; readonly nextId: number }>;
  signal(id: number, signal: NodeJS.Signals): Promise<boolean>;
  isAlive(id: number): Promise<boolean>;
  isStopped(id: number): Promise<boolean>;
  /** The exit of a process and its last output; begins with `UNTOLD_END` as long as nobody has said how it ended. */
  exitDetail(id: number): Promise<string>;
  /** Memory of its own, without pages of files. */
  anonymousBytes(id: number): Promise<number>;
  /** Whether the kernel, for want of memory, is to end it before the others. Rejects where that is not permitted. */
  setExpendable(id: number, isExpendable: boolean): Promise<void>;
  /** Calls back, soon after the fact, whenever some kept process may have ended. Returns how to stop that. */
  onMaybeExit(callback: () => void): () => void;
  info(spec: SidecarSpec, id: number, timeoutMs: number): Promise<GenerationInfo | null>;
  /**
   * Whether the sidecar can take traffic: the readiness path, or the listeners where nobody listens at the admin
   * address, which an upgrade that was aborted leaves to nobody, and where it could not be asked.
   */
  ready(spec: SidecarSpec, id: number, hasAdmin: boolean): Promise<KnownReadiness>;
  postAdmin(spec: SidecarSpec, path: string): Promise<void>;
  /** The addresses that the process should listen on and does not; null: that cannot be told. */
  lookAtListeners(spec: SidecarSpec, id: number): Promise<ListenerLook | null>;
  /**
   * Whether the process has closed a listening socket since the last look at its listeners. Cheap enough for ten times a
   * second. Null where that cannot be told.
   */
  hasClosedListener(id: number): boolean | null;
  /** Addresses on which a process accepts. */
  listeners(spec: SidecarSpec, id: number): Promise<readonly string[]>;
  /** Null while the process that serves listens nowhere: its ports tell which connections of the old one count. */
  trackDrain(spec: SidecarSpec, old: number, serving: number | null): Promise<DrainTracker | null>;
  activeConnections(spec: SidecarSpec, id: number): Promise<number>;
  /** Resolves once the sink is bound if the name is free, else once it waits for the name. */
  bindSink(role: 'parent' | 'child', generation: Generation, seconds: number, isFree: boolean): Promise<void>;
  releaseSinks(variant: 0 | 1, epoch: number): Promise<void>;
  clearFlag(variant: 0 | 1): Promise<boolean>;
  /** Listeners of a pair whose addresses somebody holds while nothing of the sidecar runs, each with its holder. */
  foreignListeners(pair: StoredPair): Promise<readonly string[]>;
  preflightFacts(spec: SidecarSpec, pair: StoredPair, serving: Generation): Promise<PreflightFacts>;
  /** Starts a pair apart from all traffic, looks whether it would serve, and ends it. Never rejects. */
  rehearse(spec: SidecarSpec, pair: StoredPair, plan: RehearsalPlan): Promise<Rehearsal>;
  /** Asks the operator's check. Null: it holds; else why not. */
  runCheck(check: SidecarCheck, timeoutMs: number): Promise<string | null>;
  /** The answers so far of the process that owns the admin; null when it does not say. */
  countAnswers(spec: SidecarSpec): Promise<AnswerCounts | null>;
  markAccessLogs(pair: StoredPair): Promise<AccessLogMark>;
  notify(spec: SidecarSpec, body: NoticeBody, budgetMs: number): Promise<readonly NoticeResult[]>;
  /** Removes the remains of a finished process, sinks and shared memory: of one variant, or of all with null. */
  cleanUp(keepVariant: 0 | 1 | null): Promise<void>;
}

/** A position in the access logs; `countCut` reads what was written since. Null: there is no log to read. */
export interface AccessLogMark {
  /** `peers`: the connections that weir cut one by one, which the log does not show as the process's own doing. */
  countCut(peers: readonly string[]): Promise<number | null>;
}

/** The part of the journal that a new supervisor uses. */
export interface JournalHint {
  readonly state: SidecarState['name'] | null;
  readonly upgrade: UpgradeInProgress | null;
  readonly drainEndMs: number | null;
}
