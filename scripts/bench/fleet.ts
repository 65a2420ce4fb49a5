/**
 * `npm run bench:fleet [-- PART..]`: the measured goals of the fleet on real etcds. Parts: button, real, leader, gone, rollout,
 * status, rest, host. Numbers of a loaded machine are those of its load, so the load is printed too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { HOST_METRICS, OPERATOR_METRICS } from '../../src/fleet/metrics/fleet-families.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { runWeirBin, WEIR_BIN } from '../../test/run-weir.ts';
import { record } from './figure.ts';
import { EtcdCluster } from './fleet/etcd-cluster.ts';
import { fillStore } from './fleet/fill-store.ts';
import { RealHosts } from './fleet/real-hosts.ts';
import { SimulatedHosts } from './fleet/simulated-hosts.ts';

const { sleep } = systemClock;
const PARTS = { button, real, leader, gone, rollout, status, rest, host };
type Part = keyof typeof PARTS;

const wanted = process.argv.slice(2).length > 0 ? (process.argv.slice(2) as Part[]) : (Object.keys(PARTS) as Part[]);
for (const part of wanted) {
  if (!(part in PARTS)) throw new Error(`there is no part ${part}: ${Object.keys(PARTS).join(', ')}`);
  const rows = await PARTS[part]();
  for (const [what, value] of Object.entries(rows)) print(`${part.padEnd(8)} ${what.padEnd(62)} ${value}`);
  print(`${part.padEnd(8)} ${'load of the machine'.padEnd(62)} ${loadavg()[0]?.toFixed(1)}`);
}
process.exit(0);

type Rows = Readonly<Record<string, string | number>>;

/** 1,000 hosts, one etcd: from the start of the command to the moment at which each host is direct. */
async function button(): Promise<Rows> {
  return await withHosts(1, 1_000, async (cluster, hosts) => {
    const pressed = await press(cluster, hosts, async () => {}, { share: 0.99, mostMs: 1_000 });
    return { 'hosts that went direct': hosts.directAt.size, ...pressed };
  });
}

/** 20 hosts in namespaces, with real rules and the daemon of each: from the press to the packets. */
async function real(): Promise<Rows> {
  const count = 20;
  const fleet = await RealHosts.open(count);
  try {
    const { directMs, confirmedMs, failed, code, cpu } = await fleet.press();
    const at = (share: number) => directMs[Math.min(count - 1, Math.floor(count * share))] ?? Number.NaN;
    record({
      ...{ what: `red button to direct by packets, ${count} real hosts, the last one`, unit: 'ms', weir: at(1) },
      goal: { most: 1_000 },
    });
    return {
      'hosts whose packets went direct': directMs.filter((ms) => Number.isFinite(ms)).length,
      'exit code': String(code),
      'from the press to direct packets: first, p50, last': `${at(0)}, ${at(0.5)}, ${at(1)} ms (a request every 200 ms)`,
      'confirmed by all, as the command says': `${confirmedMs} ms`,
      'CPU of a daemon and its programs, mean, until all confirmed': `${cpu.confirmed.own} ms and ${cpu.confirmed.programs} ms`,
      'the same until all is tidied up': `${cpu.settled.own} ms and ${cpu.settled.programs} ms`,
      'requests that failed': failed,
    };
  } finally {
    await fleet.close();
  }
}

/** 300 simulated hosts on three members, whose leader is killed in the moment of the press. */
async function leader(): Promise<Rows> {
  return await withHosts(3, 300, async (cluster, hosts) => {
    const pressed = await press(cluster, hosts, () => cluster.killLeader(), { share: 1, mostMs: 5_000 });
    return { 'hosts that went direct, leader killed': hosts.directAt.size, ...pressed };
  });
}

/** Nothing answers: how soon that is said. */
async function gone(): Promise<Rows> {
  const cluster = await EtcdCluster.open(1);
  const file = cluster.fleetFile();
  await cluster.killAll();
  const began = performance.now();
  const { code, stdout } = await runWeirBin(['fleet', 'off', '--all', '--fleet-config', file, '--json']);
  const ms = performance.now() - began;
  await cluster.close();
  return {
    'exit code without a store': String(code),
    'until it is said, with the process start': `${ms.toFixed(0)} ms`,
    'off.sh is named': String(/off\.sh/.test(JSON.parse(stdout).error.hint)),
  };
}

