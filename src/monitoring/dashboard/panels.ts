/** What the dashboard shows: rows of panels, each with its queries. */

/** One query of a panel. */
export interface PanelQuery {
  /** PromQL; `$region` is the variable of the dashboard. */
  readonly expr: string;
  /** How Grafana names its series; a table has its labels as columns. */
  readonly legend: string;
}

/** A colour of Grafana. */
type Color = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple' | 'text';

/** One panel. */
export interface Panel {
  readonly title: string;
  /** What the numbers say and what to do about them, for the corner of the panel. */
  readonly description: string;
  readonly kind: 'stat' | 'timeseries' | 'table';
  /** In columns of 24. */
  readonly width: 3 | 4 | 6 | 8 | 10 | 12;
  /** A unit of Grafana; `count` has no broken numbers. */
  readonly unit: 'count' | 'percentunit' | 's' | 'bytes' | 'reqps';
  readonly queries: readonly PanelQuery[];
  /** What an empty panel means; without it something does not report. */
  readonly whenEmpty?: string;
  /** Colours from a value on, ascending; the first one is that of everything below. */
  readonly steps?: readonly [first: Color, ...rest: (readonly [from: number, color: Color])[]];
  /** Words and colours for values, or for the texts of a table. */
  readonly words?: Readonly<Record<string, { readonly text?: string; readonly color: Color }>>;
  /** Series that have a colour of their own, by legend. */
  readonly colors?: Readonly<Record<string, Color>>;
  /** Series that add up to a whole are drawn on each other. */
  readonly isStacked?: boolean;
  /** The labels of a table that are columns, with their headings, in order; `Value` is the number. */
  readonly columns?: Readonly<Record<string, string>>;
  /** The label whose values become columns of a table; the first of `columns` names the rows. */
  readonly matrixOf?: string;
}

const HOST_COLORS: Panel['colors'] = {
  ...({ ok: 'green', differs: 'red', override: 'yellow' } as const),
  ...({ held: 'purple', silent: 'orange', stopped: 'text' } as const),
};
const APP_COLORS: Panel['colors'] = {
  ...({ on: 'green', off: 'blue', draining: 'blue', denied: 'red', drifted: 'red' } as const),
  ...({ bypassed: 'orange', unconfirmed: 'yellow', silent: 'orange', stopped: 'text', unknown: 'purple' } as const),
};
const RELEASE_WORDS: Panel['words'] = {
  ...({ running: { color: 'blue' }, paused: { color: 'yellow' }, stopped: { color: 'red' } } as const),
  ...({ undoing: { color: 'orange' }, undone: { color: 'text' }, aborted: { color: 'text' } } as const),
  done: { color: 'green' },
};
const SIDECAR_COLORS: Panel['colors'] = {
  ...({ live: 'green', upgrading: 'blue', starting: 'yellow', failed: 'red', frozen: 'red' } as const),
  ...({ unsupervised: 'orange', stopped: 'text' } as const),
};
const UPGRADE_COLORS: Panel['colors'] = {
  ...({ settled: 'green', refused: 'yellow', aborted: 'orange', 'rolled-back': 'orange' } as const),
  ...({ emergency: 'red', 'dry-run': 'text', 'requests cut': 'purple' } as const),
};
const FIRING = 'ALERTS{alertname=~"Weir.*",alertstate="firing"}';

