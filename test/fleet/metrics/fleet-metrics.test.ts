/** Numbers that host daemons and operators publish. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostMetrics } from '../../../src/fleet/metrics/host-metrics.ts';
import { OperatorMetrics } from '../../../src/fleet/metrics/operator-metrics.ts';
import { StoreFailure } from '../../../src/fleet/ports.ts';
import { FleetScene } from '../fleet-scene.ts';

/** The value of a series in a text; undefined without it. */
function numberAt(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const policy = (name: string, apps: string[], priority: number, ...rules: object[]) => ({
  ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name } },
  spec: { apps, priority, rules },
});

test('a host counts what it asks and switches, and says what is not as the fleet wants it', async (t) => {
  const scene = new FleetScene(t, 'east');
  const metrics = new HostMetrics(scene.clock.now());
  const local = await scene.host('host-1', 'east', {}, ['payment', 'orders'], metrics);
  const print = () => {
    const daemon = scene.daemons.get('host-1');
    assert.ok(daemon !== undefined);
    return metrics.print(daemon.status, 1_000);
  };
  assert.equal(numberAt(print(), 'weir_host_info{host="host-1",region="east",version="1.0.0"}'), 1);
  assert.equal(numberAt(print(), 'weir_host_switches_total{action="on",result="done"}'), 0);
  await scene.put('meshpolicies/payment', policy('payment', ['payment'], 0, { state: 'on' }));
  local.failures.set('on', 'the sidecar is not ready');
  await scene.put('meshpolicies/orders', policy('orders', ['orders'], 0, { state: 'on' }));
  await scene.put('meshpolicies/torn', {});
  const text = print();
  assert.deepEqual(
    ['done', 'failed'].map((result) => numberAt(text, `weir_host_switches_total{action="on",result="${result}"}`)),
    [1, 1],
  );
  assert.deepEqual(
    ['payment', 'orders'].map((app) => numberAt(text, `weir_host_app_as_desired{app="${app}"}`)),
    [1, 0],
  );
  assert.deepEqual([numberAt(text, 'weir_host_object_errors'), numberAt(text, 'weir_host_store_held')], [1, 0]);
  local.failures.clear();
  local.local('payment', 'off', 'local trouble');
  scene.store().failure = new StoreFailure('it is away', 'not-sent');
  const answered = numberAt(print(), 'weir_host_store_last_answer_timestamp_seconds') ?? 0;
  await scene.clock.pass(60_000);
  const away = print();
  assert.equal(numberAt(away, 'weir_host_app_override{app="payment"}'), 1);
  assert.equal(numberAt(away, 'weir_host_store_last_answer_timestamp_seconds'), answered);
  assert.ok((numberAt(away, 'weir_host_store_failures_total{kind="keepAlive"}') ?? 0) > 0);
});

test('a leader says how its region is; an operator that stands by says nothing of it', async (t) => {
  const scene = new FleetScene(t, 'east');
  const [first, second] = [new OperatorMetrics('east', scene.clock), new OperatorMetrics('east', scene.clock)];
  await scene.leader('op-1', 'east', first);
  await scene.leader('op-2', 'east', second);
  const local = await scene.host('host-1');
  await scene.host('host-2');
  await scene.put('meshpolicies/switch-all', policy('switch-all', ['*'], 2_000, { state: 'off' }));
  local.failures.set('upgrade', 'it never became ready');
  await scene.put('sidecarreleases/envoy', {
    ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'envoy' } },
    spec: {
      ...{ sidecar: 'main', version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) } },
      ...{ waves: [{ percent: 100 }], gates: [{ type: 'hosts', maxFailed: 0 }] },
    },
  });
  await scene.put('rollouts/envoy', { release: 'envoy', region: 'east', state: 'running', wave: 0, reason: null });
  await scene.clock.pass(30_000);
  const text = first.print(1_000);
  const wanted = {
    'weir_operator_leading{region="east"}': 1,
    'weir_fleet_hosts{region="east",state="differs"}': 1,
    'weir_fleet_hosts{region="east",state="ok"}': 1,
    'weir_fleet_hosts{region="east",state="silent"}': 0,
    'weir_fleet_app_hosts{region="east",app="payment",state="off"}': 2,
    'weir_fleet_red_button{region="east"}': 1,
    'weir_fleet_object_errors{region="east"}': 0,
    'weir_rollout_state{region="east",release="envoy",state="stopped"}': 1,
    'weir_rollout_state{region="east",release="envoy",state="running"}': 0,
    'weir_rollout_wave{region="east",release="envoy"}': 1,
    'weir_rollout_hosts{region="east",release="envoy",progress="failed"}': 1,
  };
  const found = Object.fromEntries(Object.keys(wanted).map((series) => [series, numberAt(text, series)]));
  assert.deepEqual(found, wanted);
  const standby = second.print(1_000);
  assert.equal(numberAt(standby, 'weir_operator_leading{region="east"}'), 0);
  assert.doesNotMatch(standby, /weir_fleet_|weir_rollout_/);
});

