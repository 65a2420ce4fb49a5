/** A session with a ZooKeeper ensemble: connects, keeps it alive, resumes or replaces it, and answers reads. */
import { connect, type Socket } from 'node:net';
import { reasonOf } from '../../../errors/message-of.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { FolderMark } from '../../registry/zookeeper/folder-marks.ts';
import {
  isRefusal,
  JuteReader,
  JuteWriter,
  OP,
  PacketReader,
  WATCH_MODE,
  XID,
  ZK_ERROR,
} from '../../registry/zookeeper/jute.ts';

/** Where and how to connect. */
export interface ZooKeeperOptions {
  /** At least one. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /**
   * Gives `user:password` for the digest scheme, or rejects; null without authentication. Asked at each connection, and where
   * the server has no right for what it gave: a password may change while weir runs.
   */
  readonly digest: (() => Promise<string>) | null;
  /** How long the server keeps the session without a sign of life, in milliseconds. */
  readonly sessionMs: number;
}

/** What the owner of a session is told. After `connected` watches have to be set and everything listed again. */
export interface ZooKeeperListener {
  /** `isResumed`: the same session as before; changes made while it was cut off are not replayed either way. */
  connected(isResumed: boolean): void;
  /** The connection is gone; the session tries to come back by itself. `why` is a clause for people. */
  disconnected(why: string): void;
  /** A path below a watched one changed. */
  changed(type: number, path: string): void;
}

/** A request that the server refused, or that the end of its connection left without an answer. */
export class ZooKeeperError extends Error {
  /** A code of KeeperException; null when there was no answer. */
  readonly code: number | null;

  constructor(message: string, code: number | null) {
    super(message);
    this.name = 'ZooKeeperError';
    this.code = code;
  }
}

interface Pending {
  readonly resolve: (reader: JuteReader) => void;
  readonly reject: (error: ZooKeeperError) => void;
  /** On the monotonic clock: a server that accepts requests and answers none is not alive. */
  readonly sentAt: number;
}

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

/** One session at a time, for as long as `close` was not called. */
export class ZooKeeperSession {
  readonly #options: ZooKeeperOptions;
  readonly #listener: ZooKeeperListener;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #closing = new AbortController();
  readonly #pending = new Map<number, Pending>();
  /** What the present connection was authenticated with; null: with nothing. */
  #digest: string | null = null;
  /** The look into the file that is under way: reads side by side are refused together. */
  #renewing: Promise<void> | null = null;
  #socket: Socket | null = null;
  #sessionId = 0n;
  #password: Buffer = Buffer.alloc(16);
  #lastZxid = 0n;
  #xid = 0;
  #server = 0;
  /** Whether the handshake of the present connection is over. */
  #isOpen = false;
  #heardAt = 0;
  /** When a server last spoke within the session, on whatever connection. */
  #aliveAt = 0;

  constructor(
    options: ZooKeeperOptions,
    listener: ZooKeeperListener,
    clock: Clock,
    random: () => number = Math.random,
  ) {
    this.#options = options;
    this.#listener = listener;
    this.#clock = clock;
    this.#random = random;
    // A random first server spreads the hosts of a fleet over the ensemble.
    this.#server = Math.floor(random() * options.servers.length);
  }

