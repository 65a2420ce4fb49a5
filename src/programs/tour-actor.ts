/**
 * A small program that plays the application and the upstream in the tour. It is started as root inside a namespace,
 * becomes the account it is told to be, and takes one JSON command a line on stdin: `{id, op, ...}` answers `{id, ...}`.
 */
import { createServer as createHttpServer, get } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { NumberedJournal, NumberedLoad } from '../tour/adapters/numbered-load.ts';

/** Where the upstream answers HTTP. */
const HTTP_PORT = 8080;
/** Where the upstream sends numbers. */
const STREAM_PORT = 9000;
/** Pace of the numbers. */
const STREAM_EVERY_MS = 20;

interface Counts {
  sent: number;
  viaEnvoy: number;
  direct: number;
  failed: number;
}

const uid = Number(process.argv[2] ?? '0');
if (uid !== 0) {
  process.setgroups?.([]);
  process.setgid?.(uid);
  process.setuid?.(uid);
}

const streams = new Map<number, { socket: Socket; received: number; gaps: number; ended: string | null }>();
const loads = new Map<number, { counts: Counts; timer: NodeJS.Timeout; pending: Set<Promise<void>> }>();

const numbered = new Map<number, NumberedLoad>();
const journal = new NumberedJournal();

const operations: Record<string, (command: Record<string, unknown>) => Promise<object> | object> = {
  serve: () => serve(),
  request: ({ host, name }) => request(String(host), String(name)),
  'stream-open': ({ host, id }) => openStream(String(host), Number(id)),
  'stream-state': ({ stream }) => streamState(Number(stream)),
  'stream-close': ({ stream }) => closeStream(Number(stream)),
  'load-start': ({ host, name, everyMs, id }) => startLoad(String(host), String(name), Number(everyMs), Number(id)),
  'load-stop': ({ load }) => stopLoad(Number(load)),
  'numbered-start': ({ host, perSecond, connections, longMs, id }) => {
    const pace = { perSecond: Number(perSecond), connections: Number(connections), longMs: Number(longMs) };
    numbered.set(Number(id), new NumberedLoad({ host: String(host), port: HTTP_PORT, ...pace }));
    return { load: id };
  },
  'numbered-stop': async ({ load }) => (await numbered.get(Number(load))?.stop()) ?? {},
  'numbered-seen': () => journal.counts(),
};

createInterface({ input: process.stdin }).on('line', (line) => void answer(line));
// The tour holds the other end of stdin: when it is gone, so is this.
process.stdin.on('end', () => process.exit(0));

async function answer(line: string): Promise<void> {
  const command = JSON.parse(line) as Record<string, unknown>;
  const operation = operations[String(command.op)];
  const reply = operation === undefined ? { error: `no operation ${String(command.op)}` } : await operation(command);
  process.stdout.write(`${JSON.stringify({ id: command.id, ...reply })}\n`);
}

async function serve(): Promise<object> {
  const http = createHttpServer((incoming, response) => {
    // Only a proxy adds this header on the way.
    const body = JSON.stringify({
      viaEnvoy:
        incoming.headers['x-envoy-expected-rq-timeout-ms'] !== undefined ||
        incoming.headers['x-request-id'] !== undefined,
    });
    if (!journal.answer(incoming, response, body)) response.end(body);
  });
  // A connection that the upstream closes for being idle is no loss of the sidecar's.
  http.keepAliveTimeout = 60_000;
  const numbers = createServer((socket) => {
    let next = 0;
    const timer = setInterval(() => socket.write(`${next++}\n`), STREAM_EVERY_MS);
    socket.on('error', () => undefined);
    socket.on('close', () => clearInterval(timer));
  });
  await Promise.all([
    new Promise<void>((resolve) => http.listen(HTTP_PORT, '::', resolve)),
    new Promise<void>((resolve) => numbers.listen(STREAM_PORT, '::', resolve)),
  ]);
  return { serving: true };
}

function request(host: string, name: string): Promise<{ ok: boolean; viaEnvoy: boolean; ms: number; detail: string }> {
  const began = performance.now();
  const spent = (): number => Math.round(performance.now() - began);
  return new Promise((resolve) => {
    const fail = (detail: string): void => resolve({ ok: false, viaEnvoy: false, ms: spent(), detail });
    const options = { host, port: HTTP_PORT, path: `/${name}`, agent: false, timeout: 5000 };
    const sent = get(options, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
        resolve({ ok: true, viaEnvoy: (JSON.parse(body) as { viaEnvoy: boolean }).viaEnvoy, ms: spent(), detail: '' });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in 5 s')));
    sent.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  });
}

function openStream(host: string, id: number): Promise<object> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: STREAM_PORT });
    const stream: { socket: Socket; received: number; gaps: number; ended: string | null } = {
      socket,
      received: 0,
      gaps: 0,
      ended: null,
    };
    streams.set(id, stream);
    // Envoy looks at the first bytes of the client before it passes anything on.
    socket.write('numbers\n');
    let last = -1;
    createInterface({ input: socket }).on('line', (line) => {
      const number = Number(line);
      stream.gaps += number - last - 1;
      stream.received += 1;
      last = number;
      if (stream.received === 1) resolve({ stream: id });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      stream.ended ??= error.code ?? error.message;
      resolve({ stream: id, error: stream.ended });
    });
    socket.on('end', () => (stream.ended ??= 'closed by the other side'));
  });
}

function streamState(id: number): object {
  const stream = streams.get(id);
  return { received: stream?.received ?? 0, gaps: stream?.gaps ?? 0, ended: stream?.ended ?? null };
}

function closeStream(id: number): object {
  streams.get(id)?.socket.destroy();
  streams.delete(id);
  return {};
}

function startLoad(host: string, name: string, everyMs: number, id: number): object {
  const counts: Counts = { sent: 0, viaEnvoy: 0, direct: 0, failed: 0 };
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    // Open loop with a bound: a stalled upstream must not pile up connections without end.
    if (pending.size >= 200) return;
    counts.sent += 1;
    const one = request(host, name).then((reply) => {
      if (!reply.ok) counts.failed += 1;
      else if (reply.viaEnvoy) counts.viaEnvoy += 1;
      else counts.direct += 1;
      pending.delete(one);
    });
    pending.add(one);
  }, everyMs);
  loads.set(id, { counts, timer, pending });
  return { load: id };
}

async function stopLoad(id: number): Promise<object> {
  const load = loads.get(id);
  if (load === undefined) return { sent: 0, viaEnvoy: 0, direct: 0, failed: 0 };
  clearInterval(load.timer);
  await Promise.all(load.pending);
  loads.delete(id);
  return load.counts;
}
