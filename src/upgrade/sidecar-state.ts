/** Name of a stored pair of Envoy binary and bootstrap: the first 12 hex digits of a sha256 over both. */
export type PairId = string;

/**
 * One Envoy process of a sidecar as weir counts it. `epoch` is Envoy's restart epoch; `variant` says which of the
 * sidecar's two base-ids it runs on (a cold start takes the other one, so that it never meets an old shared memory).
 * `id` grows with every process ever started, so that a second process with the same epoch is not mistaken for the first.
 */
export interface Generation {
  readonly id: number;
  readonly epoch: number;
  readonly variant: 0 | 1;
  readonly pair: PairId;
}

/** What an operator asked for. `initTimeoutMs`: how long the new Envoy may stay without progress; `drainMs`: the timer. */
export interface UpgradeRequest {
  readonly id: string;
  readonly pair: PairId;
  readonly initTimeoutMs: number;
  readonly drainMs: number;
  readonly dryRun: boolean;
}

/** An upgrade under way: the request, the pair that served before it, and what the end report must warn of. */
export interface UpgradeInProgress {
  readonly request: UpgradeRequest;
  readonly from: PairId;
  readonly warnings: readonly string[];
  /** True once weir itself is on the way back to `from`, because the new one did not hold every listener. */
  readonly returning: boolean;
}

/** How an upgrade ended; `dry-run` is a preflight that passed and was not followed by anything. */
export type UpgradeOutcome = 'settled' | 'refused' | 'aborted' | 'rolled-back' | 'emergency' | 'dry-run';

/** The old process drains while the new one takes every new connection. Times are milliseconds of the injected clock. */
export interface DrainPhase {
  readonly old: Generation;
  readonly serving: Generation;
  readonly upgrade: UpgradeInProgress | null;
  readonly drainEndMs: number;
  readonly outcome: 'settled' | 'rolled-back';
  /** Whether `serving` is the hot-restart child of `old`: then it aborts when `old` dies without a sink. */
  readonly sameBase: boolean;
}

/** A cold start. `killing` must be gone before `candidate` is spawned, because it may hold the listening sockets. */
export interface BringUp {
  readonly candidate: Generation;
  readonly spawned: boolean;
  readonly killing: Generation | null;
  readonly old: Generation | null;
  readonly deadlineMs: number;
  readonly upgrade: UpgradeInProgress | null;
}

/** Where a sidecar stands. Every state but `idle`, `preflight`, `snapshot` and `stopped` has a deadline. */
export type SidecarState =
  | { readonly name: 'stopped' }
  | {
      readonly name: 'down';
      readonly pair: PairId;
      readonly variant: 0 | 1;
      readonly killing: Generation | null;
      readonly old: Generation | null;
      readonly deadlineMs: number;
    }
  | ({ readonly name: 'starting' } & BringUp)
  | { readonly name: 'idle'; readonly serving: Generation; readonly liveSinceMs: number }
  | { readonly name: 'preflight'; readonly serving: Generation; readonly upgrade: UpgradeInProgress }
  | { readonly name: 'snapshot'; readonly serving: Generation; readonly upgrade: UpgradeInProgress }
  | {
      readonly name: 'spawned' | 'initializing';
      readonly serving: Generation;
      readonly candidate: Generation;
      readonly upgrade: UpgradeInProgress;
      readonly deadlineMs: number;
      /** The absolute end of patience, however much progress the new one shows. */
      readonly capMs: number;
    }
  | {
      readonly name: 'aborting';
      readonly serving: Generation;
      readonly candidate: Generation;
      readonly upgrade: UpgradeInProgress;
      readonly reason: string;
      readonly exited: boolean;
      readonly deadlineMs: number;
    }
  | ({ readonly name: 'handover' | 'notify' | 'draining' | 'ending'; readonly deadlineMs: number } & DrainPhase)
  | ({
      readonly name: 'recovering';
      readonly candidate: Generation;
      readonly diedAtMs: number;
      readonly deadlineMs: number;
    } & DrainPhase)
  | ({ readonly name: 'emergency'; readonly cause: string } & BringUp & { readonly upgrade: UpgradeInProgress })
  | {
      readonly name: 'stopping';
      readonly serving: Generation | null;
      readonly old: Generation | null;
      readonly termed: boolean;
      readonly deadlineMs: number;
    };

