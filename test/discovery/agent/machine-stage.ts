/** The agent's machine with a clock, a registry and an Envoy that the test drives. */
import type { AgentPlan } from '../../../src/discovery/agent/agent-plan.ts';
import type { AgentAction, AgentNews } from '../../../src/discovery/agent/discovery-event.ts';
import { DiscoveryMachine } from '../../../src/discovery/agent/discovery-machine.ts';
import type { DiscoverySnapshot } from '../../../src/discovery/records/snapshot-record.ts';
import type { RuledCaller } from '../../../src/discovery/resources/sidecar-rules.ts';
import { readInstanceNode } from '../../../src/discovery/world/read-instance.ts';
import { readRevisionMetadata } from '../../../src/discovery/world/read-metadata.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { EnvoyDouble } from '../xds/envoy-double.ts';

/** A plan: the sidecar main, whose application shop consumes pay and stock from hz. */
export function planOf(change: Partial<AgentPlan> = {}): AgentPlan {
  return {
    registries: ['hz', 'center']
      .map((name) => ({
        ...{ name, kind: 'zookeeper' as const, servers: [], root: '/dubbo', services: '/services' },
        position: { line: 1, column: 1 },
      }))
      .slice(0, 1),
    ...{ socket: '/run/weir/discovery.sock', unit: null, guard: { shrinkPercent: 50, holdMs: 30_000 }, health: null },
    sidecars: [{ name: 'main', outbound: 15_001, uid: 1337, gid: null }],
    consumers: [{ name: 'shop', sidecar: 'main', apps: ['pay', 'stock'], interfaces: [] }],
    ...change,
  };
}

/** A plan with two registries. */
export function twoRegistries(): AgentPlan {
  const plan = planOf();
  const [first] = plan.registries;
  if (first === undefined) throw new Error('the plan has no registry');
  return { ...plan, registries: [first, { ...first, name: 'center' }] };
}

/** The events of an application whose instances all offer one service. */
export function listing(app: string, hosts: readonly number[], registry = 'hz'): readonly RegistryEvent[] {
  const text = JSON.stringify({ services: { x: { name: `com.acme.${app}`, protocol: 'dubbo', params: {} } } });
  const nodes = hosts.map((host) => [`${host}`, instanceOf(app, host)] as const);
  return [
    { registry, kind: 'metadata', app, revision: 'r', read: readRevisionMetadata('/m', app, 'r', text) },
    { registry, kind: 'instances', app, listed: new Map(nodes) },
  ];
}

/** One instance that joined (or left, with null). */
export function instanceEvent(app: string, host: number, isThere = true, registry = 'hz'): RegistryEvent {
  return { registry, kind: 'instance', app, id: `${host}`, read: isThere ? instanceOf(app, host) : null };
}

/** One instance that is there already, and writes other metadata. */
export function changeEvent(app: string, host: number, more: Readonly<Record<string, string>>): RegistryEvent {
  return { registry: 'hz', kind: 'instance', app, id: `${host}`, read: instanceOf(app, host, more) };
}

function instanceOf(app: string, host: number, more: Readonly<Record<string, string>> = {}) {
  const metadata = { 'dubbo.metadata.revision': 'r', 'dubbo.metadata.storage-type': 'remote', ...more };
  const value = JSON.stringify({ address: `10.0.0.${host}`, port: 20_880, payload: { metadata } });
  return readInstanceNode(`/services/${app}/${host}`, app, value);
}

/** The machine at work. Times pass only by `pass`. */
export class MachineStage {
  readonly machine: DiscoveryMachine;
  readonly envoy: EnvoyDouble;
  readonly news: AgentNews[] = [];
  readonly looks: string[] = [];
  saves = 0;
  nowMs = 1_000_000;
  #streams = 0;
  #own: Buffer[] = [];
  /** While the Envoy asks, its answers are collected here instead of being heard at once. */
  #isAsking = false;

