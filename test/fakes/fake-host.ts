/** All ports of interception on one fake host, with kills and faults. */
import { WeirError } from '../../src/errors/weir-error.ts';
import type { Backend } from '../../src/interception/backend.ts';
import type { BackendChoice, ForeignFirewall } from '../../src/interception/detection.ts';
import type { InterceptHost, NetworkFacts, ProbeScope } from '../../src/interception/host.ts';
import type { JournalEntry } from '../../src/interception/journal-entry.ts';
import type { ManagedSidecar } from '../../src/interception/managed-sidecars.ts';
import type {
  Connections,
  Firewall,
  InstalledRules,
  MarkRoutes,
  MarkRoutesFacts,
  PanicFile,
  ProbeOutcome,
  ProbeRequest,
  SshFacts,
  TcpSocket,
  TrackedFlow,
} from '../../src/interception/ports.ts';
import type { Rule } from '../../src/interception/rules/ruleset.ts';
import type { StoredState } from '../../src/interception/stored-state.ts';
import type { ResolvedMeshConfig } from '../../src/mesh/mesh-config.ts';
import { parseMeshConfig } from '../../src/mesh/parse-mesh.ts';
import { resolveAccounts } from '../../src/mesh/resolve-accounts.ts';
import type { Readiness } from '../../src/platform/readiness.ts';
import type { Packet } from './evaluate-ruleset.ts';
import { FakeFirewall } from './fake-firewall.ts';
import { FakeSurroundings } from './fake-surroundings.ts';

/** Thrown by every port call from the moment of the kill on: what a SIGKILLed process would not have done. */
export class Killed extends Error {}

/** The wall clock of a fake host when a test begins. */
export const FAKE_START_MS = Date.parse('2026-01-01T00:00:00.000Z');

/** A listening socket of a sidecar. */
export function listener(address: string, port: number, uid = 1337): TcpSocket {
  return {
    state: 'LISTEN',
    local: { address, port },
    peer: { address, port: 0 },
    uid,
    cgroup: '',
    processes: [],
    dualStack: false,
    transparent: null,
    device: null,
  };
}

/**
 * A host made of fakes with real semantics: probes are decided by the fake firewall's rules, time moves only by `sleep`
 * and `advance`, and `killAfter` ends the "process" between any two steps, leaving firewall, state file and panic file as
 * they were at that moment.
 */
export class FakeHost implements InterceptHost {
  nowMs = FAKE_START_MS;
  readonly firewalls: ReadonlyMap<Backend, FakeFirewall>;
  /** What every tool answers that is to read rules, as without rights; null when they can. */
  denied: Error | null = null;
  /** Back ends that cannot be looked at for want of their tool; others that are not usable are seen to be empty. */
  missing: readonly Backend[] = [];
  usable: readonly Backend[] = ['nft', 'iptables-nft', 'iptables-legacy'];
  /** A back end whose tool is there and fails. */
  unreadable: Backend | null = null;
  stored: StoredState | null = null;
  storeProblem: string | null = null;
  storeError: Error | null = null;
  script: string | null = null;
  markers = new Map<string, string>();
  journalled: JournalEntry[] = [];
  foreignRules: ForeignFirewall[] = [];
  readiness: Readiness = { state: 'ready' };
  listeners: TcpSocket[] = [
    listener('127.0.0.1', 15001),
    listener('::1', 15001),
    listener('0.0.0.0', 15006),
    listener('::', 15006),
  ];
  connected: TcpSocket[] = [];
  flows: TrackedFlow[] = [];
  aborted = 0;
  sshFacts: SshFacts = { ports: [22], peers: [] };
  networkFacts: NetworkFacts = {
    isHostNamespace: false,
    hasIpv4: true,
    hasIpv6: true,
    netns: '',
    namespace: { id: '4:1', boot: 'boot' },
  };
  sliceExists = true;
  readonly surroundings = new FakeSurroundings();
  hasSupervisor = false;
  /** Why the lock cannot be had at all; null: it can. */
  lockError: Error | null = null;
  /** Why conntrack cannot be asked; null: it can. */
  trackedError: Error | null = null;
  /** Why sockets cannot be listed; null: they can. */
  socketsError: Error | null = null;
  managed: ManagedSidecar | null = null;
  /** Replaces the outcome of probes; null leaves them to the rules. */
  /** How often candidates for probes were asked for. */
  addressQuestions = 0;
  probeOverride: ((request: ProbeRequest) => ProbeOutcome | null) | null = null;
  /** Called before each step, with its number. */
  onStep: ((step: number, what: string) => void) | null = null;
  #steps = 0;
  #killAfter = Number.POSITIVE_INFINITY;
  #isLocked = false;
  #setBy = 0;
  #redirected = 0;

