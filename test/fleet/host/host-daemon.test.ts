/** The host daemon on a store and a host in memory: hours pass in milliseconds. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HostDaemon } from '../../../src/fleet/host/host-daemon.ts';
import type { HostMemory } from '../../../src/fleet/host/host-memory.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { HostStatus } from '../../../src/fleet/model/records.ts';
import { StoreFailure } from '../../../src/fleet/ports.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeLocalHost } from '../../fakes/fake-local-host.ts';
import { MemoryStore } from '../../fakes/memory-store.ts';
import { daemonIdentity } from '../daemon-identity.ts';

const KEYS = new RegionKeys('east');

/** One daemon at work. */
class Scene {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly host = new FakeLocalHost(['payment', 'orders']);
  readonly warnings: string[] = [];
  memory: HostMemory | null = null;
  #stop: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  static async begin(t: TestContext): Promise<Scene> {
    const scene = new Scene();
    t.after(() => scene.end().catch(() => undefined));
    await scene.start();
    return scene;
  }

  async start(store = this.store.port): Promise<void> {
    this.#stop = new AbortController();
    const daemon = new HostDaemon({
      ...{ name: 'host-1', region: 'east', labels: { unit: 'u1' }, ttlMs: 15_000, weirVersion: '1.0.0', keys: KEYS },
      pod: null,
      identity: daemonIdentity('vm-1'),
      ...{ store, local: this.host.port, clock: this.clock, random: () => 0.5 },
      recall: async () => this.memory,
      remember: async (memory) => {
        this.memory = structuredClone(memory);
      },
      tell: () => {},
      warn: (text) => this.warnings.push(text),
    });
    this.#running = daemon.run(this.#stop.signal);
    this.#running.catch(() => undefined);
    await this.clock.pass(500);
  }

  async end(): Promise<void> {
    this.#stop?.abort();
    await this.clock.pass(1_000);
    await this.#running;
  }

  async policy(name: string, rules: readonly object[], { apps = ['payment'], priority = 0 } = {}): Promise<void> {
    const object = {
      apiVersion: 'weir.dev/v1',
      kind: 'MeshPolicy',
      metadata: { name },
      spec: { apps, priority, rules },
    };
    await this.put(KEYS.object('MeshPolicy', name), object);
  }

  async put(key: string, value: object): Promise<void> {
    await this.store.port.write([], [{ key, value: JSON.stringify(value) }]);
    await this.clock.pass(200);
  }

  get status(): HostStatus['status'] {
    return this.store.value(`${KEYS.hostStatuses}host-1`).status;
  }

  app(name = 'payment'): HostStatus['status']['apps'][number] | undefined {
    return this.status.apps.find((one) => one.name === name);
  }
}

test('a policy is carried out and told, and one that goes leaves the application as it is', async (t) => {
  const scene = await Scene.begin(t);
  assert.deepEqual(scene.store.value(`${KEYS.hosts}host-1`).apps, ['payment', 'orders']);
  await scene.policy('payment', [{ state: 'on' }]);
  assert.deepEqual(scene.host.calls, ['on payment']);
  assert.deepEqual([scene.app()?.desired, scene.app()?.state, scene.app()?.policy], ['on', 'on', 'MeshPolicy/payment']);
  await scene.policy('other', [{ state: 'off' }], { apps: ['orders'] });
  await scene.store.port.write([], [{ key: KEYS.object('MeshPolicy', 'payment'), value: null }]);
  await scene.clock.pass(60_000);
  assert.deepEqual(scene.host.calls, ['on payment']);
});

test('an override of the host beats the fleet until it follows again', async (t) => {
  const scene = await Scene.begin(t);
  await scene.policy('payment', [{ state: 'on' }]);
  scene.host.local('payment', 'off', 'local trouble');
  await scene.clock.pass(60_000);
  assert.deepEqual(scene.host.calls, ['on payment']);
  assert.deepEqual(
    scene.status.overrides.map(({ app, reason }) => [app, reason]),
    [['payment', 'local trouble']],
  );
  assert.match(scene.app()?.reason ?? '', /override: local trouble/);
  scene.host.apps.set('payment', { state: 'off', reason: 'follows the fleet', override: null });
  await scene.clock.pass(6_000);
  assert.equal(scene.app()?.state, 'on');
});

