/** Readiness of a sidecar by its admin endpoint. */
import { exchangeHttp, type HttpPlace } from './http-exchange.ts';

/** The answer of a sidecar's admin endpoint. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'not-ready'; readonly detail: string }
  /** Nobody listens. */
  | { readonly state: 'dead'; readonly detail: string }
  /** Something accepts, and does not answer in time. */
  | { readonly state: 'frozen'; readonly detail: string }
  /**
   * It could not be asked: no right (EACCES), no descriptor (EMFILE), no free local port (EADDRNOTAVAIL), no route, no
   * name service. That says nothing about it.
   */
  | { readonly state: 'unknown'; readonly detail: string };

/** The answer of one who looks elsewhere, or rejects, where the endpoint could not be asked. */
export type KnownReadiness = Exclude<Readiness, { readonly state: 'unknown' }>;

/** Asks a sidecar whether it is ready: `GET <path>` answers 200. */
export type AskReadiness = (admin: HttpPlace, path: string, timeoutMs: number) => Promise<Readiness>;

/** How much of a body that says "no" is worth repeating, in characters. */
const BODY_HEAD = 200;

/** Errors that mean: nobody is there to be asked. */
const NOBODY = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTDIR', 'ENOTSOCK']);

/** What a place that is wrong in itself says: no unix socket has such a path, so that nobody can ever be ready there. */
const NO_PLACE = new Set(['EINVAL', 'ENAMETOOLONG']);

/**
 * Asks a sidecar over its unix socket or by HTTP: 200 is ready, any other answer is not. The deadline covers the whole
 * exchange. A process that is stopped (SIGSTOP) still accepts connections, because the kernel does that for it: only an
 * answer proves life. Never rejects.
 */
export const askReadiness: AskReadiness = async (admin, path, timeoutMs) => {
  const name = placeName(admin);
  const outcome = await exchangeHttp(admin, {
    method: 'GET',
    path,
    timeoutMs,
    // The body of a 200 does not matter, and an endless one must not delay the answer.
    isEnough: ({ status, body }) => status === 200 || body.length >= BODY_HEAD,
  });
  switch (outcome.kind) {
    case 'answered':
      return outcome.status === 200 ? { state: 'ready' } : notReady(name, outcome.status, outcome.body);
    case 'silent':
      return { state: 'frozen', detail: `${name} did not answer within ${timeoutMs} ms` };
    case 'closed':
      return { state: 'not-ready', detail: closedDetail(name, outcome.said) };
    case 'failed':
      return readinessOfFailure(name, outcome.code, outcome.message);
  }
};

function closedDetail(name: string, said: string): string {
  const head = oneLine(said);
  return head === '' ? `${name} closed the connection without an answer` : `${name} speaks no HTTP: ${head}`;
}

/** What a connection that failed with a code of the system says about who should listen at its other end. */
export function readinessOfFailure(name: string, code: string, message: string): Readiness {
  if (NOBODY.has(code)) return { state: 'dead', detail: `nobody listens on ${name} (${code})` };
  // A unix socket whose backlog is full refuses at once: its owner has not accepted anything for a while.
  if (code === 'EAGAIN') return { state: 'frozen', detail: `${name} accepts no more connections (backlog full)` };
  if (code === 'ETIMEDOUT') return { state: 'frozen', detail: `${name} did not accept the connection (${code})` };
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return { state: 'not-ready', detail: `${name} closed the connection without an answer` };
  // Every other code speaks of this side: no free descriptor or local port, no route, no name service.
  return { state: NO_PLACE.has(code) ? 'not-ready' : 'unknown', detail: `${name} could not be asked: ${message}` };
}

function notReady(name: string, status: number, body: string): Readiness {
  const head = oneLine(body);
  return { state: 'not-ready', detail: `${name} answered ${status}${head === '' ? '' : `: ${head}`}` };
}

function oneLine(text: string): string {
  return text.slice(0, BODY_HEAD).replaceAll(/\s+/g, ' ').trim();
}

function placeName(place: HttpPlace): string {
  if (place.kind === 'unix') return place.path;
  return `${place.kind}://${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}`;
}
