/** A ZooKeeper session against servers that refuse, forget and fall silent. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ZooKeeperSession } from '../../../src/discovery/adapters/zookeeper/zookeeper-session.ts';
import { JuteReader, JuteWriter, PacketReader } from '../../../src/discovery/registry/zookeeper/jute.ts';
import { systemClock } from '../../../src/platform/clock.ts';

interface Hello {
  readonly lastZxid: bigint;
  readonly sessionId: bigint;
}

/** A server that answers each hello as told: with a session, or by closing the connection. */
class HelloServer {
  readonly hellos: Hello[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(t: TestContext, answer: (hello: Hello, socket: Socket) => void): Promise<HelloServer> {
    const server = createServer();
    const own = new HelloServer(server);
    server.on('connection', (socket) => {
      own.#sockets.add(socket);
      const packets = new PacketReader();
      let isOpen = false;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        for (const packet of packets.take(bytes)) {
          if (isOpen) continue;
          isOpen = true;
          const reader = new JuteReader(packet);
          reader.int();
          const lastZxid = reader.long();
          reader.int();
          const hello = { lastZxid, sessionId: reader.long() };
          own.hellos.push(hello);
          answer(hello, socket);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => own.close());
    return own;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Ends every connection; new ones are still accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

/** The answer that opens a session. */
function opened(sessionId: bigint): Buffer {
  return new JuteWriter().int(0).int(600).long(sessionId).buffer(Buffer.alloc(16, 7)).bool(false).packet();
}

/** A ping's answer that carries the newest change. */
function pong(zxid: bigint): Buffer {
  return new JuteWriter().int(-2).long(zxid).int(0).packet();
}

function follow(t: TestContext, port: number): { readonly events: string[]; until(event: string): Promise<void> } {
  const events: string[] = [];
  let told = Promise.withResolvers<void>();
  const tell = (event: string) => {
    events.push(event);
    told.resolve();
    told = Promise.withResolvers();
  };
  const listener = {
    connected: (isResumed: boolean) => tell(isResumed ? 'resumed' : 'new'),
    disconnected: () => tell('away'),
    changed: () => undefined,
  };
  const options = { servers: [{ host: '127.0.0.1', port }], digest: null, sessionMs: 600 };
  const session = new ZooKeeperSession(options, listener, systemClock, () => 0);
  const running = session.run();
  t.after(async () => {
    session.close();
    await running;
  });
  return {
    events,
    async until(event) {
      while (!events.includes(event)) await told.promise;
      events.length = 0;
    },
  };
}

test('a session is resumed with the newest change that was seen', { timeout: 20_000 }, async (t) => {
  const server = await HelloServer.open(t, (_hello, socket) => {
    socket.write(opened(5n));
    socket.write(pong(77n));
  });
  const session = follow(t, server.port);
  await session.until('new');
  await systemClock.sleep(50);
  server.cut();
  await session.until('resumed');
  assert.deepEqual(server.hellos, [
    { lastZxid: 0n, sessionId: 0n },
    { lastZxid: 77n, sessionId: 5n },
  ]);
});

test('a server that was set back refuses newer clients: the session is given up after its time', {
  timeout: 20_000,
}, async (t) => {
  let isSetBack = false;
  const server = await HelloServer.open(t, ({ lastZxid }, socket) => {
    // ZooKeeperServer.processConnectRequest: "client must try another server".
    if (isSetBack && lastZxid > 3n) socket.destroy();
    else socket.write(Buffer.concat([opened(isSetBack ? 6n : 5n), pong(isSetBack ? 3n : 77n)]));
  });
  const session = follow(t, server.port);
  await session.until('new');
  await systemClock.sleep(50);
  isSetBack = true;
  server.cut();
  await session.until('new');
  const last = server.hellos.at(-1);
  assert.deepEqual(last, { lastZxid: 0n, sessionId: 0n });
  assert.ok(server.hellos.length > 2, 'the old session was tried before it was given up');
});

test('a server that takes the hello and never answers is left for another try', { timeout: 20_000 }, async (t) => {
  let isAnswering = false;
  const server = await HelloServer.open(t, (_hello, socket) => {
    if (isAnswering) socket.write(opened(9n));
    isAnswering = true;
  });
  const session = follow(t, server.port);
  await session.until('new');
  assert.equal(server.hellos.length, 2);
});
