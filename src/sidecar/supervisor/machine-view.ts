/** The meaning of the machine's state for its supervisor and for operators. */
import type { Clock } from '../../platform/clock.ts';
import type { KnownReadiness } from '../../platform/readiness.ts';
import type { Generation, SidecarMachine, SidecarState } from '../machine/sidecar-state.ts';
import type { SidecarStatus } from '../machine/upgrade-report.ts';
import type { JournalHint, SidecarJournalEntry } from '../ports.ts';

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
    case 'checking':
    case 'baking':
    case 'notify':
    case 'draining':
    case 'ending':
    case 'stopping':
      return state.serving;
    default:
      return null;
  }
}

/** The process whose start is awaited; null when none is. */
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

/** The state word of `weir sidecar status`; `readiness` null: the process that serves was not asked yet. */
export function statusWord({ state, lost }: SidecarMachine, readiness: KnownReadiness | null): SidecarStatus['state'] {
  const answer = readiness?.state ?? null;
  if (lost !== null && servingOf(state)?.id === lost.id && state.name !== 'stopping') return 'failed';
  if ('lacking' in state && state.lacking.length > 0) return 'failed';
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
      if (answer === null) return 'starting';
      return answer === 'ready' ? 'live' : unreadyWord(answer);
    case 'stopping':
      return 'stopped';
    default:
      return answer === null || answer === 'ready' ? 'upgrading' : unreadyWord(answer);
  }
}

/** One that answers "no" is not frozen: an operator may have told it to (`/healthcheck/fail`). */
export function unreadyWord(answer: Exclude<KnownReadiness['state'], 'ready'>): 'frozen' | 'failed' {
  return answer === 'frozen' ? 'frozen' : 'failed';
}

/** The journal's record of an upgrade that was under way when the last supervisor died. Only this record is used. */
export function readJournalHint(entries: readonly SidecarJournalEntry[], clock: Clock): JournalHint {
  let hint: JournalHint = { state: null, upgrade: null, drainEndMs: null };
  for (const entry of entries) {
    if (entry.kind === 'report') hint = { state: null, upgrade: null, drainEndMs: null };
    if (entry.kind !== 'state') continue;
    // Until its report is written an upgrade is open, also when the machine is idle again.
    hint = { state: entry.state, upgrade: entry.upgrade ?? hint.upgrade, drainEndMs: drainEndOf(entry, clock) };
  }
  return hint;
}

function drainEndOf(entry: Extract<SidecarJournalEntry, { kind: 'state' }>, clock: Clock): number | null {
  const { drainEndMonotonicMs = null, drainEndMs = null } = entry;
  if (drainEndMonotonicMs !== null) return drainEndMonotonicMs;
  return drainEndMs === null ? null : drainEndMs - clock.now() + clock.monotonic();
}
