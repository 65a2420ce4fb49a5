/** The states of the machine in which the old process still accepts. */
import { beginEmergency, goDown } from './cold-start.ts';
import { beginRecovery } from './draining.ts';
import { beginReplacement } from './replace-serving.ts';
import type {
  DrainPhase,
  Generation,
  SidecarAction,
  SidecarEvent,
  SidecarMachine,
  SidecarState,
  SidecarStep,
  UpgradeInProgress,
} from './sidecar-state.ts';
import { UPGRADE_TIMING } from './timing.ts';

type Idle = Extract<SidecarState, { name: 'idle' }>;
type Prepare = Extract<SidecarState, { name: 'preflight' | 'snapshot' }>;
type Start = Extract<SidecarState, { name: 'spawned' | 'initializing' }>;
type Aborting = Extract<SidecarState, { name: 'aborting' }>;

/**
 * The report of an upgrade that never served. During weir's own rollback such an end means that neither pair is as
 * wanted.
 */
export function failedReport(
  upgrade: UpgradeInProgress,
  outcome: 'refused' | 'aborted' | 'dry-run',
  reason: string,
): SidecarAction {
  return { type: 'report', upgrade, outcome: upgrade.returning === null ? outcome : 'emergency', reason };
}

/** One Envoy serves and nothing is under way. A crash here leads to a cold start of the settled pair. */
export function stepIdle(machine: SidecarMachine, state: Idle, event: SidecarEvent, nowMs: number): SidecarStep | null {
  if (event.type === 'exited' && event.id === state.serving.id)
    return servingLost(machine, state.serving, state.liveSinceMs, event.detail, [], nowMs);
  // Without its listeners it serves only existing connections: a successor takes the addresses again.
  const isOurs = event.type === 'listeners' && event.id === state.serving.id && event.missing.length > 0;
  if (isOurs && event.isCurable && event.hasLasted)
    return beginReplacement(machine, { serving: state.serving, drainMs: UPGRADE_TIMING.replaceDrainMs }, nowMs);
  if (event.type === 'upgrade') {
    const { serving } = state;
    const upgrade = {
      request: event.request,
      from: serving.pair,
      warnings: [],
      returning: null,
      mayEndEarly: false,
      isCountable: true,
    };
    return {
      machine: { ...machine, state: { name: 'preflight', serving: state.serving, upgrade } },
      actions: [{ type: 'preflight', upgrade, serving: state.serving }],
    };
  }
  return null;
}

function servingLost(
  machine: SidecarMachine,
  serving: Generation,
  liveSinceMs: number,
  detail: string,
  actions: readonly SidecarAction[],
  nowMs: number,
): SidecarStep {
  const circumstances = {
    pair: machine.current ?? serving.pair,
    variant: serving.variant,
    killing: null,
    old: null,
  };
  const healthy = nowMs - liveSinceMs >= UPGRADE_TIMING.healthyMs;
  const loss = { id: serving.id, detail };
  return goDown({ ...machine, crashes: healthy ? 0 : machine.crashes }, circumstances, loss, actions, nowMs);
}

