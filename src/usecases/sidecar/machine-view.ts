import type { Generation, SidecarState } from '../../upgrade/sidecar-state.ts';
import type { JournalHint, SidecarJournalEntry } from '../ports/sidecar.ts';

/** The process that takes new connections in this state; null when none does. */
export function servingOf(state: SidecarState): Generation | null {
  switch (state.name) {
    case 'idle':
    case 'preflight':
    case 'snapshot':
    case 'spawned':
    case 'initializing':
    case 'aborting':
    case 'handover':
    case 'notify':
    case 'draining':
    case 'ending':
    case 'stopping':
      return state.serving;
    default:
      return null;
  }
}

/** The process whose start is being waited for; null when none is. */
export function candidateOf(state: SidecarState): Generation | null {
  switch (state.name) {
    case 'spawned':
    case 'initializing':
    case 'recovering':
      return state.candidate;
    case 'starting':
    case 'emergency':
      return state.killing === null ? state.candidate : null;
    default:
      return null;
  }
}

/** The state word of `weir sidecar status`. */
export function statusWord(state: SidecarState, isFrozen: boolean): string {
  switch (state.name) {
    case 'down':
      return 'failed';
    // A supervisor that answers in this state has not looked for processes yet.
    case 'stopped':
    case 'starting':
    case 'emergency':
    case 'recovering':
      return 'starting';
    case 'idle':
      return isFrozen ? 'frozen' : 'live';
    case 'stopping':
      return 'stopped';
    default:
      return isFrozen ? 'frozen' : 'upgrading';
  }
}

/** What the journal says of an upgrade that was under way when the last supervisor died. Nothing is believed but this. */
export function readJournalHint(entries: readonly SidecarJournalEntry[]): JournalHint {
  let hint: JournalHint = { state: null, upgrade: null, drainEndMs: null };
  for (const entry of entries) {
    if (entry.kind === 'report') hint = { state: null, upgrade: null, drainEndMs: null };
    if (entry.kind !== 'state') continue;
    const { state, upgrade, drainEndMs } = entry as unknown as JournalHint;
    // Until its report is written an upgrade is open, also when the machine is idle again.
    hint = { state, upgrade: upgrade ?? hint.upgrade, drainEndMs: drainEndMs ?? null };
  }
  return hint;
}
