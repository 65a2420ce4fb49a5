import { askControlSocket } from '../control-socket.ts';
import type { PeerProcesses } from './sidecar-host.ts';

/** What a container that has stepped down can be asked for; each is a method of the same name. */
export const PEER_QUESTIONS = [
  'living',
  'launchOf',
  'signal',
  'isAlive',
  'isStopped',
  'exitDetail',
  'inodes',
  'residentBytes',
  'releaseSinks',
] as const satisfies readonly (keyof PeerProcesses)[];

/** The other container, seen from the one that takes over. */
export interface Peer {
  readonly processes: PeerProcesses;
  /** Resolves when the other container has gone away, or has taken its sidecar back. */
  readonly gone: Promise<void>;
  /** The other one's work is done: it goes idle and does not come back. */
  retire(): Promise<void>;
  /** Gives its sidecar back to the other one. */
  release(): void;
}

/**
 * Connects to a container that has stepped down. As long as the connection holds, that one does nothing by itself; when
 * it breaks, because this process ended, it takes its sidecar back. Null when nobody answers.
 */
export async function openPeer(socket: string): Promise<Peer | null> {
  const held = new AbortController();
  const { promise: isHeld, resolve: hold } = Promise.withResolvers<boolean>();
  const gone = askControlSocket(socket, { command: 'hold' }, () => hold(true), held.signal).then(() => hold(false));
  if (!(await isHeld)) return null;

  // A container that is gone has no processes any more: the kernel ends them with it.
  const ask = async (method: string, args: readonly unknown[], none: unknown) => {
    const answer = await askControlSocket(socket, { command: 'ask', method, args });
    return answer !== null && 'result' in answer ? answer.result : none;
  };
  const processes = {
    living: () => ask('living', [], []),
    launchOf: (id) => ask('launchOf', [id], null),
    signal: (id, signal) => ask('signal', [id, signal], false),
    isAlive: (id) => ask('isAlive', [id], false),
    isStopped: (id) => ask('isStopped', [id], false),
    exitDetail: (id) => ask('exitDetail', [id], 'its container ended'),
    inodes: (id) => ask('inodes', [id], []),
    residentBytes: (id) => ask('residentBytes', [id], 0),
    releaseSinks: (variant, epoch) => ask('releaseSinks', [variant, epoch], null),
  } as const satisfies { [Q in keyof PeerProcesses]: (...args: Parameters<PeerProcesses[Q]>) => Promise<unknown> };
  return {
    processes: processes as PeerProcesses,
    gone,
    async retire() {
      await askControlSocket(socket, { command: 'retire' });
      held.abort();
    },
    release: () => held.abort(),
  };
}