test('an off of the fleet that is half done is no override of the host', async (t) => {
  const scene = await Scene.begin(t);
  await scene.policy('payment', [{ state: 'on' }]);
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.host.halfway = promise;
  const seen = () => [scene.app()?.state, scene.app()?.reason, scene.status.overrides];
  try {
    await scene.policy('switch-payment', [{ state: 'off' }], { priority: 1000 });
    await scene.clock.pass(12_000);
    assert.deepEqual(seen(), ['off', 'MeshPolicy/switch-payment', []]);
  } finally {
    resolve();
  }
  await scene.clock.pass(12_000);
  assert.deepEqual(seen(), ['off', 'MeshPolicy/switch-payment', []]);
  // Somebody on the host is heard as soon as the switch is done.
  scene.host.local('payment', 'off', 'local trouble');
  await scene.clock.pass(6_000);
  assert.deepEqual(
    scene.status.overrides.map(({ reason }) => reason),
    ['local trouble'],
  );
});

test('a look that was begun before a switch ended is not believed over it', async (t) => {
  const scene = await Scene.begin(t);
  await scene.policy('payment', [{ state: 'on' }]);
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.host.slowLook = promise;
  try {
    await scene.clock.pass(6_000);
    await scene.policy('switch-payment', [{ state: 'off' }], { priority: 1000 });
    assert.deepEqual([scene.host.calls, scene.app()?.state], [['on payment', 'off payment'], 'off']);
  } finally {
    scene.host.slowLook = null;
    resolve();
  }
  for (let look = 0; look < 10; look += 1) {
    await scene.clock.pass(10);
    assert.equal(scene.app()?.state, 'off');
  }
  assert.deepEqual(scene.host.calls, ['on payment', 'off payment']);
});

test('a look waits until an off is direct, and not for ever', async (t) => {
  const scene = await Scene.begin(t);
  await scene.policy('payment', [{ state: 'on' }]);
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.host.slowOff = promise;
  try {
    await scene.clock.pass(6_000);
    const before = scene.host.looks;
    await scene.policy('switch-payment', [{ state: 'off' }], { priority: 1000 });
    await scene.clock.pass(4_000);
    assert.deepEqual([scene.host.looks, scene.app()?.state], [before, 'on'], 'nothing is told that nobody has seen');
    await scene.clock.pass(4_000);
    assert.notEqual(scene.host.looks, before, 'a switch that hangs hides the host from nobody');
  } finally {
    scene.host.slowOff = null;
    resolve();
  }
  await scene.clock.pass(100);
  assert.equal(scene.app()?.state, 'off');
});

test('nothing is switched on by a look from before a local off', async (t) => {
  const scene = await Scene.begin(t);
  scene.host.localUnseen('payment', 'off', 'local trouble');
  await scene.policy('payment', [{ state: 'on' }]);
  assert.deepEqual([scene.host.calls, scene.app()?.reason], [[], 'override: local trouble']);
});

test('a local on under a remote off is undone within seconds', async (t) => {
  const scene = await Scene.begin(t);
  await scene.policy('payment', [{ state: 'off' }]);
  scene.host.local('payment', 'on');
  await scene.clock.pass(1_000);
  assert.deepEqual([scene.host.calls, scene.app()?.state], [['off payment'], 'off']);
});

test('a rule that ends gives the state before it back, also while the store is gone', async (t) => {
  const scene = await Scene.begin(t);
  scene.host.local('payment', 'on');
  const until = new Date(scene.clock.now() + 30_000).toISOString();
  await scene.policy('trial', [{ state: 'off', until }]);
  assert.equal(scene.app()?.state, 'off');
  scene.store.failure = new StoreFailure('gone', 'not-sent');
  scene.store.loseWatchers('gone');
  await scene.clock.pass(31_000);
  assert.deepEqual(scene.host.calls, ['off payment', 'on payment']);
});

test('a store that is gone, empty or another changes nothing; a confirmation and a red button do', async (t) => {
  const scene = await Scene.begin(t);
  await scene.policy('payment', [{ state: 'on' }]);
  await scene.policy('orders', [{ state: 'on' }], { apps: ['orders'] });
  scene.store.replace({ clusterId: '2', revision: 40, keep: () => false });
  await scene.clock.pass(10_000);
  assert.equal(scene.status.held?.why, 'other-store');
  assert.match(scene.warnings.join('\n'), /held/);
  await scene.policy('orders', [{ state: 'denied' }], { apps: ['orders'] });
  assert.deepEqual(scene.host.calls, ['on payment', 'on orders'], 'only an off is followed');
  await scene.policy('switch-all', [{ state: 'off' }], { apps: ['*'], priority: 2_000 });
  assert.deepEqual(scene.host.calls.slice(2).sort(), ['off orders', 'off payment']);
  await scene.end();
  await scene.start();
  assert.equal(scene.status.held?.why, 'other-store', 'a restart forgets no hold');
  await scene.put(KEYS.accepted, { clusterId: '2', revision: '45', at: '', by: 'ops', why: null });
  await scene.clock.pass(5_000);
  assert.equal(scene.status.held, null);
});

