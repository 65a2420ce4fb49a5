/** The states of the machine in which the new process serves and the old one drains. */
import { beginReturn } from './begin-return.ts';
import { beginColdStart, beginEmergency } from './cold-start.ts';
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

type Drain = Extract<SidecarState, { name: 'handover' | 'checking' | 'notify' | 'draining' | 'ending' }>;
type Recovering = Extract<SidecarState, { name: 'recovering' }>;

function phaseOf(state: Drain | Recovering): DrainPhase {
  const { old, serving, upgrade, drainEndMs, outcome, sameBase, oldEnded, unseen } = state;
  const phase = { old, serving, upgrade, drainEndMs, outcome, sameBase, oldEnded };
  return unseen === undefined ? phase : { ...phase, unseen };
}

function withWarning(phase: DrainPhase, warning: string): DrainPhase {
  const { upgrade } = phase;
  return upgrade === null ? phase : { ...phase, upgrade: { ...upgrade, warnings: [...upgrade.warnings, warning] } };
}

/**
 * The new process died after the hand-over. The same epoch is started again first: Envoy is live in about 70 ms that
 * way, and requests in flight on the old process survive. Only an upgrade of a hot-restart pair can recover so.
 */
export function beginRecovery(machine: SidecarMachine, phase: DrainPhase, detail: string, nowMs: number): SidecarStep {
  const candidate = { ...phase.serving, id: machine.nextId };
  return {
    machine: {
      ...machine,
      nextId: machine.nextId + 1,
      state: {
        name: 'recovering',
        ...withWarning(phase, `the new process ended after the hand-over: ${detail}`),
        candidate,
        replaces: false,
        diedAtMs: nowMs,
        deadlineMs: nowMs + UPGRADE_TIMING.recoverMs,
      },
    },
    actions: [
      { type: 'release-sinks', variant: candidate.variant, epoch: candidate.epoch },
      { type: 'clear-flag', variant: candidate.variant },
      { type: 'spawn', generation: candidate, drainMs: phase.upgrade?.request.drainMs ?? null },
    ],
  };
}

function lost(
  machine: SidecarMachine,
  phase: DrainPhase,
  at: { readonly killing: DrainPhase['serving'] | null; readonly oldAlive: boolean },
  cause: string,
  nowMs: number,
): SidecarStep {
  const old = at.oldAlive ? phase.old : null;
  const { upgrade } = phase;
  const processes = { variant: phase.serving.variant, killing: at.killing, old };
  if (upgrade === null) {
    return beginColdStart(machine, { ...processes, pair: machine.current ?? phase.serving.pair }, null, nowMs);
  }
  return beginEmergency(machine, { ...processes, pair: upgrade.from }, upgrade, cause, nowMs);
}

function finish(machine: SidecarMachine, phase: DrainPhase, nowMs: number): SidecarStep {
  const { serving, upgrade, outcome } = phase;
  if (phase.unseen === 'so far' && upgrade !== null && machine.lost?.id !== serving.id)
    return lookAgain(machine, phase, nowMs);
  const idle = { name: 'idle', serving, liveSinceMs: nowMs - UPGRADE_TIMING.healthyMs } as const;
  if (upgrade === null) return { machine: { ...machine, state: idle }, actions: [] };
  if (outcome === 'rolled-back') {
    const report = { type: 'report', upgrade, outcome, reason: upgrade.warnings.at(-1) ?? 'started cold' } as const;
    return {
      machine: { ...machine, state: idle },
      actions: [report, { type: 'clean-up', keepVariant: serving.variant }],
    };
  }
  // The old process cannot be undrained, so the rollback is a second hot upgrade to the former pair.
  if (upgrade.returning !== null && serving.pair !== upgrade.from)
    return beginReturn(machine, { serving, upgrade }, upgrade.returning);
  if (machine.lost?.id === serving.id)
    return upgrade.returning === null
      ? beginReturn(machine, { serving, upgrade }, notListening(machine.lost.missing))
      : { machine: { ...machine, state: idle }, actions: [notBack(upgrade, machine.lost.missing)] };
  if (upgrade.returning !== null) {
    return {
      machine: { ...machine, state: idle },
      actions: [{ type: 'report', upgrade, outcome: 'rolled-back', reason: upgrade.returning }],
    };
  }
  if (upgrade.request.bakeMs > 0) {
    const deadlineMs = nowMs + upgrade.request.bakeMs;
    return {
      machine: { ...machine, crashes: 0, state: { name: 'baking', serving, upgrade, deadlineMs } },
      actions: [{ type: 'watch-bake', serving, upgrade }],
    };
  }
  return settle(machine, serving, upgrade, 'the old process has ended', nowMs);
}