  constructor(plan: AgentPlan = planOf(), snapshot: DiscoverySnapshot | null = null) {
    this.machine = new DiscoveryMachine(plan, { ipv6: false, snapshot }, this.nowMs);
    this.envoy = new EnvoyDouble((request) => {
      this.#isAsking = true;
      this.#own = [];
      this.#do(this.machine.step({ type: 'request', stream: this.#streams, request }, this.nowMs));
      this.#isAsking = false;
      return this.#own;
    });
  }

  tell(...events: readonly RegistryEvent[]): void {
    for (const event of events) this.#do(this.machine.step({ type: 'registry', event, atMs: this.nowMs }, this.nowMs));
  }

  synced(registry = 'hz'): void {
    this.tell({ registry, kind: 'state', state: 'synced' });
  }

  connect(): void {
    if (this.#streams > 0) this.#do(this.machine.step({ type: 'closed', stream: this.#streams }, this.nowMs));
    this.#streams += 1;
    this.#do(this.machine.step({ type: 'opened', stream: this.#streams }, this.nowMs));
    this.envoy.connect();
    this.envoy.settle();
  }

  /** Lets time pass, with every tick that the machine wants in it. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (let at = this.machine.wakeAtMs; at !== null && at <= end; at = this.machine.wakeAtMs) {
      this.nowMs = Math.max(this.nowMs + 1, at);
      this.#do(this.machine.step({ type: 'tick' }, this.nowMs));
    }
    this.nowMs = Math.max(this.nowMs, end);
  }

  rules(caller: RuledCaller): void {
    this.#do(this.machine.step({ type: 'rules', caller }, this.nowMs));
  }

  direct(...addresses: readonly string[]): void {
    this.#do(this.machine.step({ type: 'direct', sidecar: 'main', addresses }, this.nowMs));
  }

  looked(app: string, size: number | null): void {
    this.#do(this.machine.step({ type: 'looked', app, size }, this.nowMs));
  }

  saved(problem: string | null): void {
    this.#do(this.machine.step({ type: 'saved', problem }, this.nowMs));
  }

  confirm(app: string): boolean | null {
    const confirmed = this.machine.confirm(app, this.nowMs);
    this.#do(confirmed?.actions ?? []);
    return confirmed?.released ?? null;
  }

  reload(plan: AgentPlan): void {
    this.#do(this.machine.reload(plan, false, this.nowMs));
  }

  /** The hosts that the Envoy has of an application's cluster, by the bytes of its members. */
  hosts(app: string): readonly number[] {
    this.envoy.settle();
    const members = [
      ...(this.envoy.has.get('type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment') ?? []),
    ];
    const contents = members.filter(([name]) => name.startsWith(`${app}|`)).map(([, content]) => content);
    return [...contents.join(' ').matchAll(/10\.0\.0\.(\d+)/g)]
      .map(([, host]) => Number(host))
      .toSorted((a, b) => a - b);
  }

  /** Whether the Envoy reads connections to an address, by the pattern in the bytes of its listener. */
  reads(address: string): boolean {
    this.envoy.settle();
    const listeners = this.envoy.has.get('type.googleapis.com/envoy.config.listener.v3.Listener');
    const texts = [...(listeners?.values() ?? [])].join().match(/[\d()?:|[\]\\.-]{8,}(?:d[\d()?:|[\]\\.-]*)*/g) ?? [];
    return texts.some((text) => {
      // The byte in front, the pattern's length, may look as if it belonged to it.
      const patterns = [text, text.slice(1)].filter((one) => one.includes('\\.'));
      return patterns.some((pattern) => isPattern(pattern) && new RegExp(`^(?:${pattern})$`).test(address));
    });
  }

  #do(actions: readonly AgentAction[]): void {
    for (const action of actions) {
      if (action.type === 'write' && this.#isAsking) this.#own.push(action.bytes);
      else if (action.type === 'write') this.envoy.hear([action.bytes]);
      else if (action.type === 'tell') this.news.push(action.told);
      else if (action.type === 'look') this.looks.push(action.app);
      else if (action.type === 'save') this.saves += 1;
    }
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) !== null;
  } catch {
    return false;
  }
}