/** The rows, from the whole to one host. */
export const DASHBOARD_ROWS: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  {
    title: 'Fleet, by region',
    panels: [
      {
        title: 'Alerts',
        description:
          "weir's alerts that fire, in all regions; without the rules of `weir metrics rules` there is no number. docs/guide/alerts.md has what to do.",
        ...{ kind: 'stat', width: 3, unit: 'count', steps: ['green', [1, 'red']] },
        queries: [{ expr: `sum(${FIRING}) or weir:rules_loaded:info - 1`, legend: 'firing' }],
      },
      {
        title: 'Hosts as desired',
        description:
          'Share of the hosts that speak, and are as the policies want them. `weir fleet status` lists the others with reasons. Without a leader there is no number.',
        ...{ kind: 'stat', width: 4, unit: 'percentunit', steps: ['red', [0.95, 'orange'], [1, 'green']] },
        queries: [{ expr: 'weir:fleet_hosts_ok:ratio{region=~"$region"}', legend: '{{region}}' }],
      },
      {
        title: 'Red button',
        description:
          'Pressed: every application goes direct (`weir fleet off --all`). `weir fleet history` has who and why; `weir fleet on --all` releases it.',
        ...{ kind: 'stat', width: 4, unit: 'count', steps: ['green', [1, 'red']] },
        words: { '0': { text: 'released', color: 'green' }, '1': { text: 'PRESSED', color: 'red' } },
        queries: [{ expr: 'max by (region) (weir_fleet_red_button{region=~"$region"})', legend: '{{region}}' }],
      },
      {
        title: 'Leader',
        description:
          'Whether an operator leads the region. Without one no wave moves, and the numbers of the region stop; policies and the red button need none.',
        ...{ kind: 'stat', width: 3, unit: 'count', steps: ['red', [1, 'green']] },
        words: { '0': { text: 'none', color: 'red' }, '1': { text: 'leads', color: 'green' } },
        queries: [{ expr: 'max by (region) (weir_operator_leading{region=~"$region"})', legend: '{{region}}' }],
      },
      {
        title: 'What fires',
        description: "weir's alerts, the pages first.",
        ...{ kind: 'table', width: 10, unit: 'count', whenEmpty: 'no alert fires' },
        words: { page: { color: 'red' }, ticket: { color: 'yellow' } },
        columns: { severity: 'severity', alertname: 'alert', where: 'where' },
        queries: [
          {
            expr: `sum by (severity, alertname, where) (label_join(${FIRING}, "where", " ", "region", "instance", "app"))`,
            legend: '',
          },
        ],
      },
      {
        title: 'Hosts by state',
        description:
          'As `weir fleet status` says it. Silent: no word, the lease has ended. Held: the host does not believe its store.',
        ...{ kind: 'timeseries', width: 8, unit: 'count', isStacked: true, colors: HOST_COLORS },
        queries: [{ expr: 'sum by (state) (weir_fleet_hosts{region=~"$region"})', legend: '{{state}}' }],
      },
      {
        title: 'Applications on hosts, by state',
        description: 'Each application counts once on each host that has it.',
        ...{ kind: 'timeseries', width: 8, unit: 'count', isStacked: true, colors: APP_COLORS },
        queries: [{ expr: 'sum by (state) (weir_fleet_app_hosts{region=~"$region"})', legend: '{{state}}' }],
      },
      {
        title: 'Hosts of each application',
        description: 'By its state there. `weir fleet explain APP` says why.',
        ...{ kind: 'table', width: 8, unit: 'count', matrixOf: 'state', columns: { app: 'application' } },
        queries: [{ expr: 'sum by (app, state) (weir_fleet_app_hosts{region=~"$region"})', legend: '' }],
      },
      {
        title: 'Releases',
        description:
          'The wave that moves, from 1; 0 before the first. A stopped one: `weir fleet rollout status RELEASE` has the gate and the hosts.',
        ...{ kind: 'table', width: 12, unit: 'count', words: RELEASE_WORDS, whenEmpty: 'no release was started' },
        columns: { region: 'region', release: 'release', state: 'state', Value: 'wave' },
        queries: [
          {
            expr: 'max by (region, release, state) (weir_rollout_state{region=~"$region"} == 1) * on (region, release) group_left () max by (region, release) (weir_rollout_wave{region=~"$region"})',
            legend: '',
          },
        ],
      },
      {
        title: 'Hosts of releases, by progress',
        description: 'Hosts, or pods, of each release. Pods have no number before the leader has seen them.',
        ...{ kind: 'timeseries', width: 12, unit: 'count', whenEmpty: 'no release was started' },
        queries: [
          {
            expr: 'sum by (region, release, progress) (weir_rollout_hosts{region=~"$region"})',
            legend: '{{region}} {{release}} {{progress}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Applications, as the hosts of all regions say it',
    panels: [
      {
        title: 'Through the sidecar',
        description: 'Share of the hosts on which an application goes through its sidecar.',
        ...{ kind: 'timeseries', width: 12, unit: 'percentunit' },
        queries: [{ expr: 'weir:interception_on:ratio', legend: '{{app}}' }],
      },
      {
        title: 'Connections',
        description: 'Established ones. Where weir cannot count them there is no number.',
        ...{ kind: 'timeseries', width: 12, unit: 'count' },
        queries: [
          { expr: 'sum by (app) (weir_interception_connections_proxied)', legend: '{{app}} proxied' },
          { expr: 'sum by (app) (weir_interception_connections_direct)', legend: '{{app}} direct' },
        ],
      },
      {
        title: 'Hosts on which it is not as the fleet wants it',
        description: 'By hand: somebody said `weir off` or off.sh there, and the fleet does not switch it on again.',
        ...{ kind: 'timeseries', width: 12, unit: 'count' },
        queries: [
          {
            expr: 'count by (app) (weir_host_app_as_desired) - sum by (app) (weir_host_app_as_desired)',
            legend: '{{app}}',
          },
          { expr: 'sum by (app) (weir_host_app_override)', legend: '{{app}} off by hand' },
        ],
      },
      {
        title: 'Where it is not as the fleet wants it',
        description: '`weir fleet explain HOST` has the reason and the next step. At most fifty.',
        ...{ kind: 'table', width: 12, unit: 'count', whenEmpty: 'every application is as the fleet wants it' },
        columns: { instance: 'instance', app: 'application', Value: 'off by hand' },
        words: { '0': { text: 'no', color: 'text' }, '1': { text: 'yes', color: 'yellow' } },
        queries: [
          {
            expr: 'topk(50, max by (instance, app) (weir_host_app_override and on (instance, app) weir_host_app_as_desired == 0))',
            legend: '',
          },
        ],
      },
    ],
  },
  {
    title: 'Sidecars of all regions',
    panels: [
      {
        title: 'Versions',
        description: 'Sidecars that serve, by version of Envoy.',
        ...{ kind: 'timeseries', width: 8, unit: 'count', isStacked: true },
        queries: [{ expr: 'count by (version) (weir_sidecar_info)', legend: '{{version}}' }],
      },
      {
        title: 'States',
        description: '`weir sidecar status` on the host says more.',
        ...{ kind: 'timeseries', width: 8, unit: 'count', isStacked: true, colors: SIDECAR_COLORS },
        queries: [{ expr: 'sum by (state) (weir_sidecar_state)', legend: '{{state}}' }],
      },
      {
        title: 'Bypassed, and crashes in 10 minutes',
        description: 'Bypassed: new connections go direct, because the sidecar cannot serve.',
        ...{ kind: 'timeseries', width: 8, unit: 'count', colors: { bypassed: 'orange', crashes: 'red' } },
        queries: [
          { expr: 'sum(weir_sidecar_bypassed)', legend: 'bypassed' },
          { expr: 'sum(increase(weir_sidecar_crashes_total[10m]))', legend: 'crashes' },
        ],
      },
      {
        title: 'Upgrades in an hour',
        description: '`weir sidecar history` on the host has each of them with its reason.',
        ...{ kind: 'timeseries', width: 8, unit: 'count', colors: UPGRADE_COLORS },
        queries: [
          { expr: 'sum by (outcome) (increase(weir_upgrades_total[1h]))', legend: '{{outcome}}' },
          { expr: 'weir:upgrade_requests_cut:increase_1h', legend: 'requests cut' },
        ],
      },
      {
        title: 'How long upgrades take (90th percentile)',
        description: 'Of the upgrades of an hour; without one there is no number.',
        ...{ kind: 'timeseries', width: 8, unit: 's', whenEmpty: 'no upgrade in an hour' },
        queries: [
          {
            expr: 'histogram_quantile(0.9, sum by (le) (increase(weir_upgrade_duration_seconds_bucket[1h])))',
            legend: 'p90',
          },
        ],
      },
      {
        title: 'Leases: shortest time left',
        description: 'At 0 the application goes direct. Only applications with `lease` in mesh.yaml have one.',
        ...{ kind: 'timeseries', width: 8, unit: 's', whenEmpty: 'no application has a lease' },
        queries: [{ expr: 'min by (app) (weir_lease_remaining_seconds)', legend: '{{app}}' }],
      },
    ],
  },
  {
    title: 'Discovery of all regions',
    panels: [
      {
        title: 'Endpoints',
        description: 'The most that an agent has, by application and unit.',
        ...{ kind: 'timeseries', width: 6, unit: 'count' },
        queries: [{ expr: 'max by (app, unit) (weir_discovery_endpoints)', legend: '{{app}} {{unit}}' }],
      },
      {
        title: 'Held endpoints',
        description: 'They went from the registry, and are kept until somebody confirms: `weir discovery status`.',
        ...{ kind: 'timeseries', width: 6, unit: 'count' },
        queries: [{ expr: 'max by (app) (weir_discovery_held_endpoints)', legend: '{{app}}' }],
      },
      {
        title: 'From a change to every Envoy (99th percentile)',
        description: 'Of the slowest host in five minutes; without a change there is no number.',
        ...{ kind: 'timeseries', width: 6, unit: 's', whenEmpty: 'no change in five minutes' },
        queries: [{ expr: 'max(weir:discovery_converge_seconds:p99_5m >= 0)', legend: 'slowest host' }],
      },
      {
        title: 'Agents, by state of a registry',
        description: 'Lost: endpoints stay as they were last seen.',
        ...{ kind: 'timeseries', width: 6, unit: 'count' },
        queries: [
          { expr: 'sum by (registry, state) (weir_discovery_registry_state)', legend: '{{registry}} {{state}}' },
        ],
      },
    ],
  },
  {
    title: 'Programs of weir',
    panels: [
      {
        title: 'Resident memory, the largest',
        description: 'Of each program, over all hosts.',
        ...{ kind: 'timeseries', width: 6, unit: 'bytes' },
        queries: [
          { expr: 'max(weir_supervisor_resident_memory_bytes)', legend: 'supervisor' },
          { expr: 'max(weir_discovery_resident_memory_bytes)', legend: 'discovery' },
          { expr: 'max(weir_host_resident_memory_bytes)', legend: 'host daemon' },
          { expr: 'max(weir_operator_resident_memory_bytes)', legend: 'operator' },
        ],
      },
      {
        title: 'Requests to the stores',
        description: 'Failed ones count too.',
        ...{ kind: 'timeseries', width: 6, unit: 'reqps', colors: { 'that failed': 'red' } },
        queries: [
          { expr: 'sum(rate(weir_host_store_requests_total[5m]))', legend: 'of hosts' },
          { expr: 'sum(rate(weir_operator_store_requests_total[5m]))', legend: 'of operators' },
          {
            expr: 'sum(rate(weir_host_store_failures_total[5m])) + sum(rate(weir_operator_store_failures_total[5m]))',
            legend: 'that failed',
          },
        ],
      },
      {
        title: 'Steps of the leader (99th percentile)',
        description: 'A look at the rollouts of the region, with what it wrote.',
        ...{ kind: 'timeseries', width: 6, unit: 's' },
        queries: [
          {
            expr: 'histogram_quantile(0.99, sum by (region, le) (rate(weir_operator_step_seconds_bucket{region=~"$region"}[5m])))',
            legend: '{{region}}',
          },
        ],
      },
      {
        title: 'Oldest metrics files',
        description: 'A program writes its file each ten seconds. One that is older than a minute has ended unasked.',
        ...{ kind: 'table', width: 6, unit: 's', steps: ['green', [60, 'red']] },
        columns: { instance: 'instance', name: 'file', Value: 'age' },
        queries: [
          {
            expr: 'topk(10, max by (instance, name) (label_replace(time() - node_textfile_mtime_seconds{file=~".*/weir-.*[.]prom"}, "name", "$1", "file", ".*/(.*)")))',
            legend: '',
          },
        ],
      },
    ],
  },
];
