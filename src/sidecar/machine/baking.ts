/** The time after the old process has ended, in which the new one is watched and the former pair can still come back. */
import { beginReturn } from './begin-return.ts';
import { beginEmergency } from './cold-start.ts';
import { settle } from './draining.ts';
import type { SidecarEvent, SidecarMachine, SidecarState, SidecarStep } from './sidecar-state.ts';

type Baking = Extract<SidecarState, { name: 'baking' }>;

/** Any failure brings the former pair back: by a hot upgrade while the new process runs, else by a cold start. */
export function stepBaking(
  machine: SidecarMachine,
  state: Baking,
  event: SidecarEvent,
  nowMs: number,
): SidecarStep | null {
  const { serving, upgrade } = state;
  switch (event.type) {
    case 'bake-failed':
      return event.id === serving.id ? beginReturn(machine, state, event.reason) : null;
    case 'go-back':
      return beginReturn(machine, state, event.reason);
    case 'listeners':
      if (event.id !== serving.id || event.missing.length === 0 || !event.hasLasted) return null;
      return beginReturn(machine, state, `the new process no longer listens on ${event.missing.join(', ')}`);
    case 'exited': {
      if (event.id !== serving.id) return null;
      const cause = `the new process ended while it was watched: ${event.detail}`;
      const { id, detail } = event;
      const crash = { type: 'crash', id, pair: serving.pair, detail, crashes: 1, retryMs: 0 } as const;
      const at = { pair: upgrade.from, variant: serving.variant, killing: null, old: null };
      const step = beginEmergency(machine, at, upgrade, cause, nowMs);
      return { machine: step.machine, actions: [...step.actions, crash] };
    }
    case 'abort':
      return { machine, actions: [{ type: 'abort-answer', answer: 'too-late' }] };
    case 'tick': {
      if (nowMs < state.deadlineMs) return null;
      const seconds = Math.round(upgrade.request.bakeMs / 1000);
      return settle(machine, serving, upgrade, `the new process was watched for ${seconds} s`, nowMs);
    }
    default:
      return null;
  }
}
