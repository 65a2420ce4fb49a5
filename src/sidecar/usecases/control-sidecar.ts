/** Short requests to the supervisor of a sidecar: abort, reopen the logs, stop. */
import type { ControlCommand, ControlRequest, ControlResult } from '../records/control-protocol.ts';
import { askSupervisor } from './ask-supervisor.ts';
import type { SidecarPorts } from './ports.ts';
import { requireKnown } from './require-known.ts';

/** Removes the new Envoy of an upgrade that has not taken over yet. Throws WEIR4002, or the supervisor's refusal. */
export function abortUpgrade(ports: SidecarPorts, name: string): Promise<ControlResult<'abort'>> {
  return requestOf<'abort'>(ports, name, { command: 'abort' });
}

/** Lets each Envoy of the sidecar open its log files anew; `told` is how many there are. */
export function reopenLogs(ports: SidecarPorts, name: string): Promise<ControlResult<'reopen-logs'>> {
  return requestOf<'reopen-logs'>(ports, name, { command: 'reopen-logs' });
}

/** Drains the sidecar, then ends it and its supervisor. `drainMs` null: the drain of mesh.yaml. */
export function stopSidecar(ports: SidecarPorts, name: string, drainMs: number | null): Promise<ControlResult<'stop'>> {
  return requestOf<'stop'>(ports, name, { command: 'stop', drainMs });
}

async function requestOf<C extends ControlCommand>(
  ports: SidecarPorts,
  name: string,
  request: ControlRequest<C>,
): Promise<ControlResult<C>> {
  await requireKnown(ports, name);
  return askSupervisor<C>(ports.supervisorOf(name), name, request);
}
