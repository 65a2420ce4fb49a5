/** The agent as a pure machine: registry events and requests of Envoys in, responses and looks out; the clock is passed in. */
import type { AgentStep } from '../../platform/agent/agent.ts';
import type { DiscoverySnapshot } from '../records/snapshot-record.ts';
import { SidecarResources } from '../resources/sidecar-resources.ts';
import type { RuledCaller } from '../resources/sidecar-rules.ts';
import type { Endpoint } from '../world/endpoints.ts';
import { World } from '../world/world.ts';
import { guardNews, snapshotProblem, tell, tooMany } from './agent-news.ts';
import type { AgentPlan } from './agent-plan.ts';
import { callersOf } from './consumer-rules.ts';
import { Consumption, MOST_FOLLOWED } from './consumption.ts';
import type { AgentAction, AgentEvent } from './discovery-event.ts';
import { type EnvoyStream, EnvoyStreams, HOST_STREAMS } from './envoy-streams.ts';
import { GuardedApp, type GuardTurn } from './guarded-app.ts';

/** An agent that has a snapshot and no registry counts as ready after this time, in milliseconds. */
const READY_BY_SNAPSHOT_MS = 10_000;
/** A change is on the disk after this time at the latest. */
const SAVE_AFTER_MS = 2_000;
const SAVE_AGAIN_MS = 10_000;

/** Everything that the agent knows. Its methods change it and give what is to be done. */
export class DiscoveryMachine {
  #plan: AgentPlan;
  #ipv6: boolean;
  #world: World;
  #snapshot: DiscoverySnapshot | null;
  #consumption: Consumption;
  readonly #apps = new Map<string, GuardedApp>();
  readonly #sidecars = new Map<string, SidecarResources>();
  /** By consumer, its rules as they were read last. */
  readonly #callers: Map<string, RuledCaller>;
  readonly #streams: EnvoyStreams;
  readonly #lastEventAt = new Map<string, number>();
  /** Registries that were heard in full since this agent, or this mesh.yaml, began. */
  #heard = new Set<string>();
  /** What is consumed, by which applications, as it was looked at last. */
  #consumedText = '';
  #isServing: boolean;
  #isReady = false;
  #readyAtMs: number | null;
  #saveAtMs: number | null = null;
  #isSaving = false;
  #mappingsSince: number | null = null;

