/** A ZooKeeper server on loopback: a tree in memory, sessions, reads, and lasting watches. */
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import {
  JuteReader,
  JuteWriter,
  OP,
  PacketReader,
  WATCH_EVENT,
  WATCH_MODE,
  XID,
  ZK_ERROR,
} from '../../src/discovery/registry/zookeeper/jute.ts';

/** How the server differs from a usual one. */
export interface FakeZooKeeperOptions {
  /** Servers before 3.6 know no lasting watches. Default true. */
  readonly hasWatches?: boolean;
  /** The `user:password` without which the connection is ended; null takes everybody. */
  readonly digest?: string | null;
}

/** The server; it ends with the test. */
export class FakeZooKeeper {
  readonly nodes = new Map<string, string>();
  /** Paths that were read or watched, in their order. */
  readonly asked: string[] = [];
  /** Paths of which reads are refused, with the error. */
  readonly refused = new Map<string, number>();
  /** Paths that only clients with this digest may read. */
  readonly keptFor = new Map<string, string>();
  /** The digests that clients gave, in their order. */
  readonly digests: string[] = [];
  /** How often names below a node came or went. */
  #changes = new Map<string, number>();
  readonly #server: Server = createServer();
  /** By client, the watched paths with their modes. */
  readonly #watches = new Map<Socket, Map<string, number>>();
  readonly #options: FakeZooKeeperOptions;
  /** Answers that are held back; null while none are. */
  #held: (() => void)[] | null = null;
  #zxid = 1n;

  private constructor(options: FakeZooKeeperOptions) {
    this.#options = options;
    this.#server.on('connection', (socket) => this.#serve(socket));
  }