/** 200 hosts, 3 % fail: the wave in which it stops, and how many hosts have the new version after the undo. */
async function rollout(): Promise<Rows> {
  const fails = (index: number) => index % 33 === 5;
  return await withHosts(
    1,
    200,
    async (cluster, hosts) => {
      const config = cluster.fleetFile();
      const fleet = async (...args: string[]) => {
        const { stdout } = await runWeirBin(['fleet', ...args, '--fleet-config', config, '--json']);
        return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
      };
      const file = join(cluster.folder, 'release.yaml');
      const spec = {
        ...{ sidecar: 'main', version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) } },
        ...{ waves: [{ percent: 5 }, { percent: 50 }, { percent: 100 }], gates: [{ type: 'hosts', maxFailed: '2%' }] },
        budget: { maxUnavailable: 20 },
      };
      const release = { apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r' }, spec };
      writeFileSync(file, JSON.stringify(release));
      const operator = spawn(
        process.execPath,
        [WEIR_BIN, 'operator', 'run', '--region', 'east', '--fleet-config', config],
        {
          stdio: 'ignore',
        },
      );
      try {
        await fleet('apply', file);
        const began = performance.now();
        await fleet('rollout', 'start', 'r');
        const state = async (name: string) => {
          for (;;) {
            const [row] = (await fleet('rollout', 'status', 'r')).result.rollouts;
            if (row.state === name) return row;
            await sleep(300);
          }
        };
        const stopped = await state('stopped');
        const stoppedMs = performance.now() - began;
        const moved = [...hosts.upgraded.values()].filter((version) => version === '1.40.0').length;
        const undo = performance.now();
        await fleet('rollout', 'undo', 'r');
        await state('undone');
        const left = [...hosts.upgraded.values()].filter((version) => version === '1.40.0').length;
        record({
          ...{ what: 'hosts of 200 with the bad version after the undo', unit: '', weir: left, goal: { most: 0 } },
        });
        return {
          'stopped in wave': `${stopped.wave} of 3 after ${(stoppedMs / 1000).toFixed(1)} s`,
          reason: String(stopped.reason).slice(0, 70),
          'hosts that had moved': moved,
          'hosts with the new version after the undo': `${left} after ${((performance.now() - undo) / 1000).toFixed(1)} s`,
        };
      } finally {
        operator.kill('SIGTERM');
        await once(operator, 'close');
      }
    },
    fails,
  );
}

/** 10,000 hosts in the store: writing under leases, and reading all of it. */
async function status(): Promise<Rows> {
  const cluster = await EtcdCluster.open(1);
  try {
    const store = cluster.store();
    const before = cluster.usage();
    const began = performance.now();
    await fillStore(store, { region: 'east', hosts: 10_000, apps: 40, wrongEvery: 100, leaseMs: 600_000 });
    const seconds = (performance.now() - began) / 1000;
    const filled = cluster.usage();
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const from = performance.now();
      const { stdout } = await runWeirBin(['fleet', 'status', '--fleet-config', cluster.fleetFile(), '--json']);
      times.push(performance.now() - from);
      if (JSON.parse(stdout).result.regions[0].reachable !== true) throw new Error('the region was not read');
    }
    times.sort((a, b) => a - b);
    record({
      ...{ what: '`fleet status`, 10,000 hosts, median of 5', unit: 'ms', weir: times[2] ?? Number.NaN },
      goal: { most: 2_000 },
    });
    return {
      'HostStatus under leases, written a second': Math.round(9_900 / seconds),
      'resident memory of etcd with 10,000 hosts': `${(filled.rssBytes / 1e6).toFixed(0)} MB`,
      'CPU of etcd for them': `${((filled.cpuMs - before.cpuMs) / 1000).toFixed(1)} s`,
      'fleet status, median and slowest of 5': `${times[2]?.toFixed(0)} ms, ${times[4]?.toFixed(0)} ms`,
    };
  } finally {
    await cluster.close();
  }
}

/** An operator without a rollout that moves. */
async function rest(): Promise<Rows> {
  const cluster = await EtcdCluster.open(1);
  const file = join(cluster.folder, 'weir-operator.prom');
  const argv = [WEIR_BIN, 'operator', 'run', '--region', 'east', '--fleet-config', cluster.fleetFile()];
  const operator = spawn(process.execPath, [...argv, '--metrics-file', file], { stdio: 'ignore' });
  try {
    await fillStore(cluster.store(), { region: 'east', hosts: 1_000, apps: 40, wrongEvery: 0 });
    await sleep(20_000);
    const first = sumOf(file, OPERATOR_METRICS.requests.name);
    await sleep(60_000);
    return {
      'requests a minute at rest, 1,000 hosts': sumOf(file, OPERATOR_METRICS.requests.name) - first,
      'resident memory of the operator': `${(sumOf(file, OPERATOR_METRICS.memory.name) / 1e6).toFixed(0)} MB`,
      'look at the rollouts, mean': `${((1000 * sumOf(file, `${OPERATOR_METRICS.step.name}_sum`)) / sumOf(file, `${OPERATOR_METRICS.step.name}_count`)).toFixed(1)} ms`,
    };
  } finally {
    operator.kill('SIGTERM');
    await once(operator, 'close');
    await cluster.close();
  }
}

