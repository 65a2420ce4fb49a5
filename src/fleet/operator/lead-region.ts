/** The leader of a region: moves the waves of its rollouts, and nothing else. Two of them are safe: one leads. */
import type { Clock } from '../../platform/clock.ts';
import type { RegionKeys } from '../model/keys.ts';
import type { ReleaseGate } from '../model/object-schemas.ts';
import type { Rollout } from '../model/records.ts';
import { type RegionView, releasesOf, viewPrefixes, viewRegion } from '../model/region-view.ts';
import { type GateAnswer, gatesToAsk, stepRollout, waveHosts } from '../model/rollout-machine.ts';
import { type FleetStore, type StoreChange, StoreFailure, type StoreGuard } from '../ports.ts';
import { historyChange } from '../usecases/write-history.ts';
import { LeaderLease } from './fence.ts';
import { WaveWatch } from './wave-watch.ts';

/** How long leadership outlives a leader, in ms. */
const LEASE_MS = 5_000;
/** How often rollouts are looked at while one moves, in ms: hosts report within less. */
const STEP_MS = 500;
/** A region without a rollout that moves is looked at so often, in ms. */
const REST_MS = 2_000;
/** A store that answers slowly is left alone for so many times the time of its answer. */
const REST_SHARE = 2;

/** Who is told how the leader works. */
export interface LeaderWatcher {
  /** The whole region is read for `saw` so often, in ms. */
  readonly wholeEveryMs: number;
  /** A look at the rollouts has ended, with all that it wrote; null: none was due. */
  stepped(ms: number | null, isLeading: boolean): void;
  /** The region as the leader sees it; null: this operator does not lead. */
  saw(view: RegionView | null): void;
}

/** What the leader needs. */
export interface LeaderPorts {
  readonly region: string;
  readonly keys: RegionKeys;
  readonly store: FleetStore;
  readonly clock: Clock;
  /** The name of this operator, unique among those of the region. */
  readonly holder: string;
  readonly pid: number;
  readonly watcher: LeaderWatcher | null;
  /** Asks Prometheus for one value. Never rejects. */
  askGate(gate: ReleaseGate): Promise<GateAnswer>;
  tell(line: string): void;
  warn(text: string): void;
}

/** Runs until the signal aborts; then leadership is given back. */
export async function leadRegion(ports: LeaderPorts, signal: AbortSignal): Promise<void> {
  const { clock, store, watcher } = ports;
  const lease = new LeaderLease(ports, { ttlMs: LEASE_MS, renewMs: LEASE_MS / 3 });
  let wholeAt = Number.NEGATIVE_INFINITY;
  let isLeading = false;
  const watch = new WaveWatch(() => clock.monotonic());
  while (!signal.aborted) {
    let rest = REST_MS;
    const began = clock.monotonic();
    try {
      const { id, isNew } = await lease.get();
      if (isNew) isLeading = false;
      // At rest a leader reads what it may have to move, not ten thousand hosts.
      const { leader, rollouts } = viewRegion(ports.region, await store.list([ports.keys.rollouts, ports.keys.leader]));
      const leads = leader?.holder === ports.holder || (leader === null && (await takeLead(ports, id)));
      if (leads !== isLeading)
        ports.tell(leads ? `leads ${ports.region}` : `${leader?.holder ?? 'another operator'} leads ${ports.region}`);
      isLeading = leads;
      const isMoving = leads && [...rollouts.values()].some(moves);
      const isDue = watcher !== null && clock.monotonic() - wholeAt >= watcher.wholeEveryMs;
      if (leads && (isMoving || isDue)) {
        const listing = await store.list(viewPrefixes(ports.keys));
        const view = viewRegion(ports.region, listing);
        const own = listing.items.find(({ key }) => key === ports.keys.leader);
        // What was decided by this listing is written while the lead is the one of the listing.
        if (isMoving && own !== undefined && view.leader?.holder === ports.holder)
          await moveRollouts(ports, view, watch, { key: own.key, revision: own.revision });
        if (isMoving) rest = Math.max(STEP_MS, REST_SHARE * (clock.monotonic() - began));
        wholeAt = clock.monotonic();
        watcher?.saw(view);
      }
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      ports.warn(`the store of ${ports.region} is away: ${error.message}; no wave moves`);
      isLeading = false;
    }
    if (!isLeading) watch.looksAway();
    if (!isLeading) watcher?.saw(null);
    watcher?.stepped(clock.monotonic() - began, isLeading);
    await clock.sleep(rest, signal).catch(() => undefined);
  }
  await lease.revoke();
}