  /** Listens on a port of its own. */
  static async open(t: TestContext, options: FakeZooKeeperOptions = {}): Promise<FakeZooKeeper> {
    const own = new FakeZooKeeper(options);
    await new Promise<void>((resolve) => own.#server.listen(0, '127.0.0.1', resolve));
    t.after(() => own.end());
    return own;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.#watches.size;
  }

  /** Writes a node and those above it. */
  set(path: string, value = ''): void {
    const isNew = !this.nodes.has(path);
    const above = this.#missingAbove(path);
    this.nodes.set(path, value);
    if (isNew) this.#count(path);
    for (const one of above) this.#tell(WATCH_EVENT.created, one);
    this.#tell(isNew ? WATCH_EVENT.created : WATCH_EVENT.changed, path);
  }

  /** Removes a node; those above it stay. */
  remove(path: string): void {
    this.nodes.delete(path);
    this.#count(path);
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (!this.nodes.has(parent)) this.nodes.set(parent, '');
    this.#tell(WATCH_EVENT.deleted, path);
  }

  /** Takes a backup of the tree. The returned function sets the server back to it and ends every connection. */
  backup(): () => void {
    const [nodes, changes] = [new Map(this.nodes), new Map(this.#changes)];
    return () => {
      this.nodes.clear();
      for (const [path, value] of nodes) this.nodes.set(path, value);
      this.#changes = new Map(changes);
      this.cut();
    };
  }

  /** Reads that wait for their answers. */
  get waiting(): number {
    return this.#held?.length ?? 0;
  }

  /** Answers no read until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Answers all that was read meanwhile, in its order. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const answer of held) answer();
  }

  /** Ends every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#watches.keys()) socket.destroy();
  }

  /** Takes no connection any more. */
  end(): void {
    this.#server.close();
    this.cut();
  }

  #count(path: string): void {
    const parent = path.slice(0, path.lastIndexOf('/'));
    this.#changes.set(parent, (this.#changes.get(parent) ?? 0) + 1);
  }

  #tell(type: number, path: string): void {
    this.#zxid += 1n;
    const event = (kind: number, place: string) =>
      new JuteWriter().int(XID.event).long(-1n).int(0).int(kind).int(3).string(place).packet();
    const parent = path.slice(0, path.lastIndexOf('/'));
    for (const [socket, watched] of this.#watches) {
      const isBelow = [...watched].some(
        ([above, mode]) => path === above || (mode === WATCH_MODE.recursive && path.startsWith(`${above}/`)),
      );
      if (isBelow) socket.write(event(type, path));
      if (type !== WATCH_EVENT.changed && watched.get(parent) === WATCH_MODE.children)
        socket.write(event(WATCH_EVENT.children, parent));
    }
  }

  /** The nodes above a path that are not there, the highest first. */
  #missingAbove(path: string): readonly string[] {
    const parts = path.split('/');
    const above = parts.map((_, index) => parts.slice(0, index).join('/')).filter((one) => one !== '');
    return above.filter((one) => !this.nodes.has(one) && this.#children(one).length === 0);
  }

  #serve(socket: Socket): void {
    const packets = new PacketReader();
    const watched = new Map<string, number>();
    let isOpen = false;
    this.#watches.set(socket, watched);
    socket.on('error', () => undefined).on('close', () => this.#watches.delete(socket));
    socket.on('data', (bytes) => {
      for (const packet of packets.take(bytes)) {
        if (isOpen) this.#answer(socket, watched, new JuteReader(packet));
        else socket.write(new JuteWriter().int(0).int(10_000).long(7n).buffer(Buffer.alloc(16)).bool(false).packet());
        isOpen = true;
      }
    });
  }

  #answer(socket: Socket, watched: Map<string, number>, reader: JuteReader): void {
    const xid = reader.int();
    const op = reader.int();
    const head = (error: number) => new JuteWriter().int(xid).long(this.#zxid).int(error);
    if (op === OP.ping) return void socket.write(head(ZK_ERROR.ok).packet());
    if (op === OP.closeSession) return void socket.end(head(ZK_ERROR.ok).packet());
    if (op === OP.auth) {
      reader.int();
      reader.string();
      const digest = reader.string();
      this.digests.push(digest);
      watched.set(`digest ${digest}`, -1);
      const isRight = [null, digest].includes(this.#options.digest ?? null);
      return void socket.write(head(isRight ? ZK_ERROR.ok : ZK_ERROR.authFailed).packet());
    }
    const path = reader.string();
    this.asked.push(path);
    if (op === OP.addWatch) {
      if (this.#options.hasWatches === false) return void socket.write(head(ZK_ERROR.unimplemented).packet());
      watched.set(path, reader.int());
      return void socket.write(head(ZK_ERROR.ok).packet());
    }
    if (this.#held === null) this.#read(socket, path, op, head);
    else this.#held.push(() => this.#read(socket, path, op, head));
  }

  #read(socket: Socket, path: string, op: number, head: (error: number) => JuteWriter): void {
    const kept = this.keptFor.get(path);
    const mayNot = kept !== undefined && this.#watches.get(socket)?.has(`digest ${kept}`) !== true;
    const refusal = mayNot ? ZK_ERROR.noAuth : this.refused.get(path);
    if (refusal !== undefined) return void socket.write(head(refusal).packet());
    const names = this.#children(path);
    const value = this.nodes.get(path) ?? (names.length > 0 ? '' : undefined);
    if (value === undefined) return void socket.write(head(ZK_ERROR.noNode).packet());
    if (op === OP.getData) return void socket.write(head(ZK_ERROR.ok).string(value).packet());
    if (op === OP.exists) {
      // Stat: created and changed by, and when; then the version of its value and that of its names.
      const stat = head(ZK_ERROR.ok).long(1n).long(1n).long(0n).long(0n).int(0);
      return void socket.write(stat.int(this.#changes.get(path) ?? 0).packet());
    }
    const list = head(ZK_ERROR.ok).int(names.length);
    for (const name of names) list.string(name);
    socket.write(list.packet());
  }

  #children(path: string): string[] {
    const below = [...this.nodes.keys()].filter((one) => one.startsWith(`${path}/`));
    return [...new Set(below.map((one) => one.slice(path.length + 1).split('/')[0] ?? ''))];
  }
}