/** Preflight and snapshot change nothing, so a failure here leaves the sidecar as it was. */
export function stepPrepare(
  machine: SidecarMachine,
  state: Prepare,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  const { serving, upgrade } = state;
  const idle = { ...machine, state: { name: 'idle', serving, liveSinceMs: nowMs - UPGRADE_TIMING.healthyMs } } as const;
  switch (event.type) {
    case 'preflight-refused':
      if (event.requestId !== upgrade.request.id) return null;
      // Only the cold return is left, because the serving process has been found wanting.
      if (upgrade.returning !== null) return returnCold(machine, state, event.reason, nowMs);
      return { machine: idle, actions: [failedReport(upgrade, event.outcome, event.reason)] };
    case 'preflight-passed': {
      if (state.name !== 'preflight' || event.requestId !== upgrade.request.id) return null;
      const { mayEndEarly, isCountable } = event;
      const cleared = { ...upgrade, mayEndEarly, isCountable: upgrade.isCountable && isCountable };
      if (upgrade.request.dryRun)
        return { machine: idle, actions: [failedReport(upgrade, 'dry-run', 'preflight passed')] };
      return {
        machine: { ...machine, state: { name: 'snapshot', serving, upgrade: cleared } },
        actions: [{ type: 'snapshot', upgrade: cleared, serving }],
      };
    }
    case 'snapshot-done': {
      if (state.name !== 'snapshot' || event.requestId !== upgrade.request.id) return null;
      const { variant, epoch } = serving;
      const candidate = { id: machine.nextId, epoch: epoch + 1, variant, pair: upgrade.request.pair };
      const started = { serving, candidate, upgrade, capMs: nowMs + UPGRADE_TIMING.initCapMs, waitsFor: null };
      return {
        machine: {
          ...machine,
          nextId: machine.nextId + 1,
          state: { name: 'spawned', ...started, deadlineMs: nowMs + UPGRADE_TIMING.spawnMs },
        },
        actions: [
          // Every failed start leaves the flag set, and a sink may still hold the name that the new process will bind.
          { type: 'release-sinks', variant, epoch: candidate.epoch },
          // A process that is told to give up its admin tells its own parent to end. On a dead name it retries for 10 s
          // and aborts.
          ...(epoch === 0
            ? []
            : [
                {
                  type: 'bind-sink',
                  role: 'parent',
                  generation: { ...serving, epoch: epoch - 1 },
                  isFree: true,
                } as const,
              ]),
          { type: 'clear-flag', variant },
          { type: 'spawn', generation: candidate, drainMs: upgrade.request.drainMs },
        ],
      };
    }
    case 'abort':
      if (upgrade.returning !== null) return { machine, actions: [{ type: 'abort-answer', answer: 'too-late' }] };
      return {
        machine: idle,
        actions: [
          { type: 'abort-answer', answer: 'aborting' },
          failedReport(upgrade, 'aborted', 'aborted by the operator'),
        ],
      };
    case 'exited':
      if (event.id !== serving.id) return null;
      if (upgrade.returning !== null) {
        const at = { pair: upgrade.from, variant: serving.variant, killing: null, old: null };
        return beginEmergency(machine, at, upgrade, upgrade.returning, nowMs);
      }
      return servingLost(
        machine,
        serving,
        nowMs - UPGRADE_TIMING.healthyMs,
        event.detail,
        [failedReport(upgrade, 'aborted', `the serving process ended during ${state.name}: ${event.detail}`)],
        nowMs,
      );
    default:
      return null;
  }
}

function beginAbort(
  machine: SidecarMachine,
  state: Start,
  reason: string,
  exited: boolean,
  nowMs: number,
): SidecarStep {
  const { serving, candidate, upgrade } = state;
  const deadlineMs = nowMs + (exited ? UPGRADE_TIMING.staleReplyMs : UPGRADE_TIMING.reapMs);
  // SIGKILL only: at SIGTERM the new process also terminates the old one. The sink takes the answer that the old one
  // may still send. Without the sink the old one retries for 10 s and aborts.
  const actions: SidecarAction[] = exited ? [] : [{ type: 'kill-unless-serving', id: candidate.id, oldId: serving.id }];
  actions.push({ type: 'bind-sink', role: 'child', generation: candidate, isFree: false });
  return {
    machine: { ...machine, state: { name: 'aborting', serving, candidate, upgrade, reason, exited, deadlineMs } },
    actions,
  };
}

function drainPhase(state: Start | Aborting, nowMs: number): DrainPhase {
  return {
    old: state.serving,
    serving: state.candidate,
    upgrade: state.upgrade,
    drainEndMs: nowMs + state.upgrade.request.drainMs,
    outcome: 'settled',
    sameBase: true,
    oldEnded: false,
  };
}

function beginHandover(machine: SidecarMachine, phase: DrainPhase, nowMs: number): SidecarStep {
  return {
    machine: { ...machine, state: { name: 'handover', deadlineMs: nowMs + UPGRADE_TIMING.handoverMs, ...phase } },
    actions: [{ type: 'check-handover', old: phase.old, serving: phase.serving }],
  };
}

function oldLost(
  machine: SidecarMachine,
  state: Start | Aborting,
  killing: Generation | null,
  detail: string,
  nowMs: number,
): SidecarStep {
  const at = { pair: state.upgrade.from, variant: state.serving.variant, killing, old: null };
  return beginEmergency(machine, at, state.upgrade, `the old process ended before the hand-over: ${detail}`, nowMs);
}

function noProgress({ waitsFor }: Start): string {
  return `the new process showed no progress before its deadline${waitsFor === null ? '' : `: ${waitsFor}`}`;
}

/** An old process that stopped listening was told to drain. One that had lost its listeners before proves nothing. */
function isHandedOver(machine: SidecarMachine, { serving }: Start | Aborting, othersListen: boolean): boolean {
  return !othersListen && machine.lost?.id !== serving.id;
}

