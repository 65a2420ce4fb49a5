/** Envoys that exist only in a test, with the rules of Envoy's hot restart as they were measured on 1.39 and 1.40. */
import type { Generation } from '../../src/sidecar/machine/sidecar-state.ts';
import type { LaunchRecord } from '../../src/sidecar/ports.ts';
import type { FakeClock } from './fake-clock.ts';

/** What a bootstrap of the fake makes an Envoy do. */
export interface FakeBootstrap {
  readonly admin: string;
  readonly listeners: readonly string[];
  /** `live`: it serves. `hangs`: it never gets past its initialization. `exits`: it refuses its bootstrap. */
  readonly start: 'live' | 'hangs' | 'exits';
  /** Envoy's own complaint when it only validates; null when it accepts. */
  readonly invalid: string | null;
  readonly hasAccessLog: boolean;
}

/** One process. */
export interface FakeEnvoy {
  readonly launch: LaunchRecord;
  /** What the process says of itself; a script in the place of the binary may start another one. */
  version: string;
  readonly bootstrap: FakeBootstrap;
  stage: 'booting' | 'initializing' | 'live' | 'draining';
  listening: readonly string[];
  isStopped: boolean;
  /** Memory of its own, as a test sets it. */
  anonymousBytes: number;
  hasPendingTerm: boolean;
  /** Whether the kernel is to end it first for want of memory. */
  isExpendable: boolean;
  /** How it ended; null while it lives. */
  exit: string | null;
  readonly signals: NodeJS.Signals[];
}

/** A connection of a client, with the requests that it waits for. */
export interface FakeConnection {
  readonly owner: number;
  requests: number;
  isOpen: boolean;
}

/** Times of a real one, in milliseconds: to the admin interface, from there to LIVE, from SIGTERM to the end. */
const [BOOT_MS, INIT_MS, END_MS] = [20, 60, 10] as const;
/** How long one of a pair tries to reach its dead partner before it aborts. */
const [RETRY_MS, FLUSH_MS] = [10_000, 13_000] as const;
/** The new one ends its parent by itself so long after the drain's end. */
const SAFETY_NET_MS = 3_000;

