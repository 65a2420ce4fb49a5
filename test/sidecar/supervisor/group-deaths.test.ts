/** Several sidecars under one process on fake hosts: deaths of Envoys and of the process, in each state of an upgrade. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { SidecarGroup } from '../../../src/sidecar/supervisor/sidecar-group.ts';
import type { SignalRelay } from '../../../src/sidecar/supervisor/signal-relay.ts';
import { superviseSidecar } from '../../../src/sidecar/supervisor/supervise.ts';
import type { SupervisorEvent } from '../../../src/sidecar/supervisor/supervisor-event.ts';
import { SupervisorProcess } from '../../../src/sidecar/supervisor/supervisor-process.ts';
import type { ControlHandlers, SupervisorPorts } from '../../../src/sidecar/supervisor-ports.ts';
import type { SupervisedSidecar } from '../../../src/sidecar/usecases/supervised-sidecar.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import type { FakeEnvoy } from '../../fakes/fake-envoys.ts';
import { FakeSidecarHost } from '../../fakes/fake-sidecar-host.ts';
import { FAKE_SPEC, fakeBootstrap } from '../../fakes/fake-sidecar-lab.ts';
import { type Life, mortal, RecordedInterception } from './supervisor-stage.ts';

const NEW = '/opt/envoy/1.40.0';

/** One process of the group. */
interface Process {
  readonly life: Life;
  readonly group: SidecarGroup;
  /** By sidecar. */
  readonly events: Map<string, SupervisorEvent[]>;
}

/** A host with several sidecars, and its supervisor processes, one after the other. */
class Host {
  readonly clock = new FakeClock();
  readonly hosts = new Map<string, FakeSidecarHost>();
  readonly interceptions = new Map<string, RecordedInterception>();
  /** What mesh.yaml names as the binary of each. */
  readonly binaries = new Map<string, string>();
  readonly #holders = new Map<string, ControlHandlers>();

  constructor(...names: readonly string[]) {
    for (const name of names) {
      const host = new FakeSidecarHost(this.clock);
      host.binaries.set(FAKE_SPEC.binary, { version: '1.39.3', hotRestartVersion: '11.104' });
      host.binaries.set(NEW, { version: '1.40.0', hotRestartVersion: '11.104' });
      host.bootstraps.set(FAKE_SPEC.bootstrap, fakeBootstrap());
      this.hosts.set(name, host);
      this.interceptions.set(name, new RecordedInterception());
      this.binaries.set(name, FAKE_SPEC.binary);
    }
  }

  serving(name: string): FakeEnvoy | null {
    return this.host(name).envoys.living.findLast(({ listening }) => listening.length > 0) ?? null;
  }

  host(name: string): FakeSidecarHost {
    const host = this.hosts.get(name);
    assert.ok(host);
    return host;
  }

