import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { AskReadiness, Readiness } from '../usecases/ports.ts';

/** How much of a body that says "no" is worth repeating, in characters. */
const BODY_HEAD = 200;

/** Errors that mean: nobody is there to be asked. */
const NOBODY = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTSOCK',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
]);

/**
 * Asks a sidecar over its unix socket or by HTTP: 200 is ready, any other answer is not. The deadline covers the whole
 * exchange. A process that is stopped (SIGSTOP) still accepts connections, because the kernel does that for it: only an
 * answer proves life. Never rejects.
 */
export const askReadiness: AskReadiness = (admin, path, timeoutMs) => {
  const place: RequestOptions =
    admin.kind === 'unix' ? { socketPath: admin.path } : { host: admin.host, port: admin.port };
  const name = admin.kind === 'unix' ? admin.path : `http://${hostText(admin.host)}:${admin.port}`;
  return ask({ ...place, path, agent: false, headers: { connection: 'close', host: 'weir' } }, name, timeoutMs);
};

function ask(options: RequestOptions, name: string, timeoutMs: number): Promise<Readiness> {
  const { promise, resolve } = Promise.withResolvers<Readiness>();
  let answer: { status: number; body: string } | null = null;
  const outgoing = request(options, (response: IncomingMessage) => {
    answer = { status: response.statusCode ?? 0, body: '' };
    // What the body says does not matter then, and an endless one must not delay the answer.
    if (answer.status === 200) return resolve({ state: 'ready' });
    const { status } = answer;
    response.setEncoding('utf8').on('data', (text: string) => {
      if (answer !== null && answer.body.length < BODY_HEAD) answer.body += text;
      if (answer !== null && answer.body.length >= BODY_HEAD) resolve(notReady(name, status, answer.body));
    });
    response.on('close', () => resolve(notReady(name, status, answer?.body ?? '')));
  });
  const timer = setTimeout(() => {
    if (answer !== null) resolve(notReady(name, answer.status, answer.body));
    else resolve({ state: 'frozen', detail: `${name} did not answer within ${timeoutMs} ms` });
  }, timeoutMs);
  outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(judgeError(name, error)));
  outgoing.end();
  return promise.finally(() => {
    clearTimeout(timer);
    outgoing.destroy();
  });
}

function judgeError(name: string, error: NodeJS.ErrnoException): Readiness {
  const code = error.code ?? '';
  if (NOBODY.has(code)) return { state: 'dead', detail: `nobody listens on ${name} (${code})` };
  // A unix socket whose backlog is full refuses at once: its owner has not accepted anything for a while.
  if (code === 'EAGAIN') return { state: 'frozen', detail: `${name} accepts no more connections (backlog full)` };
  if (code === 'ETIMEDOUT') return { state: 'frozen', detail: `${name} did not accept the connection (${code})` };
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return { state: 'not-ready', detail: `${name} closed the connection without an answer` };
  return { state: 'not-ready', detail: `${name} could not be asked: ${error.message}` };
}

function notReady(name: string, status: number, body: string): Readiness {
  const head = body.slice(0, BODY_HEAD).replaceAll(/\s+/g, ' ').trim();
  return { state: 'not-ready', detail: `${name} answered ${status}${head === '' ? '' : `: ${head}`}` };
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
