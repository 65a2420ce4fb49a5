/** The error of an `off` or `uninstall` that a signal ended while it waited for another command: what stands. */
import { interruptedBy } from '../errors/interrupted-by.ts';
import { reasonOf } from '../errors/message-of.ts';
import type { WeirError } from '../errors/weir-error.ts';
import { heldAccounts } from './account-conflict.ts';
import { waitedFor } from './begin-lock.ts';
import type { InterceptHost } from './host.ts';
import { isFullLook } from './look.ts';
import { readSituation } from './situation.ts';

/** The command that was interrupted, and how far it had come. */
export interface InterruptedOff {
  readonly signal: AbortSignal;
  /** As the operator typed it, for the next step. */
  readonly command: string;
  readonly names: readonly string[];
  /** The command that it waited for. */
  readonly holder: string | null;
  /** What it had not done yet. */
  readonly undone: string;
  readonly search: 'every' | 'remembered';
  readonly warnings?: readonly string[];
  readonly details?: unknown;
}

/** The switch was made before the wait; what became of it beside the other command is looked at again. Never rejects. */
export async function interruptedOff(host: InterceptHost, task: InterruptedOff): Promise<WeirError> {
  const { signal, command, names, holder, undone, search, warnings = [], details } = task;
  const stands = await whatStands(host, names, search);
  return interruptedBy(signal, [...stands, undone].join('; '), {
    why: [waitedFor(holder), ...warnings].join('; '),
    hint: `\`${command}\` does the rest when that has ended; \`weir status\` shows what new connections do`,
    details,
  });
}

/** Where new connections of the applications go now, as the kernel says. Never rejects. */
export async function whatStands(
  host: InterceptHost,
  names: readonly string[],
  search: InterruptedOff['search'],
): Promise<string[]> {
  if (names.length === 0) return [];
  const look = await readSituation(host, search).catch((error: unknown) => reasonOf(error));
  // A state file that cannot be read hides nothing of the kernel.
  if (typeof look === 'string' || !isFullLook({ ...look, storeProblem: null })) {
    const why = typeof look === 'string' ? look : [...look.blind.values()].join('; ');
    return [`whether new connections of ${names.join(', ')} go direct cannot be told: ${why}`];
  }
  const held = heldAccounts(look, names);
  const isDiverted = (name: string): boolean => {
    const families = look.apps.get(name)?.diverted;
    return families !== undefined && (families.ipv4 || families.ipv6);
  };
  const diverted = names.filter(isDiverted);
  const direct = names.filter((name) => !held.has(name) && !diverted.includes(name));
  return [
    ...(direct.length === 0 ? [] : [`${direct.join(', ')}: new connections go direct`]),
    ...(diverted.length === 0 ? [] : [`${diverted.join(', ')}: new connections go through the sidecar`]),
    ...held.values(),
  ];
}
