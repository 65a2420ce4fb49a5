/** The step function of the sidecar machine. */
import { stepBaking } from './baking.ts';
import { stepAborting, stepIdle, stepPrepare, stepStart } from './before-handover.ts';
import { beginColdStart, stepColdStart, stepDown } from './cold-start.ts';
import { stepDrain, stepRecovering } from './draining.ts';
import type { SidecarAction, SidecarEvent, SidecarMachine, SidecarState, SidecarStep } from './sidecar-state.ts';
import { beginStop, stepStopping } from './stopping.ts';

/** The machine of a sidecar without any process. `current` and `previous` are the pointers of the versions store. */
export function newSidecarMachine(current: string | null, previous: string | null): SidecarMachine {
  return {
    state: { name: 'stopped' },
    nextId: 1,
    current,
    previous,
    bypassed: false,
    crashes: 0,
    lost: null,
    stop: null,
  };
}

/** Whether some process of the sidecar accepts new connections on all its listeners, as far as the machine knows. */
export function acceptsConnections({ state, lost }: SidecarMachine): boolean {
  if (lost !== null && 'serving' in state && state.serving?.id === lost.id) return false;
  switch (state.name) {
    case 'stopped':
    case 'down':
    case 'starting':
    case 'emergency':
    case 'recovering':
    case 'stopping':
      return false;
    default:
      return true;
  }
}

/** Why traffic goes direct in a state that accepts nothing; shown by `weir status`. */
function bypassReason({ state, lost }: SidecarMachine): string {
  switch (state.name) {
    case 'stopping':
      return 'the sidecar is being stopped';
    case 'recovering':
      return state.replaces
        ? `the sidecar no longer listens on ${lost?.missing.join(', ') ?? 'its addresses'}`
        : 'the new process ended after the hand-over and is being started again';
    case 'emergency':
      return state.cause;
    case 'starting':
      return 'the sidecar is being started';
    case 'stopped':
    case 'down':
      return 'the sidecar has ended';
    default:
      return `the sidecar no longer listens on ${lost?.missing.join(', ') ?? 'its addresses'}`;
  }
}

/** Records the listeners of the serving process; a look at any other process proves nothing, nor does one that failed. */
function noteListeners(
  machine: SidecarMachine,
  { id, missing }: Extract<SidecarEvent, { type: 'listeners' | 'handover-checked' }>,
): SidecarMachine {
  const { state } = machine;
  if (missing === null || !('serving' in state) || state.serving?.id !== id) return machine;
  return { ...machine, lost: missing.length === 0 ? null : { id, missing } };
}

function dispatch(machine: SidecarMachine, event: SidecarEvent, nowMs: number): SidecarStep | null {
  const { state } = machine;
  switch (state.name) {
    case 'stopped':
      if (event.type !== 'start') return null;
      return beginColdStart(machine, { pair: event.pair, variant: 1, killing: null, old: null }, null, nowMs);
    case 'down':
      return stepDown(machine, state, event, nowMs);
    case 'starting':
    case 'emergency':
      return stepColdStart(machine, state, event, nowMs);
    case 'idle':
      return stepIdle(machine, state, event, nowMs);
    case 'preflight':
    case 'snapshot':
      return stepPrepare(machine, state, event, nowMs);
    case 'spawned':
    case 'initializing':
      return stepStart(machine, state, event, nowMs);
    case 'aborting':
      return stepAborting(machine, state, event, nowMs);
    case 'handover':
    case 'checking':
    case 'notify':
    case 'draining':
    case 'ending':
      return stepDrain(machine, state, event, nowMs);
    case 'baking':
      return stepBaking(machine, state, event, nowMs);
    case 'recovering':
      return stepRecovering(machine, state, event, nowMs);
    case 'stopping':
      return stepStopping(machine, state, event, nowMs);
  }
}

/**
 * One event in, actions out; `nowMs` is the injected clock. Events that mean nothing in a state change nothing, except
 * that a request is always answered. The bypass follows from the state: traffic goes direct whenever nobody accepts.
 */
export function stepSidecar(before: SidecarMachine, event: SidecarEvent, nowMs: number): SidecarStep {
  const isLook = event.type === 'listeners' || event.type === 'handover-checked';
  const machine = isLook ? noteListeners(before, event) : before;
  let step = dispatch(machine, event, nowMs);
  if (event.type === 'stop') step = beginStop(machine, event.drainMs, nowMs);
  step ??= { machine, actions: unanswered(machine.state, event) };
  if (step.machine.stop !== null && (step.machine.state.name === 'idle' || step.machine.state.name === 'down')) {
    const stopped = beginStop(step.machine, step.machine.stop.drainMs, nowMs);
    step = { machine: stopped.machine, actions: [...step.actions, ...stopped.actions] };
  }
  const bypassed = !acceptsConnections(step.machine);
  if (bypassed === step.machine.bypassed) return step;
  const reason = bypassed ? bypassReason(step.machine) : 'the sidecar is live';
  return {
    machine: { ...step.machine, bypassed },
    actions: [{ type: 'bypass', on: bypassed, reason }, ...step.actions],
  };
}

function unanswered(state: SidecarState, event: SidecarEvent): SidecarAction[] {
  if (event.type === 'upgrade') {
    return [{ type: 'reject', requestId: event.request.id, reason: `the sidecar is ${state.name}` }];
  }
  if (event.type === 'abort') return [{ type: 'abort-answer', answer: 'nothing' }];
  return [];
}

/** The time of the next `tick` that the machine needs, in milliseconds of the injected clock; null: never. */
export function nextTickMs(machine: SidecarMachine): number | null {
  return 'deadlineMs' in machine.state ? machine.state.deadlineMs : null;
}
