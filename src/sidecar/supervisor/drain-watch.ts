/** Follows an Envoy that accepts no more until its last connection is gone. */
import type { Generation } from '../machine/sidecar-state.ts';
import { nextTickMs } from '../machine/step-sidecar.ts';
import type { AccessLogMark, DrainTracker } from '../ports.ts';
import { DrainSpread } from './drain-spread.ts';
import { BLIND, guardedLook } from './guarded-look.ts';
import { servingOf } from './machine-view.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 100;
/** The interval of progress events while a process drains. */
const TELL_MS = 1000;

/** Counts the connections of a process that drains, and ends it. */
export class DrainWatch {
  readonly #sidecar: Supervised;
  #drain: { id: number; tracker: DrainTracker; isCounted: boolean; isCountable: boolean } | null = null;
  #logMark: AccessLogMark | null = null;
  /** Clients whose connections were cut before the end of the drain. */
  #cutPeers: string[] = [];

  constructor(sidecar: Supervised) {
    this.#sidecar = sidecar;
  }

  /** Samples until the process has no connection left, then says `drained`. */
  async watch({ id }: Generation): Promise<void> {
    const sidecar = this.#sidecar;
    const { host, clock, job, specs } = sidecar;
    const guarded = guardedLook(sidecar, 'the drain cannot be followed');
    const serving = servingOf(sidecar.machine.state);
    const other = serving?.id === id ? null : (serving?.id ?? null);
    const isOver = () => sidecar.isClosed || !['draining', 'stopping'].includes(sidecar.machine.state.name);
    const track = () => guarded(() => host.trackDrain(specs.of(id), id, other));
    let tracker = await track();
    for (; tracker === BLIND || tracker === null; tracker = await track()) {
      await clock.sleep(POLL_MS);
      if (isOver()) return;
    }
    const found = tracker;
    // An upgrade that goes back has a second drain.
    if (this.#drain !== null && this.#drain.id !== id) this.#countLost();
    this.#drain = { id, tracker: found, isCounted: false, isCountable: this.#isCountable };
    job?.note({ fact: 'drain-begun', connections: found.atStart });
    let told = Number.NEGATIVE_INFINITY;
    const spread = new DrainSpread();
    const cutting = guardedLook(sidecar, 'connections cannot be cut one by one: all are cut at the end');
    while (!isOver() && this.#drain?.tracker === found) {
      const { state } = sidecar.machine;
      const sample = await guarded(() => found.sample());
      if (sample !== BLIND && sample !== null) {
        if (state.name === 'draining') job?.note({ fact: 'sample', sample });
        // Without every connection in sight none is left is not known, and Envoy's own timer decides.
        if (sample.oldAny === 0 && (this.#isCountable || state.name === 'stopping')) {
          if (job !== null) job.note({ fact: 'drained', atMs: job.ageMs });
          this.#drain.isCounted = true;
          sidecar.dispatch({ type: 'drained', id });
          return;
        }
        const due = spread.due(state, sample.old, clock.monotonic());
        if (due > 0) await cutting(() => this.#cutSome(found, id, due));
      }
      if (clock.monotonic() - told >= TELL_MS) {
        told = clock.monotonic();
        job?.tell('drain', state.name, nextTickMs(sidecar.machine));
      }
      await clock.sleep(POLL_MS);
    }
  }

  /** SIGTERM; with `cut`, after counting what it cuts. With `byEnvoy` only the count: Envoy ends it in a moment. */
  async endGently({ id, cut, byEnvoy }: { id: number; cut: boolean; byEnvoy: boolean }): Promise<void> {
    const { host } = this.#sidecar;
    // During a rollback a second process drains; the log of the first one already shows what it cut.
    if (this.#drain?.id !== id || this.#cutPeers.length === 0) await this.#readMark();
    if (this.#drain?.id === id) this.#drain.isCounted = true;
    if (cut) {
      const found = await guardedLook(this.#sidecar, 'what is cut cannot be counted')(() => this.#countCut(id));
      if (found === BLIND) this.#noteUncounted();
    }
    if (byEnvoy) return;
    await host.signal(id, 'SIGTERM');
    // SIGTERM is pending until a stopped process is continued.
    await host.signal(id, 'SIGCONT');
  }

  async #countCut(id: number): Promise<void> {
    const { host, job } = this.#sidecar;
    const launch = await host.launchOf(id);
    const pair = launch === null ? null : await host.pairs.read(launch.generation.pair);
    // What was cut one by one before has its lines behind the mark of then.
    this.#logMark ??= pair === null ? null : await host.markAccessLogs(pair);
    const tracker = this.#drain?.id === id ? this.#drain.tracker : null;
    if (job === null) return;
    const sample = tracker === null ? null : ((await tracker.sample()) ?? job.draft.sample);
    job.note({ fact: 'cut', connections: this.#isCountable ? (sample?.old ?? null) : null });
    if (this.#logMark === null) job.note({ fact: 'requests-cut', count: null });
  }

  /** Cuts connections before the end of the drain, so that their clients do not all come back in one moment. */
  async #cutSome(tracker: DrainTracker, id: number, count: number): Promise<void> {
    const { host, job } = this.#sidecar;
    if (this.#logMark === null) {
      const launch = await host.launchOf(id);
      const pair = launch === null ? null : await host.pairs.read(launch.generation.pair);
      this.#logMark = pair === null ? null : await host.markAccessLogs(pair);
    }
    const peers = await tracker.cut(count);
    this.#cutPeers.push(...peers);
    job?.note({ fact: 'cut', connections: peers.length });
  }

  /** Called before a serving process is killed during an upgrade: its connections end with it, and it writes no log. */
  async countKilled(id: number): Promise<void> {
    const { host, job, specs } = this.#sidecar;
    if (job === null) return;
    const look = () => host.activeConnections(specs.of(id), id);
    const found = await guardedLook(this.#sidecar, 'what is cut cannot be counted')(look);
    if (found === BLIND) return this.#noteUncounted();
    if (found === 0 && this.#isCountable) return;
    job.note({ fact: 'cut', connections: this.#isCountable ? found : null });
    job.note({ fact: 'requests-cut', count: null });
  }

  /** False where the old process has listeners of which weir sees no connection. */
  get #isCountable(): boolean {
    const { state } = this.#sidecar.machine;
    const upgrade = 'upgrade' in state ? state.upgrade : null;
    return upgrade?.isCountable ?? this.#drain?.isCountable ?? true;
  }

  #noteUncounted(): void {
    this.#sidecar.job?.note({ fact: 'cut', connections: null });
    this.#sidecar.job?.note({ fact: 'requests-cut', count: null });
  }

  /** A draining process that ended by itself lost its remaining connections, and wrote no log of them. */
  #countLost(): void {
    const { job } = this.#sidecar;
    const drain = this.#drain;
    this.#drain = null;
    if (job === null || drain === null || drain.isCounted) return;
    const open = drain.isCountable ? (job.draft.sample?.old ?? null) : null;
    if (open === 0) return;
    job.note({ fact: 'cut', connections: open });
    job.note({ fact: 'requests-cut', count: null });
    this.#sidecar.warn('the old process ended before the requests that this cut were counted');
  }

  /** Adds the requests that were cut since `endGently` to the job: the process has written its log by now. */
  async countCutRequests(): Promise<void> {
    this.#countLost();
    await this.#readMark();
  }

  async #readMark(): Promise<void> {
    const { job } = this.#sidecar;
    const mark = this.#logMark;
    const peers = this.#cutPeers;
    this.#logMark = null;
    this.#cutPeers = [];
    if (job === null || mark === null) return;
    const count = await guardedLook(
      this.#sidecar,
      'requests that were cut cannot be counted',
    )(() => mark.countCut(peers));
    job.note({ fact: 'requests-cut', count: count === BLIND ? null : count });
  }
}
