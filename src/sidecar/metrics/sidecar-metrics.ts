/** The conversion of supervisor events into metrics. */
import type { LeaseObserver, SupervisedApp } from '../../interception/supervised/ports.ts';
import type { MetricFamily } from '../../platform/metrics/exposition.ts';
import { MetricStore } from '../../platform/metrics/metric-store.ts';
import type { SidecarState, UpgradeOutcome } from '../machine/sidecar-state.ts';
import type { SidecarStatus, UpgradeReport } from '../machine/upgrade-report.ts';
import type { SupervisorEvent } from '../supervisor/supervisor-event.ts';
import { DURATION_BUCKETS, SIDECAR_METRICS } from './sidecar-families.ts';

// Records, so that the compiler asks for every state that is added. No supervisor says `unknown` of its own sidecar.
const SIDECAR_STATES: Readonly<Record<Exclude<SidecarStatus['state'], 'unknown'>, true>> = {
  starting: true,
  live: true,
  upgrading: true,
  stopped: true,
  failed: true,
  unsupervised: true,
  frozen: true,
};
const MACHINE_STATES: Readonly<Record<SidecarState['name'], true>> = {
  stopped: true,
  down: true,
  starting: true,
  idle: true,
  preflight: true,
  snapshot: true,
  spawned: true,
  initializing: true,
  aborting: true,
  handover: true,
  checking: true,
  baking: true,
  notify: true,
  draining: true,
  ending: true,
  recovering: true,
  emergency: true,
  stopping: true,
};
const OUTCOMES: Readonly<Record<UpgradeOutcome, true>> = {
  settled: true,
  refused: true,
  aborted: true,
  'rolled-back': true,
  emergency: true,
  'dry-run': true,
};
const APP_STATES: Readonly<Record<SupervisedApp['state'], true>> = {
  on: true,
  off: true,
  draining: true,
  unconfirmed: true,
  bypassed: true,
  denied: true,
  drifted: true,
  unknown: true,
};

/** The gauges that are read anew each time, because no event reports them. */
export interface SidecarGauges {
  readonly state: string;
  readonly epoch: number | null;
  readonly version: string | null;
  /** Null where no Envoy serves, or weir may not look at its sockets: nothing is published then. */
  readonly activeConnections: number | null;
  readonly residentBytes: number;
  /** Null when it could not be read: nothing is published then. */
  readonly apps: readonly SupervisedApp[] | null;
}

/** An empty store for the metrics of any number of sidecars. */
export function newSidecarStore(): MetricStore {
  return new MetricStore(Object.values(SIDECAR_METRICS), DURATION_BUCKETS);
}

/** Turns a supervisor's events into metrics. It does not know where they are published. */
export class SidecarMetrics implements LeaseObserver {
  readonly #store: MetricStore;
  readonly #sidecar: string;

  /** `store`: that of all sidecars of this process. */
  constructor(sidecar: string, startedMs: number, store = newSidecarStore()) {
    this.#sidecar = sidecar;
    this.#store = store;
    const labels = { sidecar };
    const { started, bypassed, upgrades, upgradeDuration, leaseMisses } = SIDECAR_METRICS;
    const { drained, cut, cutRequests, uncounted, crashes, bypasses, warnings, leaseRenewals } = SIDECAR_METRICS;
    this.#store.set(started, labels, startedMs / 1000);
    this.#store.set(bypassed, labels, 0);
    // All counters exist from the start: `rate()` would lose an increase from nothing.
    for (const family of [drained, cut, cutRequests, uncounted, crashes, bypasses, warnings, leaseRenewals])
      this.#store.add(family, labels, 0);
    for (const outcome of Object.keys(OUTCOMES)) {
      this.#store.add(upgrades, { ...labels, outcome }, 0);
      this.#store.begin(upgradeDuration, { ...labels, outcome });
    }
    for (const cause of ['not-ready', 'failed']) this.#store.add(leaseMisses, { ...labels, cause }, 0);
    this.#enter('starting');
  }

