/**
 * What one joining instance costs, on a real Envoy: `npm run bench:discovery [-- --apps 5,25,50 --interfaces 40
 * --instances 100 --joins 40]`. Three arms in turns: `weir` is the built agent on a real ZooKeeper with a cluster an
 * application; `delta` is a bare delta server with a cluster an interface; `three-in-one` pushes the members of all of those
 * each time. CPU is that of all threads, by schedstat,
 * above that of as long a time at rest. With `--replay CHANGES [--seed N]`: a day of events instead.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measureInterfaces } from './discovery/interface-arms.ts';
import { replayDay } from './discovery/replay.ts';
import { measureWeir } from './discovery/weir-arm.ts';
import type { ArmResult, BenchWorld } from './discovery/world.ts';
import { record } from './figure.ts';

const { values } = parseArgs({
  options: {
    apps: { type: 'string', default: '5,25,50' },
    interfaces: { type: 'string', default: '40' },
    instances: { type: 'string', default: '100' },
    joins: { type: 'string', default: '40' },
    replay: { type: 'string' },
    seed: { type: 'string' },
  },
});

if (values.replay !== undefined) {
  const [apps = 50] = values.apps.split(',').map(Number).toReversed();
  const world = { apps, interfaces: Number(values.interfaces), instances: Number(values.instances), joins: 0 };
  replayDay(world, Number(values.replay), Number(values.seed ?? Date.now() % 1_000_000));
  process.exit(0);
}
const results: ArmResult[] = [];
for (const apps of values.apps.split(',').map(Number)) {
  const world: BenchWorld = {
    ...{ apps, interfaces: Number(values.interfaces), instances: Number(values.instances) },
    joins: Number(values.joins),
  };
  results.push(await measureWeir(world));
  for (const arm of ['delta', 'three-in-one'] as const) results.push(await measureInterfaces(world, arm));
}
console.log(`load ${loadavg()[0]?.toFixed(1)}`);
console.log('arm           clusters  server ms  Envoy ms  bytes a join  rest ms/s  server MB  Envoy MB (allocated)');
for (const { arm, clusters, serverMs, envoyMs, bytes, restMs, serverMb, envoyMb } of results) {
  const cells = [
    arm.padEnd(12),
    String(clusters).padStart(8),
    serverMs.toFixed(2).padStart(9),
    envoyMs.toFixed(2).padStart(8),
  ];
  console.log(
    [
      ...cells,
      bytes.toFixed(0).padStart(12),
      restMs.toFixed(1).padStart(9),
      serverMb.toFixed(0).padStart(9),
      envoyMb.toFixed(1).padStart(8),
    ].join('  '),
  );
}
const last = (arm: ArmResult['arm']) => results.findLast((one) => one.arm === arm);
const cpuOf = (one: ArmResult | undefined) => (one === undefined ? Number.NaN : one.serverMs + one.envoyMs);
for (const peer of ['delta', 'three-in-one'] as const)
  console.log(
    `weir costs 1/${(cpuOf(last(peer)) / cpuOf(last('weir'))).toFixed(0)} of ${peer} in the largest world, CPU of both ends`,
  );
for (const arm of ['weir', 'delta', 'three-in-one'] as const) {
  const own = results.filter((result) => result.arm === arm);
  const [first, end] = [own[0], own.at(-1)];
  if (first === undefined || end === undefined || first === end) continue;
  const per1000 = ((cpuOf(end) - cpuOf(first)) / (end.endpoints - first.endpoints)) * 1000;
  console.log(`${arm}: ${per1000.toFixed(2)} ms more a join for each 1,000 instances more`);
}

const [own, delta, whole] = (['weir', 'delta', 'three-in-one'] as const).map(last);
const world = `${values.apps.split(',').at(-1)} applications of ${values.interfaces} interfaces and ${values.instances} instances`;
if (own !== undefined && delta !== undefined && whole !== undefined) {
  const peer = (value: (one: ArmResult) => number) => ({ name: 'delta, a cluster an interface', value: value(delta) });
  const joins = `an instance joins, ${world}`;
  record({
    ...{ what: `${joins}: processor time of server and Envoy`, unit: 'ms', weir: cpuOf(own), peer: peer(cpuOf) },
    goal: { most: 2.5 },
  });
  record({
    ...{ what: `${joins}: that time as a share of three-in-one's`, unit: '', weir: cpuOf(own) / cpuOf(whole) },
    goal: { most: 1 / 300 },
  });
  record({
    ...{ what: `${joins}: that time as a share of delta's`, unit: '', weir: cpuOf(own) / cpuOf(delta) },
    goal: { most: 1 / 8 },
  });
  record({
    ...{ what: `${joins}: bytes to Envoy`, unit: 'B', weir: own.bytes, peer: peer(({ bytes }) => bytes) },
    goal: { most: 4096 },
  });
  record({ what: `memory of the agent, ${world}`, unit: 'MB', weir: own.serverMb, goal: { most: 70 } });
  record({
    ...{ what: `allocated by Envoy, ${world}`, unit: 'MB', weir: own.envoyMb, peer: peer(({ envoyMb }) => envoyMb) },
  });
}