/** The processes of one sidecar, and what they share: names, shared memory, the admin address. */
export class FakeEnvoys {
  readonly all: FakeEnvoy[] = [];
  readonly connections: FakeConnection[] = [];
  /** "A previous process is still initializing", in the shared memory of each base-id. */
  readonly flags: [boolean, boolean] = [false, false];
  /** `role:variant/slot` of each sink. */
  readonly sinks = new Set<string>();
  /** Requests that ended with their process, by pair. */
  readonly cutRequests = new Map<string, number>();
  readonly #clock: FakeClock;
  readonly #admins = new Map<string, number>();
  readonly #watchers = new Set<() => void>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  find(id: number): FakeEnvoy | undefined {
    return this.all.findLast(({ launch }) => launch.generation.id === id);
  }

  /** The living, oldest first. */
  get living(): readonly FakeEnvoy[] {
    return this.all.filter(({ exit }) => exit === null);
  }

  onExit(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  start(launch: LaunchRecord, version: string, bootstrap: FakeBootstrap): void {
    const process: FakeEnvoy = {
      launch,
      version,
      bootstrap,
      stage: 'booting',
      listening: [],
      isStopped: false,
      anonymousBytes: 15 * 2 ** 20,
      hasPendingTerm: false,
      isExpendable: false,
      exit: null,
      signals: [],
    };
    this.all.push(process);
    void this.#run(process);
  }

  async #run(process: FakeEnvoy): Promise<void> {
    const { generation, drainMs } = process.launch;
    const { variant, epoch } = generation;
    const parent = this.#partner(generation, -1);
    if (epoch === 0) this.flags[variant] = false;
    else if (this.flags[variant]) return this.end(process, 'exit code 1, previous envoy process is still initializing');
    else if (parent === undefined) return this.#endLater(process, RETRY_MS, 'signal 6', () => true);
    if (epoch > 0) this.flags[variant] = true;
    if (!(await this.#work(process, BOOT_MS))) return;
    if (process.bootstrap.start === 'exits') return this.end(process, 'exit code 1, it does not like its bootstrap');
    this.#admins.set(process.bootstrap.admin, generation.id);
    if (parent !== undefined) this.#closeAdmin(parent);
    process.stage = 'initializing';
    if (!(await this.#work(process, INIT_MS)) || process.bootstrap.start === 'hangs') return;
    process.stage = 'live';
    process.listening = process.bootstrap.listeners;
    this.flags[variant] = false;
    if (parent === undefined || parent.exit !== null) return;
    parent.stage = 'draining';
    parent.listening = [];
    this.#endLater(parent, drainMs + SAFETY_NET_MS, 'exit code 0', () => process.exit === null);
  }

  /** Takes its time; false when the process ended meanwhile. A stopped one stands still. */
  async #work(process: FakeEnvoy, ms: number): Promise<boolean> {
    await this.#clock.sleep(ms);
    while (process.isStopped && process.exit === null) await this.#clock.sleep(10);
    return process.exit === null;
  }

  signal(process: FakeEnvoy, signal: NodeJS.Signals): boolean {
    if (process.exit !== null) return false;
    process.signals.push(signal);
    if (signal === 'SIGKILL') this.end(process, 'signal 9');
    if (signal === 'SIGSTOP') process.isStopped = true;
    if (signal === 'SIGTERM') process.hasPendingTerm = true;
    if (signal === 'SIGCONT') process.isStopped = false;
    if (process.hasPendingTerm && !process.isStopped && process.exit === null) this.#terminate(process);
    return true;
  }

  // Whoever is told to end tells its own hot-restart parent to end as well.
  #terminate(process: FakeEnvoy): void {
    process.hasPendingTerm = false;
    this.#endLater(process, END_MS, 'exit code 0', () => true);
    const parent = this.#partner(process.launch.generation, -1);
    if (parent !== undefined) this.#terminate(parent);
  }

  /** The process is gone, whatever the reason. */
  end(process: FakeEnvoy, detail: string): void {
    if (process.exit !== null) return;
    const wasLive = process.stage === 'live' || process.stage === 'draining';
    const { generation } = process.launch;
    process.exit = detail;
    process.listening = [];
    this.#closeAdmin(process);
    for (const connection of this.connections) if (connection.owner === generation.id) this.#cut(process, connection);
    const child = this.#partner(generation, +1);
    if (child !== undefined) {
      const patience = child.stage === 'live' ? FLUSH_MS : RETRY_MS;
      this.#endLater(child, patience, 'signal 6', () => !this.sinks.has(sinkName('parent', generation)));
    }
    const parent = this.#partner(generation, -1);
    if (!wasLive && parent !== undefined && detail.startsWith('signal')) {
      this.#endLater(parent, RETRY_MS, 'signal 6', () => !this.sinks.has(sinkName('child', generation)));
    }
    for (const watcher of this.#watchers) watcher();
  }

  #cut(process: FakeEnvoy, connection: FakeConnection): void {
    if (!connection.isOpen) return;
    connection.isOpen = false;
    const { pair } = process.launch.generation;
    this.cutRequests.set(pair, (this.cutRequests.get(pair) ?? 0) + connection.requests);
  }

  #endLater(process: FakeEnvoy, ms: number, detail: string, stillHolds: () => boolean): void {
    void this.#clock.sleep(ms).then(() => {
      if (stillHolds()) this.end(process, detail);
    });
  }

  #partner({ variant, epoch }: Generation, distance: -1 | 1): FakeEnvoy | undefined {
    return this.living.findLast(
      ({ launch: { generation: other } }) => other.variant === variant && other.epoch === epoch + distance,
    );
  }

  #closeAdmin(process: FakeEnvoy): void {
    const { admin } = process.bootstrap;
    if (this.#admins.get(admin) === process.launch.generation.id) this.#admins.delete(admin);
  }

  /** Who answers on an admin address; a stopped process answers nobody. */
  atAdmin(address: string): FakeEnvoy | null {
    const process = this.find(this.#admins.get(address) ?? -1);
    return process === undefined || process.exit !== null || process.isStopped ? null : process;
  }

  /** A client connects and asks `requests` questions that take long; null when nobody accepts. */
  connect(address: string, requests = 0): FakeConnection | null {
    const owner = this.living.findLast(({ listening }) => listening.includes(address));
    if (owner === undefined) return null;
    const connection = { owner: owner.launch.generation.id, requests, isOpen: true };
    this.connections.push(connection);
    return connection;
  }

  /** Aborts some connections of a process; the numbers of their clients. */
  cutSome(id: number, count: number): readonly string[] {
    const process = this.find(id);
    const open = this.connections.filter(({ owner, isOpen }) => isOpen && owner === id).slice(0, count);
    for (const connection of open) if (process !== undefined) this.#cut(process, connection);
    return open.map((connection) => `client ${this.connections.indexOf(connection)}`);
  }

  /** Connections that clients hold open to a process. */
  openConnections(id: number): number {
    return this.connections.filter(({ owner, isOpen }) => isOpen && owner === id).length;
  }
}

/** The datagram name of a process, by role: three epochs share the names. */
export function sinkName(role: 'parent' | 'child', { variant, epoch }: Pick<Generation, 'variant' | 'epoch'>): string {
  return `${role}:${variant}/${((epoch % 3) + 3) % 3}`;
}
