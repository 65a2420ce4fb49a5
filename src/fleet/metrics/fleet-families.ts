/** The metric families of a host daemon and of an operator: names, types, help texts. */
import type { MetricFamily } from '../../platform/metrics/exposition.ts';

const counter = (name: string, help: string): MetricFamily => ({ name, help, type: 'counter' });
const gauge = (name: string, help: string): MetricFamily => ({ name, help, type: 'gauge' });

/** The metrics that `weir host run` publishes. Counters start at 0 when the daemon starts. */
export const HOST_METRICS = {
  started: gauge('weir_host_start_time_seconds', 'When the daemon started, in seconds since 1970.'),
  info: gauge('weir_host_info', 'The host in its fleet: its name, region and weir; always 1.'),
  memory: gauge('weir_host_resident_memory_bytes', 'Resident memory of the daemon.'),
  requests: counter('weir_host_store_requests_total', 'Requests to the store of the region, by kind.'),
  failures: counter('weir_host_store_failures_total', 'Requests to the store that failed, by kind.'),
  lastAnswer: gauge('weir_host_store_last_answer_timestamp_seconds', 'When the store answered last.'),
  lastLook: gauge(
    'weir_host_last_look_timestamp_seconds',
    'When the daemon last looked at its host and saw what is switched there.',
  ),
  held: gauge('weir_host_store_held', 'Whether the store is not believed until somebody confirms it.'),
  objectErrors: gauge('weir_host_object_errors', 'Objects of the store that the daemon cannot read.'),
  asDesired: gauge('weir_host_app_as_desired', 'Whether an application is as the fleet wants it.'),
  override: gauge('weir_host_app_override', 'Whether somebody switched an application off on this host.'),
  overrideSince: gauge(
    'weir_host_app_override_since_timestamp_seconds',
    'When an application was switched off on this host; only while it is.',
  ),
  switches: counter('weir_host_switches_total', 'Switches of applications, by action and result.'),
  releases: counter('weir_host_releases_total', 'Upgrades and ways back for releases, by action and result.'),
  releaseFailed: gauge('weir_host_release_failed', 'Whether the last release of a sidecar failed on this host.'),
} as const satisfies Record<string, MetricFamily>;

/** The metrics that `weir operator run` publishes. What is said of the fleet comes from the leader alone. */
export const OPERATOR_METRICS = {
  started: gauge('weir_operator_start_time_seconds', 'When the operator started, in seconds since 1970.'),
  memory: gauge('weir_operator_resident_memory_bytes', 'Resident memory of the operator.'),
  requests: counter('weir_operator_store_requests_total', 'Requests to the store of the region, by kind.'),
  failures: counter('weir_operator_store_failures_total', 'Requests to the store that failed, by kind.'),
  lastAnswer: gauge('weir_operator_store_last_answer_timestamp_seconds', 'When the store answered last.'),
  leading: gauge('weir_operator_leading', 'Whether this operator leads its region.'),
  step: {
    name: 'weir_operator_step_seconds',
    help: 'How long a look at the rollouts of the region took, with what it wrote.',
    type: 'histogram',
  },
  hosts: gauge('weir_fleet_hosts', 'Hosts of a region, by state as `weir fleet status` shows it.'),
  appHosts: gauge('weir_fleet_app_hosts', 'Hosts that have an application, by the state of it.'),
  objectErrors: gauge('weir_fleet_object_errors', 'Objects of a region that cannot be read or name nobody.'),
  button: gauge('weir_fleet_red_button', 'Whether the red button of a region is pressed.'),
  rolloutState: gauge('weir_rollout_state', 'State of a rollout: 1 for the present one of all states.'),
  rolloutWave: gauge('weir_rollout_wave', 'The wave of a rollout that moves, from 1; 0 before the first.'),
  rolloutHosts: gauge('weir_rollout_hosts', 'Hosts of a rollout, by progress.'),
} as const satisfies Record<string, MetricFamily>;

/** Upper bounds of the durations of steps in seconds. */
export const STEP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;
