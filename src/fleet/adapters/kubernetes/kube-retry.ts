/** Requests that an API server did not carry out because it starts anew, is busy, or has no store at the moment. */
import { isDeepStrictEqual } from 'node:util';
import { StoreFailure } from '../../ports.ts';
import { type KubeObject, KubeRefusal } from './kube-answer.ts';

/** The first and the longest rest before a request is said again, in ms. */
const [FIRST_REST_MS, MAX_REST_MS] = [100, 1_000] as const;
/** Too many requests; a gateway without a server, a server that is not ready, or that gave up. */
const PASSING = [429, 502, 503, 504];
/** An error inside of the server that its store has for a moment. */
const STORE_IS_AWAY = /etcdserver|leader changed|timed? ?out|connection refused|not ready/i;

/**
 * Says a request again until `timeoutMs` is over; `send` gets the time that is left. It is also told whether
 * a request before it may have been carried out. A refusal that is no matter of time is thrown at once.
 */
export async function sayAgain<T>(
  timeoutMs: number,
  send: (leftMs: number, isUnsure: boolean) => Promise<T>,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let unsure: StoreFailure | null = null;
  for (let rest: number = FIRST_REST_MS; ; rest = Math.min(rest * 2, MAX_REST_MS)) {
    try {
      return await send(Math.max(1, end - performance.now()), unsure !== null);
    } catch (error) {
      if (!(error instanceof StoreFailure) || !isPassing(error)) throw error;
      // A request that was not sent says nothing of the one before.
      if (error.fate === 'unknown') unsure = error;
      const pause = rest * (0.5 + Math.random());
      if (performance.now() + pause >= end) throw unsure ?? error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** Whether a request was carried out can never be told: somebody else wrote since. */
export class UndecidedFailure extends StoreFailure {
  constructor(message: string) {
    super(message, 'unknown');
  }
}

function isPassing(error: StoreFailure): boolean {
  if (error instanceof UndecidedFailure) return false;
  if (!(error instanceof KubeRefusal)) return error.fate !== 'refused';
  return PASSING.includes(error.status) || (error.status === 500 && STORE_IS_AWAY.test(error.message));
}

/** Whether an object is as a request wanted it: what others have on it is their affair. */
export function isAsSent(found: KubeObject, sent: unknown): boolean {
  const { metadata = {}, apiVersion: _version, kind: _kind, ...content } = sent as Partial<KubeObject>;
  const { annotations = {}, labels = {} } = metadata as KubeObject['metadata'];
  const has = (all: Readonly<Record<string, string>> = {}, some: Readonly<Record<string, string>>) =>
    Object.entries(some).every(([name, value]) => all[name] === value);
  return (
    Object.entries(content).every(([field, value]) => isDeepStrictEqual(found[field], value)) &&
    has(found.metadata.annotations, annotations) &&
    has(found.metadata.labels, labels)
  );
}