  #sidecar(name: string): SupervisedSidecar {
    return { spec: { ...FAKE_SPEC, name, binary: this.binaries.get(name) ?? '' }, apps: [] };
  }

  start(): Process {
    const life = { isDead: false };
    const events = new Map([...this.hosts.keys()].map((name) => [name, [] as SupervisorEvent[]]));
    const self = new SupervisorProcess({
      facts: () => ({ pid: 1, weir: { version: '0.1.0', entry: '/usr/bin/weir', mark: null }, handoff: null }),
      obstacle: null,
      trial: async () => {},
    });
    const group = new SidecarGroup({
      clock: mortal(this.clock, '', life),
      read: async () => [...this.hosts.keys()].map((name) => this.#sidecar(name)),
      supervise: (sidecar, signals, up) => this.#supervise(sidecar.spec.name, { signals, up, life, events, self }),
      standIn: async () => async () => {},
      tell: () => {},
      warn: () => {},
    });
    group.run([...this.hosts.keys()].map((name) => this.#sidecar(name))).catch(() => {});
    return { life, group, events };
  }

  /** SIGKILL to the process: the kernel drops its locks. */
  kill({ life }: Process): void {
    life.isDead = true;
    this.#holders.clear();
  }

  #supervise(
    name: string,
    parts: Omit<Process, 'group'> & {
      readonly signals: SignalRelay;
      readonly up: () => void;
      readonly self: SupervisorProcess;
    },
  ): Promise<unknown> {
    const { signals, up, life, events, self } = parts;
    const never = () => Promise.reject(new Error('no other container'));
    const ports: SupervisorPorts = {
      host: mortal(this.host(name), '', life),
      clock: mortal(this.clock, '', life),
      pid: 1,
      readSpec: async () => this.#sidecar(name).spec,
      firstPair: async () => {
        const { binary, bootstrap } = this.#sidecar(name).spec;
        return (await this.host(name).pairs.stage(binary, bootstrap)).id;
      },
      serveControl: async (handlers) => {
        if (this.#holders.has(name)) {
          throw new WeirError('WEIR4001', { what: 'taken', why: 'its lock is held', hint: 'stop the other one first' });
        }
        this.#holders.set(name, handlers);
        return { close: async () => void this.#holders.delete(name) };
      },
      askToHandOver: never,
      openPeer: never,
      openDoor: never,
      leave: async () => {},
      note: async () => {},
      process: self,
      isToldToStop: () => signals.isToldToStop,
      onSignals: (on) => signals.on(on),
    };
    const interception = this.interceptions.get(name);
    assert.ok(interception);
    return superviseSidecar(ports, 'alone', mortal(interception, '', life), {
      tell: (event) => {
        if (life.isDead) return;
        events.get(name)?.push(event);
        if (event.event === 'live' || event.event === 'adopted') up();
      },
      began: () => {},
      ended: async () => {},
    });
  }

  until(what: string, check: () => boolean): Promise<void> {
    return this.clock.until(what, check);
  }

  isLive(process: Process, name: string): boolean {
    const last = process.events.get(name)?.findLast(({ event }) => event === 'state');
    return last?.event === 'state' && last.state === 'idle' && this.serving(name) !== null;
  }

  untilLive(process: Process): Promise<void> {
    return this.until('all to be live', () => [...this.hosts.keys()].every((name) => this.isLive(process, name)));
  }
}

test('an Envoy that crashes again and again leaves the others serving, and upgradable', async () => {
  const host = new Host('a', 'b');
  const process = host.start();
  await host.untilLive(process);
  const other = host.serving('b');
  for (let crash = 0; crash < 6; crash++) {
    await host.until('a to serve', () => host.serving('a') !== null);
    const envoy = host.serving('a');
    assert.ok(envoy);
    host.host('a').envoys.end(envoy, 'signal 11');
    await host.clock.pass(500);
    assert.equal(host.serving('b'), other);
    assert.equal(host.interceptions.get('b')?.isBypassed, false);
  }
  host.binaries.set('b', NEW);
  await process.group.reload();
  await host.until('the upgrade of b', () => host.serving('b')?.version === '1.40.0');
});

const STATES = ['starting', 'preflight', 'spawned', 'initializing', 'handover', 'notify', 'draining', 'idle'] as const;

for (const state of STATES) {
  test(`killed while one is in ${state}, the process takes no Envoy with it, and the next one has all`, async () => {
    const host = new Host('a', 'b', 'c');
    let process = host.start();
    const isIn = () =>
      process.events.get('a')?.some((event) => event.event === 'state' && event.state === state) === true;
    if (state !== 'starting') {
      await host.untilLive(process);
      process.events.get('a')?.splice(0);
      host.host('a').envoys.connect('127.0.0.1:15001', 1);
      host.binaries.set('a', NEW);
      void process.group.reload();
    }
    await host.until(`a to be in ${state}`, isIn);
    const before = new Map(['b', 'c'].map((name) => [name, host.serving(name)]));
    host.kill(process);
    await host.clock.pass(2000);
    if (state !== 'starting') {
      for (const name of ['a', 'b', 'c']) assert.ok(host.serving(name), `${name} serves without a supervisor`);
    }
    process = host.start();
    await host.untilLive(process);
    for (const [name, envoy] of before) {
      if (state !== 'starting') assert.equal(host.serving(name), envoy, `${name} was adopted`);
    }
    for (const name of ['a', 'b', 'c']) assert.equal(host.host(name).envoys.living.length, 1, name);
    process.group.stop();
    await host.until('the end', () => [...host.hosts.values()].every(({ envoys }) => envoys.living.length === 0));
  });
}
