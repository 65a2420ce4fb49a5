/** The machine's state after a restart of the supervisor, decided from the processes found. */
import { beginReturn } from './begin-return.ts';
import { beginEmergency, goDown } from './cold-start.ts';
import { bakeOf } from './draining.ts';
import { beginReplacement } from './replace-serving.ts';
import type {
  BringUp,
  Generation,
  SidecarAction,
  SidecarMachine,
  SidecarState,
  SidecarStep,
  UpgradeInProgress,
} from './sidecar-state.ts';
import { acceptsConnections, newSidecarMachine } from './step-sidecar.ts';
import { UPGRADE_TIMING } from './timing.ts';

/** A running Envoy process that a new supervisor finds. */
export interface FoundProcess {
  readonly generation: Generation;
  /** Whether it holds a socket of a listener. Null: it could not be inspected, and nothing is begun because of it. */
  readonly listening: boolean | null;
  /** Whether a later process was ever started on the same base-id: then one that does not listen is draining. */
  readonly hadSuccessor: boolean;
}

/**
 * The knowledge of a new supervisor. The processes decide; the journal only adds the request and the end of the drain.
 */
export interface SidecarFacts {
  readonly processes: readonly FoundProcess[];
  readonly nextId: number;
  readonly current: string | null;
  readonly previous: string | null;
  readonly journal: {
    readonly state: SidecarState['name'] | null;
    readonly upgrade: UpgradeInProgress | null;
    readonly drainEndMs: number | null;
  };
  readonly drainMs: number;
}

/**
 * Decides the state again after the supervisor died. Null: nothing of the sidecar runs, start it. While the old process
 * still listens, the hand-over has not happened; an old process that does not listen is draining.
 */
export function resumeSidecar(facts: SidecarFacts, nowMs: number): SidecarStep | null {
  const step = decide(facts, nowMs);
  if (step === null) return null;
  // The bypass is ordered again, whatever the last supervisor left in the kernel.
  const bypassed = !acceptsConnections(step.machine);
  const reason = bypassed ? 'a new supervisor found nobody serving' : 'a new supervisor found the sidecar serving';
  return {
    machine: { ...step.machine, bypassed },
    actions: [{ type: 'bypass', on: bypassed, reason }, ...step.actions],
  };
}

function decide(facts: SidecarFacts, nowMs: number): SidecarStep | null {
  const found = [...facts.processes].sort((a, b) => a.generation.id - b.generation.id);
  const newest = found.at(-1);
  const older = found.at(-2) ?? null;
  if (newest === undefined) return null;
  const base: SidecarMachine = { ...newSidecarMachine(facts.current, facts.previous), nextId: facts.nextId };
  const { generation } = newest;
  const { upgrade } = facts.journal;
  if (older === null) return resumeSingle(base, newest, upgrade, facts, nowMs);

  const old = older.generation;
  const sameBase = old.variant === generation.variant;
  const isStarting = facts.journal.state === 'spawned' || facts.journal.state === 'initializing';
  // One that had lost its listeners has been replaced only when its successor listens.
  const isDeaf = older.listening === false && newest.listening === false && isStarting;
  if (sameBase && (older.listening !== false || isDeaf)) {
    const asked = upgrade ?? {
      request: {
        id: 'adopted',
        pair: generation.pair,
        initTimeoutMs: 60_000,
        drainMs: facts.drainMs,
        dryRun: false,
        accept: [],
        check: null,
        bakeMs: 0,
        bakeBytes: null,
        spreadMs: 0,
      },
      from: old.pair,
      warnings: [],
      returning: null,
      mayEndEarly: false,
      isCountable: true,
    };
    if (facts.journal.state === 'aborting') {
      const reason = 'the abort that the last supervisor had begun';
      const aborting = { serving: old, candidate: generation, upgrade: asked, reason, exited: false };
      return {
        machine: { ...base, state: { name: 'aborting', ...aborting, deadlineMs: nowMs + UPGRADE_TIMING.reapMs } },
        actions: [
          { type: 'kill-unless-serving', id: generation.id, oldId: old.id },
          { type: 'bind-sink', role: 'child', generation, isFree: false },
        ],
      };
    }
    return {
      machine: {
        ...base,
        lost: isDeaf ? { id: old.id, missing: ['its addresses'] } : null,
        state: {
          name: 'initializing',
          serving: old,
          candidate: generation,
          upgrade: asked,
          deadlineMs: nowMs + asked.request.initTimeoutMs,
          capMs: nowMs + UPGRADE_TIMING.initCapMs,
          waitsFor: null,
        },
      },
      actions: [],
    };
  }
  if (newest.listening === false) {
    // A cold start beside a draining process: the same as any start, with the old one kept in mind.
    const up = { candidate: generation, spawned: true, killing: null, old, upgrade, answers: false, lacking: [] };
    const deadlineMs = nowMs + UPGRADE_TIMING.coldStartMs;
    return { machine: { ...base, state: startingOrEmergency(up, deadlineMs) }, actions: [] };
  }
  const drainEndMs = facts.journal.drainEndMs ?? nowMs + facts.drainMs;
  const outcome = sameBase ? 'settled' : 'rolled-back';
  const phase = { old, serving: generation, upgrade, drainEndMs, outcome, sameBase, oldEnded: false } as const;
  return {
    machine: { ...base, state: { name: 'draining', deadlineMs: drainEndMs, ...phase } },
    actions: [{ type: 'watch-drain', generation: old }, ...bakeOf(phase)],
  };
}

