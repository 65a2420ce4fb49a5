/** Registries on the network, read once and followed, on a stand-in for ZooKeeper. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { networkRegistries } from '../../../src/discovery/adapters/network-registries.ts';
import type { Wanted } from '../../../src/discovery/registry/wanted.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import type { RegistryConfig } from '../../../src/mesh/discovery-config.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { FakeZooKeeper, type FakeZooKeeperOptions } from '../../fakes/fake-zookeeper.ts';
import { until } from '../../until.ts';

const STOCK: Wanted = { apps: new Set(['stock']), interfaces: new Set() };

/** A registry that holds one instance of stock, its metadata, and one provider of an interface. */
async function registry(t: TestContext, options: FakeZooKeeperOptions = {}) {
  const server = await FakeZooKeeper.open(t, options);
  server.nodes.set('/services/stock/10.0.0.1:20880', instanceOf('10.0.0.1', 'r1'));
  server.nodes.set('/dubbo/metadata/stock/r1', metadataOf('r1'));
  server.nodes.set(`/dubbo/com.acme.Stock/providers/${PROVIDER}`, '');
  const config: RegistryConfig = {
    ...{ kind: 'zookeeper', name: 'hz', root: '/dubbo', services: '/services' },
    position: { line: 1, column: 1 },
    servers: [{ host: '127.0.0.1', port: server.port }],
  };
  return { server, config };
}

const PROVIDER = encodeURIComponent('dubbo://10.0.0.9:20880/com.acme.Stock?application=stock');
const instanceOf = (address: string, revision: string) =>
  JSON.stringify({ address, port: 20_880, payload: { metadata: { 'dubbo.metadata.revision': revision } } });
const metadataOf = (revision: string) =>
  JSON.stringify({
    ...{ app: 'stock', revision },
    services: { 'com.acme.Stock': { name: 'com.acme.Stock', protocol: 'dubbo', params: {} } },
  });

/** An event in short. */
function short(event: RegistryEvent): string {
  switch (event.kind) {
    case 'state':
      return event.state;
    case 'refused':
      return `refused ${[...event.places.keys()]}`;
    case 'instances':
      return `${event.isOlder === true ? 'older ' : ''}instances ${event.app} ${[...event.listed.keys()]}`;
    case 'instance':
      return `instance ${event.id} ${event.read === null ? 'gone' : 'read'}`;
    case 'providers':
      return `providers ${event.interface} ${event.listed.size}`;
    case 'provider':
      return `provider ${event.interface} ${event.read === null ? 'gone' : 'read'}`;
    case 'mapping':
      return `mapping ${event.interface} ${event.apps}`;
    case 'metadata':
      return `metadata ${event.revision} ${event.read === null ? 'unknown' : 'read'}`;
  }
}

/** Follows the registry, and waits for events by their short form. */
function following(t: TestContext, config: RegistryConfig, { wanted = STOCK, clock = systemClock } = {}) {
  const end = new AbortController();
  const events: string[] = [];
  const warnings: string[] = [];
  let told = Promise.withResolvers<void>();
  const told_ = () => {
    told.resolve();
    told = Promise.withResolvers();
  };
  const emit = (event: RegistryEvent) => {
    events.push(short(event));
    told_();
  };
  const warn = (text: string) => {
    warnings.push(text);
    told_();
  };
  const running = networkRegistries(clock).followRegistry(config, wanted, { emit, warn }, end.signal);
  t.after(async () => {
    end.abort();
    await running;
  });
  const until = async (isThere: () => boolean) => {
    while (!isThere()) await told.promise;
  };
  return { events, warnings, until, end, running };
}

test('a listing takes as long as it is large: only until a server has answered its time is limited', async (t) => {
  const { config } = await registry(t);
  const listing = Promise.withResolvers<void>();
  const clock: Clock = {
    ...systemClock,
    // The limit is over as soon as the listing has begun.
    sleep: (ms, signal) =>
      ms === 10_000 ? Promise.race([listing.promise, systemClock.sleep(ms, signal)]) : systemClock.sleep(ms, signal),
  };
  const events: string[] = [];
  await networkRegistries(clock).readRegistry(config, STOCK, (event) => {
    events.push(short(event));
    listing.resolve();
  });
  assert.equal(events.at(-1), 'synced');
});