  /** Connects, again and again, until `close`. Resolves then. */
  async run(): Promise<void> {
    let delay = FIRST_DELAY_MS;
    while (!this.#closing.signal.aborted) {
      const before = this.#clock.monotonic();
      const why = await this.#connection();
      if (this.#closing.signal.aborted) return;
      this.#listener.disconnected(why);
      // A connection that held is no reason to wait long.
      if (this.#clock.monotonic() - before > this.#options.sessionMs) delay = FIRST_DELAY_MS;
      await this.#clock.sleep(delay * (0.5 + this.#random()), this.#closing.signal).catch(() => undefined);
      delay = Math.min(delay * 2, MAX_DELAY_MS);
    }
  }

  /** Ends the session at the server, so that nothing of it is left there. */
  close(): void {
    if (this.#isOpen)
      this.#socket?.write(
        new JuteWriter()
          .int(++this.#xid)
          .int(OP.closeSession)
          .packet(),
      );
    this.#closing.abort();
    this.#socket?.end();
    this.#socket?.destroySoon();
  }

  /** The value of a node; null when there is none. */
  async getData(path: string): Promise<Buffer | null> {
    const reader = await this.#request(OP.getData, (writer) => writer.string(path).bool(false));
    return reader === null ? null : reader.buffer();
  }

  /** The names below a node; null when there is no such node. */
  async getChildren(path: string): Promise<string[] | null> {
    const reader = await this.#request(OP.getChildren, (writer) => writer.string(path).bool(false));
    return reader === null ? null : reader.strings();
  }

  /** How often what is below a node changed; null when there is no such node, or the server refuses to show it. */
  async mark(path: string): Promise<FolderMark | null> {
    try {
      const reader = await this.#request(OP.exists, (writer) => writer.string(path).bool(false));
      return reader?.folderMark() ?? null;
    } catch (error) {
      if (isRefusal(error)) return null;
      throw error;
    }
  }

  /** Watches a path, whether it exists or not. Rejects with `unimplemented` on a server before 3.6. */
  async watch(path: string, mode: keyof typeof WATCH_MODE): Promise<void> {
    await this.#request(OP.addWatch, (writer) => writer.string(path).int(WATCH_MODE[mode]));
  }

  /** Null stands for "no such node". What is refused for want of a right is asked again where the digest is another by now. */
  async #request(op: number, write: (writer: JuteWriter) => JuteWriter): Promise<JuteReader | null> {
    const asked = this.#digest;
    try {
      return await this.#send(op, write);
    } catch (error) {
      if (!(error instanceof ZooKeeperError) || error.code !== ZK_ERROR.noAuth) throw error;
      if (asked === this.#digest) await this.#renewDigest();
      if (asked === this.#digest) throw error;
      return await this.#send(op, write);
    }
  }

  async #send(op: number, write: (writer: JuteWriter) => JuteWriter): Promise<JuteReader | null> {
    const socket = this.#socket;
    if (socket === null || !this.#isOpen) throw new ZooKeeperError('there is no session', null);
    this.#xid = (this.#xid + 1) & 0x7fffffff;
    const xid = this.#xid;
    this.#gatherWrites(socket);
    socket.write(write(new JuteWriter().int(xid).int(op)).packet());
    const { promise, resolve, reject } = Promise.withResolvers<JuteReader>();
    this.#pending.set(xid, { resolve, reject, sentAt: this.#clock.monotonic() });
    return await promise.catch((error: unknown) => {
      if (error instanceof ZooKeeperError && error.code === ZK_ERROR.noNode) return null;
      throw error;
    });
  }

  /** Authenticates the connection once more where the digest is another by now; one that cannot be read changes nothing. */
  async #renewDigest(): Promise<void> {
    const socket = this.#socket;
    const digest = this.#options.digest;
    if (digest === null) return;
    this.#renewing ??= digest()
      .then((read) => {
        if (read !== this.#digest && socket !== null && socket === this.#socket) this.#authenticate(socket, read);
      })
      .catch(() => undefined)
      .finally(() => {
        this.#renewing = null;
      });
    await this.#renewing;
  }

  #authenticate(socket: Socket, digest: string): void {
    const auth = new JuteWriter().int(XID.auth).int(OP.auth).int(0).string('digest').buffer(Buffer.from(digest));
    socket.write(auth.packet());
    this.#digest = digest;
  }

  /** What is asked in one turn goes out together: a request alone costs as much as dozens of them. */
  #gatherWrites(socket: Socket): void {
    if (socket.writableCorked > 0) return;
    socket.cork();
    process.nextTick(() => socket.uncork());
  }

  /** One connection, from its start to its end; resolves to why it ended. */
  async #connection(): Promise<string> {
    const { servers, sessionMs } = this.#options;
    const server = servers[this.#server % servers.length];
    this.#server += 1;
    if (server === undefined) return 'no server is named';
    const { host, port } = server;
    let digest: string | null = null;
    try {
      digest = (await this.#options.digest?.()) ?? null;
    } catch (error) {
      return reasonOf(error);
    }
    if (this.#closing.signal.aborted) return 'it was closed';
    this.#digest = null;
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = connect({ host, port });
    this.#socket = socket;
    this.#heardAt = this.#clock.monotonic();
    const packets = new PacketReader();
    let why = `${host}:${port} ended the connection`;
    socket.setNoDelay(true);
    socket.on('connect', () => socket.write(this.#handshake()));
    socket.on('data', (bytes) => {
      this.#heardAt = this.#clock.monotonic();
      try {
        for (const packet of packets.take(bytes)) this.#packet(packet, socket, digest);
      } catch (error) {
        why = `${host}:${port} sent what is no packet of ZooKeeper: ${error instanceof Error ? error.message : error}`;
        socket.destroy();
      }
      if (this.#isOpen) this.#aliveAt = this.#heardAt;
    });
    socket.on('error', (error) => {
      why = `${host}:${port}: ${error.message}`;
    });
    socket.on('close', () => resolve(why));
    const ended = new AbortController();
    const watchdog = this.#watch(socket, ended.signal, (text) => {
      why = `${host}:${port} ${text}`;
    });
    const reason = await promise;
    ended.abort();
    await watchdog;
    this.#isOpen = false;
    this.#socket = null;
    for (const { reject } of this.#pending.values()) reject(new ZooKeeperError(reason, null));
    this.#pending.clear();
    // The servers end a silent session after its time. One that was set back refuses whoever has seen newer changes,
    // so the newest change is forgotten with the session.
    if (this.#clock.monotonic() - this.#aliveAt > sessionMs) this.#forgetSession();
    return reason;
  }

  /** Pings every third of the session's time, and gives a server up that was silent for two thirds. */
  async #watch(socket: Socket, signal: AbortSignal, giveUp: (why: string) => void): Promise<void> {
    const third = this.#options.sessionMs / 3;
    while (!signal.aborted) {
      await this.#clock.sleep(third / 2, signal).catch(() => undefined);
      if (signal.aborted) return;
      const now = this.#clock.monotonic();
      const oldest = [...this.#pending.values()][0]?.sentAt ?? now;
      if (now - this.#heardAt > 2 * third || now - oldest > this.#options.sessionMs) {
        giveUp(this.#isOpen ? 'was silent for too long' : 'did not answer the handshake');
        socket.destroy();
        return;
      }
      if (this.#isOpen) socket.write(new JuteWriter().int(XID.ping).int(OP.ping).packet());
    }
  }

  #handshake(): Buffer {
    return new JuteWriter()
      .int(0)
      .long(this.#lastZxid)
      .int(this.#options.sessionMs)
      .long(this.#sessionId)
      .buffer(this.#password)
      .bool(false)
      .packet();
  }

  #packet(packet: Buffer, socket: Socket, digest: string | null): void {
    const reader = new JuteReader(packet);
    if (!this.#isOpen) {
      this.#accepted(reader, socket, digest);
      return;
    }
    const xid = reader.int();
    const zxid = reader.long();
    const error = reader.int();
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    if (xid === XID.event) {
      const type = reader.int();
      reader.int();
      this.#listener.changed(type, reader.string());
      return;
    }
    if (xid === XID.auth && error !== ZK_ERROR.ok) throw new RangeError('the server refused the digest');
    const pending = this.#pending.get(xid);
    this.#pending.delete(xid);
    if (error === ZK_ERROR.ok) pending?.resolve(reader);
    else pending?.reject(new ZooKeeperError(`ZooKeeper answered with error ${error}`, error));
  }

  /** The answer to the handshake. A timeout of 0 says that the session asked for has expired. */
  #accepted(reader: JuteReader, socket: Socket, digest: string | null): void {
    reader.int();
    const timeoutMs = reader.int();
    const sessionId = reader.long();
    const password = reader.buffer();
    if (timeoutMs <= 0) {
      this.#forgetSession();
      socket.destroy();
      return;
    }
    const isResumed = sessionId === this.#sessionId;
    this.#sessionId = sessionId;
    this.#password = password;
    this.#isOpen = true;
    if (digest !== null) this.#authenticate(socket, digest);
    this.#listener.connected(isResumed);
  }

  #forgetSession(): void {
    this.#sessionId = 0n;
    this.#password = Buffer.alloc(16);
    this.#lastZxid = 0n;
  }
}