  constructor() {
    const now = (): number => this.nowMs;
    this.firewalls = new Map(
      (['nft', 'iptables-nft', 'iptables-legacy'] as const).map((backend) => [backend, new FakeFirewall(backend, now)]),
    );
  }

  /** Lets this many steps happen and none after. */
  killAfter(steps: number): void {
    this.#steps = 0;
    this.#killAfter = steps;
  }

  /** A new process on the same host. Resolves to how many steps the last one made. */
  revive(): number {
    const steps = this.#steps;
    this.#steps = 0;
    this.#killAfter = Number.POSITIVE_INFINITY;
    this.#isLocked = false;
    return steps;
  }

  advance(ms: number): void {
    this.nowMs += ms;
  }

  /** Sets the wall clock to this many milliseconds off; the kernel's and the monotonic one go on. */
  setWallClock(offMs: number): void {
    this.#setBy = offMs;
  }

  fake(backend: Backend): FakeFirewall {
    const firewall = this.firewalls.get(backend);
    if (firewall === undefined) throw new TypeError(backend);
    return firewall;
  }

  /** Where a new connection of an account goes: the port it is redirected to, or null for direct. */
  fate(uid: number, overrides: Partial<Packet> = {}): number | null {
    for (const firewall of this.firewalls.values()) {
      const { redirectedTo } = firewall.deliver(packet({ uid, ...overrides }), `probe-${Math.random()}`);
      if (redirectedTo !== null) return redirectedTo;
    }
    return null;
  }

