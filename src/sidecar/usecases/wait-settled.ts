/** The wait for the end of a container's start or upgrade, for `weir sidecar wait-settled`. */
import { interruptedBy } from '../../errors/interrupted-by.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ContainerRole } from '../container-role.ts';
import type { SidecarStatus, UpgradeReport } from '../machine/upgrade-report.ts';
import { requireGoodEnd } from './upgrade-verdict.ts';

/** The result of `weir sidecar wait-settled`. */
export interface SettledResult {
  readonly name: string;
  readonly role: ContainerRole;
  /** The replacement of the other container's sidecar; null when there was none. */
  readonly upgrade: UpgradeReport | null;
}

/** The sidecar to wait for, and the places to read. */
export interface WaitSettled {
  readonly name: string;
  readonly role: ContainerRole;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The note of this container's supervisor; null while there is none. */
  readNote(): Promise<{ readonly upgrade: UpgradeReport | null; readonly problem: string | null } | null>;
  /** Null without a supervisor, and where it does not answer. */
  status(): Promise<SidecarStatus | null>;
}

const POLL_MS = 100;

function interrupted(signal: AbortSignal, name: string, seen: string): WeirError {
  return interruptedBy(signal, `${name} had not settled yet: ${seen}`, {
    why: 'nothing was asked of its supervisor: a start or an upgrade goes on without anybody who waits',
    hint: `\`weir sidecar status ${name}\` shows how far it is, \`weir sidecar wait-settled ${name}\` waits on`,
  });
}

/**
 * Waits until the part of this container is played. Throws WEIR4017 when that takes too long, and the error of the
 * upgrade (WEIR4004, 4006, 4007, 4008, 4014) when it ended otherwise.
 */
export async function waitSettled({
  name,
  role,
  timeoutMs,
  clock,
  signal,
  readNote,
  status,
}: WaitSettled): Promise<SettledResult> {
  if (role === 'idle') return { name, role, upgrade: null };
  const deadline = clock.monotonic() + timeoutMs;
  let seen = 'no supervisor answers';
  for (;;) {
    if (signal.aborted) throw interrupted(signal, name, seen);
    if (role === 'alone') {
      const now = await status();
      if (now?.state === 'live' && now.upgrade === null) return { name, role, upgrade: null };
      if (now !== null) seen = `it is ${now.state}${now.upgrade === null ? '' : `, in ${now.upgrade.state}`}`;
    } else {
      const note = await readNote();
      if (note !== null) {
        if (note.upgrade !== null) requireGoodEnd(name, note.upgrade);
        if (note.problem === null) return { name, role, upgrade: note.upgrade };
        throw new WeirError('WEIR4014', {
          what: `${name} was not brought up in this container`,
          why: note.problem,
          hint: 'see the log of this container',
        });
      }
      seen = 'the supervisor of this container is still at it, or does not run';
    }
    if (clock.monotonic() > deadline) {
      throw new WeirError('WEIR4017', {
        what: `${name} did not settle within ${timeoutMs} ms`,
        why: seen,
        hint: `see \`weir sidecar status ${name}\`; a longer --timeout waits longer`,
      });
    }
    await clock.sleep(POLL_MS);
  }
}