/** Before anything is said of the upgrade: on a busy host the first look may not have come to its end. */
function lookAgain(machine: SidecarMachine, phase: DrainPhase, nowMs: number): SidecarStep {
  const deadlineMs = nowMs + UPGRADE_TIMING.lastLookMs;
  return {
    machine: { ...machine, state: { name: 'handover', ...phase, unseen: 'last', oldEnded: true, deadlineMs } },
    actions: [{ type: 'check-handover', old: phase.old, serving: phase.serving }],
  };
}

function notBack(upgrade: UpgradeInProgress, missing: readonly string[]): SidecarAction {
  const reason = `${upgrade.returning}; ${notListening(missing)}`;
  return { type: 'report', upgrade, outcome: 'emergency', reason };
}

/** The new pair is the settled one from now on. */
export function settle(
  machine: SidecarMachine,
  serving: Generation,
  upgrade: UpgradeInProgress,
  reason: string,
  nowMs: number,
): SidecarStep {
  const idle = { name: 'idle', serving, liveSinceMs: nowMs - UPGRADE_TIMING.healthyMs } as const;
  const previous = upgrade.from === serving.pair ? machine.previous : upgrade.from;
  return {
    machine: { ...machine, state: idle, current: serving.pair, previous, crashes: 0 },
    actions: [
      { type: 'settle', current: serving.pair, previous },
      { type: 'report', upgrade, outcome: 'settled', reason },
    ],
  };
}

/** Whether Envoy itself must end the old process: weir's signal would end the new one, or lose its datagrams. */
function isLeftToEnvoy({ sameBase, upgrade }: DrainPhase): boolean {
  return sameBase && upgrade?.mayEndEarly !== true;
}

function beginEnding(machine: SidecarMachine, phase: DrainPhase, cut: boolean, nowMs: number): SidecarStep {
  const actions: SidecarAction[] = [];
  // Without the sink the new one would find its parent dead at the next stats flush and abort.
  if (phase.sameBase) actions.push({ type: 'bind-sink', role: 'parent', generation: phase.old, isFree: false });
  actions.push({ type: 'end-gently', id: phase.old.id, cut, byEnvoy: isLeftToEnvoy(phase) && machine.stop === null });
  return {
    machine: { ...machine, state: { name: 'ending', ...phase, deadlineMs: nowMs + UPGRADE_TIMING.endMs } },
    actions,
  };
}

function afterNotices(machine: SidecarMachine, phase: DrainPhase): SidecarStep {
  const deadlineMs = phase.drainEndMs + (isLeftToEnvoy(phase) ? UPGRADE_TIMING.leftToEnvoyMs : 0);
  return {
    machine: { ...machine, state: { name: 'draining', ...phase, deadlineMs } },
    actions: [{ type: 'watch-drain', generation: phase.old }, ...bakeOf(phase)],
  };
}

/** The new process is watched from here on: a version that is no good has to be left while the old one drains. */
export function bakeOf({ serving, upgrade, outcome }: DrainPhase): SidecarAction[] {
  if (upgrade === null || upgrade.returning !== null || upgrade.request.bakeMs === 0 || outcome === 'rolled-back')
    return [];
  return [{ type: 'watch-bake', serving, upgrade }];
}

/** The new process has failed: it is killed, and the former pair is started cold while the old process drains on. */
function rejectNew(machine: SidecarMachine, phase: DrainPhase, cause: string, nowMs: number): SidecarStep {
  const step = lost(
    machine,
    withWarning(phase, cause),
    { killing: phase.serving, oldAlive: !phase.oldEnded },
    cause,
    nowMs,
  );
  // The old process may still owe the killed one an answer; without a sink on its name it aborts after 10 s.
  const sink = { type: 'bind-sink', role: 'child', generation: phase.serving, isFree: false } as const;
  return { machine: step.machine, actions: [...step.actions, sink] };
}

function notListening(missing: readonly string[]): string {
  return `the new process does not listen on ${missing.join(', ')}`;
}

