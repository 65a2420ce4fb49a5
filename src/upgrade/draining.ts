import { beginColdStart, beginEmergency } from './cold-start.ts';
import type {
  DrainPhase,
  SidecarAction,
  SidecarEvent,
  SidecarMachine,
  SidecarState,
  SidecarStep,
} from './sidecar-state.ts';
import { UPGRADE_TIMING } from './timing.ts';

type Drain = Extract<SidecarState, { name: 'handover' | 'notify' | 'draining' | 'ending' }>;
type Recovering = Extract<SidecarState, { name: 'recovering' }>;

function phaseOf(state: Drain | Recovering): DrainPhase {
  const { old, serving, upgrade, drainEndMs, outcome, sameBase } = state;
  return { old, serving, upgrade, drainEndMs, outcome, sameBase };
}

function withWarning(phase: DrainPhase, warning: string): DrainPhase {
  const { upgrade } = phase;
  return upgrade === null ? phase : { ...phase, upgrade: { ...upgrade, warnings: [...upgrade.warnings, warning] } };
}

/**
 * The new process died after the hand-over. The same epoch is started again first: Envoy is live in about 70 ms that way
 * and the requests in flight on the old one survive. Only an upgrade of a hot-restart pair can be recovered so.
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
  const idle = { name: 'idle', serving, liveSinceMs: nowMs - UPGRADE_TIMING.healthyMs } as const;
  if (upgrade === null) return { machine: { ...machine, state: idle }, actions: [] };
  if (outcome === 'rolled-back') {
    const report = { type: 'report', upgrade, outcome, reason: upgrade.warnings.at(-1) ?? 'started cold' } as const;
    return {
      machine: { ...machine, state: idle },
      actions: [report, { type: 'clean-up', keepVariant: serving.variant }],
    };
  }
  if (upgrade.returning && serving.pair !== upgrade.from) {
    // The old process cannot be undrained, so the way back is a second hot upgrade to the pair that served before.
    const back = { ...upgrade, request: { ...upgrade.request, id: `${upgrade.request.id}-back`, pair: upgrade.from } };
    return {
      machine: { ...machine, state: { name: 'preflight', serving, upgrade: back } },
      actions: [{ type: 'preflight', upgrade: back, serving }],
    };
  }
  if (upgrade.returning) {
    const reason = upgrade.warnings.at(-1) ?? 'the new one did not hold every listener';
    return {
      machine: { ...machine, state: idle },
      actions: [{ type: 'report', upgrade, outcome: 'rolled-back', reason }],
    };
  }
  const previous = upgrade.from === serving.pair ? machine.previous : upgrade.from;
  return {
    machine: { ...machine, state: idle, current: serving.pair, previous, crashes: 0 },
    actions: [
      { type: 'settle', current: serving.pair, previous },
      { type: 'report', upgrade, outcome: 'settled', reason: 'the old process has ended' },
    ],
  };
}

function beginEnding(machine: SidecarMachine, phase: DrainPhase, cut: boolean, nowMs: number): SidecarStep {
  const actions: SidecarAction[] = [];
  // Without the sink the new one would find its parent dead at the next stats flush and abort.
  if (phase.sameBase) actions.push({ type: 'bind-sink', role: 'parent', generation: phase.old, isFree: false });
  actions.push({ type: 'end-gently', id: phase.old.id, cut });
  return {
    machine: { ...machine, state: { name: 'ending', ...phase, deadlineMs: nowMs + UPGRADE_TIMING.endMs } },
    actions,
  };
}

function afterNotices(machine: SidecarMachine, phase: DrainPhase): SidecarStep {
  return {
    machine: { ...machine, state: { name: 'draining', ...phase, deadlineMs: phase.drainEndMs } },
    actions: [{ type: 'watch-drain', generation: phase.old }],
  };
}

function afterHandover(machine: SidecarMachine, state: Drain, missing: readonly string[], nowMs: number): SidecarStep {
  let phase = phaseOf(state);
  if (missing.length > 0 && phase.upgrade !== null && !phase.upgrade.returning) {
    phase = withWarning(phase, `the new process does not listen on ${missing.join(', ')}`);
    if (phase.upgrade !== null) phase = { ...phase, upgrade: { ...phase.upgrade, returning: true } };
  }
  return {
    machine: { ...machine, state: { name: 'notify', ...phase, deadlineMs: nowMs + UPGRADE_TIMING.notifyMs } },
    actions: [{ type: 'notify', old: phase.old, serving: phase.serving, drainEndMs: phase.drainEndMs }],
  };
}

function stepTimer(machine: SidecarMachine, state: Drain, nowMs: number): SidecarStep | null {
  if (nowMs < state.deadlineMs) return null;
  const phase = phaseOf(state);
  switch (state.name) {
    case 'handover':
      return afterHandover(machine, state, [], nowMs);
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
    case 'notices-done':
      return state.name === 'notify' && event.id === state.old.id ? afterNotices(machine, phase) : null;
    case 'drained':
      return state.name === 'draining' && event.id === state.old.id ? beginEnding(machine, phase, false, nowMs) : null;
    case 'abort':
      return { machine, actions: [{ type: 'abort-answer', answer: 'too-late' }] };
    case 'tick':
      return stepTimer(machine, state, nowMs);
    case 'exited': {
      if (event.id === state.old.id) {
        if (state.name === 'ending') return finish(machine, phase, nowMs);
        const step = finish(machine, withWarning(phase, `the old process ended by itself: ${event.detail}`), nowMs);
        const sink = { type: 'bind-sink', role: 'parent', generation: state.old, isFree: true } as const;
        return phase.sameBase ? { machine: step.machine, actions: [sink, ...step.actions] } : step;
      }
      if (event.id !== state.serving.id) return null;
      if (state.name === 'ending' || !phase.sameBase) {
        const cause = `the new process ended after the hand-over: ${event.detail}`;
        return lost(machine, withWarning(phase, cause), { killing: null, oldAlive: true }, cause, nowMs);
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
  const { candidate, diedAtMs } = state;
  const phase = phaseOf(state);
  switch (event.type) {
    case 'admin': {
      if (event.id !== candidate.id || !event.live) return null;
      const back = withWarning(
        { ...phase, serving: candidate },
        `the new process was started again: new connections went without it for ${Math.round(nowMs - diedAtMs)} ms`,
      );
      return afterNotices(machine, back);
    }
    case 'exited':
      if (event.id === candidate.id) {
        const cause = `the new process ended again after the hand-over: ${event.detail}`;
        return lost(machine, phase, { killing: null, oldAlive: true }, cause, nowMs);
      }
      if (event.id === state.old.id) {
        // Its hot-restart parent is gone: the restarted one would wait for an answer that never comes.
        return lost(machine, phase, { killing: candidate, oldAlive: false }, 'both processes ended', nowMs);
      }
      return null;
    case 'spawn-failed':
      if (event.id !== candidate.id) return null;
      return lost(machine, phase, { killing: null, oldAlive: true }, event.reason, nowMs);
    case 'abort':
      return { machine, actions: [{ type: 'abort-answer', answer: 'too-late' }] };
    case 'tick':
      if (nowMs < state.deadlineMs) return null;
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
