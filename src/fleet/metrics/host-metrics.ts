/** The metrics of a host daemon: what it asks and switches is counted at its ports, the rest is read from its status. */
import { MetricStore } from '../../platform/metrics/metric-store.ts';
import type { HostPorts, LocalHost } from '../host/ports.ts';
import type { HostStatus } from '../model/records.ts';
import { isAsDesired } from '../usecases/fleet-status.ts';
import { HOST_METRICS, STEP_BUCKETS } from './fleet-families.ts';
import { meterStore } from './meter-store.ts';

const RESULTS = ['done', 'failed'] as const;

/** Holds the metrics of one daemon. It does not know where they are published. */
export class HostMetrics {
  readonly #store = new MetricStore(Object.values(HOST_METRICS), STEP_BUCKETS);

  constructor(startedMs: number) {
    const { started, switches, releases } = HOST_METRICS;
    this.#store.set(started, {}, startedMs / 1000);
    // All counters exist from the start: `rate()` would lose an increase from nothing.
    for (const result of RESULTS) {
      for (const action of ['on', 'off']) this.#store.add(switches, { action, result }, 0);
      for (const action of ['upgrade', 'undo']) this.#store.add(releases, { action, result }, 0);
    }
  }

  /** The same ports, counted. */
  meter<P extends Pick<HostPorts, 'store' | 'local' | 'clock'>>(ports: P): P {
    const { clock } = ports;
    const store = meterStore(ports.store, this.#store, HOST_METRICS, { labels: {}, now: () => clock.now() });
    return { ...ports, store, local: this.#meterLocal(ports.local, () => clock.now()) };
  }

  /** The whole text, with the gauges of the present state. What is not known yet has no number. */
  print({ metadata, status }: HostStatus, residentBytes: number): string {
    const { info, memory, held, objectErrors, asDesired, override, overrideSince, releaseFailed } = HOST_METRICS;
    const store = this.#store;
    store.set(info, { host: metadata.name, region: metadata.region, version: status.weir }, 1);
    store.set(memory, {}, residentBytes);
    for (const family of [held, objectErrors, asDesired, override, overrideSince, releaseFailed])
      store.clear(family, {});
    const own = `Host/${metadata.name}`;
    const torn = status.errors.filter(({ object }) => object !== own).length;
    // Before the store was seen, what the daemon remembers of it may be told, and nothing else.
    if (status.seen !== null || status.held !== null) store.set(held, {}, status.held === null ? 0 : 1);
    if (status.seen !== null || torn > 0) store.set(objectErrors, {}, torn);
    const isBlind = status.errors.some(({ object }) => object === own);
    for (const app of isBlind ? [] : status.apps) {
      if (status.seen !== null || app.desired !== null)
        store.set(asDesired, { app: app.name }, isAsDesired(app) ? 1 : 0);
      const found = status.overrides.find((one) => one.app === app.name);
      store.set(override, { app: app.name }, found === undefined ? 0 : 1);
      const since = Date.parse(found?.since ?? '');
      if (!Number.isNaN(since)) store.set(overrideSince, { app: app.name }, since / 1000);
    }
    for (const { name: sidecar, error } of status.sidecars)
      store.set(releaseFailed, { sidecar }, error === null ? 0 : 1);
    return store.print();
  }

  #meterLocal(local: LocalHost, now: () => number): LocalHost {
    const { switches, releases, lastLook } = HOST_METRICS;
    const store = this.#store;
    const counted = async <T>(
      family: typeof switches | typeof releases,
      action: string,
      work: Promise<T>,
    ): Promise<T> => {
      try {
        const done = await work;
        this.#store.add(family, { action, result: 'done' }, 1);
        return done;
      } catch (error) {
        this.#store.add(family, { action, result: 'failed' }, 1);
        throw error;
      }
    };
    return {
      async look() {
        const seen = await local.look();
        store.set(lastLook, {}, now() / 1000);
        return seen;
      },
      lastUpgrade: (sidecar) => local.lastUpgrade(sidecar),
      watch: (changed, signal) => local.watch(changed, signal),
      on: (app, policy) => counted(switches, 'on', local.on(app, policy)),
      off: (app, policy, direct) => counted(switches, 'off', local.off(app, policy, direct)),
      upgrade: (sidecar, version, release) => counted(releases, 'upgrade', local.upgrade(sidecar, version, release)),
      rollBack: (sidecar, release) => counted(releases, 'undo', local.rollBack(sidecar, release)),
    };
  }
}
