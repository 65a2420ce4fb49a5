/** The files of `weir metrics rules`: rules for Prometheus, their unit tests, routes of Alertmanager, remote write. Pure. */
import { stringify } from 'yaml';
import type { Alert } from './alert.ts';
import { ALERT_GROUPS, runbookOf } from './catalogue.ts';
import { RECORDINGS } from './recordings.ts';

/** A file to be written. */
export interface MonitoringFile {
  /** Relative to the folder that `--out` names. */
  readonly path: string;
  readonly kind: 'rules' | 'tests' | 'alertmanager' | 'remote-write' | 'dashboard';
  readonly text: string;
}

/** Each file says this in its first lines: what does not is somebody else's, and is not written over. */
export const WRITTEN_BY = 'Written by `weir metrics';

const RULES = 'weir-rules.yml';

/** `guides`: folder or URL of the guides, for runbooks. `remoteWrite`: the receiver; null: no file for one. */
export function ruleFiles(guides: string, remoteWrite: string | null): readonly MonitoringFile[] {
  const head = (what: string) => `# ${WRITTEN_BY} rules\`. ${what}\n`;
  const files: MonitoringFile[] = [
    {
      path: RULES,
      kind: 'rules',
      text: `${head('Name it below rule_files of prometheus.yml.')}${print({ groups: groups(guides) })}`,
    },
    {
      path: 'weir-rules.test.yml',
      kind: 'tests',
      text: `${head('Run it with: promtool test rules weir-rules.test.yml')}${print(ruleTests(guides))}`,
    },
    {
      path: 'alertmanager.yml',
      kind: 'alertmanager',
      text: `${head('Take the routes over, and give each receiver its way out.')}${print(ROUTES)}`,
    },
  ];
  if (remoteWrite === null) return files;
  const text = `${head('Take it over into prometheus.yml; credentials go beside url (basic_auth, authorization).')}${print(
    {
      remote_write: [{ url: remoteWrite, write_relabel_configs: [KEEP_OURS] }],
    },
  )}`;
  return [...files, { path: 'remote-write.yml', kind: 'remote-write', text }];
}

/** Receivers such as ARMS take series for money: weir's own leave, its alerts, and what these need of node_exporter. */
const KEEP_OURS = {
  source_labels: ['__name__', 'alertname'],
  regex: 'weir[_:].*;.*|node_textfile_mtime_seconds;|ALERTS;Weir.*',
  action: 'keep',
} as const;

const OURS = 'alertname=~"Weir.*"';
const ROUTES = {
  route: {
    receiver: 'default',
    routes: [
      {
        matchers: [OURS, 'severity="page"'],
        receiver: 'weir-page',
        // Hosts of a region fail together: one message with all of them.
        group_by: ['alertname', 'region'],
        ...{ group_wait: '10s', group_interval: '1m', repeat_interval: '1h' },
      },
      {
        matchers: [OURS, 'severity="ticket"'],
        receiver: 'weir-ticket',
        group_by: ['alertname', 'region'],
        ...{ group_wait: '1m', group_interval: '10m', repeat_interval: '1d' },
      },
    ],
  },
  receivers: [{ name: 'default' }, { name: 'weir-page' }, { name: 'weir-ticket' }],
  // Old numbers of a program that is gone say nothing.
  inhibit_rules: [
    {
      source_matchers: ['alertname="WeirProgramGone"'],
      target_matchers: [OURS, 'alertname!="WeirProgramGone"'],
      equal: ['instance'],
    },
  ],
};

function groups(guides: string): readonly object[] {
  return [
    { name: 'weir-recordings', rules: RECORDINGS.map(({ record, expr }) => ({ record, expr })) },
    ...ALERT_GROUPS.map(({ name, alerts }) => ({ name, rules: alerts.map((alert) => ruleOf(alert, guides)) })),
  ];
}

function ruleOf(alert: Alert, guides: string): object {
  const { name, expr, severity, summary } = alert;
  return {
    alert: name,
    expr,
    ...(alert.for === undefined ? {} : { for: alert.for }),
    labels: { severity },
    annotations: { summary, runbook_url: runbookOf(guides, alert) },
  };
}

function ruleTests(guides: string): object {
  const alerts = ALERT_GROUPS.flatMap((group) => group.alerts);
  return {
    rule_files: [RULES],
    evaluation_interval: '1m',
    tests: [
      ...RECORDINGS.map(({ record, proof: { series, at, samples } }) => ({
        name: `${record} is computed`,
        ...world(series),
        promql_expr_test: [
          {
            expr: record,
            eval_time: at,
            exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels, value })),
          },
        ],
      })),
      ...alerts.flatMap((alert) => [
        {
          name: `${alert.name} fires`,
          ...world(alert.fires.series),
          alert_rule_test: [
            {
              alertname: alert.name,
              eval_time: alert.fires.at,
              exp_alerts: alert.fires.labels.map((labels) => expected(alert, labels, guides)),
            },
          ],
        },
        ...alert.quiet.map(({ series, at }, index) => ({
          name: `${alert.name} is quiet ${index + 1}`,
          ...world(series),
          alert_rule_test: [{ alertname: alert.name, eval_time: at, exp_alerts: [] }],
        })),
      ]),
    ],
  };
}

function world(series: Readonly<Record<string, string>>): object {
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
  };
}

function expected(alert: Alert, labels: Readonly<Record<string, string>>, guides: string): object {
  const summary = alert.summary.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '');
  return {
    exp_labels: { severity: alert.severity, ...labels },
    exp_annotations: { summary, runbook_url: runbookOf(guides, alert) },
  };
}

function print(value: object): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