  observe(event: SupervisorEvent): void {
    const labels = { sidecar: this.#sidecar };
    switch (event.event) {
      case 'state':
      case 'adopted':
        this.#enter(event.state);
        break;
      case 'bypass':
        this.#store.set(SIDECAR_METRICS.bypassed, labels, event.on ? 1 : 0);
        if (event.on) this.#store.add(SIDECAR_METRICS.bypasses, labels, 1);
        break;
      case 'warning':
        this.#store.add(SIDECAR_METRICS.warnings, labels, 1);
        break;
      case 'crash':
        this.#count(SIDECAR_METRICS.crashes, 1);
        break;
      case 'report':
        this.#report(event.report);
        break;
      default:
    }
  }

  renewed(): void {
    this.#store.add(SIDECAR_METRICS.leaseRenewals, { sidecar: this.#sidecar }, 1);
  }

  missed(cause: 'not-ready' | 'failed'): void {
    this.#store.add(SIDECAR_METRICS.leaseMisses, { sidecar: this.#sidecar, cause }, 1);
  }

  /** The whole text, with these gauges. */
  print(gauges: SidecarGauges): string {
    const labels = { sidecar: this.#sidecar };
    const { info, epoch, interception, proxied, direct, leaseLeft } = SIDECAR_METRICS;
    for (const family of [info, epoch, SIDECAR_METRICS.connections]) this.#store.clear(family, labels);
    if (gauges.version !== null) this.#store.set(info, { ...labels, version: gauges.version }, 1);
    if (gauges.epoch !== null) this.#store.set(epoch, labels, gauges.epoch);
    this.#store.setState(SIDECAR_METRICS.state, labels, Object.keys(SIDECAR_STATES), gauges.state);
    if (gauges.activeConnections !== null)
      this.#store.set(SIDECAR_METRICS.connections, labels, gauges.activeConnections);
    this.#store.set(SIDECAR_METRICS.memory, labels, gauges.residentBytes);
    for (const family of [interception, proxied, direct, leaseLeft]) this.#store.clear(family, labels);
    for (const { name: app, state, connections, lease } of gauges.apps ?? []) {
      const own = { ...labels, app };
      this.#store.setState(interception, own, Object.keys(APP_STATES), state);
      if (connections.proxied !== null) this.#store.set(proxied, own, connections.proxied);
      if (connections.direct !== null) this.#store.set(direct, own, connections.direct);
      if (lease !== null) this.#store.set(leaseLeft, own, lease.remainingMs / 1000);
    }
    return this.#store.print();
  }

  #enter(state: string): void {
    const labels = { sidecar: this.#sidecar };
    this.#store.setState(SIDECAR_METRICS.upgradeState, labels, Object.keys(MACHINE_STATES), state);
  }

  /** An uncounted value adds nothing, and `uncounted` reports it. */
  #count(family: MetricFamily, count: number | null): void {
    if (count !== null) this.#store.add(family, { sidecar: this.#sidecar }, count);
  }

  #report(report: UpgradeReport): void {
    const labels = { sidecar: this.#sidecar };
    const { connections, requests, notices, states, at, dryRun } = report;
    // A dry run that was refused is no upgrade that was refused.
    const outcome = dryRun ? 'dry-run' : report.outcome;
    this.#store.add(SIDECAR_METRICS.upgrades, { ...labels, outcome }, 1);
    this.#store.observe(SIDECAR_METRICS.upgradeDuration, { ...labels, outcome }, (states.at(-1)?.atMs ?? 0) / 1000);
    if (outcome !== 'dry-run') this.#store.set(SIDECAR_METRICS.upgradeEnded, labels, Date.parse(at) / 1000);
    this.#count(SIDECAR_METRICS.drained, connections.drained);
    this.#count(SIDECAR_METRICS.cut, connections.cut);
    this.#count(SIDECAR_METRICS.cutRequests, requests.cut);
    const isUncounted = connections.cut === null || (requests.cut === null && connections.cut !== 0);
    this.#count(SIDECAR_METRICS.uncounted, isUncounted ? 1 : 0);
    for (const { role, adapter, ok } of notices) {
      this.#store.add(SIDECAR_METRICS.notices, { ...labels, role, adapter, result: ok ? 'ok' : 'failed' }, 1);
    }
  }
}
