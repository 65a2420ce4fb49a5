/** One value of a Prometheus, for a gate. */
import { exchangeHttp, type HttpPlace } from '../../platform/http-exchange.ts';
import type { ReleaseGate } from '../model/object-schemas.ts';
import type { GateAnswer } from '../model/rollout-machine.ts';

const TIMEOUT_MS = 5_000;

interface QueryAnswer {
  readonly status?: string;
  readonly error?: string;
  readonly data?: { readonly resultType?: string; readonly result?: readonly unknown[] };
}

/** The value of a gate's query; null with the reason where there is not exactly one. Never rejects. */
export async function askPrometheus({ url = '', query = '' }: ReleaseGate): Promise<GateAnswer> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const place: HttpPlace =
    protocol === 'https:'
      ? { kind: 'https', host, port: Number(port || 443) }
      : { kind: 'http', host, port: Number(port || 80) };
  const path = `${pathname.replace(/\/$/, '')}/api/v1/query?query=${encodeURIComponent(query)}`;
  const outcome = await exchangeHttp(place, { method: 'GET', path, timeoutMs: TIMEOUT_MS });
  if (outcome.kind === 'failed') return noValue(outcome.message);
  if (outcome.kind !== 'answered')
    return noValue(`${url} ${outcome.kind === 'silent' ? 'did not answer' : 'ended the connection'}`);
  let answer: QueryAnswer;
  try {
    answer = JSON.parse(outcome.body) as QueryAnswer;
  } catch {
    return noValue(`${url} answered ${outcome.status} and no JSON`);
  }
  if (answer.status !== 'success') return noValue(answer.error ?? `status ${outcome.status}`);
  return gateValue(answer);
}

function gateValue({ data }: QueryAnswer): GateAnswer {
  const result = data?.result ?? [];
  // A scalar is [time, "value"], a vector a list of {value: [time, "value"]}.
  const samples = data?.resultType === 'scalar' ? [result] : result.map((one) => (one as { value?: unknown }).value);
  if (samples.length !== 1) return noValue(`the query has ${samples.length} values, and a gate needs one`);
  const [sample] = samples;
  const value = Array.isArray(sample) ? Number(sample[1]) : Number.NaN;
  return Number.isNaN(value) ? noValue('the value is no number') : { value, why: null };
}

function noValue(why: string): GateAnswer {
  return { value: null, why };
}
