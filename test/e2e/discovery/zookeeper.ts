/** A real ZooKeeper on a loopback port, and a client that writes into it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JuteReader, JuteWriter, OP, PacketReader, XID } from '../../../src/discovery/registry/zookeeper/jute.ts';
import { freePorts } from '../../free-ports.ts';
import { until } from '../../until.ts';

const JARS = [
  'zookeeper',
  'zookeeper-jute',
  'slf4j-api',
  'slf4j-nop',
  'netty-all',
  'snappy-java',
  'metrics-core',
  'commons-cli',
];
const CREATE = 1;
const DELETE = 2;
const SET_DATA = 5;
const SET_ACL = 7;
const NODE_EXISTS = -110;
/** Permissions (ZooDefs.Perms): read, write, create, delete, administer. */
const READ = 1;
const ALL = 31;
const ALL_BUT_READ = 30;
/** How long a server may take to open a session, in milliseconds. */
const OPEN_LIMIT_MS = 2_000;
/** How long it may take to start, in milliseconds. */
const UP_LIMIT_MS = 90_000;

/** A server of its own, with an empty tree. */
export class ZooKeeperLab {
  readonly port: number;
  readonly #folder: string;
  #server: ChildProcess;

  private constructor(folder: string, port: number, server: ChildProcess) {
    this.#folder = folder;
    this.port = port;
    this.#server = server;
  }

