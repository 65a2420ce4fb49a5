/**
 * A day of registry events, replayed by the agent's machine with an Envoy in memory: what it costs, and whether anything grows.
 * Instances of all applications are replaced one after the other, some crash and come back, releases bring new revisions.
 */
import { readInstanceNode } from '../../../src/discovery/world/read-instance.ts';
import { readRevisionMetadata } from '../../../src/discovery/world/read-metadata.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { MachineStage, planOf } from '../../../test/discovery/agent/machine-stage.ts';
import { randomStream } from '../../../test/seed.ts';
import type { BenchWorld } from './world.ts';

const DAY_MS = 86_400_000;
const CHECKPOINTS = 6;

/** Replays so many changes and prints a line for each part of the day. Run with `--expose-gc`. */
export function replayDay({ apps, interfaces, instances }: BenchWorld, changes: number, seed: number): void {
  const random = randomStream(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const names = Array.from({ length: apps }, (_, index) => `app-${index}`);
  const stage = new MachineStage(
    planOf({ consumers: [{ name: 'shop', sidecar: 'main', apps: names, interfaces: [] }] }),
  );
  const revisions = names.map(() => 1);
  const next = names.map(() => 1);
  const living = names.map((): number[] => []);
  const metadata = (app: number): RegistryEvent => {
    const revision = `r${revisions[app]}`;
    const list = Array.from({ length: interfaces }, (_, index) => `com.acme.app${app}.Service${index}`);
    const services = Object.fromEntries(list.map((name) => [name, { name, protocol: 'dubbo', params: {} }]));
    const read = readRevisionMetadata('/m', `app-${app}`, revision, JSON.stringify({ services }));
    return { registry: 'hz', kind: 'metadata', app: `app-${app}`, revision, read };
  };
  const join = (app: number): RegistryEvent => {
    // Pods get a new address each, out of a range that comes round.
    const number = next[app] ?? 1;
    next[app] = (number % 8_000) + 1;
    living[app]?.push(number);
    const address = `10.${app}.${number >> 8}.${number & 255 || 1}`;
    const labels = { 'dubbo.metadata.revision': `r${revisions[app]}`, 'dubbo.metadata.storage-type': 'remote' };
    const value = JSON.stringify({ address, port: 20_880, payload: { metadata: labels } });
    const read = readInstanceNode(`/services/app-${app}/${number}`, `app-${app}`, value);
    return { registry: 'hz', kind: 'instance', app: `app-${app}`, id: String(number), read };
  };
  const leave = (app: number): RegistryEvent => {
    const all = living[app] ?? [];
    const [number = 0] = all.splice(pick(all.length), 1);
    return { registry: 'hz', kind: 'instance', app: `app-${app}`, id: String(number), read: null };
  };
  for (let app = 0; app < apps; app += 1) {
    stage.tell(metadata(app));
    for (let instance = 0; instance < instances; instance += 1) stage.tell(join(app));
  }
  stage.synced();
  stage.connect();
  console.log(`${apps} applications x ${instances}, ${changes} changes in 24 h, seed ${seed}`);
  console.log('hour  changes  ms CPU a change  bytes a change  heap MB  resident MB  held');
  let from = { cpu: process.cpuUsage(), bytes: stage.envoy.bytes };
  for (let change = 1; change <= changes; change += 1) {
    const app = pick(apps);
    if (random() < 0.001) {
      revisions[app] = (revisions[app] ?? 1) + 1;
      stage.tell(metadata(app));
    }
    stage.tell(join(app));
    stage.pass(DAY_MS / changes / 2);
    stage.tell(leave(app));
    stage.pass(DAY_MS / changes / 2);
    stage.envoy.settle();
    if (change % Math.floor(changes / CHECKPOINTS) !== 0) continue;
    const { user, system } = process.cpuUsage(from.cpu);
    const part = Math.floor(changes / CHECKPOINTS);
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const cells = [
      ((24 * change) / changes).toFixed(0).padStart(4),
      String(change).padStart(7),
      ((user + system) / 1_000 / part).toFixed(2).padStart(15),
      ((stage.envoy.bytes - from.bytes) / part).toFixed(0).padStart(14),
      (heapUsed / 1e6).toFixed(1).padStart(7),
      (rss / 1e6).toFixed(0).padStart(11),
      String(stage.news.filter(({ event }) => event === 'held').length).padStart(4),
    ];
    console.log(cells.join('  '));
    stage.news.length = 0;
    from = { cpu: process.cpuUsage(), bytes: stage.envoy.bytes };
  }
}
