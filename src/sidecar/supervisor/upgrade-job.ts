/** One upgrade from its request to its report: its listeners and its collected facts. */
import type { Clock } from '../../platform/clock.ts';
import type { Generation, SidecarState, UpgradeInProgress } from '../machine/sidecar-state.ts';
import type { UpgradeProgressEvent, UpgradeReport, UpgradeSide } from '../machine/upgrade-report.ts';
import type { SidecarHost, SidecarSpec, StoredPair } from '../ports.ts';
import {
  EMPTY_DRAFT,
  finishReport,
  noteFact,
  type UpgradeDraft,
  type UpgradeEnd,
  type UpgradeFact,
} from './upgrade-draft.ts';

/** A listener to the progress of an upgrade. */
export type UpgradeListener = (event: UpgradeProgressEvent) => void;

/** An upgrade under way. */
export class UpgradeJob {
  readonly id: string;
  /** The entry of mesh.yaml at the time of the request; null when an earlier supervisor took the request. */
  readonly spec: SidecarSpec | null;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #listeners = new Set<UpgradeListener>();
  readonly #done = Promise.withResolvers<UpgradeReport>();
  #draft: UpgradeDraft = EMPTY_DRAFT;
  #report: UpgradeReport | null = null;

  constructor(id: string, spec: SidecarSpec | null, clock: Clock) {
    this.id = id;
    this.spec = spec;
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
  }

  /** The known facts about it. */
  get draft(): UpgradeDraft {
    return this.#draft;
  }

  /** Resolves to the report when the upgrade has ended and its history says so. */
  get done(): Promise<UpgradeReport> {
    return this.#done.promise;
  }

  /** Milliseconds since the request. */
  get ageMs(): number {
    return Math.round(this.#clock.monotonic() - this.#startedMs);
  }

  listen(listener: UpgradeListener): void {
    this.#listeners.add(listener);
  }

  forget(listener: UpgradeListener): void {
    this.#listeners.delete(listener);
  }

  note(fact: UpgradeFact): void {
    this.#draft = noteFact(this.#draft, fact);
  }

  /** Notes a change of state and tells the listeners. */
  enter(state: SidecarState['name'], deadlineMs: number | null): void {
    this.note({ fact: 'state', state, atMs: this.ageMs });
    this.tell('state', state, deadlineMs);
  }

  /** Tells the listeners where it stands; `deadlineMs` is the end of the state by the monotonic clock. */
  tell(event: 'state' | 'drain', state: string, deadlineMs: number | null): void {
    const { sample } = this.#draft;
    const message: UpgradeProgressEvent = {
      event,
      state: state.toUpperCase(),
      atMs: this.ageMs,
      secondsLeft: deadlineMs === null ? null : secondsUntil(deadlineMs, this.#clock),
      connections: sample === null ? null : { old: sample.old, new: sample.new },
    };
    for (const listener of this.#listeners) listener(message);
  }

  /** Makes the report of the end; later calls change nothing. */
  end({ outcome, reason, upgrade, served }: Omit<UpgradeEnd, 'id' | 'at'>): UpgradeReport {
    if (this.#report !== null) return this.#report;
    this.note({ fact: 'state', state: outcome, atMs: this.ageMs });
    const at = new Date(this.#clock.now()).toISOString();
    this.#report = finishReport(this.#draft, { id: this.id, at, outcome, reason, upgrade, served });
    return this.#report;
  }

  /** Gives the report to those who wait for it. */
  answer(): void {
    if (this.#report !== null) this.#done.resolve(this.#report);
  }
}

/** Seconds until a time of the monotonic clock, to a tenth, never negative. */
export function secondsUntil(deadlineMs: number, clock: Clock): number {
  return Math.max(0, Math.round((deadlineMs - clock.monotonic()) / 100) / 10);
}

/** The job of an upgrade that another supervisor began: its times count from now. */
export async function adoptedJob(
  host: SidecarHost,
  upgrade: UpgradeInProgress,
  spec: SidecarSpec | null,
  clock: Clock,
): Promise<UpgradeJob> {
  // On weir's own rollback the machine extends the name; clients know the upgrade by its first one.
  const job = new UpgradeJob(upgrade.request.id.replace(/-back$/, ''), spec, clock);
  const from = upgradeSide(await host.pairs.read(upgrade.from), null);
  job.note({ fact: 'sides', from, to: upgradeSide(await host.pairs.read(upgrade.request.pair), null) });
  return job;
}

/** The report's view of a pair on an epoch. */
export function upgradeSide(pair: StoredPair | null, generation: Pick<Generation, 'epoch'> | null): UpgradeSide {
  return {
    epoch: generation?.epoch ?? null,
    version: pair?.version ?? null,
    binarySha256: pair?.binarySha256 ?? null,
    bootstrapSha256: pair?.bootstrapSha256 ?? null,
  };
}
