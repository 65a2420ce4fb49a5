/** The notice to a Dubbo process, by its QoS port. */
import * as z from 'zod/mini';
import { exchangeHttp, requireAnswer } from '../../platform/http-exchange.ts';
import type { NoticeCounts } from '../machine/upgrade-report.ts';

/** The answer of a Dubbo process with the SDK piece. */
export interface DubboAnswer {
  readonly ok: boolean;
  readonly detail: string;
  readonly counts: NoticeCounts;
}

/** Subtracted from the SDK's budget, so that its answer arrives before the budget ends. */
const ANSWER_MS = 400;
const ANSWER_BYTES = 4_096;

const count = z.int().check(z.nonnegative());
const consumerAnswer = z.object({ moved: count, failed: count, pending: count });
const providerAnswer = z.object({ told: count });

/**
 * Asks a Dubbo process to move its calls off the old connections: the command `weirDrain` on its QoS port, which comes
 * with sdk/dubbo. The port speaks HTTP as well as telnet; HTTP has a status and no prompt (Dubbo 3.3.6,
 * QosProcessHandler: the first byte decides). Throws when no usable answer comes within `budgetMs`.
 */
export async function askDubbo(
  port: number,
  role: 'consumer' | 'provider',
  deadlineMs: number,
  budgetMs: number,
): Promise<DubboAnswer> {
  // The port takes the values in their order and does not look at the names.
  const values = { role, deadlineMs: String(deadlineMs), budgetMs: String(Math.max(0, budgetMs - ANSWER_MS)) };
  const place = { kind: 'http', host: '127.0.0.1', port } as const;
  const path = `/weirDrain?${new URLSearchParams(values)}`;
  // Another program may listen on that port; it must not fill the memory of the supervisor.
  const request = { method: 'GET', path, timeoutMs: budgetMs, maxBytes: ANSWER_BYTES } as const;
  const { status, body: text } = requireAnswer(`QoS port ${port}`, await exchangeHttp(place, request), budgetMs);
  if (status === 404) throw new Error(`the process on QoS port ${port} runs without weir-dubbo.jar`);
  if (status !== 200) throw new Error(`QoS port ${port} answered ${status} ${text.slice(0, 200)}`.trim());
  return readAnswer(role, text);
}

function readAnswer(role: 'consumer' | 'provider', text: string): DubboAnswer {
  if (role === 'provider') {
    const { told } = parse(providerAnswer, text);
    return { ok: true, detail: `asked the consumers on ${told} connections to make new ones`, counts: { told } };
  }
  const { moved, failed, pending } = parse(consumerAnswer, text);
  const left = failed === 0 ? '' : `, ${failed} not yet: the SDK goes on trying`;
  return {
    ok: failed === 0,
    detail: `moved ${moved} connections${left}, ${pending} calls pending on old ones`,
    counts: { moved, failed, pending },
  };
}

function parse<T>(schema: z.ZodMiniType<T>, text: string): T {
  try {
    return z.parse(schema, JSON.parse(text));
  } catch {
    throw new Error(`not an answer of weirDrain: ${text.slice(0, 100)}`);
  }
}
