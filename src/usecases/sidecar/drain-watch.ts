import type { Generation } from '../../upgrade/sidecar-state.ts';
import { nextTickMs } from '../../upgrade/step-sidecar.ts';
import type { AccessLogMark, DrainTracker } from '../ports/sidecar.ts';
import { servingOf } from './machine-view.ts';
import { pause } from './pause.ts';
import type { Supervised } from './supervised.ts';

const POLL_MS = 100;
/** How often a draining process is told of to whoever follows the upgrade. */
const TELL_MS = 1000;

/** Counts the connections of a process that drains, and ends it. */
export class DrainWatch {
  readonly #sidecar: Supervised;
  #drain: { id: number; tracker: DrainTracker } | null = null;
  #logMark: AccessLogMark | null = null;

  constructor(sidecar: Supervised) {
    this.#sidecar = sidecar;
  }

  /** Samples until the process has no connection left, then says `drained`. */
  async watch(generation: Generation): Promise<void> {
    const sidecar = this.#sidecar;
    const { host, job } = sidecar;
    const serving = servingOf(sidecar.machine.state);
    const other = serving?.id === generation.id ? null : (serving?.id ?? null);
    const isOver = () => sidecar.isClosed || !['draining', 'stopping'].includes(sidecar.machine.state.name);
    const track = () => host.trackDrain(sidecar.spec, generation.id, other);
    let tracker = await track();
    for (; tracker === null; tracker = await track()) {
      await pause(POLL_MS);
      if (isOver()) return;
    }
    this.#drain = { id: generation.id, tracker };
    if (job !== null) job.atStart = Math.max(job.atStart, tracker.atStart);
    let told = 0;
    while (!isOver() && this.#drain.tracker === tracker) {
      const { state } = sidecar.machine;
      const sample = await tracker.sample();
      if (sample !== null && job !== null && state.name === 'draining') job.sample = sample;
      if (sample?.oldAny === 0) {
        if (job !== null) job.drainedAtMs = Math.round(host.nowMs() - job.startedMs);
        sidecar.dispatch({ type: 'drained', id: generation.id });
        return;
      }
      if (host.nowMs() - told >= TELL_MS) {
        told = host.nowMs();
        job?.tell('drain', state.name, told, nextTickMs(sidecar.machine));
      }
      await pause(POLL_MS);
    }
  }

  /** SIGTERM; with `cut`, after counting what it cuts. */
  async endGently(id: number, cut: boolean): Promise<void> {
    const { host, job } = this.#sidecar;
    const tracker = this.#drain?.id === id ? this.#drain.tracker : null;
    const launch = await host.launchOf(id);
    const pair = launch === null ? null : await host.pairs.read(launch.generation.pair);
    this.#logMark = pair === null || !cut ? null : await host.markAccessLogs(pair);
    if (job !== null && cut && tracker !== null) job.cut = ((await tracker.sample()) ?? job.sample)?.old ?? 0;
    await host.signal(id, 'SIGTERM');
    // A stopped process takes the signal only when it goes on.
    await host.signal(id, 'SIGCONT');
  }

  /** Puts the requests that were cut since `endGently` into the job: the process has written its log by now. */
  async countCutRequests(): Promise<void> {
    const { job } = this.#sidecar;
    if (job !== null && this.#logMark !== null) job.cutRequests = await this.#logMark.countCut();
    this.#logMark = null;
  }
}
