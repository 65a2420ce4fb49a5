/** The resources of one sidecar, kept up to date: a change of one instance builds anew what that instance is in. */
import type { HealthConfig, UnitConfig } from '../../mesh/discovery-config.ts';
import type { RuledRoute } from '../routing/ruled-routes.ts';
import type { Endpoint } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import { encodeMessage } from '../xds/encode-message.ts';
import { ResourceStore } from '../xds/resource-store.ts';
import { TYPE, type TypeUrl } from '../xds/resource-types.ts';
import type { ResourceChanges } from '../xds/xds-stream.ts';
import { opaqueAddresses, shapeOf } from './app-shape.ts';
import { ChainState } from './chain-state.ts';
import type { ChainName } from './chains.ts';
import { encodedAssignment, followedCluster, originalHttpCluster } from './clusters.ts';
import { DUBBO_ROUTES, encodedDubboRoutes } from './dubbo-routes.ts';
import { HTTP_ROUTES, httpRoutes, ORIGINAL_HTTP_CLUSTER } from './http-routes.ts';
import { followedListener, OUTBOUND_LISTENER } from './outbound-listener.ts';
import { type AllowsService, type Partition, partition } from './partition.ts';
import type { membersOf } from './plan-clusters.ts';
import { NO_RULES, type RuledParts, ruledParts } from './ruled-parts.ts';
import { isRuled, type RuledCaller } from './sidecar-rules.ts';
import { unitView } from './unit-view.ts';

/**
 * A cluster that nothing names any more loses its members after this time, and goes after the other one, in milliseconds:
 * calls in flight end, and an Envoy whose routes are late still finds it.
 */
const EMPTY_AFTER_MS = 2_000;
const REMOVE_AFTER_MS = 60_000;

/** What the resources of a sidecar depend on besides endpoints. */
export interface SidecarOptions {
  readonly outbound: number;
  readonly ipv6: boolean;
  readonly unit: UnitConfig | undefined;
  readonly health: HealthConfig | null;
  /** Asked at each partition; `consumesChanged` says when its answers may have changed. */
  readonly allows: AllowsService;
  /** The applications behind the sidecar with their rules; asked at each change, `rulesChanged` says when they differ. */
  readonly callers?: () => readonly RuledCaller[];
}

type PutResource = (type: TypeUrl, name: string, json: object) => void;

/** Builds the resources of one sidecar. Pure: endpoints in, resources and the names of changed ones out. */
export class SidecarResources {
  readonly store = new ResourceStore();
  #options: SidecarOptions;
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #dubbo = new ChainState('dubbo');
  readonly #http = new ChainState('http');
  readonly #opaque = new Map<string, ReadonlySet<string>>();
  readonly #changedApps = new Set<string>();
  /** Clusters that nothing names any more, with the time since when. */
  readonly #lingering = new Map<string, { sinceMs: number; isEmpty: boolean }>();
  #rules: RuledParts = NO_RULES;
  #areRulesStale = true;
  #notBeforeMs = 0;
  #isListenerStale = true;

  constructor(options: SidecarOptions) {
    this.#options = options;
  }

  /** By `formatServiceKey`, the routes of services with rules. */
  get ruledRoutes(): ReadonlyMap<string, readonly RuledRoute[]> {
    return this.#rules.routes;
  }

  /** Rules of its applications may have changed. */
  rulesChanged(): void {
    this.#areRulesStale = true;
  }

  /** What calls of Dubbo are divided by now. */
  get partition(): Partition {
    return this.#dubbo.partition;
  }

  get #chains(): readonly ChainState[] {
    return [this.#dubbo, this.#http];
  }