/** The whole memory of the machine. `crashes`: cold starts in a row that did not hold; it sets the back-off. */
export interface SidecarMachine {
  readonly state: SidecarState;
  readonly nextId: number;
  readonly current: PairId | null;
  readonly previous: PairId | null;
  readonly bypassed: boolean;
  readonly crashes: number;
  readonly stop: { readonly drainMs: number } | null;
}

/** What the supervisor tells the machine. Times come as the `nowMs` argument of the step, never from a clock in here. */
export type SidecarEvent =
  | { readonly type: 'start'; readonly pair: PairId }
  | { readonly type: 'upgrade'; readonly request: UpgradeRequest }
  | { readonly type: 'abort' }
  | { readonly type: 'stop'; readonly drainMs: number }
  | { readonly type: 'preflight-passed'; readonly requestId: string }
  | { readonly type: 'preflight-refused'; readonly requestId: string; readonly reason: string }
  | { readonly type: 'snapshot-done'; readonly requestId: string }
  | { readonly type: 'spawn-failed'; readonly id: number; readonly reason: string }
  | { readonly type: 'admin'; readonly id: number; readonly live: boolean; readonly progressed: boolean }
  | { readonly type: 'handover-checked'; readonly id: number; readonly missing: readonly string[] }
  | { readonly type: 'notices-done'; readonly id: number }
  | { readonly type: 'drained'; readonly id: number }
  | {
      readonly type: 'exited';
      readonly id: number;
      readonly detail: string;
      /** Whether another process of this sidecar holds a listening socket at this moment. */
      readonly othersListen: boolean;
    }
  | { readonly type: 'tick' };

/** What the machine asks for; the supervisor carries the actions out in order. */
export type SidecarAction =
  | { readonly type: 'preflight'; readonly upgrade: UpgradeInProgress; readonly serving: Generation }
  | { readonly type: 'snapshot'; readonly upgrade: UpgradeInProgress; readonly serving: Generation }
  | { readonly type: 'clear-flag'; readonly variant: 0 | 1 }
  | { readonly type: 'spawn'; readonly generation: Generation; readonly drainMs: number | null }
  | { readonly type: 'kill'; readonly id: number }
  /** SIGKILL to a new process, unless the hand-over has just happened: then say `admin` live instead. */
  | { readonly type: 'kill-unless-serving'; readonly id: number; readonly oldId: number }
  | { readonly type: 'end-gently'; readonly id: number; readonly cut: boolean }
  | {
      readonly type: 'bind-sink';
      readonly role: 'parent' | 'child';
      readonly generation: Generation;
      /** Whether the name is free already: then the sink is bound before the next action. */
      readonly isFree: boolean;
    }
  | { readonly type: 'release-sinks'; readonly variant: 0 | 1; readonly epoch: number }
  | { readonly type: 'check-handover'; readonly old: Generation; readonly serving: Generation }
  | { readonly type: 'notify'; readonly old: Generation; readonly serving: Generation; readonly drainEndMs: number }
  | { readonly type: 'watch-drain'; readonly generation: Generation }
  | { readonly type: 'drain-listeners'; readonly id: number }
  | { readonly type: 'bypass'; readonly on: boolean; readonly reason: string }
  | { readonly type: 'settle'; readonly current: PairId; readonly previous: PairId | null }
  | { readonly type: 'reject'; readonly requestId: string; readonly reason: string }
  | {
      readonly type: 'report';
      readonly upgrade: UpgradeInProgress;
      readonly outcome: UpgradeOutcome;
      readonly reason: string;
    }
  | { readonly type: 'abort-answer'; readonly answer: 'aborting' | 'nothing' | 'too-late' }
  | { readonly type: 'clean-up'; readonly keepVariant: 0 | 1 | null };

/** One step: the machine after it and what is to be done, in order. */
export interface SidecarStep {
  readonly machine: SidecarMachine;
  readonly actions: readonly SidecarAction[];
}
