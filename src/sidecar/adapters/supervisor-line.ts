/** The control socket of a sidecar's supervisor, from the side of those who ask. */
import { type AgentAnswer, askAgent } from '../../platform/agent/ask-agent.ts';
import { exchangeLines } from '../../platform/control-socket.ts';
import {
  CONTROL_PROTOCOL,
  type ControlCommand,
  type ControlEvent,
  type ControlRequest,
  type ControlResult,
} from '../records/control-protocol.ts';
import type { SupervisorLine } from '../usecases/ports.ts';
import { controlSocketPath } from './control-path.ts';

/** Asks the supervisor of a sidecar; see `askAgent` for what it throws. */
export function askSupervisorOf<C extends ControlCommand>(
  runDir: string,
  name: string,
  request: ControlRequest<C>,
  onEvent?: (event: ControlEvent) => void,
  signal?: AbortSignal,
): Promise<AgentAnswer<ControlResult<C>>> {
  const path = controlSocketPath(runDir, name);
  const exchange = (line: string, onLine: (line: string) => void) => exchangeLines(path, line, onLine, signal);
  return askAgent<typeof CONTROL_PROTOCOL, C>(CONTROL_PROTOCOL, exchange, request, onEvent, signal);
}

/** The line to the supervisor of a sidecar, for the use cases. */
export function supervisorLine(runDir: string, name: string): SupervisorLine {
  return {
    socket: controlSocketPath(runDir, name),
    ask: (request, onEvent, signal) => askSupervisorOf(runDir, name, request, onEvent, signal),
  };
}