/** Waits until nothing was asked for a while: watches are set behind the last event. */
async function quiet(server: FakeZooKeeper): Promise<void> {
  for (let before = -1; before !== server.asked.length; ) {
    before = server.asked.length;
    await systemClock.sleep(50);
  }
}

test('a registry is read once, in the order in which one thing names the next, and the session is closed', async (t) => {
  const { server, config } = await registry(t);
  const events: string[] = [];
  await networkRegistries(systemClock).readRegistry(config, STOCK, (event) => events.push(short(event)));
  assert.deepEqual(events, [
    'syncing',
    'metadata r1 read',
    'instances stock 10.0.0.1:20880',
    'providers com.acme.Stock 1',
    'synced',
  ]);
  await until('the end of the session', async () => server.clients === 0);
});

test('a registry of which many changes wait to be read is not told as in sync', async (t) => {
  const { server, config } = await registry(t);
  const { events, until } = following(t, config);
  await until(() => events.includes('synced'));
  await quiet(server);
  const before = events.length;
  const ids = Array.from({ length: 1_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}:20880`);
  for (const id of ids) server.set(`/services/stock/${id}`, instanceOf(id.split(':')[0] ?? '', 'r1'));
  const read = () => events.slice(before).filter((event) => event.startsWith('instance ')).length;
  await until(() => read() === ids.length && events.slice(before).includes('synced'));
  const told = events.slice(before);
  assert.ok(told.indexOf('syncing') !== -1 && told.indexOf('syncing') < told.indexOf('synced'), told.join());
  const afterwards = told.slice(told.indexOf('synced')).filter((event) => event.startsWith('instance '));
  assert.ok(afterwards.length <= 256, String(afterwards.length));
});

test('a registry that cannot be read is an error with its servers', async (t) => {
  const { server, config } = await registry(t, { digest: 'weir:secret' });
  const folder = mkdtempSync(join(tmpdir(), 'weir-digest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const authFile = join(folder, 'auth');
  const read = (change: object) =>
    networkRegistries(systemClock).readRegistry({ ...config, ...change }, STOCK, () => {});
  await assert.rejects(read({ authFile }), { code: 'WEIR6004', exit: 2 });
  writeFileSync(authFile, 'no colon\n');
  await assert.rejects(read({ authFile }), { code: 'WEIR6004', why: 'its first line is not user:password' });
  writeFileSync(authFile, 'weir:wrong\n');
  await assert.rejects(read({ authFile }), (error: { code: string; what: string; why: string }) => {
    assert.deepEqual(
      [error.code, error.what],
      ['WEIR6002', `the registry hz (127.0.0.1:${server.port}) could not be read`],
    );
    assert.match(error.why, /the server refused the digest/);
    return true;
  });
  writeFileSync(authFile, 'weir:secret\n# a comment\n');
  await read({ authFile });
});

test('a followed registry tells what came, changed and went, and reads no more than that again', async (t) => {
  const { server, config } = await registry(t);
  const { events, until } = following(t, config);
  await until(() => events.includes('synced'));
  await quiet(server);
  server.asked.length = 0;
  server.set('/services/stock/10.0.0.2:20880', instanceOf('10.0.0.2', 'r1'));
  await until(() => events.includes('instance 10.0.0.2:20880 read'));
  server.remove('/services/stock/10.0.0.1:20880');
  await until(() => events.includes('instance 10.0.0.1:20880 gone'));
  server.remove(`/dubbo/com.acme.Stock/providers/${PROVIDER}`);
  await until(() => events.includes('provider com.acme.Stock gone'));
  server.set(`/dubbo/com.acme.Stock/providers/${PROVIDER}`);
  await until(() => events.includes('provider com.acme.Stock read'));
  // Of a provider, and of what is gone, the changed path says everything.
  assert.deepEqual([...new Set(server.asked)], ['/services/stock/10.0.0.2:20880']);
});

const OTHER = encodeURIComponent('dubbo://10.0.0.8:20880/com.acme.Late?application=other');
const LATE = encodeURIComponent('dubbo://10.0.0.9:20880/com.acme.Late?application=late');

test('an application that is nowhere yet is found at interface level, below names that were there and new ones', async (t) => {
  const { server, config } = await registry(t);
  server.nodes.set('/dubbo/com.acme.Late/providers', '');
  const { events, until } = following(t, config, { wanted: { apps: new Set(['late']), interfaces: new Set() } });
  await until(() => events.includes('synced'));
  await quiet(server);
  server.asked.length = 0;
  server.set(`/dubbo/com.acme.Late/providers/${OTHER}`);
  server.set(`/dubbo/com.acme.Late/providers/${LATE}`);
  await until(() => events.includes('providers com.acme.Late 2'));
  server.set(`/dubbo/com.acme.Newer/providers/${LATE.replace('Late', 'Newer')}`);
  await until(() => events.includes('providers com.acme.Newer 1'));
  assert.deepEqual(server.asked, ['/dubbo/com.acme.Late/providers', '/dubbo/com.acme.Newer/providers']);
});

test('an application at application level is found below new interfaces; those of others are not read again', async (t) => {
  const { server, config } = await registry(t);
  const { events, until } = following(t, config);
  await until(() => events.includes('synced'));
  server.set(`/dubbo/com.acme.Late/providers/${OTHER}`);
  server.set(`/dubbo/com.acme.New/providers/${PROVIDER.replace('Stock', 'New')}`);
  await until(() => events.some((event) => event.startsWith('provider') && event.includes('com.acme.New')));
  await quiet(server);
  server.asked.length = 0;
  server.set('/services/other/10.0.0.8:20880', instanceOf('10.0.0.8', 'r1'));
  server.set('/services/stock/10.0.0.7:20880', instanceOf('10.0.0.7', 'r1'));
  await until(() => events.includes('instance 10.0.0.7:20880 read'));
  assert.deepEqual(server.asked, ['/services/stock/10.0.0.7:20880']);
});

test('where everything is wanted, applications and interfaces that come later are told too', async (t) => {
  const { server, config } = await registry(t);
  const everything = { apps: new Set<string>(), interfaces: new Set<string>(), everything: true };
  const { events, until } = following(t, config, { wanted: everything });
  await until(() => events.includes('synced'));
  assert.ok(events.includes('instances stock 10.0.0.1:20880') && events.includes('providers com.acme.Stock 1'));
  server.set('/services/other/10.0.0.8:20880', instanceOf('10.0.0.8', ''));
  await until(() => events.includes('instances other 10.0.0.8:20880'));
  server.set(`/dubbo/com.acme.Late/providers/${OTHER}`);
  await until(() => events.includes('providers com.acme.Late 1'));
});

test('an interface that is wanted is followed by its mapping to applications that come later', async (t) => {
  const { server, config } = await registry(t);
  const { events, until } = following(t, config, {
    wanted: { apps: new Set(), interfaces: new Set(['com.acme.Stock']) },
  });
  await until(() => events.includes('synced'));
  assert.ok(!events.some((event) => event.startsWith('instances')));
  server.set('/dubbo/mapping/com.acme.Stock', 'stock');
  await until(() => events.includes('instances stock 10.0.0.1:20880'));
  assert.ok(events.includes('mapping com.acme.Stock stock'));
});

test('a connection that is lost is told, and everything is listed again after it', async (t) => {
  const { server, config } = await registry(t);
  const { events, warnings, until } = following(t, config);
  await until(() => events.includes('synced'));
  events.length = 0;
  server.nodes.set('/services/stock/10.0.0.3:20880', instanceOf('10.0.0.3', 'r1'));
  server.cut();
  await until(() => events.includes('synced'));
  assert.deepEqual(events.slice(0, 2), ['lost', 'syncing']);
  assert.ok(events.includes('instances stock 10.0.0.1:20880,10.0.0.3:20880'), events.join());
  assert.deepEqual(warnings, [`127.0.0.1:${server.port} ended the connection`]);
});

/** A clock on which an hour passes in a minute. */
const QUICK: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 60,
  sleep: (ms, signal) => systemClock.sleep(ms / 60, signal),
};

test('a server without lasting watches is listed now and then', async (t) => {
  const { server, config } = await registry(t, { hasWatches: false });
  const { events, until } = following(t, config, { clock: QUICK });
  await until(() => events.includes('synced'));
  server.set('/services/stock/10.0.0.4:20880', instanceOf('10.0.0.4', 'r1'));
  await until(() => events.includes('instances stock 10.0.0.1:20880,10.0.0.4:20880'));
});

test('a registry that nobody serves is said, and following goes on until it is told to end', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  const { config } = await registry(t);
  const { warnings, until, end, running } = following(t, { ...config, servers: [{ host: '127.0.0.1', port }] });
  await until(() => warnings.length > 1);
  assert.match(warnings[0] ?? '', /ECONNREFUSED/);
  end.abort();
  await running;
});
