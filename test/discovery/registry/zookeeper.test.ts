/** ZooKeeper's wire format, and the registry's tree on it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changedPlace } from '../../../src/discovery/registry/zookeeper/changed-place.ts';
import { JuteReader, JuteWriter, PacketReader, ZK_ERROR } from '../../../src/discovery/registry/zookeeper/jute.ts';
import { appOfUrl, ZooKeeperListing } from '../../../src/discovery/registry/zookeeper/list-registry.ts';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import { World } from '../../../src/discovery/world/world.ts';

const ROOTS = { root: '/dubbo', services: '/services' };

test('what is written is read, however the stream is cut', () => {
  const words = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 });
  fc.assert(
    fc.property(
      words,
      fc.integer(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.integer({ min: 1, max: 9 }),
      (texts, int, long, cut) => {
        const writer = new JuteWriter().int(int).long(long).int(texts.length);
        for (const text of texts) writer.string(text);
        const bytes = Buffer.concat([writer.packet(), writer.packet()]);
        const packets = new PacketReader();
        const whole: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += cut) whole.push(...packets.take(bytes.subarray(at, at + cut)));
        assert.equal(whole.length, 2);
        for (const packet of whole) {
          const reader = new JuteReader(packet);
          assert.deepEqual([reader.int(), reader.long(), reader.strings()], [int, long, texts]);
        }
      },
    ),
  );
});

test('lengths that no server sends are refused before memory is taken', () => {
  const packets = new PacketReader();
  assert.throws(() => [...packets.take(Buffer.from([0x7f, 0xff, 0xff, 0xff]))], RangeError);
  assert.throws(() => [...new PacketReader().take(Buffer.from([0xff, 0, 0, 0]))], RangeError);
  assert.throws(() => new JuteReader(Buffer.from([0, 0, 0, 9, 1])).buffer(), RangeError);
  assert.throws(() => new JuteReader(Buffer.from([0x7f, 0xff, 0xff, 0xff])).strings(), RangeError);
});

test('a changed path belongs to one place, or to none that is read', () => {
  const place = (path: string) => changedPlace(ROOTS, path);
  assert.deepEqual(place('/services/pay'), { kind: 'instances', app: 'pay' });
  assert.deepEqual(place('/services/pay/10.0.0.1:20880'), { kind: 'instance', app: 'pay', id: '10.0.0.1:20880' });
  assert.deepEqual(place('/dubbo/A/providers'), { kind: 'providers', interface: 'A' });
  assert.deepEqual(place('/dubbo/A/providers/x'), { kind: 'provider', interface: 'A', id: 'x' });
  assert.deepEqual([place('/dubbo'), place('/services')], [{ kind: 'interfaces' }, { kind: 'apps' }]);
  assert.deepEqual(place('/dubbo/mapping/A'), { kind: 'mapping', interface: 'A' });
  assert.deepEqual(place('/dubbo/metadata/pay/r1'), { kind: 'metadata', app: 'pay', revision: 'r1' });
  for (const path of ['/', '/servicesx/pay', '/dubbo/A/consumers/x', '/dubbo/metadata/A/1.0/g/provider/p']) {
    assert.equal(place(path), null, path);
  }
  const below = (path: string) => changedPlace({ root: '', services: '/services' }, path);
  assert.deepEqual([below('/'), below('/A/providers/x')], [{ kind: 'interfaces' }, place('/dubbo/A/providers/x')]);
  assert.deepEqual([below('/services/pay'), below('/mapping/A')], [place('/services/pay'), place('/dubbo/mapping/A')]);
});

test('applications and interfaces may share a folder, as those of a registry with a group do', () => {
  for (const shared of ['', '/g']) {
    const place = (path: string) => changedPlace({ root: shared, services: shared }, `${shared}${path}`);
    assert.deepEqual(place('/pay'), { kind: 'instances', app: 'pay' });
    assert.deepEqual(place('/pay/10.0.0.1:20880'), { kind: 'instance', app: 'pay', id: '10.0.0.1:20880' });
    assert.deepEqual(place('/A/providers'), { kind: 'providers', interface: 'A' });
    assert.deepEqual(place('/A/providers/x'), { kind: 'provider', interface: 'A', id: 'x' });
    assert.deepEqual(place('/mapping/A'), { kind: 'mapping', interface: 'A' });
    assert.deepEqual(place('/metadata/pay/r1'), { kind: 'metadata', app: 'pay', revision: 'r1' });
    for (const path of ['/A/consumers', '/A/consumers/x', '/mapping', '/metadata/pay', '/pay/a/b'])
      assert.equal(place(path), null, path);
  }
  const below = (path: string) => changedPlace({ root: '/dubbo', services: '' }, path);
  assert.deepEqual(below('/dubbo/A/providers/x'), { kind: 'provider', interface: 'A', id: 'x' });
  assert.deepEqual(below('/pay/a'), { kind: 'instance', app: 'pay', id: 'a' });
  assert.deepEqual(
    [below('/'), below('/dubbo'), below('/zookeeper/quota')],
    [{ kind: 'apps' }, { kind: 'interfaces' }, null],
  );
});

test('where applications and interfaces share a folder, each is listed as what it is', async () => {
  const metadata = { 'dubbo.metadata.revision': 'r1' };
  const instance = JSON.stringify({ address: '10.0.0.1', port: 20_880, payload: { metadata } });
  const url = encodeURIComponent('dubbo://10.0.0.2:20880/A?application=pay');
  for (const shared of ['', '/g']) {
    const nodes = {
      [`${shared}/pay/10.0.0.1:20880`]: instance,
      [`${shared}/A/providers/${url}`]: '',
      [`${shared}/A/configurators/x`]: '',
      [`${shared}/mapping/A`]: 'pay',
      [`${shared}/metadata/pay/r1`]: JSON.stringify({ services: { A: { name: 'A', protocol: 'dubbo' } } }),
      '/zookeeper/quota': '',
    };
    const tree = treeOf(nodes);
    const reads = { ...tree, getChildren: (path: string) => tree.getChildren(path === '/' ? '' : path) };
    const world = new World(['hz']);
    const askInstance = () => Promise.reject(new Error('nobody'));
    const roots = { root: shared, services: shared };
    const listing = new ZooKeeperListing({ reads, askInstance }, 'hz', roots, (event) => world.apply(event));
    await listing.all({ apps: new Set(), interfaces: new Set(), everything: true });
    const found = endpointsOf(world, 'pay', null).map(({ address, layouts }) => `${address} ${layouts}`);
    assert.deepEqual([[...world.apps], found], [['pay'], ['10.0.0.1 application', '10.0.0.2 interface']]);
    assert.deepEqual([...world.faults()], []);
  }
});

/** A tree of nodes in memory, with the two reads. */
function treeOf(nodes: Readonly<Record<string, string>>) {
  return {
    getData: async (path: string) => (path in nodes ? Buffer.from(nodes[path] ?? '') : null),
    async getChildren(path: string) {
      const below = Object.keys(nodes).filter((node) => node.startsWith(`${path}/`));
      const names = new Set(below.map((node) => node.slice(path.length + 1).split('/')[0] ?? ''));
      return names.size === 0 && !(path in nodes) ? null : [...names];
    },
  };
}

