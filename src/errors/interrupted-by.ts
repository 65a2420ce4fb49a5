/** The error of work that a signal ended, with what stands of it. */
import { WeirError, type WeirErrorParts } from './weir-error.ts';

/**
 * The error of `signal`, with its words and its exit code, and what stands: what was done before, and what goes on by
 * itself. `why` and `hint` are the signal's own where they are left out.
 */
export function interruptedBy(
  signal: AbortSignal,
  stands: string,
  parts: Partial<Pick<WeirErrorParts, 'why' | 'hint' | 'details'>> = {},
): WeirError {
  const reason: unknown = signal.reason;
  const own = reason instanceof WeirError ? reason : null;
  return new WeirError('WEIR2005', {
    what: `${own?.what ?? 'interrupted'}; ${stands}`,
    why: parts.why ?? own?.why ?? 'the command was asked to end',
    hint: parts.hint ?? own?.hint ?? 'run it again when you want it done',
    details: parts.details,
    ...(own !== null && { exit: own.exit }),
  });
}
