/** A fleet in memory: stores, hosts that follow them, a leader; for tests of what an operator asks. */
import type { TestContext } from 'node:test';
import { HostDaemon } from '../../src/fleet/host/host-daemon.ts';
import type { HostMemory } from '../../src/fleet/host/host-memory.ts';
import type { HostPorts } from '../../src/fleet/host/ports.ts';
import type { HostMetrics } from '../../src/fleet/metrics/host-metrics.ts';
import type { OperatorMetrics } from '../../src/fleet/metrics/operator-metrics.ts';
import { RegionKeys } from '../../src/fleet/model/keys.ts';
import type { GateAnswer } from '../../src/fleet/model/rollout-machine.ts';
import { leadRegion } from '../../src/fleet/operator/lead-region.ts';
import type { FleetPorts } from '../../src/fleet/usecases/fleet.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeLocalHost } from '../fakes/fake-local-host.ts';
import { MemoryStore } from '../fakes/memory-store.ts';

/** What may stand between a leader and its store. */
export type Metered = { readonly meter: OperatorMetrics['meter']; readonly watcher: OperatorMetrics['watcher'] | null };

/** The fleet. */
export class FleetScene {
  readonly clock = new FakeClock();
  readonly stores: ReadonlyMap<string, MemoryStore>;
  readonly hosts = new Map<string, FakeLocalHost>();
  readonly daemons = new Map<string, HostDaemon>();
  readonly ports: FleetPorts;
  readonly said: string[] = [];
  gate: GateAnswer = { value: 0, why: null };
  readonly #stops: { readonly stop: AbortController; readonly ended: Promise<void> }[] = [];

  constructor(t: TestContext, ...regions: string[]) {
    this.stores = new Map(regions.map((name) => [name, new MemoryStore(this.clock)]));
    this.ports = {
      regions: [...this.stores].map(([name, store]) => ({
        ...{ name, keys: new RegionKeys(name), kind: 'etcd' as const, store: store.port },
      })),
      ...{ file: 'fleet.yaml', by: 'ops@station', now: () => this.clock.now(), writer: 'station-1' },
      monotonic: () => this.clock.monotonic(),
      sleep: async (ms) => await this.clock.pass(ms),
    };
    t.after(async () => {
      for (const { stop } of this.#stops) stop.abort();
      await this.clock.pass(1_000);
      await Promise.all(this.#stops.map(({ ended }) => ended));
    });
  }

  /** Starts a host; resolves when it has said how it is. */
  async host(
    name: string,
    region = 'east',
    labels: Record<string, string> = {},
    apps = ['payment'],
    metrics: HostMetrics | null = null,
    local = new FakeLocalHost(apps),
    skewMs = 0,
  ): Promise<FakeLocalHost> {
    this.hosts.set(name, local);
    const started = this.#stops.length + 1;
    let memory: HostMemory | null = null;
    const ports: HostPorts = {
      ...{ name, region, labels, ttlMs: 15_000, weirVersion: '1.0.0', keys: new RegionKeys(region) },
      pod: null,
      identity: { machine: `vm-${started}`, boot: `boot-${started}`, instance: '1', session: `${started}-run` },
      ...{ store: this.store(region).port, local: local.port, clock: this.#clockOff(skewMs), random: () => 0.5 },
      recall: async () => memory,
      remember: async (value) => {
        memory = value;
      },
      ...{ tell: () => {}, warn: () => {} },
    };
    const daemon = new HostDaemon(metrics?.meter(ports) ?? ports);
    this.daemons.set(name, daemon);
    this.#run((signal) => daemon.run(signal));
    await this.clock.pass(200);
    return local;
  }

  /** Ends the last thing that was started. */
  async stopLast(): Promise<void> {
    await this.#end(this.#stops.pop());
  }

  /** Ends the first thing that was started. */
  async stopFirst(): Promise<void> {
    await this.#end(this.#stops.shift());
  }

  /** Starts an operator. */
  async leader(holder: string, region = 'east', metrics: Metered | null = null, skewMs = 0): Promise<void> {
    const clock = this.#clockOff(skewMs);
    const store = this.store(region).port;
    const ports = {
      ...{ region, keys: new RegionKeys(region), store: metrics?.meter(store) ?? store, clock, holder, pid: 1 },
      watcher: metrics?.watcher ?? null,
    };
    const say = (line: string) => this.said.push(line);
    this.#run((signal) => leadRegion({ ...ports, askGate: async () => this.gate, tell: say, warn: say }, signal));
    await this.clock.pass(100);
  }

  store(region = 'east'): MemoryStore {
    const store = this.stores.get(region);
    if (store === undefined) throw new Error(`no region ${region}`);
    return store;
  }

  async put(key: string, value: object, region = 'east'): Promise<void> {
    await this.store(region).port.write([], [{ key: `/weir/${region}/${key}`, value: JSON.stringify(value) }]);
    await this.clock.pass(300);
  }

  async #end(one: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined): Promise<void> {
    one?.stop.abort();
    await this.clock.pass(1_000);
    await one?.ended;
  }

  /** A machine whose wall clock is set to another time. */
  #clockOff(skewMs: number): Clock {
    const { clock } = this;
    return {
      now: () => clock.now() + skewMs,
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    };
  }

  #run(begin: (signal: AbortSignal) => Promise<void>): void {
    const stop = new AbortController();
    this.#stops.push({ stop, ended: begin(stop.signal) });
  }
}