test('an instance is asked for its revision only when no metadata centre has it, and the next one when it does not answer', async () => {
  const instance = (host: number, revision: string) =>
    JSON.stringify({
      address: `10.0.0.${host}`,
      port: 1,
      payload: { metadata: { 'dubbo.metadata.revision': revision } },
    });
  const services = JSON.stringify({ services: { A: { name: 'A', protocol: 'dubbo' } } });
  const reads = treeOf({
    '/services/pay/a': instance(1, 'local'),
    '/services/pay/b': instance(2, 'local'),
    '/services/pay/c': instance(3, 'remote'),
    '/dubbo/metadata/pay/remote': services,
  });
  const asked: string[] = [];
  const world = new World(['hz']);
  const askInstance = async ({ address }: { address: string }) => {
    asked.push(address);
    if (address === '10.0.0.1') throw new Error('refused');
    return services;
  };
  const listing = new ZooKeeperListing({ reads, askInstance }, 'hz', ROOTS, (event) => world.apply(event));
  await listing.all({ apps: new Set(['pay']), interfaces: new Set() });
  assert.deepEqual(asked, ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(
    endpointsOf(world, 'pay', null).map((one) => [...(one.services ?? ['?'])]),
    [['A'], ['A'], ['A']],
  );
  assert.deepEqual([...world.states()], [['hz', 'synced']]);
});

test('an application that a mapping named before is listed as one that it names', async () => {
  const instance = JSON.stringify({ address: '10.0.0.1', port: 1 });
  const reads = treeOf({ '/dubbo/mapping/A': 'pay', '/services/pay/a': instance, '/services/old/a': instance });
  const world = new World(['hz']);
  const askInstance = () => Promise.reject(new Error('nobody'));
  const listing = new ZooKeeperListing({ reads, askInstance }, 'hz', ROOTS, (event) => world.apply(event));
  const mappedBefore = new Set(['old']);
  const { apps } = await listing.all({ apps: new Set(), interfaces: new Set(['A']), mappedBefore });
  assert.deepEqual([[...apps], [...world.apps], [...world.appsOf('A')]], [['old', 'pay'], ['old', 'pay'], ['pay']]);
});

test('a node that may not be read costs itself only', async () => {
  const tree = treeOf({
    '/services/pay/a': JSON.stringify({ address: '10.0.0.1', port: 1 }),
    '/services/pay/secret': '{}',
    '/dubbo/A/providers/x': '',
  });
  const orRefuse = async <Value>(path: string, read: (path: string) => Promise<Value>): Promise<Value> => {
    if (!/secret|\/A\//.test(path)) return await read(path);
    throw Object.assign(new Error('no access'), { code: ZK_ERROR.noAuth });
  };
  const reads: typeof tree = {
    getData: (path) => orRefuse(path, tree.getData),
    getChildren: (path) => orRefuse(path, tree.getChildren),
  };
  const world = new World(['hz']);
  const askInstance = () => Promise.reject(new Error('nobody'));
  const listing = new ZooKeeperListing({ reads, askInstance }, 'hz', ROOTS, (event) => world.apply(event));
  await listing.all({ apps: new Set(['pay']), interfaces: new Set() });
  assert.deepEqual([...world.states()], [['hz', 'synced']]);
  assert.deepEqual(
    endpointsOf(world, 'pay', null).map(({ address }) => address),
    ['10.0.0.1'],
  );
  assert.deepEqual(
    [...world.faults()].map(({ code, place }) => `${code} ${place}`),
    ['no-access /services/pay/secret', 'no-access /dubbo/A/providers'],
  );
});

test('the application of a provider is found in its node name without reading all of it, however the name is escaped', () => {
  const full = (text: string) => encodeURIComponent(text);
  const lower = (text: string) => full(text).replaceAll(/%../g, (one) => one.toLowerCase());
  const slashes = (text: string) => text.replaceAll('/', '%2F');
  const java = (text: string) => full(text).replaceAll('%20', '+');
  const word = fc.string({ unit: fc.constantFrom('a', 'Z', '7', '.', '-', '_', '应', 'é', ' ', '😀'), minLength: 1 });
  const key = fc.constantFrom('anyhost', 'a.application', 'application2', 'remote.application', 'zone');
  fc.assert(
    fc.property(word, fc.array(fc.tuple(key, word)), fc.array(fc.tuple(key, word)), (app, before, after) => {
      const pairs = [...before, ['application', app], ...after].map((pair) => pair.join('='));
      const url = `dubbo://10.0.0.1:20880/A?${pairs.join('&')}`;
      for (const write of [full, lower, java, slashes]) {
        const read = readProviderUrl('/dubbo/A/providers', 'A', write(url));
        assert.equal(appOfUrl(write(url)), 'node' in read ? read.node.app : read.fault.code, write(url));
        assert.equal(appOfUrl(write(url)), app);
      }
    }),
  );
  for (const name of ['', 'x', 'dubbo%3A%2F%2F10.0.0.1%3A1%2FA', '%', '%3Fapplication%3D%zz'])
    assert.equal(appOfUrl(name), '');
});
