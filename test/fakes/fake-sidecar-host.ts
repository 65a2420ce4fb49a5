/** The host of a supervisor, in memory: it passes the same contract as the real one with a real Envoy. */
import { createHash } from 'node:crypto';
import { WeirError } from '../../src/errors/weir-error.ts';
import type { KnownReadiness } from '../../src/platform/readiness.ts';
import { adminText } from '../../src/sidecar/adapters/preflight-facts.ts';
import type { PreflightFacts } from '../../src/sidecar/machine/judge-preflight.ts';
import type { NoticeResult } from '../../src/sidecar/machine/upgrade-report.ts';
import type {
  DrainSample,
  LaunchRecord,
  NoticeBody,
  PairStore,
  Rehearsal,
  RehearsalPlan,
  SidecarHost,
  SidecarJournal,
  SidecarJournalEntry,
  SidecarSpec,
  StoredPair,
} from '../../src/sidecar/ports.ts';
import type { FakeClock } from './fake-clock.ts';
import { type FakeBootstrap, FakeEnvoys, sinkName } from './fake-envoys.ts';

/** A binary of the fake. */
export interface FakeBinary {
  readonly version: string;
  readonly hotRestartVersion: string;
}

const MIB = 1024 * 1024;

/** The host of one sidecar. It outlives the supervisors that use it, as a machine does. */
export class FakeSidecarHost implements SidecarHost {
  readonly envoys: FakeEnvoys;
  /** Files by path; a test writes them, `stage` reads them. */
  readonly binaries = new Map<string, FakeBinary>();
  readonly bootstraps = new Map<string, FakeBootstrap>();
  readonly entries: SidecarJournalEntry[] = [];
  /** How many lines of the journal a later weir wrote. */
  newerEntries = 0;
  /** Why the journal cannot be written; null when it can. */
  journalProblem: string | null = null;
  /** What the SDKs answer, and how long they take. */
  notices: readonly NoticeResult[] = [];
  noticeMs = 5;
  readonly told: NoticeBody[] = [];
  /** Addresses that somebody else holds. */
  foreign: readonly string[] = [];
  /** Listeners of the serving process whose connections nobody sees. */
  unseenListeners: readonly string[] = [];
  /** What the operator's check says; null: it holds. */
  checkProblem: string | null = null;
  /** How a rehearsal of a pair ends, by its version; what is not named holds. */
  readonly rehearsals = new Map<string, Rehearsal>();
  /** The versions that were rehearsed, in their order. */
  readonly rehearsed: string[] = [];
  /** What the process that has the admin has answered so far. */
  answers = { completed: 0, failed: 0 };
  readonly #clock: FakeClock;
  readonly #stored = new Map<string, { pair: StoredPair; binary: FakeBinary; bootstrap: FakeBootstrap; at: number }>();
  readonly #records: LaunchRecord[] = [];
  /** How many addresses each process listened on when it was looked at last. */
  readonly #listened = new Map<number, number>();
  #current: string | null = null;
  #previous: string | null = null;
  #pids = 100;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.envoys = new FakeEnvoys(clock);
  }

  readonly journal: SidecarJournal = {
    append: async (entry) => {
      if (this.journalProblem === null) this.entries.push(structuredClone(entry));
      return this.journalProblem;
    },
    read: async () => ({ entries: this.entries, newer: this.newerEntries }),
  };

  readonly pairs: PairStore = {
    stage: async (binary, bootstrap) => {
      const [program, file] = [this.binaries.get(binary), this.bootstraps.get(bootstrap)];
      if (program === undefined || file === undefined) throw missing(program === undefined ? binary : bootstrap);
      const [binarySha256, bootstrapSha256] = [sha256(program), sha256(file)];
      const id = sha256([binarySha256, bootstrapSha256]).slice(0, 12);
      const pair = { id, binary, bootstrap, binarySha256, bootstrapSha256, ...program };
      this.#stored.set(id, { pair, binary: program, bootstrap: file, at: this.#clock.monotonic() });
      return pair;
    },
    read: async (id) => this.#stored.get(id)?.pair ?? null,
    problemOf: async () => null,
    pointers: async () => ({ current: this.#current, previous: this.#previous }),
    settle: async (current, previous) => {
      this.#current = current;
      this.#previous = previous ?? this.#previous;
    },
    prune: async (keep) => {
      const others = [...this.#stored.values()].filter(({ pair }) => !keep.includes(pair.id));
      others.sort((a, b) => b.at - a.at);
      const room = Math.max(0, 3 - new Set(keep.filter((id) => id !== null)).size);
      for (const { pair } of others.slice(room)) this.#stored.delete(pair.id);
    },
  };

  async prepare(): Promise<void> {}

  async spawn(spec: SidecarSpec, pair: StoredPair, generation: LaunchRecord['generation'], drainMs: number) {
    const stored = this.#stored.get(pair.id);
    if (stored === undefined) throw missing(pair.binary);
    const { concurrency } = spec;
    const launch: LaunchRecord = { generation, concurrency, drainMs, spec, pid: ++this.#pids };
    this.#records.push(launch);
    this.envoys.start(launch, stored.binary.version, stored.bootstrap);
    return launch;
  }

  async launchOf(id: number): Promise<LaunchRecord | null> {
    return this.#records.find(({ generation }) => generation.id === id) ?? null;
  }

  async findProcesses() {
    const found = this.envoys.living.map(({ launch, listening }) => ({
      launch,
      listening: listening.length > 0,
      hadSuccessor: this.#records.some(
        ({ generation: { id, variant } }) => variant === launch.generation.variant && id > launch.generation.id,
      ),
    }));
    return { found, nextId: Math.max(0, ...this.#records.map(({ generation }) => generation.id)) + 1 };
  }

  async signal(id: number, signal: NodeJS.Signals): Promise<boolean> {
    const process = this.envoys.find(id);
    return process !== undefined && this.envoys.signal(process, signal);
  }

  async isAlive(id: number): Promise<boolean> {
    return this.envoys.find(id)?.exit === null;
  }

  async anonymousBytes(id: number): Promise<number> {
    return this.envoys.find(id)?.anonymousBytes ?? 0;
  }

  async setExpendable(id: number, isExpendable: boolean): Promise<void> {
    const process = this.envoys.find(id);
    if (process !== undefined) process.isExpendable = isExpendable;
  }

  async isStopped(id: number): Promise<boolean> {
    return this.envoys.find(id)?.isStopped === true;
  }

  async exitDetail(id: number): Promise<string> {
    return this.envoys.find(id)?.exit ?? 'ended';
  }

  onMaybeExit(callback: () => void): () => void {
    const forget = this.envoys.onExit(callback);
    const closed = new AbortController();
    const poll = async (): Promise<void> => {
      for (;;) {
        await this.#clock.sleep(500, closed.signal);
        callback();
      }
    };
    poll().catch(() => {});
    return () => {
      forget();
      closed.abort();
    };
  }

  async info(spec: SidecarSpec, id: number, timeoutMs: number) {
    const process = this.envoys.atAdmin(adminText(spec.admin));
    if (process === null && this.envoys.find(id)?.isStopped) await this.#clock.sleep(timeoutMs);
    if (process === null || process.launch.generation.id !== id) return null;
    const state = ({ live: 'LIVE', draining: 'DRAINING' } as const)[process.stage as 'live' | 'draining'];
    const { version } = process;
    return { state: state ?? ('INITIALIZING' as const), version, start: null, patienceMs: null };
  }

  async lookAtListeners(_spec: SidecarSpec, id: number) {
    const process = this.envoys.find(id);
    this.#listened.set(id, process?.listening.length ?? 0);
    const missing = process?.bootstrap.listeners.filter((address) => !process.listening.includes(address)) ?? [];
    return { missing, isCurable: missing.length > 0 };
  }

  hasClosedListener(id: number): boolean | null {
    const listened = this.#listened.get(id) ?? 0;
    return listened === 0 ? null : (this.envoys.find(id)?.listening.length ?? 0) < listened;
  }

  async rehearse(_spec: SidecarSpec, { version }: StoredPair, plan: RehearsalPlan): Promise<Rehearsal> {
    this.rehearsed.push(String(version));
    await this.#clock.sleep(300);
    if (!plan.isWanted()) return { kind: 'impossible', reason: 'it was called off' };
    return this.rehearsals.get(String(version)) ?? { kind: 'held' };
  }

  async runCheck(): Promise<string | null> {
    return this.checkProblem;
  }

  async countAnswers() {
    return this.answers;
  }

  async ready(spec: SidecarSpec, id: number, hasAdmin: boolean): Promise<KnownReadiness> {
    const process = this.envoys.find(id);
    if (process?.isStopped === true) return { state: 'frozen', detail: 'its process is stopped (SIGSTOP)' };
    const answering = hasAdmin ? this.envoys.atAdmin(adminText(spec.admin)) : null;
    if (answering !== null && answering.stage === 'live') return { state: 'ready' };
    if (answering !== null && answering.launch.generation.id === id)
      return { state: 'not-ready', detail: `${adminText(spec.admin)} answered 503: DRAINING` };
    if (process !== undefined && process.listening.length > 0) return { state: 'ready' };
    return { state: 'dead', detail: 'it listens nowhere' };
  }

  async postAdmin(spec: SidecarSpec, path: string): Promise<void> {
    const process = this.envoys.atAdmin(adminText(spec.admin));
    if (process === null || !path.startsWith('/drain_listeners')) return;
    // With `graceful` the listeners close when the drain time is over.
    const closesInMs = path.includes('graceful') ? process.launch.drainMs : 0;
    void this.#clock.sleep(closesInMs).then(() => {
      process.listening = [];
    });
  }

  async listeners(_spec: SidecarSpec, id: number): Promise<readonly string[]> {
    return [...(this.envoys.find(id)?.listening ?? [])].sort();
  }

  async trackDrain(_spec: SidecarSpec, old: number, serving: number | null) {
    if (serving !== null && this.envoys.find(serving)?.listening.length === 0) return null;
    const sample = async (): Promise<DrainSample | null> => {
      if (this.envoys.find(old)?.exit !== null) return null;
      const count = this.envoys.openConnections(old);
      return { old: count, oldAny: count, new: serving === null ? 0 : this.envoys.openConnections(serving) };
    };
    const cut = async (count: number): Promise<readonly string[]> => this.envoys.cutSome(old, count);
    return { atStart: this.envoys.openConnections(old), sample, cut };
  }

  async activeConnections(_spec: SidecarSpec, id: number): Promise<number> {
    return this.envoys.openConnections(id);
  }

  async bindSink(role: 'parent' | 'child', generation: LaunchRecord['generation']): Promise<void> {
    this.envoys.sinks.add(sinkName(role, generation));
  }

  async releaseSinks(variant: 0 | 1, epoch: number): Promise<void> {
    for (const role of ['parent', 'child'] as const) this.envoys.sinks.delete(sinkName(role, { variant, epoch }));
  }

  async clearFlag(variant: 0 | 1): Promise<boolean> {
    this.envoys.flags[variant] = false;
    return true;
  }

  async foreignListeners(): Promise<readonly string[]> {
    return this.foreign;
  }

  async preflightFacts(spec: SidecarSpec, pair: StoredPair, serving: LaunchRecord['generation']) {
    const launch = await this.launchOf(serving.id);
    const [next, now] = [this.#stored.get(pair.id), this.#stored.get(serving.pair)];
    if (launch === null || next === undefined) throw new Error(`nothing is known of process ${serving.id}`);
    const factsOf = ({ admin, listeners, hasAccessLog }: FakeBootstrap) => ({
      admin,
      listeners: { bound: listeners, alsoCovered: [], uncountable: [], unseen: [] },
      sources: { count: 0, hasDynamicListeners: false, asksDiscovery: false, shortestFetchMs: null },
      log: hasAccessLog
        ? { files: ['/var/log/access.log'], counting: ['/var/log/access.log'], namesPeers: true, problem: null }
        : { files: [], counting: [], namesPeers: true, problem: 'there is no access log' },
    });
    const facts: PreflightFacts = {
      binaryProblem: null,
      ...next.binary,
      servingHotRestartVersion: now?.binary.hotRestartVersion ?? null,
      validateProblem: next.bootstrap.invalid,
      bootstrap: factsOf(next.bootstrap),
      servingBootstrap: now === undefined ? null : factsOf(now.bootstrap),
      admin: adminText(spec.admin),
      concurrency: spec.concurrency,
      servingConcurrency: launch.concurrency,
      drainMs: spec.drainMs,
      servingDrainMs: launch.drainMs,
      busyAddresses: [],
      adminProblem: null,
      sharedMemoryProblem: null,
      availableBytes: 4096 * MIB,
      servingBytes: 16 * MIB,
      earlyEndProblems: this.unseenListeners,
      unseenListeners: this.unseenListeners,
      isDubboUntold: false,
      storageProblem: this.journalProblem,
    };
    return facts;
  }

  async markAccessLogs({ id }: StoredPair) {
    const count = () => this.envoys.cutRequests.get(id) ?? 0;
    const before = count();
    const hasLog = this.#stored.get(id)?.bootstrap.hasAccessLog === true;
    return { countCut: async () => (hasLog ? count() - before : null) };
  }

  async notify(_spec: SidecarSpec, body: NoticeBody): Promise<readonly NoticeResult[]> {
    this.told.push(body);
    await this.#clock.sleep(this.noticeMs);
    return this.notices;
  }

  async cleanUp(keepVariant: 0 | 1 | null): Promise<void> {
    for (const variant of [0, 1] as const) {
      if (variant === keepVariant) continue;
      for (const epoch of [0, 1, 2]) await this.releaseSinks(variant, epoch);
      this.envoys.flags[variant] = false;
    }
    const newest = this.#records.at(-1)?.generation.id;
    const isKept = (id: number) => this.envoys.find(id)?.exit === null || (keepVariant !== null && id === newest);
    const kept = this.#records.filter(({ generation }) => isKept(generation.id));
    this.#records.splice(0, Number.POSITIVE_INFINITY, ...kept);
  }
}

function sha256(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function missing(file: string): WeirError {
  return new WeirError('WEIR4003', { what: `there is no ${file}`, why: 'the test made none', hint: 'make it' });
}