  firewall(backend: Backend): Firewall {
    const fake = this.fake(backend);
    const read = (): Promise<InstalledRules> =>
      this.#step(`read ${backend}`, async () => {
        const installed = await fake.read();
        if (this.denied !== null) throw this.denied;
        if (this.unreadable === backend)
          throw new WeirError('WEIR2003', { what: `${backend} failed`, why: 'EMFILE', hint: 'wait' });
        const holds = installed.rulesets.some(({ tables }) => tables.length > 0);
        if (this.missing.includes(backend) || (holds && !this.usable.includes(backend))) throw missing(backend);
        return this.#counted(installed);
      });
    return {
      backend,
      read,
      recount: async () => (await read()).rulesets,
      commit: (changes) =>
        this.#step(`commit ${backend}`, () =>
          fake.commit(changes, (scope) => this.#step(`commit ${backend}, ${scope}`, async () => {})),
        ),
      render: (changes) => fake.render(changes),
      renewLeases: (leases) => this.#step(`renew ${backend}`, () => fake.renewLeases(leases)),
      standBy: () => fake.standBy(),
      flows: () => fake.flows(),
      forgetFlows: () => fake.forgetFlows(),
      remainingLeases: (leases) => fake.remainingLeases(leases),
      test: (changes) => this.#step(`test ${backend}`, () => fake.test(changes)),
    };
  }

  backend(backend: Backend): Promise<BackendChoice> {
    return this.#step('detect', async () => ({ backend, usable: this.usable.includes(backend), detail: 'fake' }));
  }

  backends(): Promise<readonly BackendChoice[]> {
    const all = [...this.firewalls.keys()];
    return this.#step('detect', async () =>
      all.map((backend) => ({ backend, usable: this.usable.includes(backend), detail: 'fake' })),
    );
  }

  foreign(): Promise<readonly ForeignFirewall[]> {
    return this.#step('foreign', async () => this.foreignRules);
  }

  /** Families whose marks are routed to loopback. */
  routedFamilies: (4 | 6)[] = [];
  markRoutesFacts: Pick<MarkRoutesFacts, 'clashes' | 'earlier' | 'foreignRoutes'> = {
    clashes: [],
    earlier: [],
    foreignRoutes: [],
  };

  readonly markRoutes: MarkRoutes = {
    read: () =>
      this.#step('ip rule', async () => {
        return { ...this.markRoutesFacts, whole: this.routedFamilies, some: this.routedFamilies };
      }),
    ensure: () =>
      this.#step('ip rule add', async () => {
        this.routedFamilies = [4, 6];
      }),
    remove: () =>
      this.#step('ip rule del', async () => {
        this.routedFamilies = [];
      }),
    render: (families) => families.map((family) => `# ip -${family} rule add\n`).join(''),
  };

  readonly connections: Connections = {
    tracked: (filter) =>
      this.#step('conntrack -L', async () => {
        if (this.trackedError !== null) throw this.trackedError;
        return this.flows.filter(
          ({ mark }) => filter === undefined || (mark & filter.mask) >>> 0 === (filter.mark & filter.mask) >>> 0,
        );
      }),
    sockets: (kind) =>
      this.#step('ss', async () => {
        if (this.socketsError !== null) throw this.socketsError;
        return kind === 'listening' ? this.listeners : this.connected;
      }),
    groupsOf: async () => new Map(),
    abort: (pairs) =>
      this.#step('ss -K', async () => {
        const keys = new Set(pairs.map(({ local, peer }) => JSON.stringify([local, peer])));
        this.connected = this.connected.filter(({ local, peer }) => !keys.has(JSON.stringify([local, peer])));
        this.flows = this.flows.filter(
          ({ source, originalDestination }) => !keys.has(JSON.stringify([source, originalDestination])),
        );
        this.aborted += pairs.length;
        return pairs.length;
      }),
    forget: () => this.#step('conntrack -D', async () => 0),
  };

  askReadiness = (): Promise<Readiness> => this.#step('ready?', async () => this.readiness);

  readonly prober = {
    prepare: (): void => {},
    probe: (requests: readonly ProbeRequest[]): Promise<ProbeOutcome[]> =>
      this.#step('probe', async () => requests.map((request) => this.probeOverride?.(request) ?? this.#probe(request))),
  };

  probeAddresses = async (scopes: readonly ProbeScope[], family: 4 | 6): Promise<string[][]> => {
    this.addressQuestions += 1;
    const usual = family === 4 ? ['192.0.2.7', '10.77.0.9'] : ['2001:db8::7', 'fd77::9'];
    // As the real host: hosts of the included networks are candidates as well.
    return scopes.map(({ allowed, included }) =>
      [...usual, ...included.map((cidr) => cidr.split('/')[0] ?? '')].filter(
        (address) => address.includes(':') === (family === 6) && allowed(address),
      ),
    );
  };

  readonly slices = { slice: async () => ({ exists: this.sliceExists, mount: '/sys/fs/cgroup' }) };

  readonly store = {
    read: () => this.#step('state read', async () => ({ state: this.stored, problem: this.storeProblem })),
    write: (state: StoredState) =>
      this.#step('state write', async () => {
        if (this.storeError !== null) throw this.storeError;
        this.stored = structuredClone(state);
      }),
    remove: () =>
      this.#step('state remove', async () => {
        this.stored = null;
      }),
  };

  journal = async (entry: JournalEntry): Promise<void> => {
    this.journalled.push(entry);
  };

  readJournal = async (): Promise<readonly JournalEntry[]> => this.journalled;

  takeLock = (): Promise<{ release: () => Promise<void> }> =>
    this.#step('lock', async () => {
      if (this.lockError !== null) throw this.lockError;
      if (this.#isLocked)
        throw new WeirError('WEIR2021', { what: 'weir on is at work', why: 'one at a time', hint: 'wait' });
      this.#isLocked = true;
      return {
        release: async () => {
          this.#isLocked = false;
        },
      };
    });

  readonly panicFile: PanicFile = {
    path: '/run/weir/off.sh',
    write: (text) =>
      this.#step('off.sh', async () => {
        this.script = text;
      }),
    remove: () =>
      this.#step('off.sh remove', async () => {
        this.script = null;
        this.markers.clear();
      }),
    pressed: () => this.#step('markers', async () => new Map(this.markers)),
    forget: (app) =>
      this.#step('marker', async () => {
        this.markers.delete(app);
      }),
  };

  sidecarStatus = async (): Promise<ManagedSidecar | null> => this.managed;
  isSupervised = async (): Promise<boolean> => this.hasSupervisor;
  ssh = (): Promise<SshFacts> => this.#step('ssh', async () => this.sshFacts);
  /** Files of other namespaces by their id, and the cookies of those that have taken over an id. */
  namespaces = new Map<string, string>();
  strangers = new Map<string, string>();
  /** The kernel's number of this one; null where it cannot be told. */
  cookie: string | null = null;
  namespaceCookie = async (): Promise<string | null> => this.cookie;
  findNamespace = ({ id, cookie = null }: { readonly id: string; readonly cookie?: string | null }): string | null =>
    cookie !== null && (this.strangers.get(id) ?? cookie) !== cookie ? null : (this.namespaces.get(id) ?? null);
  network = (): Promise<NetworkFacts> => this.#step('network', async () => this.networkFacts);

  readonly clock = {
    now: (): number => this.nowMs + this.#setBy,
    monotonic: (): number => this.nowMs,
    sleep: async (ms: number): Promise<void> => {
      this.nowMs += ms;
    },
  };

  /** The fake firewall keeps no counters; each redirect rule is shown with the probes that were redirected so far. */
  #counted(installed: InstalledRules): InstalledRules {
    const count = (rule: Rule): Rule =>
      rule.kind === 'known' && rule.verdict.to === 'redirect' ? { ...rule, packets: this.#redirected } : rule;
    const rulesets = installed.rulesets.map((ruleset) => ({
      ...ruleset,
      tables: ruleset.tables.map((table) => ({
        ...table,
        chains: table.chains.map((chain) => ({ ...chain, rules: chain.rules.map(count) })),
      })),
    }));
    return { ...installed, rulesets };
  }

  #probe(request: ProbeRequest): ProbeOutcome {
    const address = request.addresses[0];
    if (address === undefined) return { kind: 'impossible', why: 'no route' };
    const destination = { address, port: request.port };
    const one = packet({
      uid: request.as.uid,
      gid: request.as.gid,
      cgroup: request.as.cgroup ?? '',
      family: request.family,
      destination: address,
      port: request.port,
    });
    for (const firewall of this.firewalls.values()) {
      const { redirectedTo, mark } = firewall.deliver(one, `probe-${Math.random()}`);
      if (redirectedTo === null) continue;
      this.#redirected += 1;
      const answeredBy = { address: request.family === 4 ? '127.0.0.1' : '::1', port: redirectedTo };
      const accepted = this.listeners.some(({ local }) => local.port === redirectedTo);
      return { kind: 'redirected', mark, destination, answeredBy, accepted, ms: 1 };
    }
    return { kind: 'direct', destination };
  }

  async #step<T>(what: string, act: () => Promise<T>): Promise<T> {
    if (this.#steps >= this.#killAfter) throw new Killed(`killed before: ${what}`);
    this.#steps += 1;
    this.onStep?.(this.#steps, what);
    return act();
  }
}

function missing(backend: Backend): WeirError {
  return new WeirError('WEIR2001', { what: `${backend} is missing`, why: 'it is not installed', hint: 'install it' });
}

/** A first packet of a local connection, to be varied. */
export function packet(overrides: Partial<Packet>): Packet {
  return {
    hook: 'output',
    family: 4,
    protocol: 'tcp',
    syn: true,
    uid: null,
    gid: null,
    cgroup: '',
    source: '10.77.0.1',
    destination: '10.77.0.2',
    port: 20880,
    iif: null,
    isLocalDestination: false,
    mark: 0,
    ...overrides,
  };
}

/** A mesh.yaml with every account already a number, or the mistakes as an error. */
export function meshOf(yaml: string): ResolvedMeshConfig {
  const parsed = parseMeshConfig(yaml, 'mesh.yaml');
  if ('errors' in parsed) throw new Error(parsed.errors.map(({ what }) => what).join('\n'));
  const resolved = resolveAccounts(parsed.config, { user: () => undefined, group: () => undefined }, yaml);
  if ('errors' in resolved) throw new Error(resolved.errors.map(({ what }) => what).join('\n'));
  return resolved.config;
}
