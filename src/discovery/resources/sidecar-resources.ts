/** The resources of one sidecar, kept up to date: a change of one instance builds anew what that instance is in. */
import type { UnitConfig } from '../../mesh/discovery-config.ts';
import type { RuledRoute } from '../routing/ruled-routes.ts';
import type { Endpoint } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import { type EncodedList, encodeMessage, joinLists } from '../xds/encode-message.ts';
import { ResourceStore } from '../xds/resource-store.ts';
import { TYPE, type TypeUrl } from '../xds/resource-types.ts';
import type { ResourceChanges } from '../xds/xds-stream.ts';
import { type AppShape, opaqueAddresses, shapeOf } from './app-shape.ts';
import { encodedAssignment, followedCluster } from './clusters.ts';
import { DUBBO_ROUTES, encodedDubboRoutes } from './dubbo-routes.ts';
import { followedListener, OUTBOUND_LISTENER, type PortRanges } from './outbound-listener.ts';
import { type AllowsService, type Partition, partition, profilesText } from './partition.ts';
import { membersOf } from './plan-clusters.ts';
import { NO_RULES, type RuledParts, ruledParts } from './ruled-parts.ts';
import type { RuledCaller } from './sidecar-rules.ts';
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
  /** Asked at each partition; `consumesChanged` says when its answers may have changed. */
  readonly allows: AllowsService;
  /** The applications behind the sidecar with their rules; asked at each change, `rulesChanged` says when they differ. */
  readonly callers?: () => readonly RuledCaller[];
}

/** Builds the resources of one sidecar. Pure: endpoints in, resources and the names of changed ones out. */
export class SidecarResources {
  readonly store = new ResourceStore();
  #options: SidecarOptions;
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #shapes = new Map<string, AppShape>();
  readonly #opaque = new Map<string, ReadonlySet<string>>();
  readonly #changedApps = new Set<string>();
  /** Clusters that nothing names any more, with the time since when. */
  readonly #lingering = new Map<string, { sinceMs: number; isEmpty: boolean }>();
  #partition: Partition = { clusters: new Map(), services: new Map() };
  #rules: RuledParts = NO_RULES;
  #areRulesStale = true;
  #notBeforeMs = 0;
  #isPartitionStale = true;
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

  /** What calls are divided by now. */
  get partition(): Partition {
    return this.#partition;
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
    this.#isPartitionStale = true;
    this.#isListenerStale = true;
    this.#areRulesStale = true;
  }

