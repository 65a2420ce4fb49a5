/** The states of the machine in which an Envoy starts and no other one serves. */
import type {
  BringUp,
  Generation,
  PairId,
  SidecarAction,
  SidecarEvent,
  SidecarMachine,
  SidecarState,
  SidecarStep,
  UpgradeInProgress,
} from './sidecar-state.ts';
import { coldStartBackOffMs, UPGRADE_TIMING } from './timing.ts';

/** The facts about existing processes that a cold start needs. */
export interface ColdStartCircumstances {
  readonly pair: PairId;
  /** The base-id in use so far; the cold start takes the other one, or the one that `old` does not drain on. */
  readonly variant: 0 | 1;
  readonly killing: Generation | null;
  readonly old: Generation | null;
}

function bringUp(machine: SidecarMachine, at: ColdStartCircumstances, nowMs: number): BringUp & { upgrade: null } {
  const taken = at.old?.variant ?? at.variant;
  return {
    candidate: { id: machine.nextId, epoch: 0, variant: taken === 0 ? 1 : 0, pair: at.pair },
    spawned: at.killing === null,
    killing: at.killing,
    old: at.old,
    deadlineMs: nowMs + (at.killing === null ? UPGRADE_TIMING.coldStartMs : UPGRADE_TIMING.reapMs),
    upgrade: null,
    answers: false,
    lacking: [],
  };
}

function spawnOrKill(up: BringUp): SidecarAction[] {
  if (up.killing !== null) return [{ type: 'kill', id: up.killing.id }];
  const { variant, epoch } = up.candidate;
  return [
    { type: 'release-sinks', variant, epoch },
    { type: 'spawn', generation: up.candidate, drainMs: up.upgrade?.request.drainMs ?? null },
  ];
}

/** Starts an Envoy at epoch 0 because none serves. With `upgrade` the start is that upgrade's way of being carried out. */
export function beginColdStart(
  machine: SidecarMachine,
  at: ColdStartCircumstances,
  upgrade: UpgradeInProgress | null,
  nowMs: number,
): SidecarStep {
  const up = { ...bringUp(machine, at, nowMs), upgrade };
  return {
    machine: { ...machine, nextId: machine.nextId + 1, state: { name: 'starting', ...up } },
    actions: spawnOrKill(up),
  };
}

/** The new process is lost after the hand-over: the former pair is started cold, on a base-id of its own. */
export function beginEmergency(
  machine: SidecarMachine,
  at: ColdStartCircumstances,
  upgrade: UpgradeInProgress,
  cause: string,
  nowMs: number,
): SidecarStep {
  const up = { ...bringUp(machine, at, nowMs), upgrade };
  return {
    machine: { ...machine, nextId: machine.nextId + 1, state: { name: 'emergency', ...up, cause } },
    actions: spawnOrKill(up),
  };
}

/** The reason for which nobody serves; `id`: the process whose end it was, null when it was no end. */
export interface Loss {
  readonly id: number | null;
  readonly detail: string;
}

/** Nobody serves and the last start failed: wait for the back-off, then start again, without limit. */
export function goDown(
  machine: SidecarMachine,
  at: ColdStartCircumstances,
  { id, detail }: Loss,
  actions: readonly SidecarAction[],
  nowMs: number,
): SidecarStep {
  const crashes = machine.crashes + 1;
  const retryMs = coldStartBackOffMs(crashes);
  const crash: SidecarAction = { type: 'crash', id, pair: at.pair, detail, crashes, retryMs };
  return {
    machine: { ...machine, crashes, state: { name: 'down', ...at, deadlineMs: nowMs + retryMs } },
    actions: [...actions, crash],
  };
}

type Down = Extract<SidecarState, { name: 'down' }>;
type ColdStart = Extract<SidecarState, { name: 'starting' | 'emergency' }>;

/** A sidecar that is down: starts it again at the back-off's end, or with what an operator asks for. */
export function stepDown(machine: SidecarMachine, state: Down, event: SidecarEvent, nowMs: number): SidecarStep | null {
  if (event.type === 'exited') {
    if (event.id === state.killing?.id)
      return { machine: { ...machine, state: { ...state, killing: null } }, actions: [] };
    if (event.id === state.old?.id) return { machine: { ...machine, state: { ...state, old: null } }, actions: [] };
    return null;
  }
  if (event.type === 'tick' && nowMs >= state.deadlineMs) return beginColdStart(machine, state, null, nowMs);
  if (event.type === 'upgrade' && !event.request.dryRun) {
    const judged = { mayEndEarly: false, isCountable: true };
    const upgrade = { request: event.request, from: state.pair, warnings: [], returning: null, ...judged };
    return beginColdStart({ ...machine, crashes: 0 }, { ...state, pair: event.request.pair }, upgrade, nowMs);
  }
  return null;
}