function resumeSingle(
  base: SidecarMachine,
  only: FoundProcess,
  upgrade: UpgradeInProgress | null,
  facts: SidecarFacts,
  nowMs: number,
): SidecarStep {
  const { generation } = only;
  const { state } = facts.journal;
  const listens = only.listening !== false;
  if (
    listens &&
    upgrade !== null &&
    upgrade.returning !== null &&
    generation.pair !== upgrade.from &&
    !only.hadSuccessor
  )
    return beginReturn(base, { serving: generation, upgrade }, upgrade.returning);
  if (upgrade === null && isDrained(only, state)) {
    return beginReplacement(base, { serving: generation, drainMs: facts.drainMs }, nowMs);
  }
  if (listens && upgrade !== null && generation.pair !== upgrade.request.pair) {
    if (!only.hadSuccessor) return resumeFormerPair(base, generation, upgrade, state, nowMs);
    // The new process ended unseen. The rest of the abort remains: the sink, the wait, the flag, the report.
    const { variant, epoch } = generation;
    const candidate = { id: facts.nextId, epoch: epoch + 1, variant, pair: upgrade.request.pair };
    const deadlineMs = nowMs + UPGRADE_TIMING.staleReplyMs;
    const reason = 'the new process had ended when a new supervisor looked';
    return {
      machine: {
        ...base,
        nextId: facts.nextId + 1,
        state: { name: 'aborting', serving: generation, candidate, upgrade, reason, exited: true, deadlineMs },
      },
      actions: [{ type: 'bind-sink', role: 'child', generation: candidate, isFree: true }],
    };
  }
  if (listens) {
    const idle = { name: 'idle', serving: generation, liveSinceMs: nowMs - UPGRADE_TIMING.healthyMs } as const;
    const actions: SidecarAction[] = [];
    // Its hot-restart parent may have died unseen; the sink keeps it from aborting.
    if (generation.epoch > 0) {
      actions.push({
        type: 'bind-sink',
        role: 'parent',
        generation: { ...generation, epoch: generation.epoch - 1 },
        isFree: true,
      });
    }
    if (upgrade === null) return { machine: { ...base, state: idle }, actions };
    if (upgrade.request.bakeMs > 0 && upgrade.returning === null) {
      const baking = { serving: generation, upgrade, deadlineMs: nowMs + upgrade.request.bakeMs };
      actions.push({ type: 'watch-bake', serving: generation, upgrade });
      return { machine: { ...base, state: { name: 'baking', ...baking } }, actions };
    }
    if (upgrade.returning !== null) {
      actions.push({ type: 'report', upgrade, outcome: 'rolled-back', reason: upgrade.returning });
      return { machine: { ...base, state: idle }, actions };
    }
    const reason = 'found settled by a new supervisor';
    actions.push({ type: 'settle', current: generation.pair, previous: upgrade.from });
    actions.push({ type: 'report', upgrade, outcome: 'settled', reason });
    return { machine: { ...base, state: idle, current: generation.pair, previous: upgrade.from }, actions };
  }
  if (only.hadSuccessor) {
    // It drains and its successor has died: nobody accepts. It may also have lost its listeners without a drain. A
    // successor takes its addresses, where a cold start would share them.
    if (upgrade !== null && (state === 'spawned' || state === 'initializing' || state === 'aborting')) {
      const warnings = [...upgrade.warnings, 'a new supervisor found nobody serving'];
      const undoes = { ...upgrade, warnings };
      return beginReplacement(base, { serving: generation, drainMs: facts.drainMs, undoes }, nowMs);
    }
    const pair = upgrade?.from ?? facts.current ?? generation.pair;
    const at = { pair, variant: generation.variant, killing: null, old: generation };
    const reason = 'the new process had ended after the hand-over: started cold';
    if (upgrade !== null) return beginEmergency(base, at, upgrade, reason, nowMs);
    return goDown(base, at, { id: null, detail: 'a new supervisor found nobody serving' }, [], nowMs);
  }
  const up = { candidate: generation, spawned: true, killing: null, old: null, upgrade, answers: false, lacking: [] };
  const deadlineMs = nowMs + UPGRADE_TIMING.coldStartMs;
  return { machine: { ...base, state: startingOrEmergency(up, deadlineMs) }, actions: [] };
}

/**
 * Whether the only process no longer serves, or soon will not. Its supervisor died while stopping it, which nothing can
 * undo, or its listeners are gone.
 */
function isDrained(only: FoundProcess, state: SidecarState['name'] | null): boolean {
  if (state === 'stopping') return true;
  if (only.listening !== false || only.hadSuccessor) return false;
  return state === 'idle' || state === 'preflight' || state === 'snapshot' || state === 'baking';
}

/** The pair from before the upgrade serves: either nothing had been started yet, or an emergency start has succeeded. */
function resumeFormerPair(
  base: SidecarMachine,
  serving: Generation,
  upgrade: UpgradeInProgress,
  state: SidecarState['name'] | null,
  nowMs: number,
): SidecarStep {
  const outcome = state === 'emergency' || state === 'recovering' ? 'rolled-back' : 'aborted';
  const reason = 'a new supervisor found the former pair serving';
  return {
    machine: { ...base, state: { name: 'idle', serving, liveSinceMs: nowMs - UPGRADE_TIMING.healthyMs } },
    actions: [{ type: 'report', upgrade, outcome, reason }],
  };
}

/** An upgrade that is being carried out by a cold start of the pair it came from is an emergency. */
function startingOrEmergency(up: Omit<BringUp, 'deadlineMs'>, deadlineMs: number): SidecarState {
  const { upgrade } = up;
  if (upgrade !== null && up.candidate.pair === upgrade.from) {
    return { name: 'emergency', ...up, upgrade, deadlineMs, cause: 'a new supervisor found the cold start under way' };
  }
  return { name: 'starting', ...up, deadlineMs };
}
