/** Many changes of a ZooKeeper registry at once, on a stand-in that can hold its answers back. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { networkRegistries } from '../../../src/discovery/adapters/network-registries.ts';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import { World } from '../../../src/discovery/world/world.ts';
import type { RegistryConfig } from '../../../src/mesh/discovery-config.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { FakeZooKeeper } from '../../fakes/fake-zookeeper.ts';
import { until } from '../../until.ts';

const APPS = ['stock', 'pay'];
/** An answer that a busy server gives (KeeperException.Code.THROTTLEDOP). */
const THROTTLED = -127;

/** A clock that runs so many times as fast. */
const clockAt = (speed: number): Clock => ({
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * speed,
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
});
/** A session ends on it when the machine stands still for a ninth of a second: for tests that do not mind. */
const QUICK = clockAt(60);

function nodeOf(host: number, revision = 'r1'): string {
  const metadata = { 'dubbo.metadata.revision': revision };
  return JSON.stringify({ address: addressOf(host), port: 20_880, payload: { metadata } });
}

const addressOf = (host: number) => `10.1.${host >> 8}.${host & 255}`;
const pathOf = (app: string, host: number) => `/services/${app}/${addressOf(host)}:20880`;

function metadataOf(revision: string): string {
  const services = { 'com.acme.Stock': { name: 'com.acme.Stock', protocol: 'dubbo', params: { revision } } };
  return JSON.stringify({ services });
}

/** A registry and what a follower of it knows. */
async function followed(t: TestContext, clock = systemClock) {
  const server = await FakeZooKeeper.open(t);
  for (const app of APPS) {
    server.nodes.set(pathOf(app, 0), nodeOf(0));
    for (const revision of ['r1', 'r2']) server.nodes.set(`/dubbo/metadata/${app}/${revision}`, metadataOf(revision));
  }
  const config: RegistryConfig = {
    ...{ kind: 'zookeeper', name: 'hz', root: '/dubbo', services: '/services' },
    position: { line: 1, column: 1 },
    servers: [{ host: '127.0.0.1', port: server.port }],
  };
  const world = new World(['hz']);
  const warnings: string[] = [];
  const end = new AbortController();
  const wanted = { apps: new Set(APPS), interfaces: new Set<string>() };
  const told = {
    emit: (event: Parameters<World['apply']>[0]) => void world.apply(event),
    warn: (why: string) => void warnings.push(why),
  };
  const running = networkRegistries(clock).followRegistry(config, wanted, told, end.signal);
  const ended = async () => {
    end.abort();
    await running;
  };
  t.after(ended);
  const state = () => world.states().get('hz');
  await until('the first listing', async () => state() === 'synced');
  // Watches are set behind the last event of a listing.
  for (let before = -1; before !== server.asked.length; await systemClock.sleep(50)) before = server.asked.length;
  server.asked.length = 0;
  const readOf = (app: string) => [...world.instancesOf(app)].length;
  return { server, config, world, warnings, state, readOf, ended };
}

/** Looks for so long that a slow machine does not matter, and not for the minute of a usual wait. */
const SOON = { patienceMs: 15_000 };

/** Lets `change` happen while the follower waits for an answer; the answers to what it reads then are held as well. */
async function meanwhile(server: FakeZooKeeper, change: () => void): Promise<void> {
  server.hold();
  server.set(pathOf('stock', 999), nodeOf(999));
  await until('a read under way', async () => server.waiting === 1, SOON);
  change();
  server.release();
  server.hold();
}

test('changed instances are read side by side: many requests wait for their answers at once', async (t) => {
  const { server, readOf } = await followed(t);
  await meanwhile(server, () => {
    for (let host = 1; host <= 200; host += 1) server.set(pathOf('stock', host), nodeOf(host));
  });
  await until('many reads under way', async () => server.waiting >= 100, SOON);
  server.release();
  await until('everything read', async () => readOf('stock') === 202, SOON);
  assert.equal(server.asked.length, 201);
});

