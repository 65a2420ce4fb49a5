/** One request to the supervisor of a sidecar. */
import { WeirError } from '../../errors/weir-error.ts';
import type { ControlCommand, ControlRequest, ControlResult } from '../records/control-protocol.ts';
import type { SupervisorLine } from './ports.ts';

/** Asks and resolves to the result. Throws WEIR4002 when no supervisor listens, and whatever it refused with. */
export async function askSupervisor<C extends ControlCommand>(
  line: SupervisorLine,
  name: string,
  request: ControlRequest<C>,
): Promise<ControlResult<C>> {
  const answer = await line.ask<C>(request);
  if (answer.kind === 'result') return answer.result;
  if (answer.kind === 'nobody') throw noSupervisor(name, line.socket);
  throw wentAway(name);
}

/** The error for a supervisor that accepted the request and closed (WEIR4009): what became of it is not known. */
export function wentAway(name: string): WeirError {
  return new WeirError('WEIR4009', {
    what: `the supervisor of ${name} went away without an answer`,
    why: 'its connection was closed',
    hint: `see \`weir sidecar status ${name}\``,
  });
}

/** The error for a sidecar without a supervisor (WEIR4002, exit 3). */
export function noSupervisor(name: string, socket: string): WeirError {
  return new WeirError('WEIR4002', {
    what: `${name} has no supervisor`,
    why: `nobody answers on ${socket}`,
    hint: `start it with \`weir sidecar run ${name}\`, or by its service`,
  });
}
