/** The types of the sidecar machine: states, events, actions. */
import type { SidecarCheck } from '../../mesh/mesh-config.ts';

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

/** Costs that an operator accepts for an upgrade: a lost listener, or another number of workers. */
export type UpgradeRisk = (typeof UPGRADE_RISKS)[number];

/** All risks that can be accepted. */
export const UPGRADE_RISKS = ['drop-listener', 'concurrency'] as const;

/** An operator's request. `initTimeoutMs`: how long the new Envoy may stay without progress; `drainMs`: the timer. */
export interface UpgradeRequest {
  readonly id: string;
  readonly pair: PairId;
  readonly initTimeoutMs: number;
  readonly drainMs: number;
  readonly dryRun: boolean;
  readonly accept: readonly UpgradeRisk[];
  readonly check: SidecarCheck | null;
  /** How long the new process is watched after the old one has ended; 0: not at all. */
  readonly bakeMs: number;
  /** The most anonymous memory that the new process may have meanwhile, in bytes; null: as much as it likes. */
  readonly bakeBytes: number | null;
  /** The last part of the drain, over which the connections that are left are cut one by one; 0: all at its end. */
  readonly spreadMs: number;
}

/** An upgrade under way: the request, the pair that served before it, and the warnings for the end report. */
export interface UpgradeInProgress {
  readonly request: UpgradeRequest;
  readonly from: PairId;
  readonly warnings: readonly string[];
  /** Why the upgrade returns to `from` (the bake failed, the operator asked for it); null: it does not. */
  readonly returning: string | null;
  /**
   * Whether weir may end the old process before Envoy's own timer does: preflight found that every listener is plain TCP
   * and that the sink can be started. False also means that the end of the old one is left to Envoy.
   */
  readonly mayEndEarly: boolean;
  /** Whether weir sees every connection of the old process, so that it can count what is cut. */
  readonly isCountable: boolean;
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
  /**
   * Whether `serving` still talks to `old` over the hot-restart socket. If `old` dies and no sink answers, `serving`
   * aborts.
   */
  readonly sameBase: boolean;
  /** Whether `old` has ended by itself before the new one was looked at. */
  readonly oldEnded: boolean;
  /** Nobody has seen the new process listen so far; `last`: the second look is under way, and there is no third. */
  readonly unseen?: 'so far' | 'last';
}

/** A cold start. `killing` must be gone before `candidate` is spawned, because it may hold the listening sockets. */
export interface BringUp {
  readonly candidate: Generation;
  readonly spawned: boolean;
  readonly killing: Generation | null;
  readonly old: Generation | null;
  readonly deadlineMs: number;
  readonly upgrade: UpgradeInProgress | null;
  /** Whether the admin of `candidate` has answered. */
  readonly answers: boolean;
  /** Addresses that `candidate` still has to listen on although it says that it is live; empty before it says so. */
  readonly lacking: readonly string[];
}