function coldStartFailed(
  machine: SidecarMachine,
  state: ColdStart,
  reason: string,
  is: 'ended' | 'unstarted' | 'running',
  nowMs: number,
): SidecarStep {
  const { candidate, upgrade, old } = state;
  const actions: SidecarAction[] = is !== 'running' ? [] : [{ type: 'kill', id: candidate.id }];
  if (upgrade !== null) {
    const outcome = state.name === 'emergency' ? 'emergency' : 'aborted';
    actions.push({ type: 'report', upgrade, outcome, reason });
  }
  // An upgrade that was tried on a sidecar that was down leaves the former pair as the one to be started next.
  const pair = upgrade === null ? candidate.pair : upgrade.from;
  return goDown(
    machine,
    { pair, variant: candidate.variant, killing: is === 'running' ? candidate : null, old },
    { id: is === 'ended' ? candidate.id : null, detail: reason },
    actions,
    nowMs,
  );
}

function coldStartLive(machine: SidecarMachine, state: ColdStart, nowMs: number): SidecarStep {
  const { candidate, upgrade, old } = state;
  const actions: SidecarAction[] = [];
  let next = machine;
  if (state.name === 'starting' && machine.current !== candidate.pair) {
    const previous = upgrade === null ? machine.previous : upgrade.from;
    next = { ...machine, current: candidate.pair, previous };
    actions.push({ type: 'settle', current: candidate.pair, previous });
  }
  if (old !== null) {
    // A process that drains since before the crash gets the rest of its time: it still serves clients.
    const drainEndMs = nowMs + (upgrade?.request.drainMs ?? UPGRADE_TIMING.coldStartMs / 2);
    const outcome = state.name === 'emergency' ? 'rolled-back' : 'settled';
    const drain = { old, serving: candidate, upgrade, drainEndMs, outcome, sameBase: false, oldEnded: false } as const;
    actions.push({ type: 'watch-drain', generation: old });
    return { machine: { ...next, state: { name: 'draining', deadlineMs: drainEndMs, ...drain } }, actions };
  }
  if (upgrade !== null) {
    actions.push(
      state.name === 'emergency'
        ? { type: 'report', upgrade, outcome: 'rolled-back', reason: state.cause }
        : { type: 'report', upgrade, outcome: 'settled', reason: 'the sidecar was down: started cold' },
    );
  }
  actions.push({ type: 'clean-up', keepVariant: candidate.variant });
  return { machine: { ...next, state: { name: 'idle', serving: candidate, liveSinceMs: nowMs } }, actions };
}

function notLive({ lacking }: ColdStart): string {
  const reason = 'the start did not become live in time';
  return lacking.length === 0 ? reason : `${reason}: nobody listens on ${lacking.join(', ')}`;
}

/** The upgrade has failed and is reported so. The former pair's process answers, so its start goes on. */
function letEmergencyStart(
  machine: SidecarMachine,
  state: Extract<SidecarState, { name: 'emergency' }>,
  nowMs: number,
): SidecarStep {
  const { cause, upgrade, ...up } = state;
  const reason = `${cause}; ${notLive(state)}`;
  const deadlineMs = nowMs + UPGRADE_TIMING.coldStartMs;
  return {
    machine: { ...machine, state: { ...up, name: 'starting', upgrade: null, deadlineMs } },
    actions: [{ type: 'report', upgrade, outcome: 'emergency', reason }],
  };
}

/** A cold start under way, in an emergency or not. */
export function stepColdStart(
  machine: SidecarMachine,
  state: ColdStart,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  switch (event.type) {
    case 'exited': {
      if (event.id === state.old?.id) return { machine: { ...machine, state: { ...state, old: null } }, actions: [] };
      if (event.id === state.killing?.id) {
        const up = { ...state, killing: null, spawned: true, deadlineMs: nowMs + UPGRADE_TIMING.coldStartMs };
        return { machine: { ...machine, state: up }, actions: spawnOrKill(up) };
      }
      if (event.id !== state.candidate.id) return null;
      return coldStartFailed(machine, state, `the start failed: ${event.detail}`, 'ended', nowMs);
    }
    case 'spawn-failed':
      if (event.id !== state.candidate.id) return null;
      return coldStartFailed(machine, state, event.reason, 'unstarted', nowMs);
    case 'admin': {
      if (event.id !== state.candidate.id) return null;
      const lacking = event.live ? (event.missing ?? []) : [];
      if (event.live && lacking.length === 0) return coldStartLive(machine, state, nowMs);
      // Nobody else serves, so a process that answers is never killed for being slow: its control plane may be slow. A
      // live process without the listeners of its own bootstrap has been drained, and stays so.
      const mayWait = state.upgrade === null && !event.isCurable;
      const deadlineMs = mayWait ? Math.max(state.deadlineMs, nowMs + UPGRADE_TIMING.coldStartMs) : state.deadlineMs;
      return { machine: { ...machine, state: { ...state, answers: true, lacking, deadlineMs } }, actions: [] };
    }
    case 'tick': {
      if (nowMs < state.deadlineMs) return null;
      if (state.killing !== null) {
        const again = { ...state, deadlineMs: nowMs + UPGRADE_TIMING.reapMs };
        return { machine: { ...machine, state: again }, actions: [{ type: 'kill', id: state.killing.id }] };
      }
      if (state.name === 'emergency' && state.answers) return letEmergencyStart(machine, state, nowMs);
      return coldStartFailed(machine, state, notLive(state), 'running', nowMs);
    }
    default:
      return null;
  }
}
