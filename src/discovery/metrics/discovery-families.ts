/** The metric families of a discovery agent: names, types, help texts. */
import type { MetricFamily } from '../../platform/metrics/exposition.ts';

const counter = (name: string, help: string): MetricFamily => ({ name, help, type: 'counter' });
const gauge = (name: string, help: string): MetricFamily => ({ name, help, type: 'gauge' });

/**
 * The metrics that a discovery agent publishes. Dashboards and alerts depend on these names, so a contract test holds
 * them. Counters start at 0 when the agent starts.
 */
export const DISCOVERY_METRICS = {
  started: gauge('weir_discovery_start_time_seconds', 'When the agent started, in seconds since 1970.'),
  memory: gauge('weir_discovery_resident_memory_bytes', 'Resident memory of the agent.'),
  serving: gauge('weir_discovery_serving', 'Whether Envoys are answered: not before a first complete state.'),
  registryState: gauge('weir_discovery_registry_state', 'State of a registry: 1 for the present one of all states.'),
  lastEvent: gauge(
    'weir_discovery_last_event_timestamp_seconds',
    'When a registry was last heard, in seconds since 1970.',
  ),
  endpoints: gauge('weir_discovery_endpoints', 'Endpoints of an application that Envoys have, by unit.'),
  held: gauge('weir_discovery_held_endpoints', 'Endpoints of an application that went and are held.'),
  holds: counter('weir_discovery_held_updates_total', 'How often a list was held because it was empty or shrank.'),
  nacks: counter('weir_discovery_nacks_total', 'Resources that an Envoy has refused, by type.'),
  streams: gauge('weir_discovery_streams', 'Envoys that are connected, by sidecar.'),
  converge: {
    name: 'weir_discovery_converge_seconds',
    help: 'From a change to the moment at which every connected Envoy has taken it.',
    type: 'histogram',
  },
  snapshotFailures: counter('weir_discovery_snapshot_failures_total', 'Snapshots that could not be written.'),
} as const satisfies Record<string, MetricFamily>;

/** Upper bounds of the convergence in seconds. */
export const CONVERGE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
