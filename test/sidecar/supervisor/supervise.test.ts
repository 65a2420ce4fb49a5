/** The life of a supervisor among others: its lock, signals, and two containers of a pod that take turns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import type { ContainerRole } from '../../../src/sidecar/container-role.ts';
import { superviseSidecar } from '../../../src/sidecar/supervisor/supervise.ts';
import type { SupervisorEvent } from '../../../src/sidecar/supervisor/supervisor-event.ts';
import { SupervisorProcess } from '../../../src/sidecar/supervisor/supervisor-process.ts';
import type { ControlHandlers, SupervisorPorts } from '../../../src/sidecar/supervisor-ports.ts';
import { FAKE_SPEC } from '../../fakes/fake-sidecar-lab.ts';
import { RecordedInterception, SupervisorStage } from './supervisor-stage.ts';

/** What two containers of a pod share: the host, the control socket, and the door to the one that stepped down. */
class Pod {
  readonly stage = new SupervisorStage();
  holder: ControlHandlers | null = null;
  /** Why another weir cannot start. */
  trialProblem: Error | null = null;
  door: PromiseWithResolvers<'retired' | 'gone'> | null = null;

  /** One container; `signals` are those that its supervisor listens to now. */
  container(role: ContainerRole) {
    const { stage } = this;
    const events: SupervisorEvent[] = [];
    const notes: (string | null)[] = [];
    let signals: Parameters<SupervisorPorts['onSignals']>[0] | null = null;
    const ports: SupervisorPorts = {
      host: stage.host,
      clock: stage.clock,
      pid: 1,
      readSpec: async () => stage.spec,
      firstPair: async () => (await stage.host.pairs.stage(stage.spec.binary, stage.spec.bootstrap)).id,
      serveControl: async (handlers) => {
        if (this.holder !== null) {
          throw new WeirError('WEIR4001', { what: 'taken', why: 'its lock is held', hint: 'stop the other one first' });
        }
        this.holder = handlers;
        return {
          close: async () => {
            this.holder = null;
          },
        };
      },
      askToHandOver: async () => {
        if (this.holder === null) return { kind: 'nobody' };
        const result = await this.holder['hand-over']({ command: 'hand-over' }, () => {}, new AbortController().signal);
        return { kind: 'result', result };
      },
      openPeer: async () => ({
        host: stage.host,
        retire: async () => this.door?.resolve('retired'),
        release: () => this.door?.resolve('gone'),
      }),
      openDoor: async () => {
        this.door = Promise.withResolvers();
        return { end: this.door.promise };
      },
      leave: async () => {},
      note: async (_upgrade, problem) => void notes.push(problem),
      process: new SupervisorProcess({
        facts: () => ({ pid: 1, weir: { version: '0.1.0', entry: '/usr/bin/weir', mark: 'm' }, handoff: null }),
        obstacle: role === 'alone' ? null : 'a container is replaced by its image, not in place',
        trial: async () => {
          if (this.trialProblem !== null) throw this.trialProblem;
        },
      }),
      isToldToStop: () => false,
      onSignals: (on) => {
        signals = on;
        return () => {};
      },
    };
    const listener = {
      tell: (event: SupervisorEvent) => void events.push(event),
      began: () => {},
      ended: async () => {},
    };
    const end = superviseSidecar(ports, role, new RecordedInterception(), listener);
    end.catch(() => {});
    return { end, events, notes, signal: (name: 'upgrade' | 'reopen' | 'stop') => signals?.[name]() };
  }

  until(what: string, test: () => boolean): Promise<void> {
    return this.stage.clock.until(what, test);
  }
}

const said = (events: readonly SupervisorEvent[], event: string) => events.some((one) => one.event === event);

test('one that is alone starts its sidecar, upgrades on SIGHUP, and ends when it is told to stop', async () => {
  const pod = new Pod();
  const { end, events, signal } = pod.container('alone');
  await pod.until('it to be live', () => said(events, 'live'));
  pod.stage.spec = { ...FAKE_SPEC, binary: '/opt/envoy/1.40.0' };
  signal('upgrade');
  await pod.until('the upgrade', () => said(events, 'report'));
  assert.equal(pod.stage.serving?.version, '1.40.0');
  signal('stop');
  await pod.until('its end', () => said(events, 'stopped'));
  assert.equal(await end, 'stopped');
  assert.equal(pod.holder, null, 'the socket is free');
});

test('a second one does not begin while the lock is held, and changes nothing', async () => {
  const pod = new Pod();
  const first = pod.container('alone');
  await pod.until('it to be live', () => said(first.events, 'live'));
  const second = pod.container('alone');
  let isOver = false;
  second.end.catch(() => {
    isOver = true;
  });
  await pod.until('the refusal', () => isOver);
  await assert.rejects(second.end, { code: 'WEIR4001' });
  assert.equal(pod.stage.host.envoys.all.length, 1);
});

