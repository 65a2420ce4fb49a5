import type { Generation, SidecarState, UpgradeInProgress, UpgradeOutcome } from '../../upgrade/sidecar-state.ts';
import type { NoticeResult, UpgradeProgressEvent, UpgradeReport, UpgradeSide } from '../../upgrade/upgrade-report.ts';
import type { DrainSample, SidecarHost, StoredPair } from '../ports/sidecar.ts';

/** Collects the report of one upgrade while the machine goes through it. */
export class UpgradeJob {
  readonly id: string;
  readonly startedMs: number;
  readonly states: { state: string; atMs: number }[] = [];
  readonly warnings: string[] = [];
  notices: readonly NoticeResult[] = [];
  atStart = 0;
  cut = 0;
  cutRequests: number | null = 0;
  drainedAtMs: number | null = null;
  sample: DrainSample | null = null;
  report: UpgradeReport | null = null;
  from: UpgradeSide = { epoch: null, version: null, bootstrapSha256: null };
  to: UpgradeSide = { epoch: null, version: null, bootstrapSha256: null };
  readonly #listeners = new Set<(event: UpgradeProgressEvent) => void>();
  readonly #done: Promise<UpgradeReport>;
  #finish: (report: UpgradeReport) => void = () => {};

  constructor(id: string, nowMs: number) {
    this.id = id;
    this.startedMs = nowMs;
    this.#done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Resolves to the report at the end of the upgrade. */
  get done(): Promise<UpgradeReport> {
    return this.#done;
  }

  listen(listener: (event: UpgradeProgressEvent) => void): void {
    this.#listeners.add(listener);
  }

  forget(listener: (event: UpgradeProgressEvent) => void): void {
    this.#listeners.delete(listener);
  }

  /** Notes a change of state and tells the listeners. */
  enter(state: SidecarState['name'], nowMs: number, deadlineMs: number | null): void {
    const atMs = Math.round(nowMs - this.startedMs);
    this.states.push({ state: state.toUpperCase(), atMs });
    this.tell('state', state, nowMs, deadlineMs);
  }

  tell(event: 'state' | 'drain', state: string, nowMs: number, deadlineMs: number | null): void {
    const { sample } = this;
    const message: UpgradeProgressEvent = {
      event,
      state: state.toUpperCase(),
      atMs: Math.round(nowMs - this.startedMs),
      secondsLeft: deadlineMs === null ? null : Math.max(0, Math.round((deadlineMs - nowMs) / 100) / 10),
      connections: sample === null ? null : { old: sample.old, new: sample.new },
    };
    for (const listener of this.#listeners) listener(message);
  }

  /** Makes the report of the end; later calls change nothing. */
  end(outcome: UpgradeOutcome, reason: string, upgrade: UpgradeInProgress, nowMs: number): UpgradeReport {
    if (this.report !== null) return this.report;
    this.states.push({ state: outcome.toUpperCase(), atMs: Math.round(nowMs - this.startedMs) });
    this.report = {
      id: this.id,
      at: new Date(nowMs).toISOString(),
      outcome,
      reason,
      from: this.from,
      to: this.to,
      states: this.states,
      connections: { drained: Math.max(0, this.atStart - this.cut), cut: this.cut },
      requests: { cut: this.cutRequests },
      drainedAtMs: this.drainedAtMs,
      notices: this.notices,
      warnings: [...this.warnings, ...upgrade.warnings],
    };
    this.#finish(this.report);
    return this.report;
  }
}

/** The job of an upgrade that another supervisor began: its times count from now. */
export async function adoptedJob(host: SidecarHost, upgrade: UpgradeInProgress): Promise<UpgradeJob> {
  const job = new UpgradeJob(upgrade.request.id, host.nowMs());
  job.from = upgradeSide(await host.pairs.read(upgrade.from), null);
  job.to = upgradeSide(await host.pairs.read(upgrade.request.pair), null);
  return job;
}

/** The report's view of a pair on an epoch. */
export function upgradeSide(pair: StoredPair | null, generation: Pick<Generation, 'epoch'> | null): UpgradeSide {
  return {
    epoch: generation?.epoch ?? null,
    version: pair?.version ?? null,
    bootstrapSha256: pair?.bootstrapSha256 ?? null,
  };
}
