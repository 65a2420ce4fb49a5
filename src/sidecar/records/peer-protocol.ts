/** The questions of the container that takes over to the one that has stepped down. Their images differ in age. */
import * as z from 'zod/mini';
import type { AgentProtocol } from '../../platform/agent/protocol.ts';
import { LAUNCH_RECORD } from './sidecar-records.ts';

const id = z.tuple([z.int()]);
// Exactly the signals that a supervisor sends.
const signal = z.enum(['SIGTERM', 'SIGKILL', 'SIGCONT', 'SIGUSR1']);
const variant = z.union([z.literal(0), z.literal(1)]);

/** Each question about the processes of the other container: its arguments and its answer. */
export const PEER_QUESTIONS = {
  living: { args: z.tuple([]), answer: z.array(LAUNCH_RECORD) },
  launchOf: { args: id, answer: z.nullable(LAUNCH_RECORD) },
  signal: { args: z.tuple([z.int(), signal]), answer: z.boolean() },
  isAlive: { args: id, answer: z.boolean() },
  isStopped: { args: id, answer: z.boolean() },
  exitDetail: { args: id, answer: z.string() },
  inodes: { args: id, answer: z.array(z.string()) },
  anonymousBytes: { args: id, answer: z.number() },
  releaseSinks: { args: z.tuple([variant, z.int()]), answer: z.null() },
} as const;

/** The name of a question. */
export type PeerQuestion = keyof typeof PEER_QUESTIONS;

const questions = Object.keys(PEER_QUESTIONS) as [PeerQuestion, ...PeerQuestion[]];

/** The protocol of `peer.sock`. `hold` lasts as long as its connection; `retire` ends the other container's part. */
export const PEER_PROTOCOL = {
  name: 'container that has stepped down',
  version: 1,
  requests: {
    hold: z.object({ command: z.literal('hold') }),
    retire: z.object({ command: z.literal('retire') }),
    ask: z.object({ command: z.literal('ask'), method: z.enum(questions), args: z.array(z.unknown()) }),
  },
  results: { hold: z.null(), retire: z.null(), ask: z.unknown() },
  event: z.object({ event: z.literal('held') }),
} as const satisfies AgentProtocol;
