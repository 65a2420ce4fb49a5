/** The metric families of a supervisor: names, types, help texts. */
import type { MetricFamily } from '../../platform/metrics/exposition.ts';

function counter(name: string, help: string): MetricFamily {
  return { name, help, type: 'counter' };
}

function gauge(name: string, help: string): MetricFamily {
  return { name, help, type: 'gauge' };
}

/**
 * The metrics that the supervisor of a sidecar publishes. Dashboards and alerts depend on these names, so a contract
 * test holds them. Base units (seconds, bytes), `_total` on counters; counters start at 0 when the supervisor starts.
 */
export const SIDECAR_METRICS = {
  info: gauge('weir_sidecar_info', 'The Envoy that serves; always 1.'),
  state: gauge('weir_sidecar_state', 'State of the sidecar: 1 for the present one of all states.'),
  epoch: gauge('weir_sidecar_epoch', 'Hot restart epoch of the Envoy that serves.'),
  connections: gauge('weir_sidecar_connections_active', 'Connections that clients hold open to the Envoy that serves.'),
  bypassed: gauge('weir_sidecar_bypassed', 'Whether traffic goes direct because the sidecar cannot serve.'),
  bypasses: counter(
    'weir_sidecar_bypasses_total',
    'How often traffic was sent direct because the sidecar could not serve.',
  ),
  warnings: counter('weir_sidecar_warnings_total', 'Warnings of the supervisor.'),
  started: gauge('weir_supervisor_start_time_seconds', 'When the supervisor started, in seconds since 1970.'),
  memory: gauge('weir_supervisor_resident_memory_bytes', 'Resident memory of the supervisor.'),
  upgradeState: gauge('weir_upgrade_state', 'Where the upgrade stands: 1 for the present one of all states.'),
  upgrades: counter('weir_upgrades_total', 'Upgrades that have ended, by outcome.'),
  upgradeDuration: {
    name: 'weir_upgrade_duration_seconds',
    help: 'From the request of an upgrade to its end, by outcome.',
    type: 'histogram',
  },
  upgradeEnded: gauge('weir_upgrade_last_end_time_seconds', 'When the last upgrade ended, in seconds since 1970.'),
  drained: counter('weir_upgrade_connections_drained_total', 'Connections that ended by themselves before the timer.'),
  cut: counter(
    'weir_upgrade_connections_cut_total',
    'Connections that the timer closed while the client held them open.',
  ),
  cutRequests: counter('weir_upgrade_requests_cut_total', 'Requests that the timer cut, by the access log.'),
  uncounted: counter(
    'weir_upgrades_uncounted_total',
    'Upgrades that cut something which the access log could not tell: the other counters do not have it.',
  ),
  crashes: counter('weir_sidecar_crashes_total', 'How often Envoy has ended unasked, or could not be started.'),
  notices: counter('weir_upgrade_notices_total', 'Notices to RPC SDKs, by role, adapter and result.'),
  interception: gauge(
    'weir_interception_state',
    'Interception of an application: 1 for the present one of all states.',
  ),
  proxied: gauge(
    'weir_interception_connections_proxied',
    'Established connections of an application that the sidecar carries.',
  ),
  direct: gauge(
    'weir_interception_connections_direct',
    'Established connections of an application that go past the sidecar.',
  ),
  leaseLeft: gauge('weir_lease_remaining_seconds', 'How long interception lasts without another renewal.'),
  leaseRenewals: counter(
    'weir_lease_renewals_total',
    'Rounds in which the sidecar was ready and its leases were renewed.',
  ),
  leaseMisses: counter('weir_lease_misses_total', 'Rounds in which leases were not renewed, by cause.'),
} as const satisfies Record<string, MetricFamily>;

/** Upper bounds of the durations of upgrades in seconds: a quiet one takes about one, a busy one the timer of fifteen. */
export const DURATION_BUCKETS = [0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 600] as const;
