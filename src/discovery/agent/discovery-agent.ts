/** The agent at work: its machine with registries, Envoys and the disk. It holds no rule of its own. */
import { messageOf } from '../../errors/message-of.ts';
import { discoverySockets } from '../../mesh/discovery-sockets.ts';
import { type Agent, startAgent } from '../../platform/agent/agent.ts';
import type { AgentHandlers } from '../../platform/agent/protocol.ts';
import type { AdsServer, AgentPorts } from '../ports.ts';
import type { AGENT_PROTOCOL } from '../records/agent-protocol.ts';
import type { DiscoverySnapshot } from '../records/snapshot-record.ts';
import { registryWarning } from '../registry/registry-warning.ts';
import { describedTwice } from '../world/described-twice.ts';
import { endpointKey, endpointsOf } from '../world/endpoints.ts';
import { World } from '../world/world.ts';
import type { AgentPlan } from './agent-plan.ts';
import { agentStatus, consumerRoutes } from './agent-status.ts';
import { ConsumerRules } from './consumer-rules.ts';
import type { AgentAction, AgentEvent, AgentNews } from './discovery-event.ts';
import { DiscoveryMachine, stepDiscovery } from './discovery-machine.ts';

/** How often an Envoy is asked what went direct, in milliseconds. It remembers for some 5 s. */
const LEARN_MS = 2_000;

/** Who hears of an agent. */
export interface AgentListener {
  tell(news: AgentNews): void;
  /** A fault that is no news of the machine, as a sentence. */
  warn(text: string): void;
}

/** A running agent. */
export class DiscoveryAgent {
  readonly #ports: AgentPorts;
  readonly #rules: ConsumerRules;
  readonly #listener: AgentListener;
  readonly #agent: Agent<DiscoveryMachine, AgentEvent, AgentAction>;
  readonly #failed = Promise.withResolvers<never>();
  #ads: AdsServer | null = null;
  #following = new AbortController();
  #followed: Promise<void> = Promise.resolve();

