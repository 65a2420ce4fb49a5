/** ZooKeeper's wire format (jute): the few records that a reader of registries sends and receives. */

/** Operations (ZooDefs.OpCode). */
export const OP = {
  exists: 3,
  getData: 4,
  getChildren: 8,
  ping: 11,
  auth: 100,
  addWatch: 106,
  closeSession: -11,
} as const;

/** Numbers that stand for requests of their own (ClientCnxn): a watch event, a ping and an authentication. */
export const XID = { event: -1, ping: -2, auth: -4 } as const;

/** Error codes (KeeperException.Code). */
export const ZK_ERROR = {
  ...{ ok: 0, connectionLoss: -4, unimplemented: -6, noNode: -101, noAuth: -102, sessionExpired: -112 },
  ...{ authFailed: -115, sessionMoved: -118, saslRequired: -124 },
} as const;

/** Errors that say nothing of the node that was asked for, but end what is done in the session. */
const OF_SESSION: ReadonlySet<unknown> = new Set([
  ...[ZK_ERROR.connectionLoss, ZK_ERROR.sessionExpired, ZK_ERROR.authFailed, ZK_ERROR.sessionMoved],
  ZK_ERROR.saslRequired,
]);

/** Whether the server answered with an error about one node; a request without an answer has the code null. */
export function isRefusal(error: unknown): error is Error & { readonly code: number } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && !OF_SESSION.has(error.code);
}

/** The modes of a lasting watch, on servers from 3.6 on: on a node and the names below it, or on a path and all below it. */
export const WATCH_MODE = { children: 0, recursive: 1 } as const;

/** Types of watch events (Watcher.Event.EventType). */
export const WATCH_EVENT = { created: 1, deleted: 2, changed: 3, children: 4 } as const;

/** The largest packet that is accepted, in bytes: ten times the server's own limit for a node. */
export const MAX_PACKET_BYTES = 16 * 1_048_576;

/** Writes one record after another; `packet` puts the length in front. */
export class JuteWriter {
  readonly #parts: Buffer[] = [];

  int(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    return this.#add(part);
  }

  long(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigInt64BE(value);
    return this.#add(part);
  }

  bool(value: boolean): this {
    return this.#add(Buffer.from([value ? 1 : 0]));
  }

  buffer(value: Buffer): this {
    return this.int(value.length).#add(value);
  }

  string(value: string): this {
    return this.buffer(Buffer.from(value));
  }

  packet(): Buffer {
    const body = Buffer.concat(this.#parts);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length);
    return Buffer.concat([length, body]);
  }

  #add(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }
}

/** Reads records from one packet. Throws a RangeError when the packet ends too early. */
export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  long(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  /** A copy: the packet's memory can go. Null (length -1) is empty. */
  buffer(): Buffer {
    const length = Math.max(0, this.int());
    if (this.#at + length > this.#bytes.length) throw new RangeError('a record ends too early');
    this.#at += length;
    return Buffer.from(this.#bytes.subarray(this.#at - length, this.#at));
  }

  string(): string {
    return this.buffer().toString();
  }

  /** Of a Stat: when the node was created, and how often names below it came or went. */
  folderMark(): { readonly created: bigint; readonly changes: number } {
    const created = this.long();
    // mzxid, ctime and mtime, then the version of its value.
    this.#at += 28;
    return { created, changes: this.int() };
  }

  strings(): string[] {
    const count = Math.max(0, this.int());
    // Each takes four bytes at least: a count beyond that is rubbish.
    if (count > this.#bytes.length / 4) throw new RangeError('a list is longer than its packet');
    return Array.from({ length: count }, () => this.string());
  }
}

/** Cuts packets out of a stream of bytes. Throws a RangeError for a length that no server sends. */
export class PacketReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The packets that are whole now. */
  *take(bytes: Buffer): Generator<Buffer> {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length >= 4) {
      const length = this.#pending.readInt32BE(0);
      if (length < 0 || length > MAX_PACKET_BYTES) throw new RangeError(`a packet of ${length} bytes`);
      if (this.#pending.length < 4 + length) return;
      yield this.#pending.subarray(4, 4 + length);
      this.#pending = this.#pending.subarray(4 + length);
    }
  }
}
