/** Asks an Envoy which addresses its connections went to as they were. */
import { exchangeHttp, type HttpPlace } from '../../platform/http-exchange.ts';
import { ORIGINAL_CLUSTER } from '../resources/dubbo-routes.ts';
import { ORIGINAL_HTTP_CLUSTER } from '../resources/http-routes.ts';

const TIMEOUT_MS = 1_000;
/** 100,000 hosts have some 60 MB of text: what is larger is not waited for. */
const MAX_BYTES = 64 * 1_048_576;

const HOSTS = new RegExp(
  `^(?:${ORIGINAL_CLUSTER}|${ORIGINAL_HTTP_CLUSTER})::([^:]+:\\d+|\\[[^\\]]+\\]:\\d+)::cx_total::`,
  'gm',
);

/**
 * The addresses of the clusters that send connections where they wanted to go. Envoy keeps each for some seconds after its last
 * connection, so that short ones are seen too. Null when nobody answers, or not as Envoy does.
 */
export async function directAddresses(admin: HttpPlace): Promise<readonly string[] | null> {
  const request = { method: 'GET', path: '/clusters', timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES } as const;
  const outcome = await exchangeHttp(admin, request);
  if (outcome.kind !== 'answered' || outcome.status !== 200 || !outcome.isWhole) return null;
  const lines = outcome.body.matchAll(HOSTS);
  return [...lines].flatMap(([, address]) => address ?? []);
}
