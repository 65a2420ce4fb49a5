import { beginEmergency, goDown } from './cold-start.ts';
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

/** A living Envoy process that a new supervisor finds. */
export interface FoundProcess {
  readonly generation: Generation;
  /** Whether it holds a LISTEN socket on a listener's port. */
  readonly listening: boolean;
  /** Whether a later process was ever started on the same base-id: then one that does not listen is draining. */
  readonly hadSuccessor: boolean;
}

/** What a new supervisor knows. The processes decide; the journal only lends the request and the end of the drain. */
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
 * Decides the state again after the supervisor died. Null: nothing of the sidecar runs, start it. The old process that
 * still listens means that the hand-over has not happened; one that does not listen is draining.
 */
export function resumeSidecar(facts: SidecarFacts, nowMs: number): SidecarStep | null {
  const step = decide(facts, nowMs);
  if (step === null) return null;
  // Whatever the last supervisor left in the kernel, it is said again.
  const bypassed = !acceptsConnections(step.machine.state);
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
  if (sameBase && older.listening) {
    const asked = upgrade ?? {
      request: { id: 'adopted', pair: generation.pair, initTimeoutMs: 60_000, drainMs: facts.drainMs, dryRun: false },
      from: old.pair,
      warnings: [],
      returning: false,
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
        state: {
          name: 'initializing',
          serving: old,
          candidate: generation,
          upgrade: asked,
          deadlineMs: nowMs + asked.request.initTimeoutMs,
          capMs: nowMs + UPGRADE_TIMING.initCapMs,
        },
      },
      actions: [],
    };
  }
  if (!newest.listening) {
    // A cold start beside a draining process: the same as any start, with the old one kept in mind.
    const up = { candidate: generation, spawned: true, killing: null, old, upgrade };
    const deadlineMs = nowMs + UPGRADE_TIMING.coldStartMs;
    return { machine: { ...base, state: startingOrEmergency(up, deadlineMs) }, actions: [] };
  }
  const drainEndMs = facts.journal.drainEndMs ?? nowMs + facts.drainMs;
  const outcome = sameBase ? 'settled' : 'rolled-back';
  const phase = { old, serving: generation, upgrade, drainEndMs, outcome, sameBase } as const;
  return {
    machine: { ...base, state: { name: 'draining', deadlineMs: drainEndMs, ...phase } },
    actions: [{ type: 'watch-drain', generation: old }],
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
  if (only.listening && upgrade !== null && generation.pair !== upgrade.request.pair) {
    if (!only.hadSuccessor) return resumeFormerPair(base, generation, upgrade, facts.journal.state, nowMs);
    // The new process ended while nobody looked. What is left of the abort: the sink, the wait, the flag, the report.
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
  if (only.listening) {
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
    const reason = 'found settled by a new supervisor';
    actions.push({ type: 'settle', current: generation.pair, previous: upgrade.from });
    actions.push({ type: 'report', upgrade, outcome: upgrade.returning ? 'rolled-back' : 'settled', reason });
    return { machine: { ...base, state: idle, current: generation.pair, previous: upgrade.from }, actions };
  }
  if (only.hadSuccessor) {
    // It drains and its successor has died: nobody accepts.
    const pair = upgrade?.from ?? facts.current ?? generation.pair;
    const at = { pair, variant: generation.variant, killing: null, old: generation };
    const reason = 'the new process had ended after the hand-over: started cold';
    if (upgrade !== null) return beginEmergency(base, at, upgrade, reason, nowMs);
    return goDown(base, at, [], nowMs);
  }
  const up = { candidate: generation, spawned: true, killing: null, old: null, upgrade };
  const deadlineMs = nowMs + UPGRADE_TIMING.coldStartMs;
  return { machine: { ...base, state: startingOrEmergency(up, deadlineMs) }, actions: [] };
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