  constructor(
    plan: AgentPlan,
    options: {
      readonly ipv6: boolean;
      readonly snapshot: DiscoverySnapshot | null;
      /** Read before anything is served: an Envoy must not get routes without its rules. */
      readonly callers?: readonly RuledCaller[];
      /** Envoys at once. */
      readonly mostStreams?: number;
    },
    nowMs: number,
  ) {
    this.#plan = plan;
    this.#ipv6 = options.ipv6;
    this.#snapshot = options.snapshot;
    this.#streams = new EnvoyStreams(options.mostStreams ?? HOST_STREAMS);
    this.#callers = new Map((options.callers ?? []).map((caller) => [caller.app, caller]));
    this.#world = new World(plan.registries.map(({ name }) => name));
    this.#consumption = this.#consumptionOf(plan);
    this.#isServing = options.snapshot !== null;
    this.#readyAtMs = options.snapshot === null ? null : nowMs + READY_BY_SNAPSHOT_MS;
    this.#configure(nowMs);
    for (const resources of this.#sidecars.values()) resources.build(nowMs, false);
  }

  get plan(): AgentPlan {
    return this.#plan;
  }

  /** Whether requests are answered. */
  get isServing(): boolean {
    return this.#isServing;
  }

  get world(): World {
    return this.#world;
  }

  get apps(): ReadonlyMap<string, GuardedApp> {
    return this.#apps;
  }

  get sidecars(): ReadonlyMap<string, SidecarResources> {
    return this.#sidecars;
  }

  get streams(): ReadonlyMap<number, EnvoyStream> {
    return this.#streams.all;
  }

  /** By registry, milliseconds since 1970 of its last event. */
  get lastEventAt(): ReadonlyMap<string, number> {
    return this.#lastEventAt;
  }

  /** The applications that offered a consumed interface before, or do so now. */
  get offering(): ReadonlySet<string> {
    return new Set([...this.#consumption.offered.values()].flatMap((apps) => [...apps]));
  }

  /** Since when mappings are remembered, in milliseconds since 1970; null before the first event and where none is consumed. */
  get mappingsSince(): number | null {
    return this.#consumption.offered.size === 0 ? null : this.#mappingsSince;
  }

  /** When `tick` has something to do, on the monotonic clock; null for never. */
  get wakeAtMs(): number | null {
    const times = [
      ...[...this.#apps.values()].map(({ dueAtMs }) => dueAtMs),
      ...[...this.#sidecars.values()].map(({ dueAtMs }) => dueAtMs),
      this.#isSaving ? null : this.#saveAtMs,
      this.#isReady ? null : this.#readyAtMs,
    ].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Takes one event. */
  step(event: AgentEvent, nowMs: number): readonly AgentAction[] {
    switch (event.type) {
      case 'registry':
        return this.#registry(event, nowMs);
      case 'opened':
        return this.#streams.opened(event.stream);
      case 'request':
        return this.#streams.request(event, this.#sidecars, this.#isServing, nowMs);
      case 'closed':
        return this.#streams.closed(event.stream, nowMs);
      case 'looked': {
        const turn = this.#apps.get(event.app)?.looked(event.size, this.#plan.guard, nowMs) ?? null;
        return this.#turned(event.app, turn, nowMs);
      }
      case 'saved':
        this.#isSaving = false;
        if (event.problem !== null) this.#saveAtMs = nowMs + SAVE_AGAIN_MS;
        return event.problem === null ? [] : [tell(snapshotProblem(event.problem))];
      case 'direct':
        return this.#direct(event, nowMs);
      case 'rules':
        this.#callers.set(event.caller.app, event.caller);
        for (const resources of this.#sidecars.values()) resources.rulesChanged();
        return this.#publish(nowMs);
      case 'tick':
        return this.#tick(nowMs);
      default:
        return event satisfies never;
    }
  }

  /** Believes a held list now; null for an application that nobody consumes, else whether something was held. */
  confirm(app: string, nowMs: number): { readonly released: boolean; readonly actions: readonly AgentAction[] } | null {
    const guarded = this.#apps.get(app);
    if (guarded === undefined || !this.consumed.has(app)) return null;
    const turn = guarded.confirm(nowMs);
    return { released: turn !== null, actions: this.#turned(app, turn, nowMs) };
  }

  /** Goes on by another mesh.yaml. Registries are to be followed anew; what is published stays until they have spoken. */
  reload(plan: AgentPlan, ipv6: boolean, nowMs: number): readonly AgentAction[] {
    this.#snapshot = this.#isServing ? this.snapshot(0) : this.#snapshot;
    this.#plan = plan;
    this.#ipv6 = ipv6;
    this.#world = new World(plan.registries.map(({ name }) => name));
    this.#heard = new Set();
    this.#consumption = this.#consumptionOf(plan);
    // Built once at the end: what is consumed again has never been away.
    for (const name of this.#apps.keys()) for (const resources of this.#sidecars.values()) resources.update(name, []);
    this.#apps.clear();
    this.#consumedText = '';
    this.#configure(nowMs);
    return [...this.#publish(nowMs)];
  }

  /** What is published, for the disk. */
  snapshot(savedAt: number): DiscoverySnapshot {
    const interfaces = this.#plan.consumers.flatMap((consumer) => consumer.interfaces);
    // One that offers no more is remembered as long as somebody may hold an address of it.
    const isThere = (app: string) => this.consumed.has(app) || (this.#apps.get(app)?.published.length ?? 0) > 0;
    const offered = [...this.#consumption.offered].map(([name, apps]) => [name, [...apps].filter(isThere)] as const);
    return {
      ...{ savedAt, mappingsSince: this.#mappingsSince, offered: new Map(offered) },
      apps: new Map([...this.#apps].map(([name, app]) => [name, app.published])),
      interfaces: new Map(interfaces.map((name) => [name, [...this.#consumption.appsOf(name)]])),
      learned: new Map([...this.#consumption.learned].map(([name, apps]) => [name, [...apps]])),
    };
  }

  #configure(nowMs: number): void {
    const { sidecars, unit, health } = this.#plan;
    for (const name of this.#sidecars.keys())
      if (!sidecars.some((sidecar) => sidecar.name === name)) this.#sidecars.delete(name);
    for (const { name, outbound } of sidecars) {
      const options = {
        outbound,
        ipv6: this.#ipv6,
        unit: unit ?? undefined,
        health,
        allows: this.#consumption.allowsOf(name),
        callers: () => callersOf(this.#plan, this.#callers, name),
      };
      const known = this.#sidecars.get(name);
      if (known === undefined) this.#sidecars.set(name, new SidecarResources(options));
      else known.reconfigure(options);
    }
    this.#consume(nowMs);
  }

  get #isHeard(): boolean {
    return this.#plan.registries.every(({ name }) => this.#heard.has(name));
  }

  /** Brings the consumed applications in line with what is consumed, and every sidecar with these; whether they differ. */
  #consume(nowMs: number): boolean {
    this.#consumption.noteOffers();
    const { followed: consumed, text } = this.#consumption;
    if (text === this.#consumedText) return false;
    this.#consumedText = text;
    for (const name of this.#apps.keys()) {
      if (consumed.has(name)) continue;
      this.#apps.delete(name);
      for (const resources of this.#sidecars.values()) resources.update(name, []);
    }
    for (const name of consumed) {
      if (this.#apps.has(name)) continue;
      const app = new GuardedApp(name, this.#snapshot?.apps.get(name) ?? null, nowMs);
      this.#apps.set(name, app);
      for (const resources of this.#sidecars.values()) resources.update(name, app.published);
      app.changed(nowMs);
    }
    for (const resources of this.#sidecars.values()) resources.consumesChanged();
    return true;
  }

  #registry({ event, atMs }: Extract<AgentEvent, { type: 'registry' }>, nowMs: number): readonly AgentAction[] {
    const { registry } = event;
    this.#lastEventAt.set(registry, atMs);
    this.#mappingsSince ??= atMs;
    const before = this.#world.states().get(registry);
    const changed = this.#world.apply(event);
    const actions: AgentAction[] = [];
    if (event.kind === 'state' && event.state !== before) {
      actions.push(tell({ event: 'registry', registry, state: event.state, text: `${registry}: ${event.state}` }));
    }
    if (event.kind === 'state' && event.state === 'synced' && !this.#heard.has(registry)) {
      this.#heard.add(registry);
      for (const app of this.#apps.values()) app.changed(nowMs);
      if (this.#isHeard) {
        // The snapshot's word about interfaces counts no more.
        this.#consume(nowMs);
        actions.push(...this.#settleAll(nowMs), ...this.#synced(nowMs));
        return actions;
      }
    }
    const isOffer = event.kind === 'mapping' || event.kind === 'providers' || event.kind === 'provider';
    let isChanged = isOffer && this.#consumption.isConsumedInterface(event.interface) && this.#consume(nowMs);
    if (this.#consumption.followsEverything && [...changed].some((name) => !this.#apps.has(name))) {
      const before = this.#apps.size;
      this.#consume(nowMs);
      if (before < MOST_FOLLOWED && this.#apps.size >= MOST_FOLLOWED) actions.push(tell(tooMany(MOST_FOLLOWED)));
    }
    for (const name of changed) {
      const app = this.#apps.get(name);
      // At interface level an instance comes in parts, an interface each: they are taken together, when it is quiet.
      const isPart = event.kind === 'provider' || event.kind === 'providers';
      if (app?.changed(nowMs) === true && this.#isServing && !isPart) isChanged = this.#take(app, nowMs) || isChanged;
    }
    if (isChanged) actions.push(...this.#publish(nowMs));
    return actions;
  }

  /** What went direct although its address is registered is consumed from now on. */
  #direct({ sidecar, addresses }: Extract<AgentEvent, { type: 'direct' }>, nowMs: number): readonly AgentAction[] {
    const apps = [...this.#apps].map(([name, { published }]) => [name, published] as const);
    if (!this.#consumption.see(sidecar, addresses, apps) || !this.#consume(nowMs)) return [];
    this.#saveAtMs ??= nowMs + SAVE_AFTER_MS;
    return this.#publish(nowMs);
  }

  /** The applications that are consumed; with `auto`, those that were called. */
  get consumed(): ReadonlySet<string> {
    return this.#consumption.consumed;
  }

  #consumptionOf(plan: AgentPlan): Consumption {
    const { offered, mappingsSince = null } = this.#snapshot ?? {};
    const isRemembered = plan.consumers.every(({ interfaces }) => interfaces.every((name) => offered?.has(name)));
    this.#mappingsSince = isRemembered ? mappingsSince : null;
    return new Consumption(plan, this.#world, this.#snapshot, () => this.#isHeard);
  }

  #take(app: GuardedApp, nowMs: number): boolean {
    const isChanged = app.take(this.#world, this.#unitLabel, this.#isPinned, nowMs);
    if (isChanged) this.#changed(app, nowMs);
    return isChanged;
  }

  /** What only a registry has that was not heard yet stays. */
  readonly #isPinned = ({ registries }: Endpoint): boolean =>
    registries.some((name) => !this.#heard.has(name) && this.#world.states().has(name));

  get #unitLabel(): string | null {
    return this.#plan.unit?.label ?? null;
  }

  #changed(app: GuardedApp, nowMs: number): void {
    for (const resources of this.#sidecars.values()) resources.update(app.name, app.published);
    this.#saveAtMs ??= nowMs + SAVE_AFTER_MS;
  }

  #settle(app: GuardedApp, nowMs: number): readonly AgentAction[] {
    const { isChanged, turn } = app.settle(
      this.#world,
      this.#unitLabel,
      { policy: this.#plan.guard, pinnedBy: this.#isPinned, isRegistryEmpty: () => this.#isRegistryEmpty() },
      nowMs,
    );
    if (isChanged) this.#changed(app, nowMs);
    return turn === null ? [] : [tell(guardNews(app, turn))];
  }

  #settleAll(nowMs: number): readonly AgentAction[] {
    return [...this.#apps.values()].flatMap((app) => this.#settle(app, nowMs));
  }

  /** Whether no registry lists anything of any of several applications: it was emptied, not they all stopped. */
  #isRegistryEmpty(): boolean {
    if (this.#apps.size < 2) return false;
    for (const name of this.#apps.keys()) {
      if (!this.#world.instancesOf(name).next().done || !this.#world.providersOf(name).next().done) return false;
    }
    return true;
  }

  #synced(nowMs: number): readonly AgentAction[] {
    const wasServing = this.#isServing;
    this.#isServing = true;
    this.#isReady = true;
    this.#saveAtMs ??= nowMs + SAVE_AFTER_MS;
    const endpoints = [...this.#apps.values()].reduce((sum, { published }) => sum + published.length, 0);
    const text = `in sync: ${endpoints} endpoints of ${this.#apps.size} applications`;
    const actions: AgentAction[] = [
      ...this.#publish(nowMs),
      tell({ event: 'sync', endpoints, apps: this.#apps.size, text }),
    ];
    return wasServing ? actions : [...actions, ...this.#streams.openAll()];
  }

  #tick(nowMs: number): readonly AgentAction[] {
    const actions: AgentAction[] = [];
    for (const app of this.#apps.values()) {
      if (app.isSettleDue(nowMs)) {
        // Before the first listing is complete nothing that is missing means anything.
        if (this.#isServing) actions.push(...this.#settle(app, nowMs));
        else app.postpone();
      }
      if (app.beginLook(nowMs)) actions.push({ type: 'look', app: app.name });
    }
    actions.push(...this.#publish(nowMs));
    if (!this.#isReady && this.#readyAtMs !== null && nowMs >= this.#readyAtMs) {
      this.#isReady = true;
      const text = 'serving the snapshot: not all registries were heard yet';
      actions.push(tell({ event: 'serving', from: 'snapshot', text }));
    }
    if (this.#saveAtMs !== null && !this.#isSaving && nowMs >= this.#saveAtMs && this.#isServing) {
      this.#saveAtMs = null;
      this.#isSaving = true;
      actions.push({ type: 'save' });
    }
    return actions;
  }

  #turned(name: string, turn: GuardTurn, nowMs: number): readonly AgentAction[] {
    const app = this.#apps.get(name);
    if (app === undefined || turn === null) return [];
    this.#changed(app, nowMs);
    return [tell(guardNews(app, turn)), ...this.#publish(nowMs)];
  }

  #publish(nowMs: number): readonly AgentAction[] {
    const actions: AgentAction[] = [];
    for (const [name, resources] of this.#sidecars) {
      const changes = resources.build(nowMs, this.#streams.haveTaken(name));
      if (changes.size > 0) actions.push(...this.#streams.publish(name, changes, nowMs));
    }
    return [...actions, ...this.#streams.converged(nowMs)];
  }
}

/** The machine as `startAgent` steps it: the same object, changed. */
export function stepDiscovery(
  machine: DiscoveryMachine,
  event: AgentEvent,
  nowMs: number,
): AgentStep<DiscoveryMachine, AgentAction> {
  return { machine, actions: machine.step(event, nowMs) };
}