test('what went is not asked for, also when it had come in the same burst', async (t) => {
  const { server, world } = await followed(t);
  await meanwhile(server, () => {
    for (let host = 1; host <= 50; host += 1) server.set(pathOf('stock', host), nodeOf(host));
    for (const host of [999, ...Array.from({ length: 50 }, (_, index) => index)]) server.remove(pathOf('stock', host));
  });
  server.release();
  const there = () => endpointsOf(world, 'stock', null).map(({ address }) => address);
  await until('only the last one left', async () => there().join() === addressOf(50), SOON);
  assert.deepEqual(server.asked, [pathOf('stock', 999), pathOf('stock', 50)]);
});

test('a new revision is read once, whoever brings it', async (t) => {
  const { server, world } = await followed(t);
  await meanwhile(server, () => {
    for (let host = 1; host <= 100; host += 1) server.set(pathOf('stock', host), nodeOf(host, 'r2'));
  });
  await until('many reads under way', async () => server.waiting >= 50, SOON);
  server.release();
  await until('everything read', async () => endpointsOf(world, 'stock', null).length === 102, SOON);
  assert.equal(server.asked.filter((path) => path === '/dubbo/metadata/stock/r2').length, 1);
  assert.ok(endpointsOf(world, 'stock', null).every(({ services }) => services?.has('com.acme.Stock') === true));
});

test('instances of a folder that is listed are not read one by one as well', async (t) => {
  const { server, readOf } = await followed(t);
  await meanwhile(server, () => {
    server.set('/services/pay', 'folder');
    for (let host = 1; host <= 20; host += 1) server.set(pathOf('pay', host), nodeOf(host));
  });
  server.release();
  await until('everything read', async () => readOf('pay') === 21, SOON);
  const ofPay = server.asked.filter((path) => path.startsWith('/services/pay/'));
  assert.equal(ofPay.length, new Set(ofPay).size);
});

test('a node that the server refuses at present costs that node only, and is read again', async (t) => {
  // A session that ended meanwhile would list everything anew.
  const { server, readOf, state, warnings } = await followed(t, clockAt(8));
  server.refused.set(pathOf('stock', 1), THROTTLED);
  server.refused.set(pathOf('stock', 0), THROTTLED);
  for (const host of [0, 1, 2, 3]) server.set(pathOf('stock', host), nodeOf(host, 'r2'));
  await until('the others read', async () => readOf('stock') === 3, SOON);
  // What was known of a node stays, and a registry of which something could not be read is not in sync.
  await until('the refusals told', async () => state() === 'syncing', SOON);
  assert.equal(readOf('stock'), 3);
  assert.match(warnings.join(), /10\.1\.0\.\d:20880: ZooKeeper answered with error -127/);
  assert.ok(!server.asked.includes('/services/stock'), 'nothing is listed anew');
  server.refused.clear();
  await until('all read', async () => readOf('stock') === 4 && state() === 'synced', SOON);
});

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('set', 'remove'),
      app: fc.constantFrom(...APPS),
      host: fc.nat(6),
      revision: fc.constantFrom('r1', 'r2'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('hold', 'release', 'wait') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut') }) },
);

test('whatever happens in whatever order, the follower ends with what a fresh reader finds', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { server, config, world, state, ended } = await followed(t, QUICK);
      for (const one of steps) {
        if ('app' in one) {
          if (one.do === 'set') server.set(pathOf(one.app, one.host), nodeOf(one.host, one.revision));
          else if (server.nodes.has(pathOf(one.app, one.host))) server.remove(pathOf(one.app, one.host));
        } else if (one.do === 'hold') server.hold();
        else if (one.do === 'release') server.release();
        else if (one.do === 'cut') server.cut();
        // Lets the follower begin with what there is.
        else await systemClock.sleep(2);
      }
      server.release();
      const fresh = new World(['hz']);
      const wanted = { apps: new Set(APPS), interfaces: new Set<string>() };
      await networkRegistries(systemClock).readRegistry(config, wanted, (event) => void fresh.apply(event));
      const view = (of: World) =>
        JSON.stringify(APPS.map((app) => endpointsOf(of, app, null).map((one) => [one.address, one.labels])));
      await until('the same world', async () => view(world) === view(fresh) && state() === 'synced', {
        ...SOON,
        tell: () => `${view(world)}\n${view(fresh)}`,
      });
      await ended();
    }),
    { numRuns: 20 },
  );
});
