/** Dubbo frames by hand: stand-in providers that answer with their name, and a caller that asks for many answers at once. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DecoderV2, EncoderV2 } from 'hessian.js';

const HEAD = 16;
const MAGIC = 0xdabb;
const REQUEST = 0xc2;
const ANSWER = 0x02;
const OK = 20;
const VALUE = 1;
const EXCEPTIONS = new Set([0, 3]);

/** What one call says on the wire; arguments are left out, for Envoy does not read them. */
export interface WireCall {
  readonly interface: string;
  readonly method: string;
  readonly attachments: ReadonlyMap<string, string>;
}

/** A provider on a free loopback port, or on the given one, which answers every call with its name. */
export async function startProvider(
  name: string,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    eachFrame(socket, (frame) => {
      if ((frame.readUInt8(2) & 0x20) !== 0) return;
      socket.write(answer(frame.readBigUInt64BE(4), name));
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close };
}

/** A connection to a proxy, over which calls are made. */
export class WireCaller {
  readonly #socket: Socket;
  readonly #waiting = new Map<bigint, (answer: string) => void>();
  #id = 0n;

  private constructor(socket: Socket) {
    this.#socket = socket;
    eachFrame(socket, (frame) => {
      const id = frame.readBigUInt64BE(4);
      this.#waiting.get(id)?.(answerOf(frame));
      this.#waiting.delete(id);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const settle of this.#waiting.values()) settle('the connection was closed');
      this.#waiting.clear();
    });
  }

  static async open(port: number): Promise<WireCaller> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    return new WireCaller(socket);
  }

  /** The name of the provider that answered, or what went wrong. Rejects after 10 s. */
  async call(call: WireCall): Promise<string> {
    this.#id += 1n;
    const id = this.#id;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const limit = setTimeout(() => reject(new Error('no answer within 10 s')), 10_000);
    this.#waiting.set(id, resolve);
    this.#socket.write(request(id, call));
    return await promise.finally(() => clearTimeout(limit));
  }

  close(): void {
    this.#socket.destroy();
  }
}

function request(id: bigint, { interface: name, method, attachments }: WireCall): Buffer {
  const encoder = new EncoderV2();
  for (const text of ['2.0.2', name, '0.0.0', method, '']) encoder.write(text);
  const all = { ...Object.fromEntries(attachments), path: name, interface: name };
  encoder.write({ $class: 'java.util.HashMap', $: all });
  return frame(REQUEST, 0, id, encoder.get());
}

function answer(id: bigint, name: string): Buffer {
  const encoder = new EncoderV2();
  encoder.write(VALUE);
  encoder.write(name);
  return frame(ANSWER, OK, id, encoder.get());
}

function frame(flags: number, status: number, id: bigint, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt16BE(MAGIC, 0);
  head.writeUInt8(flags, 2);
  head.writeUInt8(status, 3);
  head.writeBigUInt64BE(id, 4);
  head.writeUInt32BE(body.length, 12);
  return Buffer.concat([head, body]);
}

function answerOf(bytes: Buffer): string {
  const status = bytes.readUInt8(3);
  if (status !== OK) return `status ${status}`;
  const decoder = new DecoderV2(bytes.subarray(HEAD));
  const kind = Number(decoder.read());
  return EXCEPTIONS.has(kind) ? `exception ${String(decoder.read())}` : String(decoder.read());
}

function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= HEAD && pending.length >= HEAD + pending.readUInt32BE(12)) {
      const length = HEAD + pending.readUInt32BE(12);
      take(pending.subarray(0, length));
      pending = pending.subarray(length);
    }
  });
}
