/** Metrics of a sidecar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseRenewal } from '../../../src/interception/supervised/lease-renewal.ts';
import { SIDECAR_METRICS } from '../../../src/sidecar/metrics/sidecar-families.ts';
import { type SidecarGauges, SidecarMetrics } from '../../../src/sidecar/metrics/sidecar-metrics.ts';
import { hostWith, on } from '../../interception/cases.ts';
import { SETTLED_REPORT } from '../settled-report.ts';
import { LEASED_MESH } from '../supervisor/supervised.ts';

const GAUGES: SidecarGauges = {
  state: 'live',
  epoch: 3,
  version: '1.39.3',
  activeConnections: 12,
  residentBytes: 64_000_000,
  apps: [
    {
      name: 'payment',
      state: 'bypassed',
      connections: { proxied: 2, direct: 5 },
      lease: { ttlMs: 3000, remainingMs: 1500 },
    },
  ],
};

/** The value of a series; undefined when it is not printed. */
function seriesValue(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test('everything that is counted is there at nought before anything has happened', () => {
  const text = new SidecarMetrics('main', 5000).print({ ...GAUGES, apps: null });
  for (const outcome of ['settled', 'refused', 'aborted', 'rolled-back', 'emergency']) {
    assert.equal(seriesValue(text, `weir_upgrades_total{sidecar="main",outcome="${outcome}"}`), 0);
  }
  assert.equal(seriesValue(text, 'weir_lease_misses_total{sidecar="main",cause="not-ready"}'), 0);
  // Counters without labels of their own: notices are known by their adapters only.
  const labelled = ['weir_upgrades_total', 'weir_lease_misses_total', 'weir_upgrade_notices_total'];
  for (const { name, type } of Object.values(SIDECAR_METRICS)) {
    if (type === 'counter' && !labelled.includes(name))
      assert.equal(seriesValue(text, `${name}{sidecar="main"}`), 0, name);
  }
  assert.equal(seriesValue(text, 'weir_supervisor_start_time_seconds{sidecar="main"}'), 5);
  assert.doesNotMatch(text, /weir_interception/);
});

test('the end of an upgrade is counted by outcome, with its duration, cuts and notices', () => {
  const metrics = new SidecarMetrics('main', 0);
  metrics.observe({ event: 'state', text: '', state: 'draining' });
  const during = metrics.print(GAUGES);
  assert.equal(seriesValue(during, 'weir_upgrade_state{sidecar="main",state="draining"}'), 1);
  metrics.observe({ event: 'state', text: '', state: 'idle' });
  metrics.observe({ event: 'report', text: '', report: SETTLED_REPORT });
  metrics.observe({
    event: 'report',
    text: '',
    report: { ...SETTLED_REPORT, outcome: 'refused', requests: { cut: null } },
  });
  const text = metrics.print(GAUGES);
  assert.equal(seriesValue(text, 'weir_upgrade_state{sidecar="main",state="draining"}'), 0);
  assert.equal(seriesValue(text, 'weir_upgrades_total{sidecar="main",outcome="settled"}'), 1);
  assert.equal(seriesValue(text, 'weir_upgrades_total{sidecar="main",outcome="refused"}'), 1);
  assert.equal(seriesValue(text, 'weir_upgrade_connections_drained_total{sidecar="main"}'), 14);
  assert.equal(seriesValue(text, 'weir_upgrade_connections_cut_total{sidecar="main"}'), 4);
  assert.equal(seriesValue(text, 'weir_upgrade_requests_cut_total{sidecar="main"}'), 1);
  const failed = 'weir_upgrade_notices_total{sidecar="main",role="consumer",adapter="http",result="failed"}';
  assert.equal(seriesValue(text, failed), 2);
  assert.equal(seriesValue(text, 'weir_upgrade_duration_seconds_sum{sidecar="main",outcome="settled"}'), 4.2);
  assert.equal(seriesValue(text, 'weir_upgrade_last_end_time_seconds{sidecar="main"}'), 1_767_225_610);
});

test('a dry run that was refused is counted as a dry run, and is no end of an upgrade', () => {
  const metrics = new SidecarMetrics('main', 0);
  metrics.observe({ event: 'report', text: '', report: { ...SETTLED_REPORT, outcome: 'refused', dryRun: true } });
  const text = metrics.print(GAUGES);
  assert.equal(seriesValue(text, 'weir_upgrades_total{sidecar="main",outcome="refused"}'), 0);
  assert.equal(seriesValue(text, 'weir_upgrades_total{sidecar="main",outcome="dry-run"}'), 1);
  assert.equal(seriesValue(text, 'weir_upgrade_last_end_time_seconds{sidecar="main"}'), undefined);
});

test('each application has one state, and a lease only while it has one', () => {
  const metrics = new SidecarMetrics('main', 0);
  const text = metrics.print(GAUGES);
  assert.equal(seriesValue(text, 'weir_interception_state{sidecar="main",app="payment",state="bypassed"}'), 1);
  assert.equal(seriesValue(text, 'weir_interception_state{sidecar="main",app="payment",state="on"}'), 0);
  assert.equal(seriesValue(text, 'weir_interception_connections_direct{sidecar="main",app="payment"}'), 5);
  assert.equal(seriesValue(text, 'weir_lease_remaining_seconds{sidecar="main",app="payment"}'), 1.5);
  assert.doesNotMatch(metrics.print({ ...GAUGES, apps: [] }), /payment/);
});

test('a bypass is counted once and shown until it ends', () => {
  const metrics = new SidecarMetrics('main', 0);
  metrics.observe({ event: 'bypass', text: '', on: true });
  assert.equal(seriesValue(metrics.print(GAUGES), 'weir_sidecar_bypassed{sidecar="main"}'), 1);
  metrics.observe({ event: 'bypass', text: '', on: false });
  assert.equal(seriesValue(metrics.print(GAUGES), 'weir_sidecar_bypassed{sidecar="main"}'), 0);
  assert.equal(seriesValue(metrics.print(GAUGES), 'weir_sidecar_bypasses_total{sidecar="main"}'), 1);
});

test('a lease is missed when the sidecar is not ready, and when the renewal fails', async () => {
  const metrics = new SidecarMetrics('main', 0);
  const host = hostWith('nft');
  host.hasSupervisor = true;
  await on(host, { config: LEASED_MESH });
  const renewal = new LeaseRenewal(host, 'main', () => undefined, metrics);
  await renewal.noteLapsed('it gives no answer');
  host.onStep = (_step, what) => {
    if (what.startsWith('renew')) throw new Error('nft is gone');
  };
  await assert.rejects(renewal.renew('now'), /nft is gone/);
  host.onStep = null;
  await renewal.renew('now');
  const text = metrics.print(GAUGES);
  assert.equal(seriesValue(text, 'weir_lease_misses_total{sidecar="main",cause="not-ready"}'), 1);
  assert.equal(seriesValue(text, 'weir_lease_misses_total{sidecar="main",cause="failed"}'), 1);
  assert.equal(seriesValue(text, 'weir_lease_renewals_total{sidecar="main"}'), 1);
});