test('a hold that begins while the store is watched ends within seconds of its confirmation', async (t) => {
  const scene = await Scene.begin(t);
  for (const app of ['payment', 'orders', 'a', 'b']) await scene.policy(app, [{ state: 'on' }], { apps: [app] });
  await scene.store.port.write([], [{ key: KEYS.object('MeshPolicy', 'a'), value: null }]);
  await scene.clock.pass(10_000);
  assert.equal(scene.status.held?.why, 'shrunk');
  await scene.put(KEYS.accepted, { clusterId: '1', revision: '9', at: '', by: 'ops', why: null });
  await scene.clock.pass(5_000);
  assert.equal(scene.status.held, null);
});

test('a switch that fails is told with its reason and tried again', async (t) => {
  const scene = await Scene.begin(t);
  scene.host.failures.set('on', 'the sidecar is not ready');
  await scene.policy('payment', [{ state: 'on' }]);
  assert.deepEqual([scene.app()?.state, scene.app()?.reason], ['off', 'the sidecar is not ready']);
  await scene.clock.pass(9_000);
  const early = scene.host.calls.length;
  scene.host.failures.clear();
  await scene.clock.pass(10_000);
  assert.equal(scene.app()?.state, 'on');
  assert.ok(early <= 2, 'not in a hot loop');
});

test('a host that cannot be looked at is told as unknown, and nothing is switched', async (t) => {
  const scene = await Scene.begin(t);
  scene.host.failures.set('look', 'nft is gone');
  await scene.clock.pass(6_000);
  assert.equal(scene.app()?.state, 'unknown');
  assert.match(scene.status.errors.map(({ message }) => message).join(), /nft is gone/);
});

test('the lease ends with the daemon, and a status comes back by itself when the store forgot it', async (t) => {
  const scene = await Scene.begin(t);
  scene.store.failure = new StoreFailure('gone', 'not-sent');
  await scene.clock.pass(60_000);
  scene.store.failure = null;
  assert.equal(scene.store.value(`${KEYS.hostStatuses}host-1`), undefined);
  await scene.clock.pass(10_000);
  assert.equal(scene.status.apps.length, 2);
  await scene.end();
  assert.equal(scene.store.value(`${KEYS.hostStatuses}host-1`), undefined);
  assert.notEqual(scene.store.value(`${KEYS.hosts}host-1`).stopped, null);
});

const RELEASE = {
  ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r1' } },
  spec: {
    sidecar: 'main',
    version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) },
    waves: [{ names: ['host-2'] }, { percent: 100 }],
  },
};

test('a release moves a host in its wave, once for each start, and back when it is undone', async (t) => {
  const scene = await Scene.begin(t);
  const rollout = (state: string, wave: number, more = {}) =>
    scene.put(`${KEYS.rollouts}r1`, {
      release: 'r1',
      region: 'east',
      state,
      wave,
      reason: null,
      startedAt: 't1',
      ...more,
    });
  await scene.put(KEYS.object('SidecarRelease', 'r1'), RELEASE);
  await rollout('running', 1);
  assert.deepEqual(scene.host.calls, [], 'its wave is the second');
  await rollout('running', 2, { allowed: [] });
  assert.deepEqual(scene.host.calls, [], 'the budget has no room');
  await rollout('running', 2, { allowed: ['host-1'] });
  await rollout('done', 2);
  await scene.clock.pass(60_000);
  assert.deepEqual(scene.host.calls, ['upgrade main /opt/envoy']);
  const [sidecar] = scene.status.sidecars;
  assert.deepEqual([sidecar?.release, sidecar?.wave, sidecar?.outcome, sidecar?.error], ['r1', 2, 'settled', null]);
  await rollout('undoing', 2);
  assert.deepEqual(scene.host.calls.slice(1), ['rollback main']);
  assert.equal(scene.status.sidecars[0]?.release, null);
});

