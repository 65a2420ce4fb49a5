import type { AdminAddress, SidecarNotify } from '../../config/mesh-config.ts';
import type { PreflightFacts } from '../../upgrade/judge-preflight.ts';
import type { Generation, PairId, SidecarState, UpgradeInProgress } from '../../upgrade/sidecar-state.ts';
import type { NoticeResult } from '../../upgrade/upgrade-report.ts';

/** What mesh.yaml says of a sidecar that weir runs; read again at every upgrade. */
export interface SidecarSpec {
  readonly name: string;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly admin: AdminAddress;
  readonly readyPath: string;
  readonly binary: string;
  readonly bootstrap: string;
  readonly concurrency: number;
  readonly drainMs: number;
  readonly notify: SidecarNotify | null;
}

/** What a notice says. `deadlineMs` is when the old connections are cut, counted from now. */
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
  pointers(): Promise<{ readonly current: PairId | null; readonly previous: PairId | null }>;
  settle(current: PairId, previous: PairId | null): Promise<void>;
  /** Removes all but the newest three and those named. */
  prune(keep: readonly (PairId | null)[]): Promise<void>;
}

/** One line of the journal; `kind` says which of the other fields stand there. */
export interface SidecarJournalEntry {
  readonly at: string;
  readonly kind: 'state' | 'report' | 'bypass' | 'supervisor';
  readonly [field: string]: unknown;
}

/** The journal of one sidecar. Appending never throws: the answer says why it could not be written. */
export interface SidecarJournal {
  append(entry: SidecarJournalEntry): Promise<string | null>;
  read(): Promise<readonly SidecarJournalEntry[]>;
}

/** What was started for a generation. */
export interface LaunchRecord {
  readonly generation: Generation;
  readonly concurrency: number;
  readonly drainMs: number;
  readonly pid: number;
}

/** A living Envoy of ours that a new supervisor found. */
export interface FoundEnvoy {
  readonly launch: LaunchRecord;
  readonly listening: boolean;
  readonly hadSuccessor: boolean;
}

/** How the admin of one generation answers; null: nobody, or another process. */
export interface GenerationInfo {
  readonly state: 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';
  readonly version: string;
}

/** Connections of a draining process and of the one that serves. `old` counts those that the client still holds open. */
export interface DrainSample {
  readonly old: number;
  readonly oldAny: number;
  readonly new: number;
}

/** Counts the connections of a draining process; the kernel's tables are the source. */
export interface DrainTracker {
  readonly atStart: number;
  /** Null when the table could not be read, as while the process ends: that says nothing about its connections. */
  sample(): Promise<DrainSample | null>;
}

/** Everything that the supervisor of one sidecar does to the host. Times are milliseconds since 1970, monotonic. */
export interface SidecarHost {
  nowMs(): number;
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
  /** How a process ended, and what it said last. */
  exitDetail(id: number): Promise<string>;
  /** Calls back, soon after the fact, whenever some kept process may have ended. Returns how to stop that. */
  onMaybeExit(callback: () => void): () => void;
  info(spec: SidecarSpec, id: number, timeoutMs: number): Promise<GenerationInfo | null>;
  /** Whether the sidecar can take traffic: the readiness path, or a listener's accept once the old admin is gone. */
  ready(spec: SidecarSpec, id: number, hasAdmin: boolean): Promise<boolean>;
  postAdmin(spec: SidecarSpec, path: string): Promise<void>;
  /** Addresses on which a process accepts. */
  listeners(spec: SidecarSpec, id: number): Promise<readonly string[]>;
  /** Null while the process that serves listens nowhere: its ports tell which connections of the old one count. */
  trackDrain(spec: SidecarSpec, old: number, serving: number | null): Promise<DrainTracker | null>;
  activeConnections(spec: SidecarSpec, id: number): Promise<number>;
  /** Resolves once the sink is bound if the name is free, else once it waits for the name. */
  bindSink(role: 'parent' | 'child', generation: Generation, seconds: number, isFree: boolean): Promise<void>;
  releaseSinks(variant: 0 | 1, epoch: number): Promise<void>;
  clearFlag(variant: 0 | 1): Promise<boolean>;
  preflightFacts(spec: SidecarSpec, pair: StoredPair, serving: Generation): Promise<PreflightFacts>;
  markAccessLogs(pair: StoredPair): Promise<AccessLogMark>;
  notify(spec: SidecarSpec, body: NoticeBody, budgetMs: number): Promise<readonly NoticeResult[]>;
  /** Removes what a finished process left, sinks and shared memory: of one variant's, or of all with null. */
  cleanUp(keepVariant: 0 | 1 | null): Promise<void>;
}

/** A position in the access logs; `countCut` reads what was written since. Null: there is no log to read. */
export interface AccessLogMark {
  countCut(): Promise<number | null>;
}

/** The interception side of a sidecar; every change carries its reason. */
export interface SidecarInterception {
  /** Adds or removes the supervisor's own bypass for all apps of the sidecar. */
  bypass(on: boolean, reason: string): Promise<void>;
  /** Renews leases and mends rules; called again and again, each time after the sidecar answered a readiness request. */
  whileReady(): Promise<void>;
  /** Called again and again while the sidecar should serve and does not answer. */
  whileUnready(why: string): Promise<void>;
  /** Called again and again while the bypass is on. */
  whileBypassed(): Promise<void>;
}

/** What a new supervisor learns from the journal. */
export interface JournalHint {
  readonly state: SidecarState['name'] | null;
  readonly upgrade: UpgradeInProgress | null;
  readonly drainEndMs: number | null;
}
