/** A release through its waves: a real etcd, a real operator program, and hosts whose sidecars are in memory. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { etcdStore } from '../../../src/fleet/adapters/etcd/etcd-store.ts';
import { HostDaemon } from '../../../src/fleet/host/host-daemon.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeLocalHost } from '../../fakes/fake-local-host.ts';
import { daemonIdentity } from '../../fleet/daemon-identity.ts';
import { runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { EtcdLab } from './etcd-lab.ts';

const HOSTS = 30;

/** Hosts that follow the store for real; `fails` are those whose upgrade fails. */
function startHosts(
  t: TestContext,
  endpoint: string,
  fails: (name: string) => boolean,
): ReadonlyMap<string, FakeLocalHost> {
  const stop = new AbortController();
  const hosts = new Map<string, FakeLocalHost>();
  const running: Promise<void>[] = [];
  for (let index = 0; index < HOSTS; index += 1) {
    const name = `host-${index}`;
    const local = new FakeLocalHost(['payment']);
    if (fails(name)) local.failures.set('upgrade', 'it never became ready');
    hosts.set(name, local);
    const labels = index < 3 ? { wave: 'a' } : {};
    const daemon = new HostDaemon({
      ...{ name, region: 'east', labels, ttlMs: 10_000, weirVersion: '1.0.0', keys: new RegionKeys('east') },
      ...{ pod: null, identity: daemonIdentity(name) },
      store: etcdStore({ name: 'east', kind: 'etcd', endpoints: [endpoint], timeout: 5_000 }),
      ...{ local: local.port, clock: systemClock, random: Math.random },
      ...{ recall: async () => null, remember: async () => {}, tell: () => {}, warn: () => {} },
    });
    running.push(daemon.run(stop.signal));
  }
  t.after(async () => {
    stop.abort();
    await Promise.all(running);
  });
  return hosts;
}

async function startOperator(t: TestContext, config: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [WEIR_BIN, 'operator', 'run', '--region', 'east', '--fleet-config', config], {
    stdio: 'ignore',
  });
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  t.after(kill);
  return kill;
}

test('a release moves wave by wave, survives its leader, stops at its gate and is undone', {
  timeout: 400_000,
}, async (t) => {
  const lab = await EtcdLab.open(t);
  const { config } = lab;
  const fleet = async (...args: string[]) => {
    const { code, stdout } = await runWeirBin(['fleet', ...args, '--fleet-config', config, '--json']);
    return { code, json: JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') };
  };
  const untilState = async (release: string, state: string) => {
    let last: unknown;
    const look = async () => {
      const { json } = await fleet('rollout', 'status', release);
      last = json;
      const [row] = json.result?.rollouts ?? [];
      return row?.state === state ? row : null;
    };
    return until(`${release} to be ${state}`, look, { patienceMs: 120_000, tell: () => JSON.stringify(last) });
  };
  const bad = new Set<string>();
  const hosts = startHosts(t, lab.endpoint, (name) => bad.has(name));
  const good = lab.file('good.yaml', release('good', '0'));
  const applied = await fleet('apply', good);
  assert.equal(applied.code, 0, JSON.stringify(applied.json));
  const begun = await fleet('rollout', 'start', 'good');
  assert.equal(begun.code, 0, JSON.stringify(begun.json));
  const leaderless = await fleet('rollout', 'status', 'good');
  assert.deepEqual([leaderless.code, leaderless.json.result.rollouts[0].wave], [1, 0]);
  assert.match(leaderless.json.warnings.join(), /no leader/);

  const killFirst = await startOperator(t, config);
  await startOperator(t, config);
  await until('a host to be asked', async () => [...hosts.values()].some(({ calls }) => calls.length > 0));
  await killFirst();
  const done = await untilState('good', 'done');
  assert.deepEqual(
    done.waves.map(({ done: count, hosts: { length } }: { done: number; hosts: string[] }) => [
      count === length,
      length > 0,
    ]),
    [
      [true, true],
      [true, true],
      [true, true],
    ],
  );
  assert.ok(
    [...hosts.values()].every(({ calls }) => calls.length === 1),
    'each host moved once',
  );
  const moved = (await fleet('history')).json.result.entries.filter(({ verb }: { verb: string }) => verb === 'wave');
  assert.deepEqual(
    moved.map(({ from, to }: { from: number; to: number }) => [from, to]),
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  );

  for (const name of ['host-1']) hosts.get(name)?.failures.set('upgrade', 'it never became ready');
  assert.equal((await fleet('apply', lab.file('bad.yaml', release('bad', '0')))).code, 0);
  assert.equal((await fleet('rollout', 'start', 'bad')).code, 0);
  const stopped = await untilState('bad', 'stopped');
  assert.equal(stopped.wave, 1);
  assert.match(stopped.reason, /gate hosts: 1 of 3 failed, 0 may: host-1: it never became ready/);
  assert.equal((await fleet('rollout', 'pause', 'bad')).code, 3);
  assert.ok(
    [...hosts].every(([name, { calls }]) => calls.length === 1 || ['host-0', 'host-1', 'host-2'].includes(name)),
  );
  assert.equal((await fleet('rollout', 'undo', 'bad', '--reason', 'INC-2')).code, 0);
  await untilState('bad', 'undone');
  for (const [name, { calls }] of hosts)
    assert.equal(calls.includes('rollback main'), ['host-0', 'host-2'].includes(name), name);
});

function release(name: string, maxFailed: string): string {
  return `apiVersion: weir.dev/v1
kind: SidecarRelease
metadata: {name: ${name}}
spec:
  sidecar: main
  version: {name: 1.40.0, binary: ${join('/opt', 'envoy')}, sha256: "${'ab'.repeat(32)}"}
  waves: [{labels: {wave: a}}, {percent: 50}, {percent: 100}]
  gates: [{type: hosts, maxFailed: ${maxFailed}}]
  budget: {maxUnavailable: 5}
`;
}