test('an upgrade that fails is told, and not tried again before the release is started anew', async (t) => {
  const scene = await Scene.begin(t);
  scene.host.failures.set('upgrade', 'it never became ready');
  await scene.put(KEYS.object('SidecarRelease', 'r1'), RELEASE);
  await scene.put(`${KEYS.rollouts}r1`, {
    release: 'r1',
    region: 'east',
    state: 'running',
    wave: 2,
    reason: null,
    startedAt: 't1',
  });
  await scene.clock.pass(60_000);
  assert.equal(scene.host.calls.length, 1);
  assert.equal(scene.status.sidecars[0]?.error, 'it never became ready');
});

const running = (scene: Scene, state = 'running') =>
  scene.put(`${KEYS.rollouts}r1`, {
    ...{ release: 'r1', region: 'east', state, wave: 2, reason: null, startedAt: 't1' },
  });

for (const [what, last, calls, sidecar] of [
  ['settled', { outcome: 'settled', isGood: true }, 0, ['settled', null]],
  ['was rolled back', { outcome: 'rolled-back', isGood: false }, 0, [null, 'it never became ready']],
  ['never began', null, 1, ['settled', null]],
  ['was of another release', { outcome: 'settled', isGood: true, release: 'r0' }, 1, ['settled', null]],
  [
    'was of an earlier start',
    { outcome: 'settled', isGood: true, at: '2025-01-01T00:00:00.000Z' },
    1,
    ['settled', null],
  ],
] as const) {
  test(`a daemon that ended within an upgrade learns of it by the history: it ${what}`, async (t) => {
    const scene = await Scene.begin(t);
    await scene.put(KEYS.object('SidecarRelease', 'r1'), RELEASE);
    await running(scene);
    await scene.end();
    const tried = scene.memory?.releases.main;
    assert.ok(tried !== undefined && scene.memory !== null);
    scene.memory = { ...scene.memory, releases: { main: { ...tried, outcome: null } } };
    scene.host.calls.length = 0;
    const at = new Date(scene.clock.now()).toISOString();
    scene.host.last = last === null ? null : { release: 'r1', reason: 'it never became ready', at, ...last };
    const live = scene.host.sidecars.get('main');
    assert.ok(live !== undefined);
    scene.host.sidecars.set('main', { ...live, state: 'upgrading' });
    await scene.start();
    await scene.clock.pass(6_000);
    assert.deepEqual([scene.host.calls, scene.status.sidecars[0]?.outcome], [[], null], 'it is waited for');
    scene.host.sidecars.set('main', live);
    await scene.clock.pass(6_000);
    const [now] = scene.status.sidecars;
    assert.deepEqual([scene.host.calls.length, [now?.outcome, now?.error]], [calls, sidecar]);
  });
}

test('a sidecar that has left its release says so, and an undo leaves what somebody else brought in', async (t) => {
  const scene = await Scene.begin(t);
  await scene.put(KEYS.object('SidecarRelease', 'r1'), RELEASE);
  await running(scene);
  assert.equal(scene.status.sidecars[0]?.outcome, 'settled');
  const at = new Date(scene.clock.now()).toISOString();
  scene.host.last = { release: null, outcome: 'settled', isGood: true, reason: 'by hand', at };
  const brought = { version: '1.41.0', binarySha256: 'cd'.repeat(32) };
  scene.host.sidecars.set('main', { name: 'main', state: 'live', version: '1.41.0', brought });
  await scene.clock.pass(6_000);
  assert.match(scene.status.sidecars[0]?.error ?? '', /it has left r1 since: a later upgrade brought another binary/);
  const own = { version: '1.40.0', binarySha256: RELEASE.spec.version.sha256 };
  scene.host.sidecars.set('main', { name: 'main', state: 'live', version: '1.39.0', brought: own });
  await scene.clock.pass(6_000);
  assert.match(
    scene.status.sidecars[0]?.error ?? '',
    /it has left r1 since: it runs 1\.39\.0, and 1\.40\.0 was brought/,
  );
  await running(scene, 'undoing');
  assert.deepEqual([scene.host.calls, scene.status.sidecars[0]?.release], [['upgrade main /opt/envoy'], null]);
});

