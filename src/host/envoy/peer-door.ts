import { setTimeout as sleep } from 'node:timers/promises';
import { serveControlSocket } from '../control-socket.ts';
import { PEER_QUESTIONS } from './peer-processes.ts';
import type { PeerProcesses } from './sidecar-host.ts';

/** How long the other container may take to come through the door before the offer ends. */
const COME_IN_MS = 10_000;

/** An open door to the processes of this container. */
export interface PeerDoor {
  /** `retired`: the other container has taken over for good. `gone`: it went away, or never came: this one goes on. */
  readonly end: Promise<'retired' | 'gone'>;
}

/**
 * Lets the container that takes over look at the processes of this one, and signal them: with a process namespace of its
 * own it could not even see them. Whoever may open the socket could end them with a signal of its own as well.
 */
export async function openPeerDoor(path: string, processes: PeerProcesses): Promise<PeerDoor> {
  const { promise, resolve } = Promise.withResolvers<'retired' | 'gone'>();
  let isHeld = false;
  const door = await serveControlSocket(path, async (request, send, gone) => {
    if (request.command === 'retire') {
      resolve('retired');
      send({ result: null });
    } else if (request.command === 'hold') {
      isHeld = true;
      send({ event: 'held' });
      await new Promise<void>((lost) => {
        if (gone.aborted) lost();
        gone.addEventListener('abort', () => lost());
      });
      resolve('gone');
    } else if (request.command === 'ask') {
      send({ result: await answer(processes, request) });
    }
  });
  void sleep(COME_IN_MS, undefined, { ref: false }).then(() => {
    if (!isHeld) resolve('gone');
  });
  return { end: promise.finally(() => door.close()) };
}

async function answer(processes: PeerProcesses, request: Readonly<Record<string, unknown>>): Promise<unknown> {
  const method = PEER_QUESTIONS.find((question) => question === request.method);
  if (method === undefined || !Array.isArray(request.args)) throw new Error(`no such question: ${request.method}`);
  const ask = processes[method] as (...args: readonly unknown[]) => Promise<unknown>;
  return (await ask(...request.args)) ?? null;
}
