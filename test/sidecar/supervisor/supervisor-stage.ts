/** A supervisor on a fake host, with a clock of the test: what takes minutes on a machine takes milliseconds here. */

import type { SidecarInterception } from '../../../src/interception/supervised/ports.ts';
import type { UpgradeProgressEvent, UpgradeReport } from '../../../src/sidecar/machine/upgrade-report.ts';
import type { SidecarHost, SidecarSpec } from '../../../src/sidecar/ports.ts';
import { firstPair } from '../../../src/sidecar/supervisor/first-pair.ts';
import { SidecarSupervisor } from '../../../src/sidecar/supervisor/supervisor.ts';
import type { SupervisorEvent } from '../../../src/sidecar/supervisor/supervisor-event.ts';
import { SupervisorRequests, type UpgradeAsked } from '../../../src/sidecar/supervisor/supervisor-requests.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import type { FakeBootstrap, FakeConnection, FakeEnvoy } from '../../fakes/fake-envoys.ts';
import { FakeSidecarHost } from '../../fakes/fake-sidecar-host.ts';
import { FAKE_SPEC, fakeBootstrap } from '../../fakes/fake-sidecar-lab.ts';

/** What operators usually ask for. */
export const ASKED: UpgradeAsked = {
  binary: null,
  bootstrap: null,
  dryRun: false,
  force: false,
  drainMs: null,
  initTimeoutMs: 60_000,
  rollback: false,
};

/** The address of the listener that every bootstrap of the stage has. */
export const LISTENER = '127.0.0.1:15001';

/** How one supervisor's calls to the host go. */
export interface Life {
  isDead: boolean;
}

/** The traffic of the applications, as the supervisor wants it. */
export class RecordedInterception implements SidecarInterception {
  isBypassed = false;
  readonly changes: string[] = [];
  ready = 0;
  readonly unready: string[] = [];
  error: Error | null = null;

  async bypass(on: boolean, reason: string): Promise<void> {
    if (this.error !== null) throw this.error;
    this.isBypassed = on;
    this.changes.push(`${on ? 'direct' : 'diverted'}: ${reason}`);
  }

  async whileReady(): Promise<void> {
    if (this.error !== null) throw this.error;
    this.ready += 1;
  }

  async whileUnready(why: string): Promise<void> {
    this.unready.push(why);
  }

  async whileBypassed(): Promise<void> {}
}

/** One sidecar, its host and its supervisors, one after the other. */
export class SupervisorStage {
  readonly clock = new FakeClock();
  readonly host = new FakeSidecarHost(this.clock);
  readonly interception = new RecordedInterception();
  readonly events: SupervisorEvent[] = [];
  /** What mesh.yaml says now. */
  spec: SidecarSpec = FAKE_SPEC;
  /** Called inside the supervisor at each state that it enters. */
  onEachState: () => void = () => {};
  supervisor: SidecarSupervisor;
  requests: SupervisorRequests;
  readonly #failing = new Map<string, Error>();
  readonly #onState = new Map<string, () => void>();
  #life: Life = { isDead: false };
  #pid = 4000;

  constructor() {
    this.host.binaries.set(FAKE_SPEC.binary, { version: '1.39.3', hotRestartVersion: '11.104' });
    this.host.binaries.set('/opt/envoy/1.40.0', { version: '1.40.0', hotRestartVersion: '11.104' });
    this.host.bootstraps.set(FAKE_SPEC.bootstrap, fakeBootstrap());
    [this.supervisor, this.requests] = this.#newSupervisor();
  }

  #newSupervisor(): [SidecarSupervisor, SupervisorRequests] {
    const life = { isDead: false };
    this.#life = life;
    const supervisor = new SidecarSupervisor({
      host: mortal<SidecarHost>(this.host, '', life, this.#failing),
      clock: this.clock,
      pid: ++this.#pid,
      spec: this.spec,
      interception: mortal<SidecarInterception>(this.interception, 'interception.', life, this.#failing),
      say: (event) => {
        if (life.isDead) return;
        this.events.push(event);
        if (event.event === 'state') this.#entered(event.state);
      },
    });
    return [supervisor, new SupervisorRequests(supervisor, async () => this.spec)];
  }

  /** Does something once, inside the supervisor, at the moment in which it enters this state. */
  onState(state: string, act: () => void): void {
    this.#onState.set(state, act);
  }

  #entered(state: string): void {
    const act = this.#onState.get(state);
    this.#onState.delete(state);
    act?.();
    this.onEachState();
  }

