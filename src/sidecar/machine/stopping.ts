/** The states of the machine in which all processes end. */
import { failedReport } from './before-handover.ts';
import type {
  Generation,
  SidecarAction,
  SidecarEvent,
  SidecarMachine,
  SidecarState,
  SidecarStep,
} from './sidecar-state.ts';
import { UPGRADE_TIMING } from './timing.ts';

type Stopping = Extract<SidecarState, { name: 'stopping' }>;

/**
 * Begins the end of up to two processes: the one that serves is told to drain, an old one drains already. Without any
 * the sidecar is stopped. The actions of `before` come first: an upgrade has its report before its processes go.
 */
function stopProcesses(
  machine: SidecarMachine,
  serving: Generation | null,
  old: Generation | null,
  before: readonly SidecarAction[],
  drainMs: number,
  nowMs: number,
): SidecarStep {
  if (serving === null && old === null) {
    return {
      machine: { ...machine, state: { name: 'stopped' }, stop: null },
      actions: [...before, { type: 'clean-up', keepVariant: null }],
    };
  }
  const actions: SidecarAction[] = [...before];
  if (serving !== null) {
    actions.push({ type: 'drain-listeners', id: serving.id }, { type: 'watch-drain', generation: serving });
  }
  return {
    machine: { ...machine, state: { name: 'stopping', serving, old, termed: false, deadlineMs: nowMs + drainMs } },
    actions,
  };
}

/** Stop as soon as it is safe: at once when idle, after the abort before a hand-over, after the drain behind one. */
export function beginStop(machine: SidecarMachine, drainMs: number, nowMs: number): SidecarStep {
  const { state } = machine;
  const asked = { ...machine, stop: { drainMs } };
  switch (state.name) {
    case 'stopped':
    case 'stopping':
      return { machine, actions: [] };
    case 'idle':
      return stopProcesses(asked, state.serving, null, [], drainMs, nowMs);
    case 'preflight':
    case 'snapshot':
      return stopProcesses(
        asked,
        state.serving,
        null,
        [failedReport(state.upgrade, 'aborted', 'the sidecar is being stopped')],
        drainMs,
        nowMs,
      );
    case 'down':
      // Nobody serves, so nothing has to drain.
      return stopProcesses(asked, state.killing, state.old, [], 0, nowMs);
    case 'starting':
    case 'emergency': {
      const { upgrade, candidate, killing, old } = state;
      const report: SidecarAction[] =
        upgrade === null
          ? []
          : [
              {
                type: 'report',
                upgrade,
                outcome: 'emergency',
                reason: 'the sidecar was stopped before it was live again',
              },
            ];
      return stopProcesses(asked, killing ?? candidate, old, report, 0, nowMs);
    }
    case 'spawned':
    case 'initializing':
      // SIGKILL first and the sink, as for every abort; the stop follows when the flag is cleared.
      return {
        machine: {
          ...asked,
          state: {
            name: 'aborting',
            serving: state.serving,
            candidate: state.candidate,
            upgrade: state.upgrade,
            reason: 'the sidecar is being stopped',
            exited: false,
            deadlineMs: nowMs + UPGRADE_TIMING.reapMs,
          },
        },
        actions: [
          { type: 'kill-unless-serving', id: state.candidate.id, oldId: state.serving.id },
          { type: 'bind-sink', role: 'child', generation: state.candidate, isFree: false },
        ],
      };
    case 'baking':
      // The old process has ended by now: only the new one is left to drain.
      return stopProcesses(
        asked,
        state.serving,
        null,
        [failedReport(state.upgrade, 'aborted', 'the sidecar was stopped while the new process was watched')],
        drainMs,
        nowMs,
      );
    case 'handover':
    case 'checking':
    case 'notify':
    case 'draining':
    case 'recovering': {
      // The drain under way is cut short where that is sooner; the machine stops at its end.
      const drainEndMs = Math.min(state.drainEndMs, nowMs + drainMs);
      const deadlineMs = state.name === 'draining' ? Math.min(state.deadlineMs, drainEndMs) : state.deadlineMs;
      return { machine: { ...asked, state: { ...state, drainEndMs, deadlineMs } }, actions: [] };
    }
    default:
      return { machine: asked, actions: [] };
  }
}

/** Everything of the sidecar is being ended: drained first, then SIGTERM, then SIGKILL. */
export function stepStopping(
  machine: SidecarMachine,
  state: Stopping,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  const ids = [state.serving?.id, state.old?.id].filter((id) => id !== undefined);
  // SIGTERM at first; once that was sent and the time is over again, SIGKILL.
  const end = (): SidecarStep => ({
    machine: { ...machine, state: { ...state, termed: true, deadlineMs: nowMs + UPGRADE_TIMING.endMs } },
    actions: ids.map((id) =>
      state.termed ? { type: 'kill', id } : { type: 'end-gently', id, cut: true, byEnvoy: false },
    ),
  });
  switch (event.type) {
    case 'drained':
      return event.id === state.serving?.id && !state.termed ? end() : null;
    case 'tick':
      return nowMs >= state.deadlineMs ? end() : null;
    case 'exited': {
      const serving = event.id === state.serving?.id ? null : state.serving;
      const old = event.id === state.old?.id ? null : state.old;
      if (serving !== null || old !== null)
        return { machine: { ...machine, state: { ...state, serving, old } }, actions: [] };
      return {
        machine: { ...machine, state: { name: 'stopped' }, stop: null },
        actions: [{ type: 'clean-up', keepVariant: null }],
      };
    }
    default:
      return null;
  }
}
