/** Recording rules: the numbers that dashboards and gates ask for often. */
import type { Recording } from './alert.ts';

/** In the order of the file. */
export const RECORDINGS: readonly Recording[] = [
  {
    record: 'weir:rules_loaded:info',
    expr: 'vector(1)',
    says: "weir's rules are evaluated; without it nobody knows that no alert fires.",
    proof: { series: {}, at: '2m', samples: { 'weir:rules_loaded:info': 1 } },
  },
  {
    record: 'weir:fleet_hosts_silent:ratio',
    expr: 'sum by (region) (weir_fleet_hosts{state="silent"}) / sum by (region) (weir_fleet_hosts)',
    says: 'Share of the hosts of a region that do not speak.',
    proof: {
      series: {
        'weir_fleet_hosts{region="east",state="ok"}': '3x5',
        'weir_fleet_hosts{region="east",state="silent"}': '1x5',
      },
      at: '2m',
      samples: { 'weir:fleet_hosts_silent:ratio{region="east"}': 0.25 },
    },
  },
  {
    record: 'weir:fleet_hosts_ok:ratio',
    expr: 'sum by (region) (weir_fleet_hosts{state="ok"}) / sum by (region) (weir_fleet_hosts)',
    says: 'Share of the hosts of a region that are as desired.',
    proof: {
      series: {
        'weir_fleet_hosts{region="east",state="ok"}': '3x5',
        'weir_fleet_hosts{region="east",state="differs"}': '1x5',
      },
      at: '2m',
      samples: { 'weir:fleet_hosts_ok:ratio{region="east"}': 0.75 },
    },
  },
  {
    record: 'weir:interception_on:ratio',
    expr: 'sum by (app) (weir_interception_state{state="on"}) / count by (app) (weir_interception_state{state="on"})',
    says: 'Share of the hosts on which an application goes through its sidecar.',
    proof: {
      series: {
        'weir_interception_state{instance="a",app="shop",state="on"}': '1x5',
        'weir_interception_state{instance="b",app="shop",state="on"}': '0x5',
      },
      at: '2m',
      samples: { 'weir:interception_on:ratio{app="shop"}': 0.5 },
    },
  },
  {
    record: 'weir:upgrades_failed:ratio_1h',
    expr: 'sum(increase(weir_upgrades_total{outcome=~"aborted|rolled-back|emergency"}[1h])) / (sum(increase(weir_upgrades_total[1h])) > 0)',
    says: 'Share of the upgrades of the last hour that did not settle; without an upgrade there is no value.',
    proof: {
      series: {
        'weir_upgrades_total{sidecar="main",outcome="settled"}': '0+3x60',
        'weir_upgrades_total{sidecar="main",outcome="aborted"}': '0+1x60',
      },
      at: '60m',
      samples: { 'weir:upgrades_failed:ratio_1h': 0.25 },
    },
  },
  {
    record: 'weir:upgrade_requests_cut:increase_1h',
    expr: 'sum(increase(weir_upgrade_requests_cut_total[1h]))',
    says: 'Requests that upgrades cut in the last hour.',
    proof: {
      series: { 'weir_upgrade_requests_cut_total{sidecar="main"}': '0+1x60' },
      at: '60m',
      samples: { 'weir:upgrade_requests_cut:increase_1h': 60 },
    },
  },
  {
    record: 'weir:discovery_converge_seconds:p99_5m',
    expr: 'histogram_quantile(0.99, sum by (instance, le) (rate(weir_discovery_converge_seconds_bucket[5m])))',
    says: '99th percentile of the time from a change in a registry until every Envoy of a host has it.',
    proof: {
      series: {
        'weir_discovery_converge_seconds_bucket{instance="a",le="1"}': '0+5x30',
        'weir_discovery_converge_seconds_bucket{instance="a",le="+Inf"}': '0+5x30',
      },
      at: '10m',
      samples: { 'weir:discovery_converge_seconds:p99_5m{instance="a"}': 0.99 },
    },
  },
];