  /** What its applications consume may have changed. */
  consumesChanged(): void {
    this.#isPartitionStale = true;
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
    const put = (type: TypeUrl, name: string, json: object) => {
      note(type, name, this.store.set(type, name, encodeMessage(type.slice(type.lastIndexOf('/') + 1), json)));
    };
    const changed = this.#reshape();
    if (this.#isPartitionStale) this.#divide(nowMs, put);
    const isRuledAnew = this.#rule(changed, nowMs, put);
    if (this.#isPartitionStale || isRuledAnew) {
      const { services } = this.#partition;
      put(TYPE.routes, DUBBO_ROUTES, encodedDubboRoutes({ services, ruled: this.#rules.targets }));
    }
    for (const { name, profiles } of this.#partition.clusters.values()) {
      if (!this.#isPartitionStale && !profiles.some(({ app }) => changed.has(app))) continue;
      put(TYPE.assignment, name, encodedAssignment(name, this.#membersOf(name), this.#options.unit?.spillPercent));
    }
    if (this.#isListenerStale) {
      const { outbound, ipv6 } = this.#options;
      put(TYPE.listener, OUTBOUND_LISTENER, followedListener(this.#ranges(), outbound, ipv6));
    }
    if (this.dueAtMs !== null && this.dueAtMs <= nowMs) {
      if (mayRetire) this.#retire(nowMs, put, note);
      else this.#notBeforeMs = nowMs + EMPTY_AFTER_MS;
    }
    this.#isPartitionStale = false;
    this.#isListenerStale = false;
    return changes;
  }

  /** The members of a cluster as they are now, by the shapes: the partition keeps those of its own time. */
  #membersOf(name: string): ReturnType<typeof membersOf> {
    const profiles = this.#partition.clusters.get(name)?.profiles ?? [];
    return membersOf(
      profiles.map((profile) => this.#shapes.get(profile.app)?.profiles.find(({ id }) => id === profile.id) ?? profile),
    );
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
    const opaque = { has: (address: string) => sets.some((all) => all.has(address)) };
    for (const app of changed) {
      const before = this.#shapes.get(app);
      const shape = shapeOf(app, this.#endpoints.get(app) ?? [], this.#options.unit, opaque);
      this.#shapes.set(app, shape);
      if (before === undefined || profilesText(before) !== profilesText(shape)) this.#isPartitionStale = true;
      if (before === undefined || !hasSameRanges(before, shape)) this.#isListenerStale = true;
    }
    return changed;
  }

  #retire(
    nowMs: number,
    put: (type: TypeUrl, name: string, json: object) => void,
    note: (type: TypeUrl, name: string, isChanged: boolean) => void,
  ): void {
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

  #divide(nowMs: number, put: (type: TypeUrl, name: string, json: object) => void): void {
    const before = this.#partition;
    this.#partition = partition(this.#shapes.values(), this.#options.allows);
    const { clusters } = this.#partition;
    for (const name of before.clusters.keys())
      if (!clusters.has(name) && !this.#lingering.has(name))
        this.#lingering.set(name, { sinceMs: nowMs, isEmpty: false });
    for (const name of clusters.keys()) {
      this.#lingering.delete(name);
      put(TYPE.cluster, name, followedCluster(name));
    }
  }

  /** Puts the clusters of outcomes; whether routes differ. */
  #rule(
    changed: ReadonlySet<string>,
    nowMs: number,
    put: (type: TypeUrl, name: string, json: object) => void,
  ): boolean {
    const { unit, callers } = this.#options;
    const isTouched = [...changed].some((app) => this.#rules.apps === null || this.#rules.apps.has(app));
    if (!this.#areRulesStale && !this.#isPartitionStale && !isTouched) return false;
    this.#areRulesStale = false;
    const before = this.#rules;
    const viewOf = (app: string) => unitView(this.#endpoints.get(app) ?? [], unit);
    this.#rules = ruledParts(this.#partition, callers?.() ?? [], viewOf, unit);
    for (const name of before.clusters.keys())
      if (!this.#rules.clusters.has(name) && !this.#lingering.has(name))
        this.#lingering.set(name, { sinceMs: nowMs, isEmpty: false });
    for (const [name, members] of this.#rules.clusters) {
      this.#lingering.delete(name);
      put(TYPE.cluster, name, followedCluster(name));
      put(TYPE.assignment, name, encodedAssignment(name, members, unit?.spillPercent));
    }
    return before.text !== this.#rules.text;
  }

  /** The addresses to read, by port; each application's are merged into ranges by themselves. */
  #ranges(): readonly PortRanges[] {
    const byPort = new Map<number, Map<string, EncodedList>>();
    for (const { ranges } of this.#shapes.values()) {
      for (const [port, list] of ranges) {
        const lists = byPort.get(port) ?? new Map<string, EncodedList>();
        // An address of two applications is in one list only, where both have the same.
        byPort.set(port, lists.set(list.key, list));
      }
    }
    return [...byPort].toSorted(([a], [b]) => a - b).map(([port, lists]) => [port, joinLists([...lists.values()])]);
  }
}

function hasSameRanges(a: AppShape, b: AppShape): boolean {
  if (a.ranges.size !== b.ranges.size) return false;
  return [...a.ranges].every(([port, { bytes }]) => b.ranges.get(port)?.bytes.equals(bytes) === true);
}
