/** WebSockets of a test: an upstream that keeps them, and clients that note when they lost theirs. */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Accepts every WebSocket and sends back what it is sent, byte for byte. */
export class EchoWebSockets {
  readonly #server: Server;
  readonly #open = new Set<Duplex>();

  private constructor() {
    this.#server = createServer((_asked, answer) => answer.end('no WebSocket'));
    this.#server.on('upgrade', (asked, socket) => {
      const accept = createHash('sha1').update(`${asked.headers['sec-websocket-key']}${GUID}`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket)).on('error', () => {});
      socket.pipe(socket);
    });
  }

  static async start(): Promise<EchoWebSockets> {
    const upstream = new EchoWebSockets();
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
  }
}

/** Clients that hold one WebSocket each and never end it themselves. */
export class WebSocketClients {
  readonly #sockets: readonly Duplex[];
  readonly #lostAt: number[] = [];
  #isClosed = false;

  private constructor(sockets: readonly Duplex[]) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      socket.resume().on('error', () => {});
      socket.on('close', () => {
        if (!this.#isClosed) this.#lostAt.push(performance.now());
      });
    }
  }

  static async open(port: number, count: number): Promise<WebSocketClients> {
    return new WebSocketClients(await Promise.all(Array.from({ length: count }, () => openOne(port))));
  }

  /** How many have lost theirs so far. */
  get lost(): number {
    return this.#lostAt.length;
  }

  /** Resolves when all have: the times in milliseconds, in order. */
  async allLost(): Promise<readonly number[]> {
    const deadline = performance.now() + 60_000;
    while (this.lost < this.#sockets.length) {
      if (performance.now() > deadline) throw new Error(`${this.#sockets.length - this.lost} are open still`);
      await sleep(20);
    }
    return [...this.#lostAt].sort((a, b) => a - b);
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

function openOne(port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    const asked = request({ host: '127.0.0.1', port, path: '/socket', headers, agent: false });
    asked.on('upgrade', (_answer, socket) => resolve(socket));
    asked.on('response', (answer) => reject(new Error(`status ${answer.statusCode} in place of a WebSocket`)));
    asked.on('error', reject).end();
  });
}