function afterHandover(
  machine: SidecarMachine,
  state: Drain,
  missing: readonly string[] | null,
  nowMs: number,
): SidecarStep {
  const known = phaseOf(state);
  if (missing !== null && missing.length > 0) return rejectNew(machine, known, notListening(missing), nowMs);
  const phase = missing === null ? noteUnseen(known) : seen(known);
  if (known.unseen === 'last') return finish(machine, phase, nowMs);
  const check = phase.upgrade?.returning === null ? phase.upgrade.request.check : null;
  if (check === null) return beginNotices(machine, phase, nowMs);
  return {
    machine: { ...machine, state: { name: 'checking', ...phase, deadlineMs: nowMs + UPGRADE_TIMING.checkMs } },
    actions: [{ type: 'check', serving: phase.serving, check }],
  };
}

function noteUnseen(phase: DrainPhase): DrainPhase {
  if (phase.unseen === 'last')
    return withWarning(
      phase,
      'whether the new process listens could not be looked at, at the hand-over nor at the end',
    );
  return { ...phase, unseen: 'so far' };
}

function seen({ unseen: _, ...phase }: DrainPhase): DrainPhase {
  return phase;
}

function beginNotices(machine: SidecarMachine, phase: DrainPhase, nowMs: number): SidecarStep {
  if (phase.oldEnded) return finish(machine, phase, nowMs);
  return {
    machine: { ...machine, state: { name: 'notify', ...phase, deadlineMs: nowMs + UPGRADE_TIMING.notifyMs } },
    actions: [{ type: 'notify', old: phase.old, serving: phase.serving, drainEndMs: phase.drainEndMs }],
  };
}

/** The operator wants the former pair back while the old process of that pair still drains: the drain ends now. */
function goBack(machine: SidecarMachine, state: Drain, reason: string, nowMs: number): SidecarStep | null {
  const known = phaseOf(state);
  if (known.upgrade === null || known.upgrade.returning !== null || known.outcome === 'rolled-back') return null;
  const phase = { ...known, upgrade: { ...known.upgrade, returning: reason }, drainEndMs: nowMs };
  if (state.name === 'ending') return { machine: { ...machine, state: { ...state, ...phase } }, actions: [] };
  // Only with a sink can the old one be ended before Envoy's own timer without ending the new one.
  if (isLeftToEnvoy(phase) || phase.oldEnded) return rejectNew(machine, phase, reason, nowMs);
  return beginEnding(machine, phase, true, nowMs);
}

/** The watch has found the new process wanting while the old one drains, whose connections go on. */
function leaveNew(machine: SidecarMachine, state: Drain, reason: string, nowMs: number): SidecarStep | null {
  const phase = phaseOf(state);
  if (bakeOf(phase).length === 0) return null;
  if (state.name === 'ending') return goBack(machine, state, reason, nowMs);
  return state.name === 'draining' || state.name === 'notify' ? rejectNew(machine, phase, reason, nowMs) : null;
}

function stepTimer(machine: SidecarMachine, state: Drain, nowMs: number): SidecarStep | null {
  if (nowMs < state.deadlineMs) return null;
  const phase = phaseOf(state);
  switch (state.name) {
    case 'handover':
      return afterHandover(machine, state, null, nowMs);
    case 'checking':
      return rejectNew(machine, phase, 'the check of the new process was not answered in time', nowMs);
    case 'notify':
      return afterNotices(machine, withWarning(phase, 'not every notice was answered in time'));
    case 'draining':
      return beginEnding(machine, phase, true, nowMs);
    case 'ending':
      return {
        machine: { ...machine, state: { ...state, deadlineMs: nowMs + UPGRADE_TIMING.endMs } },
        actions: [{ type: 'kill', id: state.old.id }],
      };
  }
}

