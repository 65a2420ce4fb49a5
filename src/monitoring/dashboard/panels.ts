/** What the dashboard shows: rows of panels, each with its queries. */

/** One query of a panel. */
export interface PanelQuery {
  /** PromQL; `$region` is the variable of the dashboard. */
  readonly expr: string;
  /** How Grafana names its series. */
  readonly legend: string;
}

/** One panel. */
export interface Panel {
  readonly title: string;
  readonly kind: 'stat' | 'timeseries' | 'table';
  /** A unit of Grafana. */
  readonly unit: 'short' | 'percentunit' | 's' | 'bytes' | 'reqps';
  readonly queries: readonly PanelQuery[];
}

/** The rows, from the whole to one host. */
export const DASHBOARD_ROWS: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  {
    title: 'Fleet',
    panels: [
      {
        title: 'Hosts as desired',
        kind: 'stat',
        unit: 'percentunit',
        queries: [{ expr: 'weir:fleet_hosts_ok:ratio{region=~"$region"}', legend: '{{region}}' }],
      },
      {
        title: 'Red button',
        kind: 'stat',
        unit: 'short',
        queries: [{ expr: 'weir_fleet_red_button{region=~"$region"}', legend: '{{region}}' }],
      },
      {
        title: 'Hosts by state',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          { expr: 'sum by (region, state) (weir_fleet_hosts{region=~"$region"})', legend: '{{region}} {{state}}' },
        ],
      },
      {
        title: 'Applications by state',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          { expr: 'sum by (app, state) (weir_fleet_app_hosts{region=~"$region"})', legend: '{{app}} {{state}}' },
        ],
      },
      {
        title: 'Releases',
        kind: 'table',
        unit: 'short',
        queries: [
          { expr: 'weir_rollout_wave{region=~"$region"}', legend: '{{region}} {{release}}' },
          { expr: 'weir_rollout_state{region=~"$region"} == 1', legend: '{{region}} {{release}} {{state}}' },
        ],
      },
      {
        title: 'Hosts of a release',
        kind: 'timeseries',
        unit: 'short',
        queries: [{ expr: 'weir_rollout_hosts{region=~"$region"}', legend: '{{release}} {{progress}}' }],
      },
    ],
  },
  {
    title: 'Applications',
    panels: [
      {
        title: 'Through the sidecar',
        kind: 'timeseries',
        unit: 'percentunit',
        queries: [{ expr: 'weir:interception_on:ratio', legend: '{{app}}' }],
      },
      {
        title: 'Connections',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          { expr: 'sum by (app) (weir_interception_connections_proxied)', legend: '{{app}} proxied' },
          { expr: 'sum by (app) (weir_interception_connections_direct)', legend: '{{app}} direct' },
        ],
      },
      {
        title: 'Not as the fleet wants it',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          {
            expr: 'count by (app) (weir_host_app_as_desired) - sum by (app) (weir_host_app_as_desired)',
            legend: '{{app}}',
          },
          { expr: 'sum by (app) (weir_host_app_override)', legend: '{{app}} off by hand' },
        ],
      },
    ],
  },
  {
    title: 'Sidecars',
    panels: [
      {
        title: 'Versions',
        kind: 'timeseries',
        unit: 'short',
        queries: [{ expr: 'count by (version) (weir_sidecar_info)', legend: '{{version}}' }],
      },
      {
        title: 'States',
        kind: 'timeseries',
        unit: 'short',
        queries: [{ expr: 'sum by (state) (weir_sidecar_state) > 0', legend: '{{state}}' }],
      },
      {
        title: 'Bypassed, and crashes in 10 minutes',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          { expr: 'sum(weir_sidecar_bypassed)', legend: 'bypassed' },
          { expr: 'sum(increase(weir_sidecar_crashes_total[10m]))', legend: 'crashes' },
        ],
      },
      {
        title: 'Upgrades in an hour',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          { expr: 'sum by (outcome) (increase(weir_upgrades_total[1h]))', legend: '{{outcome}}' },
          { expr: 'weir:upgrade_requests_cut:increase_1h', legend: 'requests cut' },
        ],
      },
      {
        title: 'How long upgrades take (90th percentile)',
        kind: 'timeseries',
        unit: 's',
        queries: [
          {
            expr: 'histogram_quantile(0.9, sum by (le) (increase(weir_upgrade_duration_seconds_bucket[1h])))',
            legend: 'p90',
          },
        ],
      },
      {
        title: 'Leases: shortest time left',
        kind: 'timeseries',
        unit: 's',
        queries: [{ expr: 'min by (app) (weir_lease_remaining_seconds)', legend: '{{app}}' }],
      },
    ],
  },
  {
    title: 'Discovery',
    panels: [
      {
        title: 'Endpoints',
        kind: 'timeseries',
        unit: 'short',
        queries: [{ expr: 'max by (app, unit) (weir_discovery_endpoints)', legend: '{{app}} {{unit}}' }],
      },
      {
        title: 'Held endpoints',
        kind: 'timeseries',
        unit: 'short',
        queries: [{ expr: 'max by (app) (weir_discovery_held_endpoints)', legend: '{{app}}' }],
      },
      {
        title: 'From a change to every Envoy (99th percentile)',
        kind: 'timeseries',
        unit: 's',
        queries: [{ expr: 'weir:discovery_converge_seconds:p99_5m', legend: '{{instance}}' }],
      },
      {
        title: 'Since the registry was heard',
        kind: 'timeseries',
        unit: 's',
        queries: [
          { expr: 'time() - weir_discovery_last_event_timestamp_seconds', legend: '{{instance}} {{registry}}' },
        ],
      },
    ],
  },
  {
    title: 'Programs',
    panels: [
      {
        title: 'Resident memory',
        kind: 'timeseries',
        unit: 'bytes',
        queries: [
          { expr: 'weir_supervisor_resident_memory_bytes', legend: '{{instance}} supervisor' },
          { expr: 'weir_discovery_resident_memory_bytes', legend: '{{instance}} discovery' },
          { expr: 'weir_host_resident_memory_bytes', legend: '{{instance}} host' },
          { expr: 'weir_operator_resident_memory_bytes', legend: '{{instance}} operator' },
        ],
      },
      {
        title: 'Requests to the store',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [
          { expr: 'sum by (kind) (rate(weir_host_store_requests_total[5m]))', legend: 'hosts {{kind}}' },
          { expr: 'sum by (kind) (rate(weir_operator_store_requests_total[5m]))', legend: 'operator {{kind}}' },
        ],
      },
      {
        title: 'Steps of the leader (99th percentile)',
        kind: 'timeseries',
        unit: 's',
        queries: [
          {
            expr: 'histogram_quantile(0.99, sum by (region, le) (rate(weir_operator_step_seconds_bucket{region=~"$region"}[5m])))',
            legend: '{{region}}',
          },
        ],
      },
      {
        title: 'Age of metrics files',
        kind: 'timeseries',
        unit: 's',
        queries: [
          { expr: 'time() - node_textfile_mtime_seconds{file=~".*/weir-.*[.]prom"}', legend: '{{instance}} {{file}}' },
        ],
      },
    ],
  },
];
