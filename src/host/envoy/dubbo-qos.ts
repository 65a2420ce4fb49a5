import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import * as z from 'zod/mini';
import type { NoticeCounts } from '../../upgrade/upgrade-report.ts';

/** What a Dubbo process with the SDK piece answered. */
export interface DubboAnswer {
  readonly ok: boolean;
  readonly detail: string;
  readonly counts: NoticeCounts;
}

/** Kept back from the time that the SDK may take, so that its answer is here before the budget ends. */
const ANSWER_MS = 400;
const ANSWER_BYTES = 4_096;

const count = z.int().check(z.nonnegative());
const consumerAnswer = z.object({ moved: count, failed: count, pending: count });
const providerAnswer = z.object({ told: count });

/**
 * Has a Dubbo process move its calls off the old connections: the command `weirDrain` on its QoS port, which comes with
 * sdk/dubbo. The port speaks HTTP as well as telnet; HTTP has a status and no prompt to wait for (Dubbo 3.3.6,
 * QosProcessHandler: the first byte decides). Throws when there is no usable answer within `budgetMs`.
 */
export async function askDubbo(
  port: number,
  role: 'consumer' | 'provider',
  deadlineMs: number,
  budgetMs: number,
): Promise<DubboAnswer> {
  // The port takes the values in their order and does not look at the names.
  const values = { role, deadlineMs: String(deadlineMs), budgetMs: String(Math.max(0, budgetMs - ANSWER_MS)) };
  const { status, text } = await get(port, `/weirDrain?${new URLSearchParams(values)}`, AbortSignal.timeout(budgetMs));
  if (status === 404) throw new Error(`the process on QoS port ${port} runs without weir-dubbo.jar`);
  if (status !== 200) throw new Error(`QoS port ${port} answered ${status} ${text.slice(0, 200)}`.trim());
  return readAnswer(role, text);
}

// Not fetch: it refuses ports on which a Dubbo process may well have its QoS server, such as 6666.
async function get(port: number, path: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const asked = request({ host: '127.0.0.1', port, path, signal, agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Whatever else may listen on that port: it must not fill the memory of the supervisor.
    if (size >= ANSWER_BYTES) break;
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8', 0, ANSWER_BYTES) };
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
