/** The words to a service manager, for one sidecar and for several. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceNotices } from '../../../src/sidecar/supervisor/service-notices.ts';
import { SignalRelay } from '../../../src/sidecar/supervisor/signal-relay.ts';
import type { SupervisorEvent } from '../../../src/sidecar/supervisor/supervisor-event.ts';

class Manager {
  readonly told: string[] = [];
  timers = new Set<() => void>();
  readonly notices: ServiceNotices;

  constructor(...names: readonly string[]) {
    this.notices = new ServiceNotices(
      {
        send: (states) => void this.told.push(...states),
        every: (_, call) => {
          this.timers.add(call);
          return () => void this.timers.delete(call);
        },
      },
      names,
    );
  }

  tick(): void {
    for (const call of this.timers) call();
  }

  get status(): string | undefined {
    return this.told.findLast((text) => text.startsWith('STATUS='))?.slice(7);
  }

  has(text: string): boolean {
    return this.told.includes(text);
  }
}

const live = (name: string): SupervisorEvent => ({
  event: 'live',
  text: `${name} is live: Envoy 1.39.3, epoch 0, pid 7`,
  epoch: 0,
  pid: 7,
  version: '1.39.3',
});
const state = (name: 'stopping' | 'starting' | 'idle'): SupervisorEvent => ({
  event: 'state',
  text: name,
  state: name,
});
const crash: SupervisorEvent = {
  event: 'crash',
  text: 'Envoy has ended: signal 11;\nstarted again at once',
  detail: 'signal 11',
  crashes: 1,
  retryMs: 0,
};
const failure = { error: new Error('no_such_field'), tries: 1, retryMs: 1000, signals: new SignalRelay() };

test('one is ready when it is live; its status follows a crash and the recovery', () => {
  const manager = new Manager('main');
  manager.notices.observe('main', state('starting'));
  assert.ok(!manager.has('READY=1'));
  manager.notices.observe('main', live('main'));
  assert.deepEqual(manager.told.slice(-2), ['READY=1', 'STATUS=main is live: Envoy 1.39.3, epoch 0, pid 7']);
  manager.notices.observe('main', crash);
  assert.equal(manager.status, 'Envoy has ended: signal 11; started again at once');
  manager.notices.observe('main', state('starting'));
  manager.notices.observe('main', state('idle'));
  manager.notices.observe('main', live('main'));
  assert.equal(manager.status, 'main is live: Envoy 1.39.3, epoch 0, pid 7');
  assert.equal(manager.told.filter((text) => text === 'READY=1').length, 1);
});

test('a drain is told as stopping, and asks for time until it is over', () => {
  const manager = new Manager('main');
  manager.notices.observe('main', live('main'));
  manager.notices.observe('main', state('stopping'));
  assert.ok(manager.has('STOPPING=1'));
  const asked = () => manager.told.filter((text) => text === 'EXTEND_TIMEOUT_USEC=30000000').length;
  assert.equal(asked(), 1);
  manager.tick();
  manager.tick();
  assert.equal(asked(), 3);
  manager.notices.observe('main', { event: 'stopped', text: 'stopped' });
  manager.tick();
  assert.equal(asked(), 3);
});

test('several are ready when each is live, or kept from it by a named reason', () => {
  const manager = new Manager('a', 'b', 'c');
  manager.notices.observe('a', live('a'));
  manager.notices.observeNews('b', { news: 'failed', failure });
  assert.ok(!manager.has('READY=1'));
  assert.equal(manager.status, '1 of 3 sidecars live; b: no_such_field; c: starting');
  manager.notices.observe('c', live('c'));
  assert.ok(manager.has('READY=1'));
  manager.notices.observe('b', live('b'));
  assert.equal(manager.status, '3 of 3 sidecars live');
});

test('several of which none is live are not ready', () => {
  const manager = new Manager('a', 'b');
  manager.notices.observeNews('a', { news: 'failed', failure });
  manager.notices.observeNews('b', { news: 'refused', error: new Error('another supervisor') });
  assert.ok(!manager.has('READY=1'));
});

test('one of several that an operator stops does not stop the service; the last one does', () => {
  const manager = new Manager('a', 'b');
  for (const name of ['a', 'b']) manager.notices.observe(name, live(name));
  manager.notices.observe('a', state('stopping'));
  manager.notices.observe('a', { event: 'stopped', text: 'stopped' });
  manager.notices.observeNews('a', { news: 'ended' });
  assert.ok(!manager.has('STOPPING=1'));
  manager.notices.observe('b', state('stopping'));
  assert.ok(manager.has('STOPPING=1'));
});

test('one that is tried again keeps the service from being told as stopping', () => {
  const manager = new Manager('a', 'b');
  manager.notices.observe('a', live('a'));
  manager.notices.observeNews('b', { news: 'failed', failure });
  manager.notices.observe('a', state('stopping'));
  assert.ok(!manager.has('STOPPING=1'));
});