  private constructor(machine: DiscoveryMachine, rules: ConsumerRules, ports: AgentPorts, listener: AgentListener) {
    this.#ports = ports;
    this.#rules = rules;
    this.#listener = listener;
    this.#failed.promise.catch(() => {});
    this.#agent = startAgent<DiscoveryMachine, AgentEvent, AgentAction>({
      clock: ports.clock,
      machine,
      step: stepDiscovery,
      wakeAtMs: ({ wakeAtMs }) => wakeAtMs,
      tick: { type: 'tick' },
      perform: (action) => this.#perform(action),
      failed: (action, error) => listener.warn(`${action.type}: ${messageOf(error)}`),
      stepped: () => {},
    });
  }

  /** Starts to serve and to follow. Throws WeirError exit 3 when a socket cannot be made. */
  static async start(
    plan: AgentPlan,
    snapshot: DiscoverySnapshot | null,
    ports: AgentPorts,
    listener: AgentListener,
  ): Promise<DiscoveryAgent> {
    const ipv6 = await ports.hasIpv6();
    const rules = new ConsumerRules(ports, (text) => listener.warn(text));
    const callers = await rules.read(plan);
    const { mostStreams } = ports;
    const machine = new DiscoveryMachine(plan, { ipv6, snapshot, callers, mostStreams }, ports.clock.monotonic());
    const agent = new DiscoveryAgent(machine, rules, ports, listener);
    await agent.#serve(plan);
    agent.#follow(plan);
    return agent;
  }

  get machine(): DiscoveryMachine {
    return this.#agent.machine;
  }

  /** Rejects when a registry cannot be followed at all, as without its file of user and password. Never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Goes on by another mesh.yaml. */
  async reload(plan: AgentPlan): Promise<void> {
    const { machine } = this.#agent;
    const before = this.#socketsOf(machine.plan);
    const ipv6 = await this.#ports.hasIpv6();
    await this.#stopFollowing();
    for (const caller of await this.#rules.read(plan)) this.#agent.dispatch({ type: 'rules', caller });
    this.#agent.resume({ machine, actions: machine.reload(plan, ipv6, this.#ports.clock.monotonic()) });
    if (JSON.stringify(before) !== JSON.stringify(this.#socketsOf(plan))) {
      await this.#ads?.close();
      await this.#serve(plan);
    }
    this.#follow(plan);
  }

  /** Ends everything but what Envoys have. */
  async stop(): Promise<void> {
    this.#agent.close();
    await this.#stopFollowing();
    if (this.machine.isServing) await this.#save().catch((error: unknown) => this.#listener.warn(messageOf(error)));
    await this.#ads?.close();
  }

  /** The answers to the requests of people. */
  handlers(pid: number): AgentHandlers<typeof AGENT_PROTOCOL> {
    const { clock } = this.#ports;
    return {
      status: async () => {
        const now = { wallMs: clock.now(), monotonicMs: clock.monotonic() };
        return agentStatus(this.machine, { pid, sockets: this.#ads?.places ?? [] }, now);
      },
      confirm: async ({ app }) => {
        const confirmed = this.machine.confirm(app, clock.monotonic());
        if (confirmed === null) return { known: false, released: false };
        this.#agent.resume({ machine: this.machine, actions: confirmed.actions });
        return { known: true, released: confirmed.released };
      },
      routes: async ({ consumer, interface: name }) => {
        const routes = consumerRoutes(this.machine, consumer, name);
        return { known: routes !== null, serving: this.machine.isServing, routes: routes ?? [] };
      },
    };
  }

  #socketsOf(plan: AgentPlan) {
    const byPath = new Map([...discoverySockets(plan.socket, plan.sidecars).values()].map((one) => [one.path, one]));
    return [...byPath.values()];
  }

  async #serve(plan: AgentPlan): Promise<void> {
    const sockets = this.#socketsOf(plan);
    this.#ads = await this.#ports.serveAds(sockets, {
      opened: (stream) => this.#agent.dispatch({ type: 'opened', stream }),
      request: (stream, request) => this.#agent.dispatch({ type: 'request', stream, request }),
      closed: (stream) => this.#agent.dispatch({ type: 'closed', stream }),
    });
  }

  #follow(plan: AgentPlan): void {
    this.#following = new AbortController();
    const { signal } = this.#following;
    const wanted = {
      apps: new Set(plan.consumers.flatMap(({ apps }) => apps)),
      interfaces: new Set(plan.consumers.flatMap(({ interfaces }) => interfaces)),
      mappedBefore: this.machine.offering,
      everything: plan.consumers.some(({ auto }) => auto === true),
    };
    // A registry that stays away is told once, and not at each try.
    const warned = new Set<string>();
    const followed = plan.registries.map((registry) =>
      this.#ports.reader.followRegistry(
        registry,
        wanted,
        {
          emit: (event) => {
            if (event.kind === 'state' && event.state === 'synced') {
              for (const key of [registry.name, `${registry.name} lost`]) warned.delete(key);
            }
            const twice = describedTwice(this.machine.world, event);
            if (twice !== null) this.#listener.warn(twice);
            if (!signal.aborted) this.#agent.dispatch({ type: 'registry', event, atMs: this.#ports.clock.now() });
          },
          warn: (why) => {
            const state = this.machine.world.states().get(registry.name);
            const text = registryWarning(registry.name, state, why);
            // That it is away is told also when something else of it was.
            const key = state === 'lost' ? `${registry.name} lost` : registry.name;
            if (warned.has(key)) return;
            warned.add(key);
            // Before the first listing of all, and without a snapshot, nothing that was said counts.
            const then = this.machine.isServing
              ? 'what it last said counts'
              : 'no Envoy is answered before all were heard';
            this.#listener.warn(`${text}; ${then}`);
          },
        },
        signal,
      ),
    );
    const watched = this.#rules.watch(plan, (caller) => this.#agent.dispatch({ type: 'rules', caller }), signal);
    const learning = plan.sidecars.map((sidecar) => this.#learn(sidecar, signal));
    this.#followed = Promise.all([...followed, ...learning, watched]).then(
      () => {},
      (error: unknown) => this.#failed.reject(error),
    );
  }

  /** Asks an Envoy which addresses its connections went to as they were; only where what is called decides. */
  async #learn({ name, admin }: AgentPlan['sidecars'][number], signal: AbortSignal): Promise<void> {
    if (admin === undefined) return;
    let told = '';
    while (!signal.aborted) {
      await this.#ports.clock.sleep(LEARN_MS, signal).catch(() => undefined);
      const addresses = signal.aborted ? null : await this.#ports.directAddresses(admin);
      const text = addresses?.toSorted().join(' ') ?? told;
      if (signal.aborted || addresses === null || text === told) continue;
      told = text;
      this.#agent.dispatch({ type: 'direct', sidecar: name, addresses });
    }
  }

  async #stopFollowing(): Promise<void> {
    this.#following.abort();
    await this.#followed;
  }

  #perform(action: AgentAction): Promise<void> | void {
    switch (action.type) {
      case 'write':
        this.#ads?.write(action.stream, action.bytes);
        return;
      case 'end':
        return this.#ads?.end(action.stream, action.why);
      case 'tell':
        return this.#listener.tell(action.told);
      case 'look':
        void this.#look(action.app);
        return;
      case 'save':
        void this.#save().then(
          () => this.#agent.dispatch({ type: 'saved', problem: null }),
          (error: unknown) => this.#agent.dispatch({ type: 'saved', problem: messageOf(error) }),
        );
        return;
      default:
        return action satisfies never;
    }
  }

  async #save(): Promise<void> {
    await this.#ports.saveSnapshot(this.machine.snapshot(this.#ports.clock.now()));
  }

  /**
   * Lists an application once more, over sessions of its own: a watch that lies does not confirm itself. Of a registry that
   * does not answer, everything that it had counts as there; when none answers, nothing was looked at.
   */
  async #look(app: string): Promise<void> {
    const { registries } = this.machine.plan;
    const world = new World(registries.map(({ name }) => name));
    const states = this.machine.world.states();
    const wanted = { apps: new Set([app]), interfaces: new Set<string>() };
    const away = new Set<string>();
    let why: string | null = null;
    for (const registry of registries) {
      try {
        // One that is known to be away would hold up the look until its deadline.
        if (states.get(registry.name) === 'lost') away.add(registry.name);
        else await this.#ports.reader.readRegistry(registry, wanted, (event) => world.apply(event));
      } catch (error) {
        away.add(registry.name);
        why = messageOf(error);
      }
    }
    if (away.size === registries.length) {
      if (why !== null)
        this.#listener.warn(`the former endpoints of ${app} stay in force: the second look failed: ${why}`);
      this.#agent.dispatch({ type: 'looked', app, size: null });
      return;
    }
    const kept = (this.machine.apps.get(app)?.published ?? []).filter(({ registries: had }) =>
      had.some((name) => away.has(name)),
    );
    const there = new Set([...endpointsOf(world, app, null), ...kept].map(endpointKey));
    this.#agent.dispatch({ type: 'looked', app, size: there.size });
  }
}