test('what a host does not know has no number: a store that never answered, a host that cannot be looked at', async (t) => {
  const scene = new FleetScene(t, 'east');
  scene.store().failure = new StoreFailure('it is away', 'not-sent');
  const metrics = new HostMetrics(scene.clock.now());
  const local = await scene.host('host-1', 'east', {}, ['payment'], metrics);
  const print = () => metrics.print(scene.daemons.get('host-1')?.status as never, 1_000);
  const names = ['weir_host_app_as_desired{app="payment"}', 'weir_host_store_held', 'weir_host_object_errors'];
  const numbers = () => names.map((name) => numberAt(print(), name));
  assert.deepEqual(numbers(), [undefined, undefined, undefined]);
  scene.store().failure = null;
  await scene.put('meshpolicies/payment', policy('payment', ['payment'], 0, { state: 'on' }));
  await scene.clock.pass(60_000);
  assert.deepEqual(numbers(), [1, 0, 0]);
  local.failures.set('look', 'nft is missing');
  await scene.clock.pass(60_000);
  assert.deepEqual(numbers(), [undefined, 0, 0]);
  assert.equal(numberAt(print(), 'weir_host_app_override{app="payment"}'), undefined);
  const since = numberAt(print(), 'weir_host_last_look_timestamp_seconds') ?? 0;
  local.failures.clear();
  await scene.clock.pass(60_000);
  assert.ok((numberAt(print(), 'weir_host_last_look_timestamp_seconds') ?? 0) > since);
});

test('pods that no leader has seen have no number, and a red button that cannot be read neither', async (t) => {
  const scene = new FleetScene(t, 'east');
  const metrics = new OperatorMetrics('east', scene.clock);
  const release = (name: string) => ({
    ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name } },
    spec: {
      ...{ sidecar: 'main', version: { name: '2', image: 'a:2', emptyImage: 'e:1' }, waves: [{ percent: 100 }] },
      pods: { selector: { mesh: 'on' } },
    },
  });
  const row = { index: 1, hosts: [], done: 3, failed: 0, pending: 1, silent: 0 };
  const state = { region: 'east', state: 'paused', wave: 1, reason: null };
  await scene.put('sidecarreleases/unseen', release('unseen'));
  await scene.put('rollouts/unseen', { release: 'unseen', ...state });
  await scene.put('sidecarreleases/seen', release('seen'));
  await scene.put('rollouts/seen', { release: 'seen', ...state, pods: [row] });
  await scene.put('meshpolicies/switch-all', { apiVersion: 'weir.dev/v9' });
  await scene.leader('op-1', 'east', metrics);
  await scene.clock.pass(30_000);
  const text = metrics.print(1_000);
  const done = (name: string) => numberAt(text, `weir_rollout_hosts{region="east",release="${name}",progress="done"}`);
  assert.deepEqual([done('unseen'), done('seen')], [undefined, 3]);
  assert.equal(numberAt(text, 'weir_rollout_wave{region="east",release="unseen"}'), 1);
  assert.equal(numberAt(text, 'weir_fleet_red_button{region="east"}'), undefined);
  assert.equal(numberAt(text, 'weir_fleet_object_errors{region="east"}'), 1);
});

test('at rest an operator asks little: no list of hosts, and some sixty requests a minute', async (t) => {
  const scene = new FleetScene(t, 'east');
  const metrics = new OperatorMetrics('east', scene.clock);
  await scene.leader('op-1', 'east', metrics);
  await scene.clock.pass(60_000);
  const requests = (text: string) =>
    ['list', 'write', 'watch', 'grant', 'keepAlive']
      .map((kind) => numberAt(text, `weir_operator_store_requests_total{region="east",kind="${kind}"}`) ?? 0)
      .reduce((sum, one) => sum + one, 0);
  const before = requests(metrics.print(0));
  await scene.clock.pass(60_000);
  const aMinute = requests(metrics.print(0)) - before;
  assert.ok(aMinute > 10 && aMinute <= 75, `${aMinute} requests a minute`);
});
