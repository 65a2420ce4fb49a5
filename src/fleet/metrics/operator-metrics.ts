/** The metrics of an operator: its requests, its steps, and the region as it sees it while it leads. */
import type { Clock } from '../../platform/clock.ts';
import { MetricStore } from '../../platform/metrics/metric-store.ts';
import { hasExpired } from '../model/decide.ts';
import { ROLLOUT_STATES } from '../model/records.ts';
import { policiesOf, type RegionView, releasesOf } from '../model/region-view.ts';
import { waveHosts } from '../model/rollout-machine.ts';
import type { LeaderWatcher } from '../operator/lead-region.ts';
import type { FleetStore } from '../ports.ts';
import { HOST_STATES, regionRow } from '../usecases/fleet-status.ts';
import { SWITCH_ALL } from '../usecases/write-switch.ts';
import { OPERATOR_METRICS, STEP_BUCKETS } from './fleet-families.ts';
import { meterStore } from './meter-store.ts';

/** The whole region is read for its metrics so often, in ms. */
const WHOLE_MS = 15_000;
const PROGRESS = ['done', 'failed', 'pending', 'silent'] as const;

/** Holds the metrics of one operator. It does not know where they are published. */
export class OperatorMetrics {
  readonly #store = new MetricStore(Object.values(OPERATOR_METRICS), STEP_BUCKETS);
  readonly #region: string;
  readonly #clock: Clock;
  /** Told to whoever leads the region. */
  readonly watcher: LeaderWatcher;

  constructor(region: string, clock: Clock) {
    const { started, leading, step } = OPERATOR_METRICS;
    this.#region = region;
    this.#clock = clock;
    this.#store.set(started, { region }, clock.now() / 1000);
    this.#store.set(leading, { region }, 0);
    this.#store.begin(step, { region });
    this.watcher = {
      wholeEveryMs: WHOLE_MS,
      stepped: (ms, isLeading) => {
        if (ms !== null) this.#store.observe(step, { region }, ms / 1000);
        this.#store.set(leading, { region }, isLeading ? 1 : 0);
      },
      saw: (view) => this.#see(view),
    };
  }

  /** The same store, counted. */
  meter(store: FleetStore): FleetStore {
    const labels = { region: this.#region };
    return meterStore(store, this.#store, OPERATOR_METRICS, { labels, now: () => this.#clock.now() });
  }

  /** The whole text. */
  print(residentBytes: number): string {
    this.#store.set(OPERATOR_METRICS.memory, { region: this.#region }, residentBytes);
    return this.#store.print();
  }

  #see(view: RegionView | null): void {
    const { hosts, appHosts, objectErrors, button, rolloutState, rolloutWave, rolloutHosts } = OPERATOR_METRICS;
    const store = this.#store;
    const region = this.#region;
    for (const family of [hosts, appHosts, objectErrors, button, rolloutState, rolloutWave, rolloutHosts])
      store.clear(family, {});
    // Another operator leads and says it: two that say it would count each host twice.
    if (view === null) return;
    const nowMs = this.#clock.now();
    const row = regionRow(view, null, nowMs);
    for (const state of HOST_STATES) store.set(hosts, { region, state }, 0);
    for (const { state } of row.hosts) store.add(hosts, { region, state }, 1);
    for (const { name: app, counts } of row.apps) {
      for (const [state, count] of Object.entries(counts)) store.set(appHosts, { region, app, state }, count);
    }
    store.set(objectErrors, { region }, row.objects.filter(({ ok }) => !ok).length);
    const pressed = policiesOf(view).find(({ metadata }) => metadata.name === SWITCH_ALL);
    const isPressed = pressed?.spec.rules.some((rule) => rule.state === 'off' && !hasExpired(rule, nowMs));
    // A button that cannot be read may be pressed.
    const isUnread =
      pressed === undefined && view.objects.some(({ kind, name }) => kind === 'MeshPolicy' && name === SWITCH_ALL);
    if (!isUnread) store.set(button, { region }, isPressed ? 1 : 0);
    for (const { release, state, wave, startedAt, pods } of view.rollouts.values()) {
      store.setState(rolloutState, { region, release }, ROLLOUT_STATES, state);
      store.set(rolloutWave, { region, release }, wave);
      const object = releasesOf(view).find(({ metadata }) => metadata.name === release);
      if (object === undefined) continue;
      if (object.spec.pods !== undefined) {
        // The record has what the leader saw, in the last row the pods of all waves so far; before that nobody knows.
        const seen = pods?.at(-1);
        if (seen === undefined) continue;
        for (const progress of PROGRESS) store.set(rolloutHosts, { region, release, progress }, seen[progress]);
        continue;
      }
      for (const progress of PROGRESS) store.set(rolloutHosts, { region, release, progress }, 0);
      for (const { progress } of waveHosts(object, view.hosts.values(), startedAt).flatMap((one) => one.hosts))
        store.add(rolloutHosts, { region, release, progress }, 1);
    }
  }
}