/** The new process exists and has not taken over yet: the old one accepts, and a rollback costs nothing. */
export function stepStart(
  machine: SidecarMachine,
  state: Start,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  const { candidate, serving, upgrade } = state;
  switch (event.type) {
    case 'admin': {
      if (event.id !== candidate.id) return null;
      if (event.live) return beginHandover(machine, drainPhase(state, nowMs), nowMs);
      const { waitsFor } = event;
      if (state.name === 'initializing' && !event.progressed)
        return waitsFor === state.waitsFor
          ? null
          : { machine: { ...machine, state: { ...state, waitsFor } }, actions: [] };
      // After that time Envoy goes live without the missing resources of its control plane, and the old process stops
      // accepting.
      const waitMs = Math.min(upgrade.request.initTimeoutMs, event.patienceMs ?? Number.POSITIVE_INFINITY);
      const deadlineMs = Math.min(state.capMs, nowMs + waitMs);
      return { machine: { ...machine, state: { ...state, name: 'initializing', deadlineMs, waitsFor } }, actions: [] };
    }
    case 'tick':
      if (nowMs < state.deadlineMs) return null;
      return beginAbort(machine, state, noProgress(state), false, nowMs);
    case 'abort': {
      if (upgrade.returning !== null) return { machine, actions: [{ type: 'abort-answer', answer: 'too-late' }] };
      const step = beginAbort(machine, state, 'aborted by the operator', false, nowMs);
      return { machine: step.machine, actions: [{ type: 'abort-answer', answer: 'aborting' }, ...step.actions] };
    }
    case 'spawn-failed':
      if (event.id !== candidate.id) return null;
      return beginAbort(machine, state, event.reason, true, nowMs);
    case 'exited':
      if (event.id === serving.id) return oldLost(machine, state, candidate, event.detail, nowMs);
      if (event.id !== candidate.id) return null;
      // The old process accepts no more: the new one died just after the hand-over, before weir saw it live.
      if (isHandedOver(machine, state, event.othersListen))
        return beginRecovery(machine, drainPhase(state, nowMs), event.detail, nowMs);
      return beginAbort(machine, state, `the new process ended: ${event.detail}`, true, nowMs);
    default:
      return null;
  }
}

/** The rollback by a hot upgrade has failed: the serving process is ended and the former pair is started cold. */
function returnCold(
  machine: SidecarMachine,
  { serving, upgrade }: Prepare | Aborting,
  reason: string,
  nowMs: number,
): SidecarStep {
  const at = { pair: upgrade.from, variant: serving.variant, killing: serving, old: null };
  return beginEmergency(machine, at, upgrade, `${upgrade.returning}; no hot upgrade back: ${reason}`, nowMs);
}

/** The new process is being removed; the old one serves as before. */
export function stepAborting(
  machine: SidecarMachine,
  state: Aborting,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  const { serving, candidate, upgrade } = state;
  switch (event.type) {
    case 'exited':
      if (event.id === serving.id) return oldLost(machine, state, state.exited ? null : candidate, event.detail, nowMs);
      if (event.id !== candidate.id || state.exited) return null;
      if (isHandedOver(machine, state, event.othersListen)) {
        const phase = drainPhase(state, nowMs);
        const warnings = [...upgrade.warnings, `${state.reason}: too late, the hand-over had happened`];
        return beginRecovery(machine, { ...phase, upgrade: { ...upgrade, warnings } }, event.detail, nowMs);
      }
      return {
        machine: { ...machine, state: { ...state, exited: true, deadlineMs: nowMs + UPGRADE_TIMING.staleReplyMs } },
        actions: [],
      };
    case 'admin': {
      if (event.id !== candidate.id || !event.live) return null;
      const warnings = [...upgrade.warnings, `${state.reason}: too late, the hand-over had happened`];
      return beginHandover(machine, { ...drainPhase(state, nowMs), upgrade: { ...upgrade, warnings } }, nowMs);
    }
    case 'abort':
      return { machine, actions: [{ type: 'abort-answer', answer: 'aborting' }] };
    case 'tick':
      if (nowMs < state.deadlineMs) return null;
      if (!state.exited) {
        const again = { ...state, deadlineMs: nowMs + UPGRADE_TIMING.reapMs };
        return {
          machine: { ...machine, state: again },
          actions: [{ type: 'kill-unless-serving', id: candidate.id, oldId: serving.id }],
        };
      }
      if (upgrade.returning !== null) return returnCold(machine, state, state.reason, nowMs);
      return {
        machine: { ...machine, state: { name: 'idle', serving, liveSinceMs: nowMs - UPGRADE_TIMING.healthyMs } },
        actions: [{ type: 'clear-flag', variant: serving.variant }, failedReport(upgrade, 'aborted', state.reason)],
      };
    default:
      return null;
  }
}