test('a look that was begun before a release came says nothing of what it brought', async (t) => {
  const scene = await Scene.begin(t);
  const brought = { version: '1.38.0', binarySha256: 'cd'.repeat(32) };
  scene.host.sidecars.set('main', { name: 'main', state: 'live', version: '1.38.0', brought });
  await scene.clock.pass(6_000);
  const [upgrade, look] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  scene.host.slowUpgrade = upgrade.promise;
  await scene.put(KEYS.object('SidecarRelease', 'r1'), RELEASE);
  await running(scene);
  const told = () => {
    const [sidecar] = scene.status.sidecars;
    return [sidecar?.state, sidecar?.version, sidecar?.outcome, sidecar?.error];
  };
  assert.deepEqual(told(), ['upgrading', '1.38.0', null, null]);
  scene.host.slowLook = look.promise;
  try {
    await scene.clock.pass(6_000);
    upgrade.resolve();
    await scene.clock.pass(50);
    // A switch tells the status anew.
    await scene.policy('payment', [{ state: 'on' }]);
    assert.deepEqual(told(), ['upgrading', '1.38.0', null, null]);
  } finally {
    scene.host.slowLook = null;
    upgrade.resolve();
    look.resolve();
  }
  await scene.clock.pass(100);
  assert.deepEqual(told(), ['live', '1.40.0', 'settled', null]);
});

test('an upgrade of which nobody can tell the end is a failure that says so, and is not taken for left', async (t) => {
  const scene = await Scene.begin(t);
  await scene.put(KEYS.object('SidecarRelease', 'r1'), RELEASE);
  await running(scene);
  await scene.end();
  assert.ok(scene.memory !== null);
  const open = { release: 'r1', startedAt: 't1', wave: 2, outcome: null, error: null };
  scene.memory = { ...scene.memory, releases: { main: open } };
  scene.host.failures.set('history', 'the journal is torn');
  await scene.start();
  assert.match(scene.status.sidecars[0]?.error ?? '', /whether the upgrade was carried out cannot be told: .*torn/);
  await running(scene, 'undoing');
  await scene.clock.pass(60_000);
  assert.deepEqual([scene.status.sidecars[0]?.release, scene.host.calls.length], ['r1', 1]);
  assert.match(scene.status.sidecars[0]?.error ?? '', /^undo: the journal is torn/);
});

test('a way back that fails is told, tried again, and never taken for done', async (t) => {
  const scene = await Scene.begin(t);
  await scene.put(KEYS.object('SidecarRelease', 'r1'), RELEASE);
  await running(scene);
  const at = new Date(scene.clock.now()).toISOString();
  scene.host.last = { release: 'r1', outcome: 'settled', isGood: true, reason: '', at };
  scene.host.failures.set('rollback', 'the former pair is gone');
  await running(scene, 'undoing');
  await scene.clock.pass(100_000);
  const [sidecar] = scene.status.sidecars;
  assert.deepEqual([sidecar?.release, sidecar?.error], ['r1', 'undo: the former pair is gone']);
  const tries = scene.host.calls.filter((call) => call === 'rollback main').length;
  assert.ok(tries >= 2 && tries <= 5, `${tries} tries`);
  scene.host.failures.clear();
  await scene.clock.pass(40_000);
  assert.deepEqual([scene.status.sidecars[0]?.release, scene.status.sidecars[0]?.error], [null, null]);
});

test('a store that may be read and not written is told, since nobody sees this host there', async (t) => {
  const scene = await Scene.begin(t);
  await scene.end();
  const { port } = scene.store;
  const readOnly = { ...port, write: async () => Promise.reject(new StoreFailure('permission denied', 'refused')) };
  await scene.start(readOnly);
  await scene.clock.pass(10_000);
  assert.match(scene.warnings.join('\n'), /does not take the status of this host: permission denied/);
});

test('a bug in one part ends the daemon instead of leaving half of it', async (t) => {
  const scene = await Scene.begin(t);
  await scene.end();
  const broken = { ...scene.store.port, list: async () => Promise.reject(new TypeError('a bug')) };
  await scene.start(broken);
  await assert.rejects(scene.end(), /a bug/);
});

test('an application is not switched on past a switch that cannot be read, and the status says so', async (t) => {
  const scene = await Scene.begin(t);
  await scene.put(KEYS.object('MeshPolicy', 'switch-payment'), { apiVersion: 'weir.dev/v9', kind: 'MeshPolicy' });
  await scene.policy('both', [{ state: 'on' }], { apps: ['payment', 'orders'] });
  await scene.clock.pass(6_000);
  assert.deepEqual(scene.host.calls, ['on orders']);
  assert.match(scene.app()?.reason ?? '', /MeshPolicy\/switch-payment cannot be read, and may hold it off/);
  await scene.policy('switch-payment', [], { priority: 1_000 });
  assert.deepEqual(scene.host.calls, ['on orders', 'on payment']);
});
