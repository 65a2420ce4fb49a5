/** A control plane of a few dozen lines: aggregated discovery over gRPC, with what it sends and when under a test's control. */
import { chmodSync } from 'node:fs';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

const TYPES = 'type.googleapis.com/envoy';
/** The resource types that it knows, by their usual names. */
export const ADS_TYPES = {
  lds: `${TYPES}.config.listener.v3.Listener`,
  cds: `${TYPES}.config.cluster.v3.Cluster`,
  eds: `${TYPES}.config.endpoint.v3.ClusterLoadAssignment`,
} as const;

type Field = readonly [number, number | string | Buffer];

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left]);
    bytes.push((left & 0x7f) | 0x80);
  }
}

/** A protobuf message; numbers are varints, texts and buffers have a length before them. */
function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([tag, value]) => {
      if (typeof value === 'number') return [varint(tag << 3), varint(value)];
      const bytes = Buffer.from(value);
      return [varint((tag << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function any(type: string, value: Buffer): Buffer {
  return message([1, type], [2, value]);
}

function socketAddress(port: number): Buffer {
  return message([1, message([2, '127.0.0.1'], [3, port])]);
}

/** A TCP listener on loopback in front of a cluster. */
export function tcpListener(name: string, port: number, cluster: string): Buffer {
  const proxy = any(`${TYPES}.extensions.filters.network.tcp_proxy.v3.TcpProxy`, message([1, name], [2, cluster]));
  const chain = message([3, message([1, 'tcp'], [4, proxy])]);
  return message([1, name], [2, socketAddress(port)], [3, chain]);
}

/** A TCP listener of both families in front of a cluster, which sends connections where their clients wanted to go. */
export function divertedListener(name: string, port: number, cluster: string): Buffer {
  const original = `${TYPES}.extensions.filters.listener.original_dst.v3.OriginalDst`;
  const filter = message([1, 'original'], [3, any(original, Buffer.alloc(0))]);
  const ipv6 = message([1, message([1, message([2, '::1'], [3, port])])]);
  return Buffer.concat([tcpListener(name, port, cluster), message([9, filter], [33, ipv6])]);
}

/** The only endpoint of a cluster. */
export function endpointOf(cluster: string, port: number): Buffer {
  const endpoint = message([1, message([1, socketAddress(port)])]);
  return message([1, cluster], [2, message([2, endpoint])]);
}

/** Reads the length-delimited fields of a message: as much protobuf as a request needs. */
function texts(bytes: Buffer): Map<number, Buffer[]> {
  const found = new Map<number, Buffer[]>();
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = number();
    if ((tag & 7) === 0) number();
    else if ((tag & 7) === 2) {
      const length = number();
      found.set(tag >>> 3, [...(found.get(tag >>> 3) ?? []), bytes.subarray(at, at + length)]);
      at += length;
    } else throw new Error(`wire type ${tag & 7} in a request`);
  }
  return found;
}

/** The server. `resources` is what it has; types in `held` are asked for and not answered. */
export class AdsServer {
  readonly resources = new Map<string, readonly Buffer[]>();
  readonly held = new Set<string>();
  /** Waits so long before each answer, in milliseconds. */
  delayMs = 0;
  readonly #server: Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Map<ServerHttp2Stream, Set<string>>();
  #version = 1;
  #port = 0;
  readonly #path: string | null;

  private constructor(path: string | null) {
    this.#path = path;
    this.#server = createServer();
    this.#server.on('session', (session) => session.on('error', () => {}));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.#server.on('stream', (stream) => this.#serve(stream));
  }

  /** Starts it on a free port of loopback, or on a Unix socket, which processes of other network namespaces reach. */
  static async start(path: string | null = null): Promise<AdsServer> {
    const server = new AdsServer(path);
    await server.revive();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Ends it with all its connections, as a crash does. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    this.#streams.clear();
    await closed;
  }

  /** Begins to listen, where it did before. */
  async revive(): Promise<void> {
    if (this.#path !== null) {
      const path = this.#path;
      await new Promise<void>((resolve) => this.#server.listen(path, resolve));
      chmodSync(path, 0o666);
      return;
    }
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Sends what it has of a type to everybody who asked for it. */
  push(type: string): void {
    this.#version += 1;
    for (const [stream, asked] of this.#streams) if (asked.has(type)) this.#send(stream, type);
  }

  #serve(stream: ServerHttp2Stream): void {
    this.#streams.set(stream, new Set());
    stream.on('error', () => {});
    stream.on('close', () => this.#streams.delete(stream));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    let waiting = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      while (waiting.length >= 5 && waiting.length >= 5 + waiting.readUInt32BE(1)) {
        const end = 5 + waiting.readUInt32BE(1);
        this.#hear(stream, texts(waiting.subarray(5, end)));
        waiting = waiting.subarray(end);
      }
    });
  }

  #hear(stream: ServerHttp2Stream, request: Map<number, Buffer[]>): void {
    const type = String(request.get(4)?.[0] ?? '');
    const asked = this.#streams.get(stream);
    // With a nonce it is the receipt of an answer; every subscription is answered once and on `push`.
    if (asked === undefined || asked.has(type)) return;
    asked.add(type);
    setTimeout(() => this.#send(stream, type), this.delayMs);
  }

  #send(stream: ServerHttp2Stream, type: string): void {
    if (this.held.has(type) || stream.closed || stream.destroyed) return;
    const resources = (this.resources.get(type) ?? []).map((one): Field => [2, any(type, one)]);
    const body = message([1, String(this.#version)], ...resources, [4, type], [5, String(this.#version)]);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length, 1);
    stream.write(Buffer.concat([head, body]));
  }
}
