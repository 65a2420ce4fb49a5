/** The conversion of an agent's news and state into metrics. */
import { MetricStore } from '../../platform/metrics/metric-store.ts';
import type { AgentNews } from '../agent/discovery-event.ts';
import type { DiscoveryMachine } from '../agent/discovery-machine.ts';
import { shortType, TYPE_ORDER } from '../xds/resource-types.ts';
import { CONVERGE_BUCKETS, DISCOVERY_METRICS } from './discovery-families.ts';

const REGISTRY_STATES = ['syncing', 'synced', 'lost'] as const;

/** Holds the metrics of one agent. It does not know where they are published. */
export class DiscoveryMetrics {
  readonly #store = new MetricStore(Object.values(DISCOVERY_METRICS), CONVERGE_BUCKETS);

  constructor(startedMs: number) {
    const { started, holds, nacks, converge, snapshotFailures } = DISCOVERY_METRICS;
    this.#store.set(started, {}, startedMs / 1000);
    // All counters exist from the start: `rate()` would lose an increase from nothing.
    for (const family of [holds, snapshotFailures]) this.#store.add(family, {}, 0);
    for (const type of TYPE_ORDER) this.#store.add(nacks, { type: shortType(type) }, 0);
    this.#store.begin(converge, {});
  }

  observe(news: AgentNews): void {
    const { holds, nacks, converge, snapshotFailures } = DISCOVERY_METRICS;
    if (news.event === 'held') this.#store.add(holds, {}, 1);
    if (news.event === 'nack') this.#store.add(nacks, { type: news.type }, 1);
    if (news.event === 'converged') this.#store.observe(converge, {}, news.ms / 1000);
    if (news.event === 'snapshot' && news.problem !== null) this.#store.add(snapshotFailures, {}, 1);
  }

  /** The whole text, with the gauges of the present state. */
  print(machine: DiscoveryMachine, residentBytes: number): string {
    const { memory, serving, registryState, lastEvent, endpoints, held, streams } = DISCOVERY_METRICS;
    this.#store.set(memory, {}, residentBytes);
    this.#store.set(serving, {}, machine.isServing ? 1 : 0);
    for (const family of [registryState, lastEvent, endpoints, held, streams]) this.#store.clear(family, {});
    for (const [registry, state] of machine.world.states())
      this.#store.setState(registryState, { registry }, REGISTRY_STATES, state);
    for (const [registry, atMs] of machine.lastEventAt) this.#store.set(lastEvent, { registry }, atMs / 1000);
    const isWhole = [...machine.world.states().values()].every((state) => state === 'synced');
    for (const { name: app, published, held: hold } of machine.apps.values()) {
      const units = Map.groupBy(published, ({ unit }) => unit ?? '');
      for (const [unit, members] of units) this.#store.set(endpoints, { app, unit }, members.length);
      // What nobody lists is known when every registry was heard.
      if (units.size === 0 && isWhole) this.#store.set(endpoints, { app, unit: '' }, 0);
      if (machine.isServing) this.#store.set(held, { app }, hold?.wouldRemove ?? 0);
    }
    for (const name of machine.sidecars.keys()) {
      const open = [...machine.streams.values()].filter(({ sidecar }) => sidecar === name);
      this.#store.set(streams, { sidecar: name }, open.length);
    }
    return this.#store.print();
  }
}
