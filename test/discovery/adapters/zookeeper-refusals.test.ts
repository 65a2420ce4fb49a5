/** Nodes that a ZooKeeper refuses to show while everything is listed. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { networkRegistries } from '../../../src/discovery/adapters/network-registries.ts';
import type { Wanted } from '../../../src/discovery/registry/wanted.ts';
import { ZK_ERROR } from '../../../src/discovery/registry/zookeeper/jute.ts';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import { World } from '../../../src/discovery/world/world.ts';
import type { RegistryConfig } from '../../../src/mesh/discovery-config.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeZooKeeper } from '../../fakes/fake-zookeeper.ts';
import { QUICK } from '../../fakes/quick-clock.ts';
import { until } from '../../until.ts';

/** An answer that a busy server gives (KeeperException.Code.THROTTLEDOP). */
const THROTTLED = -127;
const STOCK = { apps: new Set(['stock']), interfaces: new Set<string>() };

const pathOf = (host: number) => `/services/stock/10.0.0.${host}:20880`;
const nodeOf = (host: number, revision = 'r1', zone = 'a') =>
  JSON.stringify({
    ...{ address: `10.0.0.${host}`, port: 20_880 },
    payload: { metadata: { 'dubbo.metadata.revision': revision, zone } },
  });
const metadataOf = (revision: string) =>
  JSON.stringify({
    services: { 'com.acme.Stock': { name: 'com.acme.Stock', protocol: 'dubbo', params: { revision } } },
  });
const FOLDER = '/dubbo/com.acme.Stock/providers';
const urlOf = (host: number) =>
  encodeURIComponent(`dubbo://10.0.1.${host}:20880/com.acme.Stock?application=stock&side=provider`);

/** A registry of two instances and a provider. */
async function stage(t: TestContext) {
  const server = await FakeZooKeeper.open(t);
  for (const host of [1, 2]) server.nodes.set(pathOf(host), nodeOf(host));
  for (const revision of ['r1', 'r2']) server.nodes.set(`/dubbo/metadata/stock/${revision}`, metadataOf(revision));
  server.nodes.set(`${FOLDER}/${urlOf(1)}`, '');
  const config: RegistryConfig = {
    ...{ kind: 'zookeeper', name: 'hz', root: '/dubbo', services: '/services' },
    position: { line: 1, column: 1 },
    servers: [{ host: '127.0.0.1', port: server.port }],
  };
  return { server, config };
}

/** Follows the registry; the states that it went through are noted. */
function follow(t: TestContext, config: RegistryConfig, wanted: Wanted = STOCK) {
  const world = new World(['hz']);
  const [warnings, states]: [string[], string[]] = [[], []];
  /** How many endpoints were known after each event. */
  const sizes: number[] = [];
  const end = new AbortController();
  const told = {
    emit(event: Parameters<World['apply']>[0]) {
      world.apply(event);
      if (event.kind === 'state') states.push(event.state);
      sizes.push(endpointsOf(world, 'stock', null).length);
    },
    warn: (why: string) => void warnings.push(why),
  };
  const running = networkRegistries(QUICK).followRegistry(config, wanted, told, end.signal);
  t.after(async () => {
    end.abort();
    await running;
  });
  const known = () =>
    endpointsOf(world, 'stock', null)
      .map(({ address, labels, services }) => `${address} ${labels.zone ?? '-'} ${services?.size ?? 'unknown'}`)
      .toSorted();
  const reaches = (wanted: readonly string[], state: string) =>
    until(`${state} with ${wanted}`, async () => known().join() === wanted.join() && states.at(-1) === state, {
      patienceMs: 15_000,
      tell: () => `${states} ${known()} ${warnings}`,
    });
  const refused = () => [...world.refusedBy('hz')].map(([path, why]) => `${path} ${why}`);
  return { world, warnings, states, sizes, reaches, refused };
}

const BOTH = ['10.0.0.1 a 1', '10.0.0.2 a 1', '10.0.1.1 - 1'];

test('a node that is refused in the first listing costs itself only, and is asked for again alone', async (t) => {
  const { server, config } = await stage(t);
  server.refused.set(pathOf(1), THROTTLED);
  const { warnings, states, reaches } = follow(t, config);
  await reaches(['10.0.0.2 a 1', '10.0.1.1 - 1'], 'syncing');
  await until('another try', async () => server.asked.filter((path) => path === pathOf(1)).length > 1);
  assert.ok(!states.includes('synced'), 'what is not whole is not in sync');
  assert.deepEqual(warnings, [`${pathOf(1)}: ZooKeeper answered with error -127`]);
  const listings = () => server.asked.filter((path) => path === '/services/stock').length;
  const before = listings();
  server.refused.clear();
  await reaches(BOTH, 'synced');
  assert.equal(listings(), before);
});

