/** Short requests to the supervisor of a sidecar: abort, reopen the logs, stop. */
import { interruptedBy } from '../../errors/interrupted-by.ts';
import type { WeirError } from '../../errors/weir-error.ts';
import type { ControlCommand, ControlRequest, ControlResult } from '../records/control-protocol.ts';
import { askSupervisor } from './ask-supervisor.ts';
import type { SidecarPorts, SupervisorLine } from './ports.ts';
import { requireKnown } from './require-known.ts';

/** Removes the new Envoy of an upgrade that has not taken over yet. Throws WEIR4002, or the supervisor's refusal. */
export function abortUpgrade(ports: SidecarPorts, name: string): Promise<ControlResult<'abort'>> {
  return requestOf<'abort'>(ports, name, { command: 'abort' });
}

/** Lets each Envoy of the sidecar open its log files anew; `told` is how many there are. */
export function reopenLogs(ports: SidecarPorts, name: string): Promise<ControlResult<'reopen-logs'>> {
  return requestOf<'reopen-logs'>(ports, name, { command: 'reopen-logs' });
}

/** How long somebody who goes away waits for the word whether the stop goes on. */
const LAST_WORD_MS = 1000;

/**
 * Drains the sidecar, then ends it and its supervisor. `drainMs` null: the drain of mesh.yaml. Throws WEIR2005 when
 * `signal` aborts, which ends the waiting and not the stop.
 */
export async function stopSidecar(
  ports: SidecarPorts,
  name: string,
  drainMs: number | null,
  signal: AbortSignal = new AbortController().signal,
): Promise<ControlResult<'stop'>> {
  await requireKnown(ports, name);
  if (signal.aborted) throw interruptedBy(signal, `nothing was asked of the supervisor of ${name}`);
  const line = ports.supervisorOf(name);
  try {
    return await askSupervisor<'stop'>({ ...line, ask: (request) => line.ask(request, undefined, signal) }, name, {
      command: 'stop',
      drainMs,
    });
  } catch (error) {
    throw signal.aborted ? await stopGoesOn(line, name, signal) : error;
  }
}

/** What stands of a stop that nobody waits for any more. */
async function stopGoesOn(line: SupervisorLine, name: string, signal: AbortSignal): Promise<WeirError> {
  const late = AbortSignal.timeout(LAST_WORD_MS);
  const answer = await line
    .ask<'status'>({ command: 'status' }, undefined, late)
    .catch(() => ({ kind: 'gone' }) as const);
  const hint = `\`weir sidecar status ${name}\` shows whether it still runs`;
  if (answer.kind === 'nobody')
    return interruptedBy(signal, `${name} has no supervisor any more`, {
      why: 'it was asked to stop, and ends last',
      hint,
    });
  // Only a supervisor that has begun to stop answers with that word.
  if (answer.kind === 'result' && answer.result.state === 'stopped')
    return interruptedBy(signal, `the supervisor of ${name} goes on with the stop`, {
      why: 'a stop needs nobody who waits for it: old connections end by themselves or at the deadline',
      hint,
    });
  return interruptedBy(signal, `whether the supervisor of ${name} has begun to stop it cannot be told`, {
    why: 'it begins nothing for somebody who went away before it had read the request, and ends an upgrade that is under way first',
    hint: `${hint}; \`weir sidecar stop ${name}\` asks again, which does no harm`,
  });
}

async function requestOf<C extends ControlCommand>(
  ports: SidecarPorts,
  name: string,
  request: ControlRequest<C>,
): Promise<ControlResult<C>> {
  await requireKnown(ports, name);
  return askSupervisor<C>(ports.supervisorOf(name), name, request);
}
