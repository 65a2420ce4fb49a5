/** The door through which another container reaches the processes of this one. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { type AgentHandlers, answerLine } from '../../platform/agent/protocol.ts';
import { serveControlSocket } from '../../platform/control-socket.ts';
import { PEER_PROTOCOL, PEER_QUESTIONS, type PeerQuestion } from '../records/peer-protocol.ts';
import type { PeerProcesses } from './sidecar-host.ts';

/** How long the other container may take to come through the door before the offer ends. */
const COME_IN_MS = 10_000;

/** An open door to the processes of this container. */
export interface PeerDoor {
  /** `retired`: the other container has taken over for good. `gone`: it went away, or never came: this one goes on. */
  readonly end: Promise<'retired' | 'gone'>;
}

/**
 * Lets the container that takes over look at the processes of this one, and signal them. With a process namespace of
 * its own it could not even see them. A process that may open the socket could also end them with a signal of its own.
 */
export async function openPeerDoor(path: string, processes: PeerProcesses): Promise<PeerDoor> {
  const { promise, resolve } = Promise.withResolvers<'retired' | 'gone'>();
  let isHeld = false;
  const handlers: AgentHandlers<typeof PEER_PROTOCOL> = {
    async retire() {
      resolve('retired');
      return null;
    },
    async hold(_request, tell, gone) {
      isHeld = true;
      tell({ event: 'held' });
      await new Promise<void>((lost) => {
        if (gone.aborted) lost();
        gone.addEventListener('abort', () => lost());
      });
      resolve('gone');
      return null;
    },
    ask: ({ method, args }) => answerQuestion(processes, method, args),
  };
  const door = await serveControlSocket(path, (line, write, gone) =>
    answerLine(PEER_PROTOCOL, handlers, line, write, gone),
  );
  void sleep(COME_IN_MS, undefined, { ref: false }).then(() => {
    if (!isHeld) resolve('gone');
  });
  return { end: promise.finally(() => door.close()) };
}

async function answerQuestion(
  processes: PeerProcesses,
  method: PeerQuestion,
  args: readonly unknown[],
): Promise<unknown> {
  const given = z.parse(PEER_QUESTIONS[method].args, args);
  const ask = processes[method] as (...args: readonly unknown[]) => Promise<unknown>;
  return (await ask(...given)) ?? null;
}
