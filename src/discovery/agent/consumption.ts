/** What the applications of this host consume: by mesh.yaml, by mappings of interfaces, and by what they were seen to call. */
import type { DiscoverySnapshot } from '../records/snapshot-record.ts';
import type { Endpoint } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import { parseServiceKey } from '../world/service-key.ts';
import type { World } from '../world/world.ts';
import type { AgentPlan } from './agent-plan.ts';

/** So many applications are followed for `auto`: it takes all of a registry, because a call comes before it is known. */
export const MOST_FOLLOWED = 500;

/** The part of a machine that decides which applications it follows, and which of them calls may go to. */
export class Consumption {
  readonly #plan: AgentPlan;
  readonly #world: World;
  readonly #snapshot: Pick<DiscoverySnapshot, 'interfaces' | 'offered'> | null;
  readonly #isHeard: () => boolean;
  /** By sidecar with `auto`, the applications that were seen to be called. */
  readonly #learned: Map<string, Set<string>>;
  /** By consumed interface, the applications that offered it at some time that the agent, or an earlier one, remembers. */
  readonly #offered = new Map<string, Set<string>>();

  /** `isHeard`: whether every registry was heard in full, so that the word of the snapshot counts no more. */
  constructor(
    plan: AgentPlan,
    world: World,
    snapshot: Pick<DiscoverySnapshot, 'interfaces' | 'offered' | 'learned'> | null,
    isHeard: () => boolean,
  ) {
    this.#plan = plan;
    this.#world = world;
    this.#snapshot = snapshot;
    this.#isHeard = isHeard;
    const auto = plan.consumers.filter(({ auto: isAuto }) => isAuto === true).map(({ sidecar }) => sidecar);
    for (const name of new Set(plan.consumers.flatMap(({ interfaces }) => interfaces)))
      this.#offered.set(name, new Set(snapshot?.offered.get(name)));
    this.#learned = new Map(auto.map((sidecar) => [sidecar, new Set(snapshot?.learned.get(sidecar))]));
  }

  get learned(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#learned;
  }

  /** Whether all applications of the registries are followed. */
  get followsEverything(): boolean {
    return this.#learned.size > 0;
  }

  /** The applications that offer an interface. */
  appsOf(name: string): ReadonlySet<string> {
    const apps = this.#world.appsOf(name);
    return this.#isHeard() ? apps : apps.union(new Set(this.#snapshot?.interfaces.get(name)));
  }

  isConsumedInterface(name: string): boolean {
    return this.#plan.consumers.some(({ interfaces }) => interfaces.includes(name));
  }

  /** The applications that are consumed by name, by interface or because they were called. */
  get consumed(): ReadonlySet<string> {
    const apps = new Set(this.#plan.consumers.flatMap((consumer) => consumer.apps));
    for (const { interfaces } of this.#plan.consumers)
      for (const name of interfaces) for (const app of this.appsOf(name)) apps.add(app);
    for (const learned of this.#learned.values()) for (const app of learned) apps.add(app);
    return apps;
  }

  /** Notes who offers the consumed interfaces now. */
  noteOffers(): void {
    for (const [name, offered] of this.#offered)
      for (const app of this.appsOf(name)) if (offered.size < MOST_FOLLOWED) offered.add(app);
  }

  /** By consumed interface, the applications that offer it or offered it before. */
  get offered(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#offered;
  }

  /**
   * The applications whose addresses are kept: the consumed ones; those that offered a consumed interface before, because
   * consumers that hold their addresses go on to call them; with `auto` those that may be called next.
   */
  get followed(): ReadonlySet<string> {
    const apps = new Set(this.consumed);
    for (const offered of this.#offered.values()) for (const app of offered) apps.add(app);
    if (this.followsEverything) for (const app of this.#world.apps) if (apps.size < MOST_FOLLOWED) apps.add(app);
    return apps;
  }

  /** What decides who is followed and where calls may go, as a text. */
  get text(): string {
    const interfaces = this.#plan.consumers.flatMap((consumer) => consumer.interfaces);
    const offers = interfaces.map((name) => [name, ...[...this.appsOf(name)].toSorted()]);
    return JSON.stringify([[...this.followed], offers, [...this.#learned].map(([name, apps]) => [name, ...apps])]);
  }

  /** What the applications of a sidecar may call: applications by name, and interfaces where their mapping says so. */
  allowsOf(sidecar: string): (app: string, service: string) => boolean {
    const consumers = this.#plan.consumers.filter((consumer) => consumer.sidecar === sidecar);
    const apps = new Set(consumers.flatMap((consumer) => consumer.apps));
    const interfaces = new Set(consumers.flatMap((consumer) => consumer.interfaces));
    return (app, service) => {
      if (apps.has(app) || this.#learned.get(sidecar)?.has(app) === true) return true;
      if (interfaces.size === 0) return false;
      const { interface: name } = parseServiceKey(service);
      return interfaces.has(name) && this.appsOf(name).has(app);
    };
  }

  /** Notes that calls of a sidecar's applications went to addresses as they were; whether an application is new by it. */
  see(sidecar: string, addresses: readonly string[], apps: Iterable<readonly [string, readonly Endpoint[]]>): boolean {
    const learned = this.#learned.get(sidecar);
    if (learned === undefined) return false;
    const seen = new Set(addresses);
    const before = learned.size;
    for (const [name, endpoints] of apps) {
      if (learned.has(name)) continue;
      if (endpoints.some(({ address, port }) => seen.has(formatAddress(address, port)))) learned.add(name);
    }
    return learned.size > before;
  }
}