function moves({ state }: Pick<Rollout, 'state'>): boolean {
  return state === 'running' || state === 'undoing';
}

/** Takes the lead if nobody has it; resolves to whether it was taken. */
export async function takeLead({ store, keys, holder, pid, clock }: LeaderPorts, lease: string): Promise<boolean> {
  const value = JSON.stringify({ holder, pid, since: new Date(clock.now()).toISOString() });
  const outcome = await store.write(
    [{ key: keys.leader, revision: null }],
    [{ key: keys.leader, value, lease, isOwn: true }],
  );
  return outcome.kind === 'written';
}

/** One step of each rollout. */
async function moveRollouts(ports: LeaderPorts, view: RegionView, watch: WaveWatch, lead: StoreGuard): Promise<void> {
  for (const [name, { revision, ...rollout }] of view.rollouts) {
    if (!moves(rollout)) continue;
    const release = releasesOf(view).find(({ metadata }) => metadata.name === name);
    if (release === undefined) {
      await writeRollout(
        ports,
        { rollout, revision, verb: 'stopped', lead },
        { ...rollout, state: 'stopped', reason: `SidecarRelease/${name} is gone or cannot be read` },
      );
      continue;
    }
    const waves = waveHosts(release, view.hosts.values(), rollout.startedAt);
    const answers = new Map<ReleaseGate, GateAnswer>();
    for (const gate of gatesToAsk(rollout, release, waves)) answers.set(gate, await ports.askGate(gate));
    const step = stepRollout(rollout, release, waves, answers, ports.clock.now(), watch.times(rollout));
    if (step !== null) await writeRollout(ports, { rollout, revision, verb: step.verb, lead }, step.next);
  }
}

/**
 * Guarded by the record's revision: an operator's verb that came in between wins, and the next look sees it. `lead` is what
 * a store with transactions guards beside it.
 */
export async function writeRollout(
  ports: LeaderPorts,
  {
    rollout,
    revision,
    verb,
    lead,
  }: {
    rollout: Rollout;
    revision: string;
    verb: 'wave' | 'stopped' | 'done' | 'undone' | null;
    lead?: StoreGuard;
  },
  next: Rollout,
): Promise<void> {
  const { store, keys, region, holder, clock } = ports;
  const key = `${keys.rollouts}${rollout.release}`;
  const changes: StoreChange[] = [{ key, value: JSON.stringify(next) }];
  if (verb !== null) {
    const isWave = verb === 'wave';
    const change = {
      ...{ verb, kind: 'SidecarRelease', name: rollout.release, why: next.reason },
      ...(isWave ? { from: rollout.wave, to: next.wave } : { from: rollout, to: next }),
    };
    changes.push(
      historyChange(
        { by: holder, now: () => clock.now(), writer: `${holder}-${ports.pid}` },
        { name: region, keys },
        change,
      ),
    );
  }
  const outcome = await store.write([{ key, revision }, ...(lead === undefined ? [] : [lead])], changes);
  if (outcome.kind === 'written' && verb !== null) {
    ports.tell(
      `${rollout.release}: ${verb === 'wave' ? `wave ${next.wave}` : verb}${next.reason === null ? '' : ` (${next.reason})`}`,
    );
  }
}