  /** A supervisor that has started the sidecar, or adopted it. */
  static async live(): Promise<SupervisorStage> {
    const stage = new SupervisorStage();
    await stage.start();
    await stage.untilState('idle');
    return stage;
  }

  async start(): Promise<void> {
    const accepted = async () => null;
    await this.supervisor.start(await firstPair(this.host, this.spec, accepted, () => {}));
  }

  /** SIGKILL to the supervisor: nothing that it was about to do happens any more. */
  die(): void {
    this.#life.isDead = true;
    this.supervisor.close();
  }

  /** A new supervisor on what is there. */
  async restart(): Promise<void> {
    [this.supervisor, this.requests] = this.#newSupervisor();
    await this.start();
  }

  /** Makes the calls of one method of the host fail, until it is called with null. Names as `isAlive` or `pairs.read`. */
  fail(method: string, error: Error | null): void {
    if (error === null) this.#failing.delete(method);
    else this.#failing.set(method, error);
  }

  /** Puts another bootstrap in place of the one that mesh.yaml names. */
  changeBootstrap(change: Partial<FakeBootstrap>): void {
    this.host.bootstraps.set(this.spec.bootstrap, fakeBootstrap(change));
  }

  /** Asks for an upgrade without waiting for its end. */
  ask(
    change: Partial<UpgradeAsked> = {},
    onEvent: (event: UpgradeProgressEvent) => void = () => {},
  ): Promise<UpgradeReport> {
    const done = this.requests.upgrade({ ...ASKED, ...change }, onEvent);
    done.catch(() => {});
    return done;
  }

  /** Asks for an upgrade and lets time pass until it has ended. */
  async upgrade(change: Partial<UpgradeAsked> = {}): Promise<UpgradeReport> {
    let isOver = false;
    const done = this.ask(change).finally(() => {
      isOver = true;
    });
    done.catch(() => {});
    await this.clock.until('the end of the upgrade', () => isOver);
    return done;
  }

  untilState(...names: readonly string[]): Promise<void> {
    return this.clock.until(names.join(' or '), () => names.includes(this.supervisor.machine.state.name));
  }

  /** Every reported end of an upgrade, by the journal. */
  get reports(): readonly UpgradeReport[] {
    return this.host.entries.flatMap((entry) => (entry.kind === 'report' ? [entry.report] : []));
  }

  get warnings(): readonly string[] {
    return this.events.flatMap(({ event, text }) => (event === 'warning' ? [text] : []));
  }

  get states(): readonly string[] {
    return this.events.flatMap((event) => (event.event === 'state' ? [event.state] : []));
  }

  /** The process that takes new connections; null when none does. */
  get serving(): FakeEnvoy | null {
    return this.host.envoys.living.findLast(({ listening }) => listening.length > 0) ?? null;
  }

  connect(requests = 0): FakeConnection {
    const connection = this.host.envoys.connect(LISTENER, requests);
    if (connection === null) throw new Error('nobody accepts');
    return connection;
  }
}

/** A port of a supervisor that may die: its calls reach nobody then, and what it asked before is never answered. */
export function mortal<T extends object>(
  target: T,
  prefix: string,
  life: Life,
  failing: ReadonlyMap<string, Error> = new Map(),
): T {
  const never = new Promise<never>(() => {});
  return new Proxy(target, {
    get(_, key) {
      const found: unknown = Reflect.get(target, key);
      const name = `${prefix}${String(key)}`;
      if (typeof found === 'object' && found !== null) return mortal(found, `${name}.`, life, failing);
      if (typeof found !== 'function') return found;
      return (...args: readonly unknown[]) => {
        if (life.isDead) return never;
        const failure = failing.get(name);
        if (failure !== undefined) return Promise.reject(failure);
        const answer: unknown = Reflect.apply(found, target, args);
        return answer instanceof Promise ? answer.then((value) => (life.isDead ? never : value)) : answer;
      };
    },
  });
}
