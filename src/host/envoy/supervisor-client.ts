import { WeirError } from '../../errors/weir-error.ts';
import { askControlSocket, throwControlError } from '../control-socket.ts';

/** Asks the supervisor and returns its `result`. Throws WEIR4002 when none listens, and whatever the supervisor refused with. */
export async function askSupervisor(
  socket: string,
  name: string,
  request: Readonly<Record<string, unknown>>,
  onMessage?: (message: Record<string, unknown>) => void,
): Promise<unknown> {
  const last = await askControlSocket(socket, request, onMessage);
  if (last === null) throw noSupervisor(name, socket);
  throwControlError(last);
  if ('result' in last) return last.result;
  throw new WeirError('WEIR4009', {
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

/**
 * Asks for an upgrade and follows it to its end, also when the supervisor is killed and a new one adopts the processes.
 * Throws WEIR4009 (exit 6) when no supervisor is there again within `patienceMs`.
 */
export async function followUpgrade(
  socket: string,
  name: string,
  request: Readonly<Record<string, unknown>>,
  onMessage: (message: Record<string, unknown>) => 'go-on' | 'enough',
  patienceMs: number,
): Promise<unknown> {
  let id: unknown = null;
  let isEnough = false;
  const hear = (message: Record<string, unknown>) => {
    if (message.event === 'accepted') id = message.id;
    if (message.event !== undefined && onMessage(message) === 'enough') isEnough = true;
  };
  let last = await askUntil(socket, request, hear, () => isEnough);
  if (last === null) throw noSupervisor(name, socket);
  const deadline = Date.now() + patienceMs;
  while (!isEnough && last !== null && !('result' in last) && !('error' in last) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    if (id === null) break;
    last = (await askUntil(socket, { command: 'follow', id }, hear, () => isEnough)) ?? {};
    if (last.result === null) last = {};
  }
  if (isEnough) return null;
  if (last !== null) throwControlError(last);
  if (last !== null && 'result' in last) return last.result;
  throw new WeirError('WEIR4009', {
    what: `the supervisor of ${name} went away during the upgrade`,
    why: `no supervisor has said within ${Math.round(patienceMs / 1000)} s how it ended`,
    hint: `start it again; \`weir sidecar history ${name}\` will show the end`,
  });
}

function askUntil(
  socket: string,
  request: Readonly<Record<string, unknown>>,
  hear: (message: Record<string, unknown>) => void,
  isEnough: () => boolean,
): Promise<Record<string, unknown> | null> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: Record<string, unknown>) => {
      hear(message);
      if (isEnough()) resolve(message);
    };
    askControlSocket(socket, request, onMessage).then(resolve, reject);
  });
}