const places: readonly (readonly [string, string])[] = [
  ['an instance', pathOf(1)],
  ['the folder of the instances', '/services/stock'],
  ['the folder of the providers', FOLDER],
  ['the services of a revision', '/dubbo/metadata/stock/r1'],
];
for (const [name, path] of places) {
  for (const code of [THROTTLED, ZK_ERROR.noAuth]) {
    test(`${name}: what was told counts while a listing is refused it with ${code}`, async (t) => {
      const { server, config } = await stage(t);
      const { warnings, reaches } = follow(t, config);
      await reaches(BOTH, 'synced');
      server.refused.set(path, code);
      server.cut();
      await until('a listing that is refused', async () => warnings.some((text) => text.startsWith(path)) || isQuiet());
      // An owner may keep a node from weir for ever: the rest is whole without it.
      await reaches(BOTH, code === THROTTLED ? 'syncing' : 'synced');
      server.refused.clear();
      server.set(pathOf(3), nodeOf(3, 'r2'));
      await reaches([...BOTH, '10.0.0.3 a 1'].toSorted(), 'synced');
      // Services that the registry keeps from weir are asked of an instance: nothing is warned of.
      function isQuiet() {
        return path.startsWith('/dubbo/metadata') && server.asked.filter((asked) => asked === path).length > 1;
      }
    });
  }
}

test('a node that may not be read is read when it may be, without a change of it', async (t) => {
  const { server, config } = await stage(t);
  server.refused.set(pathOf(1), ZK_ERROR.noAuth);
  const { world, warnings, reaches } = follow(t, config);
  await reaches(['10.0.0.2 a 1', '10.0.1.1 - 1'], 'synced');
  assert.deepEqual(
    [...world.faults()].map(({ code, place }) => `${code} ${place}`),
    [`no-access ${pathOf(1)}`],
  );
  assert.deepEqual(warnings, [`${pathOf(1)}: weir may not read it`]);
  server.refused.clear();
  await reaches(BOTH, 'synced');
});

test('an instance of a new revision that is refused is what it was, until both can be read', async (t) => {
  const { server, config } = await stage(t);
  const { warnings, reaches } = follow(t, config);
  await reaches(BOTH, 'synced');
  server.refused.set('/dubbo/metadata/stock/r2', THROTTLED);
  server.nodes.set(pathOf(1), nodeOf(1, 'r2', 'b'));
  server.cut();
  await until('the refusal', async () => warnings.some((text) => text.startsWith(pathOf(1))));
  await reaches(BOTH, 'syncing');
  server.refused.clear();
  await reaches(['10.0.0.1 b 1', ...BOTH.slice(1)], 'synced');
});

test('a connection that ends in the middle of a listing takes nobody away', async (t) => {
  const { server, config } = await stage(t);
  const { states, sizes, reaches } = follow(t, config);
  await reaches(BOTH, 'synced');
  const before = sizes.length;
  for (const listed of [1, 2, 3]) {
    server.hold();
    server.cut();
    await until(`a listing under way for the ${listed}. time`, async () => server.waiting > 0);
    for (let step = 0; step < listed; step += 1) {
      server.release();
      server.hold();
      await until('the next read', async () => server.waiting > 0 || states.at(-1) === 'synced');
    }
    const lost = states.filter((state) => state === 'lost').length;
    server.cut();
    await until('the loss', async () => states.filter((state) => state === 'lost').length > lost);
    server.release();
    await reaches(BOTH, 'synced');
  }
  assert.deepEqual([...new Set(sizes.slice(before))], [BOTH.length]);
});