  static async open(): Promise<ZooKeeperLab> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-zookeeper-'));
    const [port = 0] = await freePorts(1);
    await writeFile(join(folder, 'zoo.cfg'), configOf(folder, '127.0.0.1', port));
    const lab = new ZooKeeperLab(folder, port, startServer(folder));
    (await lab.client()).close();
    return lab;
  }

  /** A client that may write, as soon as the server opens a session: that is a transaction, and may take long. */
  async client(): Promise<ZooKeeperWriter> {
    const open = () => ZooKeeperWriter.connect(this.port).catch(() => null);
    return await until('a session of ZooKeeper', open, { patienceMs: UP_LIMIT_MS });
  }

  /** SIGKILL; `start` brings it back with its data. */
  async kill(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    this.#server.kill('SIGKILL');
    await once(this.#server, 'close');
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#server.kill(name);
  }

  async start(): Promise<void> {
    this.#server = startServer(this.#folder);
    (await this.client()).close();
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The command line of a server in a folder of its own, for one that runs in a namespace. */
export async function zooKeeperCommand(folder: string, host: string, port: number): Promise<[string, ...string[]]> {
  await writeFile(join(folder, 'zoo.cfg'), configOf(folder, host, port));
  return serverCommand(folder);
}

/** A session that creates, changes and deletes nodes; ephemeral ones go with it. */
export class ZooKeeperWriter {
  readonly #socket: Socket;
  readonly #answers = new Map<number, PromiseWithResolvers<number>>();
  #xid = 0;
  #isOpen = false;
  #pings: NodeJS.Timeout | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Rejects when the server does not open the session in time: one that is starting may take a hello and forget it. */
  static async connect(port: number, host = '127.0.0.1'): Promise<ZooKeeperWriter> {
    const socket = connect({ host, port });
    const writer = new ZooKeeperWriter(socket);
    const limit = AbortSignal.timeout(OPEN_LIMIT_MS);
    limit.addEventListener('abort', () => writer.#isOpen || socket.destroy(), { once: true });
    const packets = new PacketReader();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on('data', (bytes) => {
      for (const packet of packets.take(bytes)) {
        const reader = new JuteReader(packet);
        if (!writer.#isOpen) {
          writer.#isOpen = true;
          resolve();
          continue;
        }
        const xid = reader.int();
        reader.long();
        writer.#answers.get(xid)?.resolve(reader.int());
        writer.#answers.delete(xid);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const ended = new Error('the server closed the connection');
      reject(ended);
      for (const answer of writer.#answers.values()) answer.reject(ended);
      writer.#answers.clear();
      clearInterval(writer.#pings);
    });
    socket.on('connect', () => {
      const hello = new JuteWriter().int(0).long(0n).int(30_000).long(0n).buffer(Buffer.alloc(16)).bool(false);
      socket.write(hello.packet());
    });
    await promise;
    // A session that is silent for ten seconds is over, and its ephemeral nodes with it.
    writer.#pings = setInterval(() => socket.write(new JuteWriter().int(XID.ping).int(OP.ping).packet()), 2_000);
    writer.#pings.unref();
    return writer;
  }

  /** Creates a node and the persistent ones above it; an existing node gets the value. `hidden`: nobody may read it. */
  async put(path: string, value = '', { ephemeral = false, hidden = false } = {}): Promise<void> {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (parent !== '') await this.#create(parent, '').catch(async () => await this.put(parent));
    try {
      await this.#create(path, value, { ephemeral, hidden });
    } catch (error) {
      if ((error as { code?: number }).code !== NODE_EXISTS) throw error;
      await this.#ask(SET_DATA, (writer) => writer.string(path).buffer(Buffer.from(value)).int(-1));
    }
  }

  /** Lets only who gives one of these `user:password` read a node; without any, everybody. */
  async keepFor(digests: readonly string[], path: string): Promise<void> {
    const anyone = { perms: digests.length === 0 ? ALL : ALL_BUT_READ, scheme: 'world', id: 'anyone' };
    const acl = [anyone, ...digests.map((digest) => ({ perms: READ, scheme: 'digest', id: digestId(digest) }))];
    await this.#ask(SET_ACL, (writer) => {
      writer.string(path).int(acl.length);
      for (const { perms, scheme, id } of acl) writer.int(perms).string(scheme).string(id);
      return writer.int(-1);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#ask(DELETE, (writer) => writer.string(path).int(-1));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #create(path: string, value: string, { ephemeral = false, hidden = false } = {}): Promise<void> {
    const open = (writer: JuteWriter) =>
      writer
        .int(1)
        .int(hidden ? ALL_BUT_READ : ALL)
        .string('world')
        .string('anyone');
    await this.#ask(CREATE, (writer) =>
      open(writer.string(path).buffer(Buffer.from(value))).int(ephemeral ? 1 : 0),
    ).catch((error) => {
      if (error.code === NODE_EXISTS && value === '') return;
      throw error;
    });
  }

  async #ask(op: number, write: (writer: JuteWriter) => JuteWriter): Promise<void> {
    if (this.#socket.destroyed) throw new Error('the connection is closed');
    this.#xid += 1;
    const answer = Promise.withResolvers<number>();
    this.#answers.set(this.#xid, answer);
    this.#socket.write(write(new JuteWriter().int(this.#xid).int(op)).packet());
    const code = await answer.promise;
    if (code !== 0) throw Object.assign(new Error(`ZooKeeper answered ${code}`), { code });
  }
}

/** How an access list names a user (DigestAuthenticationProvider). */
function digestId(digest: string): string {
  const user = digest.slice(0, digest.indexOf(':'));
  return `${user}:${createHash('sha1').update(digest).digest('base64')}`;
}

function configOf(folder: string, host: string, port: number): string {
  const config = [
    'tickTime=500',
    `dataDir=${folder}/data`,
    `clientPort=${port}`,
    `clientPortAddress=${host}`,
    'admin.enableServer=false',
    'maxClientCnxns=0',
    'minSessionTimeout=1000',
    '',
  ];
  return config.join('\n');
}

function serverCommand(folder: string): [string, ...string[]] {
  const classPath = JARS.map((jar) => `/usr/share/java/${jar}.jar`).join(':');
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  // A small program that lives for seconds: the JVM's second compiler and its parallel collector cost more than they bring.
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m'];
  return ['java', ...java, '-cp', classPath, main, join(folder, 'zoo.cfg')];
}

function startServer(folder: string): ChildProcess {
  const [file, ...args] = serverCommand(folder);
  return spawn(file, args, { stdio: 'ignore' });
}
