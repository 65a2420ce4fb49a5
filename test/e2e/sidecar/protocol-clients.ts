/** Clients of the protocols that a sidecar may carry: what each of them saw of an upgrade. */
import { createSocket } from 'node:dgram';
import { request } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What clients saw. */
export interface Seen {
  /** Exchanges begun. */
  readonly sent: number;
  /** Exchanges that failed and were not open when the old process was ended at its timer. */
  readonly lost: number;
  /** Connections, and exchanges on them, that ended because the old process was ended at its timer. */
  readonly cut: { readonly connections: number | null; readonly exchanges: number };
  readonly errors: readonly string[];
}

/** Something that uses a sidecar until it is told to stop. */
export interface ProtocolClient {
  /** Resolves when the long exchanges are under way. */
  readonly begun: Promise<void>;
  /** Begins nothing new, waits for the short ones, and counts. */
  finish(): Promise<Seen>;
}

/** Where HTTP/1 goes: a port of loopback, or a Unix socket. */
export type HttpTarget = { readonly port: number } | { readonly socketPath: string };

/** Requests of 5 ms at 40 a second, each on a connection of its own, and beside them long ones that outlast the drain or not. */
export function httpClient(
  target: HttpTarget,
  long: { readonly ms: number; readonly count: number }[],
): ProtocolClient {
  const errors: string[] = [];
  const running = new Set<Promise<void>>();
  let [sent, cut] = [0, 0];
  const ask = (ms: number, mayBeCut: boolean) => {
    const id = `p${sent++}`;
    const done = new Promise<void>((resolve) => {
      const fail = (why: string) => {
        if (mayBeCut) cut += 1;
        else errors.push(`${id}: ${why}`);
        resolve();
      };
      const place = 'port' in target ? { host: '127.0.0.1', ...target } : target;
      const asked = request({ ...place, path: `/${id}?ms=${ms}`, agent: false }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () =>
          answer.statusCode === 200 && body === id ? resolve() : fail(`${answer.statusCode} ${body}`),
        );
        answer.on('error', (error) => fail(error.message));
      });
      asked.on('error', (error) => fail(error.message)).end();
    });
    running.add(done);
    void done.finally(() => running.delete(done));
  };
  for (const { ms, count } of long) for (let index = 0; index < count; index++) ask(ms, ms > LONG_MS);
  const timer = setInterval(() => ask(5, false), 25);
  return {
    begun: sleep(500).then(() => {}),
    async finish() {
      clearInterval(timer);
      await Promise.all(running);
      return { sent, lost: errors.length, cut: { connections: cut, exchanges: cut }, errors: errors.slice(0, 5) };
    },
  };
}

/** Exchanges that take longer than this outlast every drain of these tests. */
const LONG_MS = 20_000;

/** A server of bidirectional gRPC streams: it answers each message with itself, and ends a stream after `ms` of its path. */
export class GrpcEcho {
  readonly #server: Http2Server = createServer();
  readonly #sessions = new Set<{ destroy(): void }>();

  static async start(): Promise<GrpcEcho> {
    const echo = new GrpcEcho();
    echo.#server.on('session', (session) => {
      echo.#sessions.add(session);
      session.on('error', () => {}).on('close', () => echo.#sessions.delete(session));
    });
    echo.#server.on('stream', (stream, headers) => {
      const ms = Number(/\d+$/.exec(String(headers[':path']))?.[0] ?? 0);
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.on('data', (chunk) => stream.write(chunk));
      setTimeout(() => stream.end(), ms).unref();
    });
    await new Promise<void>((resolve) => echo.#server.listen(0, '127.0.0.1', resolve));
    return echo;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }
}

/** Streams on connections of their own that send a message every 200 ms; beside them unary calls on one that follows GOAWAY. */
export function grpcClient(port: number, streams: { readonly ms: number; readonly count: number }[]): ProtocolClient {
  const errors: string[] = [];
  let [sent, cut] = [0, 0];
  const running = new Set<Promise<void>>();
  const open = () => connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {});
  const call = (session: ClientHttp2Session, ms: number, mayBeCut: boolean): Promise<void> => {
    const id = `g${sent++}`;
    const done = new Promise<void>((resolve) => {
      let [status, echoed] = ['none', 0];
      const stream = session.request({ ':method': 'POST', ':path': `/echo/${ms}`, 'content-type': 'application/grpc' });
      stream.on('trailers', (trailers) => {
        status = String(trailers['grpc-status']);
      });
      stream.on('data', (chunk: Buffer) => {
        echoed += chunk.length;
      });
      stream.on('error', () => {});
      const frame = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
      stream.write(frame);
      const beat = setInterval(() => stream.write(frame), 200);
      stream.on('close', () => {
        clearInterval(beat);
        if (status !== '0' || echoed === 0) {
          if (mayBeCut) cut += 1;
          else errors.push(`${id}: status ${status}, ${echoed} bytes`);
        }
        resolve();
      });
    });
    running.add(done);
    void done.finally(() => running.delete(done));
    return done;
  };
  const sessions = streams.flatMap(({ ms, count }) =>
    Array.from({ length: count }, () => {
      const session = open();
      void call(session, ms, ms > LONG_MS).then(() => session.close());
      return session;
    }),
  );
  let shared = open();
  const timer = setInterval(() => {
    // A session that has been told to go away takes no new stream.
    if (shared.closed || shared.destroyed) shared = open();
    void call(shared, 5, false);
  }, 50);
  return {
    begun: sleep(500).then(() => {}),
    async finish() {
      clearInterval(timer);
      shared.close();
      await Promise.all(running);
      for (const session of sessions) session.destroy();
      return { sent, lost: errors.length, cut: { connections: cut, exchanges: cut }, errors: errors.slice(0, 5) };
    },
  };
}

/** Numbered datagrams at 50 a second from one socket, each of which has to come back within a second. */
export function datagramClient(port: number): ProtocolClient {
  const socket = createSocket('udp4');
  const waiting = new Set<string>();
  let sent = 0;
  socket.on('message', (message) => waiting.delete(String(message)));
  const timer = setInterval(() => {
    const text = `d${sent++}`;
    waiting.add(text);
    socket.send(text, port, '127.0.0.1');
  }, 20);
  return {
    begun: sleep(500).then(() => {}),
    async finish() {
      clearInterval(timer);
      await sleep(1000);
      socket.close();
      return { sent, lost: waiting.size, cut: { connections: null, exchanges: 0 }, errors: [...waiting].slice(0, 5) };
    },
  };
}