const roots: readonly (readonly [string, string, Wanted])[] = [
  ['the folder of all interfaces', '/dubbo', STOCK],
  ['the folder of all applications', '/services', { ...STOCK, everything: true }],
  ['a mapping', '/dubbo/mapping/com.acme.Stock', { apps: new Set(), interfaces: new Set(['com.acme.Stock']) }],
];
for (const [name, path, wanted] of roots) {
  for (const [code, why] of [
    [THROTTLED, 'ZooKeeper answered with error -127'],
    [ZK_ERROR.noAuth, 'weir may not read it'],
  ] as const) {
    test(`${name} that is refused with ${code} costs what it alone would tell, and is listed when it may be`, async (t) => {
      const { server, config } = await stage(t);
      server.nodes.set('/dubbo/mapping/com.acme.Stock', 'stock');
      const { world, warnings, reaches, refused } = follow(t, config, wanted);
      await reaches(BOTH, 'synced');
      server.refused.set(path, code);
      server.cut();
      const state = code === THROTTLED ? 'syncing' : 'synced';
      await until('the refusal', async () => refused().length > 0);
      await reaches(BOTH, state);
      assert.deepEqual([refused(), warnings.slice(1)], [[`${path} ${why}`], [`${path}: ${why}`]]);
      server.set(pathOf(3), nodeOf(3));
      const joined = [...BOTH, '10.0.0.3 a 1'].toSorted();
      await reaches(joined, state);
      // Nobody tells that it is shown again. Below it something is new that no watch of weir would tell of.
      const isInterface = path === '/dubbo';
      const other = urlOf(2).replace('acme.Stock', 'acme.New');
      if (isInterface) server.nodes.set(`/dubbo/com.acme.New/providers/${other}`, '');
      server.nodes.set('/services/late/10.0.0.9:20880', nodeOf(9, 'r9'));
      server.nodes.set('/dubbo/mapping/com.acme.Stock', 'stock,late');
      server.refused.clear();
      await reaches(isInterface ? [...joined, '10.0.1.2 - 1'].toSorted() : joined, 'synced');
      const isLate = async () => endpointsOf(world, 'late', null).length === 1;
      if (!isInterface) await until('an application that came meanwhile', isLate);
      assert.deepEqual(refused(), []);
    });
  }
}

test('a folder of providers that weir may not read is named, and read when it may be', async (t) => {
  const { server, config } = await stage(t);
  const folder = '/dubbo/com.acme.Old/providers';
  server.nodes.set(`${folder}/${urlOf(9).replace('acme.Stock', 'acme.Old')}`, '');
  server.refused.set(folder, ZK_ERROR.noAuth);
  const { reaches, refused } = follow(t, config);
  await reaches(BOTH, 'synced');
  assert.deepEqual(refused(), [`${folder} weir may not read it`]);
  server.refused.clear();
  await reaches([...BOTH, '10.0.1.9 - 1'], 'synced');
  assert.deepEqual(refused(), []);
});

test('a registry that shows nothing at all is not in sync', async (t) => {
  const { server, config } = await stage(t);
  for (const path of ['/services/stock', '/dubbo']) server.refused.set(path, ZK_ERROR.noAuth);
  const { states, reaches, refused } = follow(t, config);
  await until('the refusals', async () => refused().length === 2);
  const asked = () => server.asked.filter((path) => path === '/dubbo').length;
  const before = asked();
  await until('another try', async () => asked() > before);
  assert.deepEqual([...new Set(states)], ['syncing']);
  server.refused.clear();
  await reaches(BOTH, 'synced');
});

test('who reads once is told of a folder of providers that may be of anybody', async (t) => {
  const { server, config } = await stage(t);
  const folder = '/dubbo/com.acme.Old/providers';
  server.nodes.set(`${folder}/${urlOf(9)}`, '');
  server.refused.set(folder, ZK_ERROR.noAuth);
  const world = new World(['hz']);
  await networkRegistries(systemClock).readRegistry(config, STOCK, (event) => void world.apply(event));
  assert.deepEqual(
    [...world.faults()].map(({ code, place }) => `${code} ${place}`),
    [`no-access ${folder}`],
  );
});

test('a root that is refused is named by who reads once', async (t) => {
  const { server, config } = await stage(t);
  server.refused.set('/dubbo', ZK_ERROR.noAuth);
  await assert.rejects(
    networkRegistries(systemClock).readRegistry(config, STOCK, () => undefined),
    { code: 'WEIR6002', why: '/dubbo: weir may not read it' },
  );
});

test('a registry that is read once names the node that was refused', async (t) => {
  const { server, config } = await stage(t);
  server.refused.set(pathOf(2), THROTTLED);
  await assert.rejects(
    networkRegistries(systemClock).readRegistry(config, STOCK, () => undefined),
    { code: 'WEIR6002', why: `${pathOf(2)}: ZooKeeper answered with error -127` },
  );
});
