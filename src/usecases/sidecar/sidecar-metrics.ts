import type { SidecarState, UpgradeOutcome } from '../../upgrade/sidecar-state.ts';
import type { SidecarStatus, UpgradeReport } from '../../upgrade/upgrade-report.ts';
import type { AppState } from '../app-state.ts';
import { MetricStore } from '../metrics/metric-store.ts';
import { DURATION_BUCKETS, SIDECAR_METRICS } from '../metrics/sidecar-families.ts';
import type { AppStatus } from '../report-status.ts';
import type { SupervisorEvent } from './supervisor-event.ts';

// Records, so that the compiler asks for every state that is added.
const SIDECAR_STATES: Readonly<Record<SidecarStatus['state'], true>> = {
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
const APP_STATES: Readonly<Record<AppState, true>> = {
  on: true,
  off: true,
  draining: true,
  unconfirmed: true,
  bypassed: true,
  denied: true,
  drifted: true,
};

/** What is looked up anew each time, because no event tells it. */
export interface SidecarGauges {
  readonly state: string;
  readonly epoch: number | null;
  readonly version: string | null;
  readonly activeConnections: number;
  readonly residentBytes: number;
  /** Null when it could not be looked up: then nothing is claimed. */
  readonly apps: readonly Pick<AppStatus, 'name' | 'state' | 'connections' | 'lease'>[] | null;
}

/** Told about each round of renewing leases. */
export interface LeaseObserver {
  renewed(): void;
  /** `not-ready`: the sidecar gave no readiness answer. `failed`: it did, and the kernel did not take the renewal. */
  missed(cause: 'not-ready' | 'failed'): void;
}

/** Turns what a supervisor tells into metrics. Knows nothing of where they are published. */
export class SidecarMetrics implements LeaseObserver {
  readonly #store = new MetricStore(Object.values(SIDECAR_METRICS), DURATION_BUCKETS);
  readonly #sidecar: string;

  constructor(sidecar: string, startedMs: number) {
    this.#sidecar = sidecar;
    const labels = { sidecar };
    const { started, upgrades, drained, cut, cutRequests, bypasses, bypassed, warnings, leaseMisses, leaseRenewals } =
      SIDECAR_METRICS;
    this.#store.set(started, labels, startedMs / 1000);
    this.#store.set(bypassed, labels, 0);
    // Everything countable is there from the start: an increase from nothing would be lost on `rate()`.
    for (const family of [drained, cut, cutRequests, bypasses, warnings, leaseRenewals])
      this.#store.add(family, labels, 0);
    for (const outcome of Object.keys(OUTCOMES)) this.#store.add(upgrades, { ...labels, outcome }, 0);
    for (const cause of ['not-ready', 'failed']) this.#store.add(leaseMisses, { ...labels, cause }, 0);
    this.#enter('starting');
  }

  observe(event: SupervisorEvent): void {
    const labels = { sidecar: this.#sidecar };
    switch (event.event) {
      case 'state':
      case 'adopted':
        this.#enter(String(event.state));
        break;
      case 'bypass':
        this.#store.set(SIDECAR_METRICS.bypassed, labels, event.on === true ? 1 : 0);
        if (event.on === true) this.#store.add(SIDECAR_METRICS.bypasses, labels, 1);
        break;
      case 'warning':
        this.#store.add(SIDECAR_METRICS.warnings, labels, 1);
        break;
      case 'report':
        this.#report(event.report as UpgradeReport);
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
    for (const family of [info, epoch]) this.#store.clear(family);
    if (gauges.version !== null) this.#store.set(info, { ...labels, version: gauges.version }, 1);
    if (gauges.epoch !== null) this.#store.set(epoch, labels, gauges.epoch);
    this.#store.setState(SIDECAR_METRICS.state, labels, Object.keys(SIDECAR_STATES), gauges.state);
    this.#store.set(SIDECAR_METRICS.connections, labels, gauges.activeConnections);
    this.#store.set(SIDECAR_METRICS.memory, labels, gauges.residentBytes);
    for (const family of [interception, proxied, direct, leaseLeft]) this.#store.clear(family);
    for (const { name: app, state, connections, lease } of gauges.apps ?? []) {
      const own = { ...labels, app };
      this.#store.setState(interception, own, Object.keys(APP_STATES), state);
      this.#store.set(proxied, own, connections.proxied);
      this.#store.set(direct, own, connections.direct);
      if (lease !== null) this.#store.set(leaseLeft, own, lease.remainingMs / 1000);
    }
    return this.#store.print();
  }

  #enter(state: string): void {
    const labels = { sidecar: this.#sidecar };
    this.#store.setState(SIDECAR_METRICS.upgradeState, labels, Object.keys(MACHINE_STATES), state);
  }

  #report(report: UpgradeReport): void {
    const labels = { sidecar: this.#sidecar };
    const { outcome, connections, requests, notices, states, at } = report;
    this.#store.add(SIDECAR_METRICS.upgrades, { ...labels, outcome }, 1);
    this.#store.observe(SIDECAR_METRICS.upgradeDuration, { ...labels, outcome }, (states.at(-1)?.atMs ?? 0) / 1000);
    this.#store.set(SIDECAR_METRICS.upgradeEnded, labels, Date.parse(at) / 1000);
    this.#store.add(SIDECAR_METRICS.drained, labels, connections.drained);
    this.#store.add(SIDECAR_METRICS.cut, labels, connections.cut);
    this.#store.add(SIDECAR_METRICS.cutRequests, labels, requests.cut ?? 0);
    for (const { role, adapter, ok } of notices) {
      this.#store.add(SIDECAR_METRICS.notices, { ...labels, role, adapter, result: ok ? 'ok' : 'failed' }, 1);
    }
  }
}
