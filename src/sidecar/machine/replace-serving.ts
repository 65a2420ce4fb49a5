/** A successor for a process that runs and does not serve: it joins as the hot-restart child and takes the addresses again. */
import type { Generation, SidecarAction, SidecarMachine, SidecarStep, UpgradeInProgress } from './sidecar-state.ts';
import { UPGRADE_TIMING } from './timing.ts';

/** The inputs of a replacement besides the machine. `drainMs`: how long the connections of `serving` may go on. */
export interface Replacement {
  readonly serving: Generation;
  readonly drainMs: number;
  /** The upgrade that is undone by this: its former pair is started. */
  readonly undoes?: UpgradeInProgress;
}

/**
 * Starts the settled pair on the next epoch beside a process that was drained or lost its listeners. That process's
 * connections go on until the drain's end. A cold start would need its addresses and its admin, and so would end it.
 */
export function beginReplacement(
  machine: SidecarMachine,
  { serving, drainMs, undoes }: Replacement,
  nowMs: number,
): SidecarStep {
  const { variant, epoch } = serving;
  const candidate = {
    id: machine.nextId,
    epoch: epoch + 1,
    variant,
    pair: undoes?.from ?? machine.current ?? serving.pair,
  };
  const grandparent = { ...serving, epoch: epoch - 1 };
  // A process that is told to give up its admin tells its own parent to end. On a dead name it retries for 10 s and
  // aborts.
  const sink: SidecarAction[] =
    epoch === 0 ? [] : [{ type: 'bind-sink', role: 'parent', generation: grandparent, isFree: true }];
  return {
    machine: {
      ...machine,
      nextId: machine.nextId + 1,
      state: {
        name: 'recovering',
        old: serving,
        serving: candidate,
        upgrade: undoes ?? null,
        drainEndMs: nowMs + drainMs,
        outcome: undoes === undefined ? 'settled' : 'rolled-back',
        sameBase: true,
        oldEnded: false,
        candidate,
        replaces: true,
        diedAtMs: nowMs,
        deadlineMs: nowMs + UPGRADE_TIMING.recoverMs,
      },
    },
    actions: [
      { type: 'release-sinks', variant, epoch: candidate.epoch },
      ...sink,
      { type: 'clear-flag', variant },
      { type: 'spawn', generation: candidate, drainMs: undoes?.request.drainMs ?? null },
    ],
  };
}
