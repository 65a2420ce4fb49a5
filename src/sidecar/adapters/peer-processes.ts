/** The processes of another container of the pod, asked for over its door. */
import * as z from 'zod/mini';
import { askAgent } from '../../platform/agent/ask-agent.ts';
import { exchangeLines } from '../../platform/control-socket.ts';
import { damagedRecord } from '../../platform/record.ts';
import { PEER_PROTOCOL, PEER_QUESTIONS, type PeerQuestion } from '../records/peer-protocol.ts';
import type { PeerProcesses } from './sidecar-host.ts';

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
 * Connects to a container that has stepped down. While the connection holds, that container does nothing by itself.
 * When it breaks, because this process ended, that container takes its sidecar back. Null when nobody answers.
 */
export async function openPeer(socket: string): Promise<Peer | null> {
  const held = new AbortController();
  const { promise: isHeld, resolve: hold } = Promise.withResolvers<boolean>();
  const exchange = (line: string, onLine: (line: string) => void, signal?: AbortSignal) =>
    exchangeLines(socket, line, onLine, signal);
  const gone = askAgent<typeof PEER_PROTOCOL, 'hold'>(
    PEER_PROTOCOL,
    exchange,
    { command: 'hold' },
    () => hold(true),
    held.signal,
  ).then(() => hold(false));
  gone.catch(() => hold(false));
  if (!(await isHeld)) return null;

  // An ended container has no processes: the kernel ends them with it. Any refusal is thrown.
  async function ask<A>(method: PeerQuestion, schema: z.ZodMiniType<A>, args: unknown[], none: A): Promise<A> {
    const request = { command: 'ask', method, args } as const;
    const answer = await askAgent<typeof PEER_PROTOCOL, 'ask'>(PEER_PROTOCOL, exchange, request);
    if (answer.kind !== 'result') return none;
    const parsed = z.safeParse(schema, answer.result);
    if (parsed.success) return parsed.data;
    const why = `its answer to ${method}: ${parsed.error.issues[0]?.message}`;
    throw damagedRecord(PEER_PROTOCOL, 'the answer of the other container', why);
  }

  const questions = PEER_QUESTIONS;
  const processes: PeerProcesses = {
    living: () => ask('living', questions.living.answer, [], []),
    launchOf: (id) => ask('launchOf', questions.launchOf.answer, [id], null),
    signal: (id, signal) => ask('signal', questions.signal.answer, [id, signal], false),
    isAlive: (id) => ask('isAlive', questions.isAlive.answer, [id], false),
    isStopped: (id) => ask('isStopped', questions.isStopped.answer, [id], false),
    exitDetail: (id) => ask('exitDetail', questions.exitDetail.answer, [id], 'its container ended'),
    inodes: (id) => ask('inodes', questions.inodes.answer, [id], []),
    anonymousBytes: (id) => ask('anonymousBytes', questions.anonymousBytes.answer, [id], 0),
    async releaseSinks(variant, epoch) {
      await ask('releaseSinks', questions.releaseSinks.answer, [variant, epoch], null);
    },
  };
  return {
    processes,
    gone: gone.catch(() => {}),
    async retire() {
      await askAgent<typeof PEER_PROTOCOL, 'retire'>(PEER_PROTOCOL, exchange, { command: 'retire' });
      held.abort();
    },
    release: () => held.abort(),
  };
}