/** Hand-over done: the new process takes every new connection, the old one ends its requests. */
export function stepDrain(
  machine: SidecarMachine,
  state: Drain,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  const phase = phaseOf(state);
  switch (event.type) {
    case 'handover-checked':
      return state.name === 'handover' && event.id === state.serving.id
        ? afterHandover(machine, state, event.missing, nowMs)
        : null;
    case 'listeners':
      // A process that is ending cannot come back: the rollback begins when it is gone.
      if (event.id !== state.serving.id || event.missing.length === 0 || state.name === 'ending') return null;
      if (!event.hasLasted) return null;
      return phase.upgrade === null ? null : rejectNew(machine, phase, notListening(event.missing), nowMs);
    case 'check-done':
      if (state.name !== 'checking' || event.id !== state.serving.id) return null;
      return event.problem === null
        ? beginNotices(machine, phase, nowMs)
        : rejectNew(machine, phase, `the check of the new process failed: ${event.problem}`, nowMs);
    case 'go-back':
      return goBack(machine, state, event.reason, nowMs);
    case 'bake-failed':
      return event.id === state.serving.id ? leaveNew(machine, state, event.reason, nowMs) : null;
    case 'notices-done':
      return state.name === 'notify' && event.id === state.old.id ? afterNotices(machine, phase) : null;
    case 'drained':
      if (state.name !== 'draining' || event.id !== state.old.id || isLeftToEnvoy(phase)) return null;
      return beginEnding(machine, phase, false, nowMs);
    case 'abort':
      return { machine, actions: [{ type: 'abort-answer', answer: 'too-late' }] };
    case 'tick':
      return stepTimer(machine, state, nowMs);
    case 'exited': {
      if (event.id === state.old.id) {
        if (state.name === 'ending' || (state.name === 'draining' && isLeftToEnvoy(phase) && nowMs >= phase.drainEndMs))
          return finish(machine, phase, nowMs);
        const alone = withWarning(phase, `the old process ended by itself: ${event.detail}`);
        // The old process's last connections are gone. The new one still has to prove that it serves.
        const isUnseen = state.name === 'handover' || state.name === 'checking';
        const step = isUnseen
          ? { machine: { ...machine, state: { ...state, ...alone, oldEnded: true } }, actions: [] }
          : finish(machine, alone, nowMs);
        const sink = { type: 'bind-sink', role: 'parent', generation: state.old, isFree: true } as const;
        return phase.sameBase ? { machine: step.machine, actions: [sink, ...step.actions] } : step;
      }
      if (event.id !== state.serving.id) return null;
      if (state.name === 'ending' || !phase.sameBase || phase.oldEnded) {
        const cause = `the new process ended after the hand-over: ${event.detail}`;
        return lost(machine, withWarning(phase, cause), { killing: null, oldAlive: !phase.oldEnded }, cause, nowMs);
      }
      return beginRecovery(machine, phase, event.detail, nowMs);
    }
    default:
      return null;
  }
}

/** The new process is being started again on its own epoch while the old one still drains. Nobody accepts meanwhile. */
export function stepRecovering(
  machine: SidecarMachine,
  state: Recovering,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  const { candidate, diedAtMs, replaces } = state;
  const phase = phaseOf(state);
  switch (event.type) {
    case 'admin': {
      if (event.id !== candidate.id || !event.live || (event.missing ?? []).length > 0) return null;
      const back = withWarning(
        { ...phase, serving: candidate },
        `the new process was started again: new connections went without it for ${Math.round(nowMs - diedAtMs)} ms`,
      );
      return afterNotices(machine, back);
    }
    case 'exited':
      if (event.id === candidate.id) {
        const cause = `the new process ended again after the hand-over: ${event.detail}`;
        // A replaced process may still hold listeners of its own, and a cold start beside it would share them.
        if (replaces) return lost(machine, phase, { killing: state.old, oldAlive: false }, cause, nowMs);
        return lost(machine, phase, { killing: null, oldAlive: true }, cause, nowMs);
      }
      if (event.id === state.old.id) {
        // Its hot-restart parent is gone: the restarted one would wait for an answer that never comes.
        return lost(machine, phase, { killing: candidate, oldAlive: false }, 'both processes ended', nowMs);
      }
      return null;
    case 'spawn-failed':
      if (event.id !== candidate.id) return null;
      if (replaces) return lost(machine, phase, { killing: state.old, oldAlive: false }, event.reason, nowMs);
      return lost(machine, phase, { killing: null, oldAlive: true }, event.reason, nowMs);
    case 'abort':
      return { machine, actions: [{ type: 'abort-answer', answer: 'too-late' }] };
    case 'tick':
      if (nowMs < state.deadlineMs) return null;
      if (replaces) {
        const again = { ...state, deadlineMs: nowMs + UPGRADE_TIMING.reapMs };
        return { machine: { ...machine, state: again }, actions: [{ type: 'kill', id: candidate.id }] };
      }
      return lost(
        machine,
        phase,
        { killing: candidate, oldAlive: true },
        'the new process could not be started again',
        nowMs,
      );
    default:
      return null;
  }
}