  /** Takes the endpoints of an application, sorted by address; an empty list takes it away. */
  update(app: string, endpoints: readonly Endpoint[]): void {
    this.#endpoints.set(app, endpoints);
    this.#changedApps.add(app);
    const opaque = new Set(opaqueAddresses(endpoints));
    const before = this.#opaque.get(app) ?? new Set<string>();
    this.#opaque.set(app, opaque);
    // An address that cannot be read is so for every application that has it.
    if (opaque.symmetricDifference(before).size > 0)
      for (const other of this.#endpoints.keys()) this.#changedApps.add(other);
  }

  /** Goes on by another mesh.yaml: everything is built anew, and what comes out the same is not sent. */
  reconfigure(options: SidecarOptions): void {
    this.#options = options;
    for (const app of this.#endpoints.keys()) this.#changedApps.add(app);
    this.consumesChanged();
    this.#isListenerStale = true;
    this.#areRulesStale = true;
  }

  /** What its applications consume may have changed. */
  consumesChanged(): void {
    for (const chain of this.#chains) chain.isStale = true;
  }

  /** When `build` has something to do although nothing changed; null when it has not. */
  get dueAtMs(): number | null {
    const due = [...this.#lingering.values()].map(
      ({ sinceMs, isEmpty }) => sinceMs + (isEmpty ? REMOVE_AFTER_MS : EMPTY_AFTER_MS),
    );
    return due.length === 0 ? null : Math.max(Math.min(...due), this.#notBeforeMs);
  }

  /**
   * Builds what has changed since the last time; the names of resources that differ. `mayRetire`: whether every Envoy has
   * taken the present routes; what only former routes name stays as it is until then.
   */
  build(nowMs: number, mayRetire: boolean): ResourceChanges {
    const changes = new Map<TypeUrl, Set<string>>();
    const note = (type: TypeUrl, name: string, isChanged: boolean) => {
      if (isChanged) changes.set(type, (changes.get(type) ?? new Set<string>()).add(name));
    };
    const put: PutResource = (type, name, json) => {
      note(type, name, this.store.set(type, name, encodeMessage(type.slice(type.lastIndexOf('/') + 1), json)));
    };
    const changed = this.#reshape();
    for (const chain of this.#chains) if (chain.isStale) this.#divide(chain, nowMs);
    const areRulesAnew = this.#areRulesStale;
    const isRuledAnew = this.#rule(changed, nowMs, put);
    if (this.#dubbo.isStale || isRuledAnew) {
      const { services } = this.#dubbo.partition;
      put(TYPE.routes, DUBBO_ROUTES, encodedDubboRoutes({ services, ruled: this.#rules.targets }));
    }
    if (this.#http.isUsed && (this.#http.isStale || areRulesAnew)) {
      put(TYPE.cluster, ORIGINAL_HTTP_CLUSTER, originalHttpCluster());
      put(TYPE.httpRoutes, HTTP_ROUTES, httpRoutes(this.#unruledServices(this.#http)));
    }
    for (const { name: chain, isStale, partition } of this.#chains) {
      for (const { name, profiles } of partition.clusters.values())
        if (isStale || profiles.some(({ app }) => changed.has(app))) this.#putCluster(chain, name, isStale, put);
    }
    if (this.#isListenerStale) {
      const { outbound, ipv6 } = this.#options;
      put(
        TYPE.listener,
        OUTBOUND_LISTENER,
        followedListener(this.#dubbo.ports, outbound, ipv6, this.#http.isUsed ? this.#http.ports : null),
      );
    }
    if (this.dueAtMs !== null && this.dueAtMs <= nowMs) {
      if (mayRetire) this.#retire(nowMs, put, note);
      else this.#notBeforeMs = nowMs + EMPTY_AFTER_MS;
    }
    for (const chain of this.#chains) chain.isStale = false;
    this.#isListenerStale = false;
    return changes;
  }

  /** Puts a cluster of services; `isNew`: the cluster itself, too, which else differs only by whether it is checked. */
  #putCluster(chain: ChainName, name: string, isNew: boolean, put: PutResource): void {
    const { unit, health } = this.#options;
    const members = this.#membersOf(name);
    if (isNew || health !== null) put(TYPE.cluster, name, followedCluster(name, members.length, { chain, health }));
    put(TYPE.assignment, name, encodedAssignment(name, members, unit?.spillPercent));
  }

  #membersOf(name: string): ReturnType<typeof membersOf> {
    return (this.#dubbo.partition.clusters.has(name) ? this.#dubbo : this.#http).membersOf(name);
  }

  /** The services of a chain that no rule is about, with their clusters. */
  #unruledServices({ partition: { services, clusters } }: ChainState): ReadonlyMap<string, string> {
    const callers = this.#options.callers?.() ?? [];
    const appsOf = (cluster: string) => [...new Set(clusters.get(cluster)?.profiles.map(({ app }) => app))];
    return new Map([...services].filter(([key, cluster]) => !isRuled(key, appsOf(cluster), callers)));
  }

  /** The members of a cluster, for people. */
  membersOfCluster(name: string): readonly string[] {
    return (this.#rules.clusters.get(name) ?? this.#membersOf(name)).map(({ address, port }) =>
      formatAddress(address, port),
    );
  }

  /** Shapes changed applications anew; notes what else is stale by it. */
  #reshape(): ReadonlySet<string> {
    const changed = new Set(this.#changedApps);
    this.#changedApps.clear();
    const sets = [...this.#opaque.values()].filter(({ size }) => size > 0);
    const opaque = sets.length === 0 ? null : { has: (address: string) => sets.some((all) => all.has(address)) };
    for (const app of changed) {
      for (const chain of this.#chains) {
        const shape = shapeOf(app, this.#endpoints.get(app) ?? [], chain.name, this.#options.unit, opaque);
        if (chain.take(shape)) this.#isListenerStale = true;
      }
    }
    return changed;
  }

  #retire(nowMs: number, put: PutResource, note: (type: TypeUrl, name: string, isChanged: boolean) => void): void {
    for (const [name, lingering] of this.#lingering) {
      if (!lingering.isEmpty && nowMs >= lingering.sinceMs + EMPTY_AFTER_MS) {
        lingering.isEmpty = true;
        put(TYPE.assignment, name, encodedAssignment(name, []));
      }
      if (nowMs < lingering.sinceMs + REMOVE_AFTER_MS) continue;
      this.#lingering.delete(name);
      note(TYPE.cluster, name, this.store.delete(TYPE.cluster, name));
      note(TYPE.assignment, name, this.store.delete(TYPE.assignment, name));
    }
  }

  #divide(chain: ChainState, nowMs: number): void {
    const before = chain.partition;
    chain.partition = partition(chain.shapes.values(), this.#options.allows, chain.name);
    const { clusters } = chain.partition;
    for (const name of before.clusters.keys())
      if (!clusters.has(name) && !this.#lingering.has(name))
        this.#lingering.set(name, { sinceMs: nowMs, isEmpty: false });
    for (const name of clusters.keys()) this.#lingering.delete(name);
  }

  /** Puts the clusters of outcomes; whether routes differ. */
  #rule(changed: ReadonlySet<string>, nowMs: number, put: PutResource): boolean {
    const { unit, callers, health } = this.#options;
    const isTouched = [...changed].some((app) => this.#rules.apps === null || this.#rules.apps.has(app));
    if (!this.#areRulesStale && !this.#dubbo.isStale && !isTouched) return false;
    this.#areRulesStale = false;
    const before = this.#rules;
    const viewOf = (app: string) => unitView(this.#endpoints.get(app) ?? [], unit);
    this.#rules = ruledParts(this.#dubbo.partition, callers?.() ?? [], viewOf, unit);
    for (const name of before.clusters.keys())
      if (!this.#rules.clusters.has(name) && !this.#lingering.has(name))
        this.#lingering.set(name, { sinceMs: nowMs, isEmpty: false });
    for (const [name, members] of this.#rules.clusters) {
      this.#lingering.delete(name);
      put(TYPE.cluster, name, followedCluster(name, members.length, { chain: 'dubbo', health }));
      put(TYPE.assignment, name, encodedAssignment(name, members, unit?.spillPercent));
    }
    return before.text !== this.#rules.text;
  }
}