/** The daemon of one host at rest. */
async function host(): Promise<Rows> {
  const cluster = await EtcdCluster.open(1);
  const file = join(cluster.folder, 'weir-host.prom');
  const write = (name: string, content: object) => {
    const path = join(cluster.folder, name);
    writeFileSync(path, JSON.stringify({ apiVersion: 'weir.dev/v1', ...content }));
    return path;
  };
  const main = { user: 1337, outbound: 15_001, admin: 'http://127.0.0.1:15000' };
  const apps = { payment: { select: { user: 42_001 }, sidecar: 'main' } };
  const mesh = write('mesh.yaml', { sidecars: { main }, apps });
  const regions = { east: { etcd: { endpoints: cluster.endpoints } } };
  const fleet = write('host.yaml', { regions, host: { region: 'east', name: 'host-1' } });
  const folders = ['--run-dir', join(cluster.folder, 'run'), '--state-dir', join(cluster.folder, 'state')];
  const argv = [WEIR_BIN, 'host', 'run', '--config', mesh, '--fleet-config', fleet, ...folders, '--metrics-file', file];
  const daemon = spawn(process.execPath, argv, { stdio: 'ignore' });
  try {
    await sleep(20_000);
    const first = sumOf(file, HOST_METRICS.requests.name);
    await sleep(60_000);
    record({
      ...{ what: 'resident memory of the daemon of a host', unit: 'MB' },
      weir: sumOf(file, HOST_METRICS.memory.name) / 1e6,
    });
    return {
      'requests a minute at rest': sumOf(file, HOST_METRICS.requests.name) - first,
      'resident memory of the daemon': `${(sumOf(file, HOST_METRICS.memory.name) / 1e6).toFixed(0)} MB`,
    };
  } finally {
    daemon.kill('SIGTERM');
    await once(daemon, 'close');
    await cluster.close();
  }
}

/** Presses the red button while all applications are on; `meanwhile` begins in the same moment. */
async function press(
  cluster: EtcdCluster,
  hosts: SimulatedHosts,
  meanwhile: () => Promise<void>,
  goal: { readonly share: number; readonly mostMs: number },
): Promise<Rows> {
  hosts.directAt.clear();
  const began = performance.now();
  const argv = ['fleet', 'off', '--all', '--wait', '--timeout', '30s', '--reason', 'bench', '--json'];
  const [{ code, stdout }] = await Promise.all([
    runWeirBin([...argv, '--fleet-config', cluster.fleetFile()]),
    meanwhile(),
  ]);
  const times = [...hosts.directAt.values()].map((at) => at - began).sort((a, b) => a - b);
  if (times.length === 0) throw new Error(`no host went direct: exit ${code}: ${stdout.slice(-1_000)}`);
  const timeAt = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  const at = (share: number) => `${timeAt(share).toFixed(0)} ms`;
  const how = goal.share === 1 ? 'last host, leader of etcd killed' : 'p99';
  record({
    ...{ what: `red button to direct, ${times.length} simulated hosts, ${how}`, unit: 'ms', weir: timeAt(goal.share) },
    goal: { most: goal.mostMs },
  });
  const { result } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  return {
    'exit code': String(code),
    'from the press to direct: p50, p99, last': `${at(0.5)}, ${at(0.99)}, ${at(1)}`,
    'confirmed by all, as the command says': `${result?.ms?.confirmed ?? 'not'} ms`,
  };
}

/** Hosts whose application a policy has switched on. */
async function withHosts(
  members: number,
  count: number,
  work: (cluster: EtcdCluster, hosts: SimulatedHosts) => Promise<Rows>,
  fails?: (index: number) => boolean,
): Promise<Rows> {
  const cluster = await EtcdCluster.open(members);
  const hosts = await SimulatedHosts.start(() => cluster.store(), count, fails);
  try {
    const policy = {
      ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: 'payment' } },
      spec: { apps: ['payment'], rules: [{ state: 'on' }] },
    };
    const file = join(cluster.folder, 'policy.yaml');
    writeFileSync(file, JSON.stringify(policy));
    const applied = await runWeirBin(['fleet', 'apply', file, '--fleet-config', cluster.fleetFile(), '--json']);
    if (applied.code !== 0) throw new Error(applied.stdout);
    const waited = ['fleet', 'status', '--wait', '--timeout', '120s', '--fleet-config', cluster.fleetFile(), '--json'];
    const { code, stdout } = await runWeirBin(waited);
    if (code !== 0) throw new Error(`the hosts did not switch on: ${stdout.slice(0, 500)}`);
    return await work(cluster, hosts);
  } finally {
    await hosts.stop();
    await cluster.close();
  }
}

/** The sum of a metric's series in a file. */
function sumOf(file: string, name: string): number {
  const lines = readFileSync(file, 'utf8').split('\n');
  const own = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
