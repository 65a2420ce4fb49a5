/** Alerts about supervisors, sidecars and the interception of applications. */
import type { Alert } from '../alert.ts';

const MAIN = { sidecar: 'main' };

/** In the order of the guide. */
export const SIDECAR_ALERTS: readonly Alert[] = [
  {
    name: 'WeirProgramGone',
    severity: 'page',
    expr: 'time() - node_textfile_mtime_seconds{file=~".*/weir-.*[.]prom"} > 60',
    summary: 'A program of weir on {{ $labels.instance }} has written no metrics for a minute',
    meaning:
      'A supervisor, an agent, a host daemon or an operator was killed or hangs: a program that is stopped removes its file. Numbers of that file are old from now on. Envoys and rules stay as they are; applications with a lease go direct when it ends.',
    steps: [
      'On the host: `weir status` and `weir sidecar status`.',
      'See why it ended: `journalctl -u weir-sidecars`, or the unit that runs it.',
      'Start it again; a supervisor adopts the Envoy that it finds.',
    ],
    fires: {
      series: { 'node_textfile_mtime_seconds{file="/t/weir-main.prom",instance="a"}': '0x10' },
      at: '3m',
      labels: [{ file: '/t/weir-main.prom', instance: 'a' }],
    },
    quiet: [
      { series: { 'node_textfile_mtime_seconds{file="/t/weir-main.prom",instance="a"}': '0+60x10' }, at: '3m' },
      { series: { 'node_textfile_mtime_seconds{file="/t/other.prom",instance="a"}': '0x10' }, at: '3m' },
    ],
  },
  {
    name: 'WeirBypassed',
    severity: 'page',
    expr: 'weir_sidecar_bypassed == 1 or on (instance, sidecar, app) weir_interception_state{state="bypassed"} == 1',
    for: '1m',
    summary: 'Traffic goes past the sidecar {{ $labels.sidecar }}, which cannot serve',
    meaning:
      'The sidecar is gone or not ready, and its applications are sent direct meanwhile. Calls work, without what the mesh does to them. It ends by itself when the sidecar is ready.',
    steps: [
      'On the host: `weir status` has the reason, `weir sidecar status` the state of Envoy.',
      '`weir check sidecar` names a crash loop with its cause.',
      'If the last upgrade brought it: `weir sidecar rollback main`.',
    ],
    fires: {
      series: { 'weir_sidecar_bypassed{sidecar="main"}': '0x2 1x10' },
      at: '6m',
      labels: [MAIN],
    },
    quiet: [
      { series: { 'weir_sidecar_bypassed{sidecar="main"}': '0x10' }, at: '6m' },
      { series: { 'weir_interception_state{sidecar="main",app="shop",state="on"}': '1x10' }, at: '6m' },
    ],
  },
  {
    name: 'WeirSidecarNotServing',
    severity: 'page',
    expr: 'weir_sidecar_state{state=~"failed|frozen|unsupervised"} == 1',
    for: '2m',
    summary: 'The sidecar {{ $labels.sidecar }} is {{ $labels.state }}',
    meaning:
      '`failed`: its Envoy does not start or lost a listener. `frozen`: it does not answer. `unsupervised`: it lives, and nobody watches it.',
    steps: [
      'On the host: `weir sidecar status` and `weir sidecar history main`.',
      '`weir check sidecar` looks for the cause.',
      'To take its applications out until it is mended: `weir off --all`.',
    ],
    fires: {
      series: { 'weir_sidecar_state{sidecar="main",state="failed"}': '1x10' },
      at: '5m',
      labels: [{ ...MAIN, state: 'failed' }],
    },
    quiet: [
      { series: { 'weir_sidecar_state{sidecar="main",state="failed"}': '0x1 1x1 0x10' }, at: '5m' },
      { series: { 'weir_sidecar_state{sidecar="main",state="live"}': '1x10' }, at: '5m' },
    ],
  },
  {
    name: 'WeirCrashLoop',
    severity: 'page',
    expr: 'increase(weir_sidecar_crashes_total[10m]) > 2',
    summary: 'The Envoy of {{ $labels.sidecar }} ends again and again',
    meaning: 'Envoy ended more than twice in ten minutes, or could not be started. Traffic is bypassed in between.',
    steps: [
      'On the host: `weir check sidecar` names the loop, and its cause where Envoy said it.',
      'If the last upgrade brought it: `weir sidecar rollback main`.',
    ],
    fires: { series: { 'weir_sidecar_crashes_total{sidecar="main"}': '0+1x20' }, at: '15m', labels: [MAIN] },
    quiet: [{ series: { 'weir_sidecar_crashes_total{sidecar="main"}': '0x10 1x10' }, at: '15m' }],
  },
  {
    name: 'WeirUpgradeFailed',
    severity: 'ticket',
    expr: 'increase(weir_upgrades_total{outcome=~"aborted|rolled-back|emergency"}[15m]) > 0',
    summary: 'An upgrade of {{ $labels.sidecar }} ended as {{ $labels.outcome }}',
    meaning:
      '`aborted` and `rolled-back`: the former version serves, as before, where one did. `emergency`: the way back failed too.',
    steps: ['On the host: `weir sidecar history main` has the reason and the times.'],
    fires: {
      series: { 'weir_upgrades_total{sidecar="main",outcome="aborted"}': '0x5 1x10' },
      at: '10m',
      labels: [{ ...MAIN, outcome: 'aborted' }],
    },
    quiet: [{ series: { 'weir_upgrades_total{sidecar="main",outcome="settled"}': '0x5 1x10' }, at: '10m' }],
  },
  {
    name: 'WeirUpgradeCutRequests',
    severity: 'ticket',
    expr: 'increase(weir_upgrade_requests_cut_total[15m]) > 0',
    summary: 'An upgrade of {{ $labels.sidecar }} cut requests',
    meaning: 'Requests were still under way on old connections when the timer of the drain ended.',
    steps: [
      'On the host: `weir sidecar history main` has how many.',
      'Give the drain more time (`drain` in mesh.yaml), or tell the SDK to leave its connections (`notify`): see upgrade.md.',
    ],
    fires: { series: { 'weir_upgrade_requests_cut_total{sidecar="main"}': '0x5 3x10' }, at: '10m', labels: [MAIN] },
    quiet: [{ series: { 'weir_upgrade_requests_cut_total{sidecar="main"}': '3x20' }, at: '15m' }],
  },
  {
    name: 'WeirUpgradeNotCounted',
    severity: 'ticket',
    expr: 'increase(weir_upgrades_uncounted_total[15m]) > 0',
    summary: 'What an upgrade of {{ $labels.sidecar }} cut is not known',
    meaning: 'The access log could not tell, so that the other counters do not have this upgrade.',
    steps: ['Give the bootstrap an access log that can be read: `weir sidecar init` writes one.'],
    fires: { series: { 'weir_upgrades_uncounted_total{sidecar="main"}': '0x5 1x10' }, at: '10m', labels: [MAIN] },
    quiet: [{ series: { 'weir_upgrades_uncounted_total{sidecar="main"}': '0x20' }, at: '10m' }],
  },
  {
    name: 'WeirLeaseMissed',
    severity: 'ticket',
    expr: 'increase(weir_lease_misses_total{cause="failed"}[10m]) > 3',
    summary: 'Leases of {{ $labels.sidecar }} are not renewed although it is ready',
    meaning:
      'The supervisor could not renew the leases in the kernel. Applications with a lease go direct when it ends.',
    steps: [
      'On the host: `weir status` has the time that is left, and the log of the supervisor the error.',
      '`weir verify` names rules that are not what was installed.',
    ],
    fires: {
      series: { 'weir_lease_misses_total{sidecar="main",cause="failed"}': '0+1x20' },
      at: '12m',
      labels: [{ ...MAIN, cause: 'failed' }],
    },
    quiet: [{ series: { 'weir_lease_misses_total{sidecar="main",cause="not-ready"}': '0+1x20' }, at: '12m' }],
  },
  {
    name: 'WeirInterceptionDrifted',
    severity: 'page',
    expr: 'weir_interception_state{state=~"drifted|denied"} == 1',
    for: '2m',
    summary: 'The application {{ $labels.app }} is {{ $labels.state }}',
    meaning:
      '`drifted`: the rules in the kernel are not what weir installed, so that where its calls go is not certain. `denied`: the sidecar is gone and the application asked for no way past it (onFailure: deny), so that its calls fail.',
    steps: [
      '`weir verify payment` names each rule that differs; `weir on payment` installs them again.',
      'For `denied`: mend the sidecar, or let it go direct with `weir off payment`.',
    ],
    fires: {
      series: { 'weir_interception_state{sidecar="main",app="shop",state="drifted"}': '1x10' },
      at: '5m',
      labels: [{ ...MAIN, app: 'shop', state: 'drifted' }],
    },
    quiet: [
      { series: { 'weir_interception_state{sidecar="main",app="shop",state="drifted"}': '0x10' }, at: '5m' },
      { series: { 'weir_interception_state{sidecar="main",app="shop",state="draining"}': '1x10' }, at: '5m' },
    ],
  },
];