test('a new container takes over by a hot upgrade, and the other one retires', async () => {
  const pod = new Pod();
  const old = pod.container('fresh');
  await pod.until('it to be live', () => old.notes.length === 1);
  pod.stage.spec = { ...FAKE_SPEC, binary: '/opt/envoy/1.40.0' };
  const next = pod.container('take-over');
  await pod.until('the take-over', () => next.notes.length === 1);
  assert.deepEqual(next.notes, [null]);
  assert.equal(await old.end, 'retired');
  assert.equal(pod.stage.serving?.version, '1.40.0');
  assert.equal(pod.stage.host.envoys.living.length, 1);
});

test('a take-over that is refused gives the sidecar back, and the other one goes on', async () => {
  const pod = new Pod();
  const old = pod.container('fresh');
  await pod.until('it to be live', () => old.notes.length === 1);
  pod.stage.changeBootstrap({ invalid: 'no such field' });
  const next = pod.container('take-over');
  await pod.until('the refusal', () => next.notes.length === 1);
  await assert.rejects(next.end, { code: 'WEIR4004' });
  await pod.until('the old one to have it back', () => pod.holder !== null && said(old.events, 'adopted'));
  assert.ok(old.events.some((event) => event.event === 'container' && event.part === 'taken-back'));
  assert.equal(pod.stage.host.envoys.living.length, 1);
});

test('a container that is asked in the middle of an upgrade is busy, and steps down afterwards', async () => {
  const pod = new Pod();
  const old = pod.container('fresh');
  await pod.until('it to be live', () => old.notes.length === 1);
  pod.stage.connect();
  pod.stage.spec = { ...FAKE_SPEC, binary: '/opt/envoy/1.40.0' };
  old.signal('upgrade');
  await pod.until('the drain', () => pod.stage.host.envoys.living.length === 2);
  const next = pod.container('take-over');
  await pod.until('the take-over', () => next.notes.length === 1);
  assert.equal(await old.end, 'retired');
  assert.equal(old.events.filter(({ event }) => event === 'report').length, 1, 'the upgrade was not cut short');
});

const REPLACE = { command: 'replace', id: '7', program: ['/opt/node', '/opt/weir/bin/run.js'] } as const;

function replace(pod: Pod): Promise<unknown> {
  assert.ok(pod.holder);
  const asked = { ...REPLACE, program: [...REPLACE.program] };
  return pod.holder.replace(asked, () => {}, new AbortController().signal);
}

test('one that is replaced lets the sidecar go, and the next one adopts the same process', async () => {
  const pod = new Pod();
  const old = pod.container('alone');
  await pod.until('it to be live', () => said(old.events, 'live'));
  const { serving } = pod.stage;
  await replace(pod);
  let end = '';
  void old.end.then((found) => {
    end = found;
  });
  await pod.until('its end', () => end !== '');
  assert.deepEqual([end, pod.holder], ['replaced', null]);
  const next = pod.container('alone');
  await pod.until('the next one', () => said(next.events, 'live'));
  assert.equal(pod.stage.serving, serving);
  assert.equal(pod.stage.host.envoys.all.length, 1);
});

test('another weir that cannot start is refused with its reason, and nothing has changed', async () => {
  const pod = new Pod();
  const { events } = pod.container('alone');
  await pod.until('it to be live', () => said(events, 'live'));
  pod.trialProblem = new Error('half a package');
  await assert.rejects(replace(pod), { code: 'WEIR4018', why: 'the other weir cannot take over: half a package' });
  pod.trialProblem = null;
  pod.stage.spec = { ...FAKE_SPEC, binary: '/opt/envoy/1.40.0' };
  pod.stage.connect();
  const { holder } = pod;
  assert.ok(holder);
  const upgrade = {
    command: 'upgrade',
    binary: null,
    bootstrap: null,
    dryRun: false,
    force: false,
    now: false,
  } as const;
  const more = {
    drainMs: null,
    initTimeoutMs: 60_000,
    rollback: false,
    accept: [],
    check: null,
    bakeMs: null,
    bakeBytes: null,
    spreadMs: null,
    note: null,
  };
  void holder.upgrade({ ...upgrade, ...more }, () => {}, new AbortController().signal);
  await pod.until('the drain', () => events.some((event) => event.event === 'state' && event.state === 'draining'));
  await assert.rejects(replace(pod), { code: 'WEIR4005' });
  await pod.until('the end of the upgrade', () => said(events, 'report'));
  await replace(pod);
});

test('a container is never replaced in place', async () => {
  const pod = new Pod();
  const { notes } = pod.container('fresh');
  await pod.until('it to be live', () => notes.length === 1);
  await assert.rejects(replace(pod), { code: 'WEIR4018' });
});