/** The state of a sidecar. Every state but `idle`, `preflight`, `snapshot` and `stopped` has a deadline. */
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
      readonly waitsFor: string | null;
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
  | ({
      readonly name: 'handover' | 'checking' | 'notify' | 'draining' | 'ending';
      readonly deadlineMs: number;
    } & DrainPhase)
  | {
      readonly name: 'baking';
      readonly serving: Generation;
      readonly upgrade: UpgradeInProgress;
      readonly deadlineMs: number;
    }
  | ({
      readonly name: 'recovering';
      readonly candidate: Generation;
      /** Whether `old` lost its listeners while it served, so that `candidate` is its successor and not its child's. */
      readonly replaces: boolean;
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

/** Listeners that the process that serves no longer holds. */
export interface LostListeners {
  readonly id: number;
  readonly missing: readonly string[];
}

/** The whole memory of the machine. `crashes`: cold starts in a row that did not hold; it sets the back-off. */
export interface SidecarMachine {
  readonly state: SidecarState;
  /** The number of the next process. None is used twice. */
  readonly nextId: number;
  /** The settled pair, and the one before it, to which a rollback goes. */
  readonly current: PairId | null;
  readonly previous: PairId | null;
  /** Whether the bypass was ordered last; the traffic itself may lag behind. */
  readonly bypassed: boolean;
  readonly crashes: number;
  /** Null while the process that serves holds its listeners, or nobody could look. */
  readonly lost: LostListeners | null;
  readonly stop: { readonly drainMs: number } | null;
}

/** The events of the machine. Times come as the `nowMs` argument of the step, never from a clock in here. */
export type SidecarEvent =
  | { readonly type: 'start'; readonly pair: PairId }
  | { readonly type: 'upgrade'; readonly request: UpgradeRequest }
  | { readonly type: 'abort' }
  /** The operator orders a rollback at once, although the old process still drains or the new one is watched. */
  | { readonly type: 'go-back'; readonly reason: string }
  | { readonly type: 'stop'; readonly drainMs: number }
  | {
      readonly type: 'preflight-passed';
      readonly requestId: string;
      readonly mayEndEarly: boolean;
      readonly isCountable: boolean;
    }
  /** `outcome`: whether a check refuses the upgrade, or the new version has failed in its rehearsal. */
  | {
      readonly type: 'preflight-refused';
      readonly requestId: string;
      readonly reason: string;
      readonly outcome: 'refused' | 'aborted';
    }
  | { readonly type: 'snapshot-done'; readonly requestId: string }
  | { readonly type: 'spawn-failed'; readonly id: number; readonly reason: string }
  | {
      readonly type: 'admin';
      readonly id: number;
      readonly live: boolean;
      readonly progressed: boolean;
      /** The addresses that it should listen on and does not, read when it reports live; null: the look failed. */
      readonly missing: readonly string[] | null;
      /** Whether a process started anew would listen on what is missing: then this one has been drained. */
      readonly isCurable: boolean;
      /** How long Envoy may be left without progress before it goes live without its control plane; null: for ever. */
      readonly patienceMs: number | null;
      /** The awaited resources of its control plane, in words; null: nothing that could be seen. */
      readonly waitsFor: string | null;
    }
  /** `missing` null: it could not be looked at. */
  | { readonly type: 'handover-checked'; readonly id: number; readonly missing: readonly string[] | null }
  /**
   * The process that serves was looked at. `isCurable`: a process started anew would listen there again. `hasLasted`: they
   * have been missing for so long that more is due than to send traffic direct; that is undone in a moment.
   */
  | {
      readonly type: 'listeners';
      readonly id: number;
      readonly missing: readonly string[];
      readonly isCurable: boolean;
      readonly hasLasted: boolean;
    }
  | { readonly type: 'check-done'; readonly id: number; readonly problem: string | null }
  | { readonly type: 'bake-failed'; readonly id: number; readonly reason: string }
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

/** The actions of the machine; the supervisor carries them out in order. */
export type SidecarAction =
  | { readonly type: 'preflight'; readonly upgrade: UpgradeInProgress; readonly serving: Generation }
  | { readonly type: 'snapshot'; readonly upgrade: UpgradeInProgress; readonly serving: Generation }
  | { readonly type: 'clear-flag'; readonly variant: 0 | 1 }
  | { readonly type: 'spawn'; readonly generation: Generation; readonly drainMs: number | null }
  | { readonly type: 'kill'; readonly id: number }
  /** SIGKILL to a new process, unless the hand-over has just happened: then say `admin` live instead. */
  | { readonly type: 'kill-unless-serving'; readonly id: number; readonly oldId: number }
  /** SIGTERM; with `cut`, after counting what it cuts. `byEnvoy`: only count, Envoy's own timer ends it. */
  | { readonly type: 'end-gently'; readonly id: number; readonly cut: boolean; readonly byEnvoy: boolean }
  | {
      readonly type: 'bind-sink';
      readonly role: 'parent' | 'child';
      readonly generation: Generation;
      /** Whether the name is free already: then the sink is bound before the next action. */
      readonly isFree: boolean;
    }
  | { readonly type: 'release-sinks'; readonly variant: 0 | 1; readonly epoch: number }
  | { readonly type: 'check-handover'; readonly old: Generation; readonly serving: Generation }
  | { readonly type: 'check'; readonly serving: Generation; readonly check: SidecarCheck }
  | { readonly type: 'watch-bake'; readonly serving: Generation; readonly upgrade: UpgradeInProgress }
  /** A process of the sidecar has ended unasked; `crashes` in a row, and the next start comes in `retryMs`. */
  | {
      readonly type: 'crash';
      /** The process that ended; null: it did not, and could not be used. */
      readonly id: number | null;
      readonly pair: PairId;
      readonly detail: string;
      readonly crashes: number;
      readonly retryMs: number;
    }
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
