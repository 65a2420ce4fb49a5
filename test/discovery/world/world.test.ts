/** The discovered world under events in any order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import { readInstanceNode } from '../../../src/discovery/world/read-instance.ts';
import { readRevisionMetadata } from '../../../src/discovery/world/read-metadata.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { World } from '../../../src/discovery/world/world.ts';

const REGISTRIES = ['hz', 'center'];
const APPS = ['pay', 'stock'];

/** What an instance of these tests writes. */
function instance(app: string, host: number, revision: string, unit: string | null): RegistryEvent {
  const id = `10.0.0.${host}:20880`;
  const metadata = { 'dubbo.metadata.revision': revision, ...(unit === null ? {} : { unit }) };
  const value = JSON.stringify({ address: `10.0.0.${host}`, port: 20880, payload: { metadata } });
  return { registry: 'hz', kind: 'instance', app, id, read: readInstanceNode(`/services/${app}/${id}`, app, value) };
}

const event: fc.Arbitrary<RegistryEvent> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...REGISTRIES),
      fc.constantFrom(...APPS),
      fc.nat(5),
      fc.constantFrom('r1', 'r2'),
      fc.boolean(),
    )
    .map(([registry, app, host, revision, isGone]): RegistryEvent => {
      const there = instance(app, host, revision, host % 2 === 0 ? 'a' : null);
      return isGone
        ? { registry, kind: 'instance', app, id: `10.0.0.${host}:20880`, read: null }
        : { ...there, registry };
    }),
  fc
    .tuple(
      fc.constantFrom(...REGISTRIES),
      fc.constantFrom(...APPS),
      fc.constantFrom('r1', 'r2'),
      fc.subarray(['A', 'B']),
    )
    .map(([registry, app, revision, names]): RegistryEvent => {
      const services = Object.fromEntries(names.map((name) => [name, { name, protocol: 'dubbo', params: {} }]));
      const text = JSON.stringify({ app, revision, services });
      return { registry, kind: 'metadata', app, revision, read: readRevisionMetadata('/m', app, revision, text) };
    }),
  fc
    .tuple(
      fc.constantFrom(...REGISTRIES),
      fc.constantFrom('A', 'B'),
      fc.uniqueArray(fc.nat(4)),
      fc.constantFrom(...APPS),
    )
    .map(([registry, name, hosts, app]): RegistryEvent => {
      const urls = hosts.map((host) => encodeURIComponent(`dubbo://10.0.1.${host}:20880/${name}?application=${app}`));
      const listed = new Map(urls.map((url) => [url, readProviderUrl(`/dubbo/${name}/providers`, name, url)]));
      return { registry, kind: 'providers', interface: name, listed };
    }),
);

/** Where an event says what is there. */
function placeOf(one: RegistryEvent): string {
  switch (one.kind) {
    case 'instance':
      return `${one.registry} ${one.app} ${one.id}`;
    case 'metadata':
      return `${one.registry} ${one.app} revision ${one.revision}`;
    case 'providers':
      return `${one.registry} interface ${one.interface}`;
    default:
      return `${one.registry} ${one.kind}`;
  }
}

function worldOf(events: readonly RegistryEvent[]): World {
  const world = new World(REGISTRIES);
  for (const one of events) world.apply(one);
  return world;
}

function view(world: World) {
  return APPS.map((app) =>
    endpointsOf(world, app, 'unit').map((one) => ({ ...one, services: [...(one.services ?? ['?'])].toSorted() })),
  );
}

test('any order of events with the same last word about each place gives the same world', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (events, order) => {
      const last = new Map(events.map((one) => [placeOf(one), one]));
      const shuffled = [...last.values()]
        .map((one) => ({ one, key: order.next().value }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ one }) => one);
      assert.deepEqual(view(worldOf(events)), view(worldOf(shuffled)));
    }),
  );
});

test('a listing equals the single events that lead to it, whatever was there before', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), fc.uniqueArray(fc.nat(5)), (events, hosts) => {
      const nodes = hosts.map((host) => instance('pay', host, 'r1', null)).filter((one) => one.kind === 'instance');
      const listed = new Map(nodes.flatMap(({ id, read }) => (read === null ? [] : [[id, read] as const])));
      const gone = [0, 1, 2, 3, 4, 5].map(
        (host): RegistryEvent => ({
          ...{ registry: 'hz', kind: 'instance', app: 'pay', id: `10.0.0.${host}:20880`, read: null },
        }),
      );
      const listing: RegistryEvent = { registry: 'hz', kind: 'instances', app: 'pay', listed };
      assert.deepEqual(view(worldOf([...events, listing])), view(worldOf([...events, ...gone, ...nodes])));
    }),
  );
});

test('a listing of providers equals the single events that lead to it, and both tell whose they are', () => {
  const nodeOf = (app: string, host: number) => {
    const id = encodeURIComponent(`dubbo://10.0.1.${host}:20880/A?application=${app}`);
    return { id, read: readProviderUrl('/dubbo/A/providers', 'A', id) };
  };
  const world = new World(REGISTRIES);
  const steps = fc.array(fc.tuple(fc.constantFrom(...APPS), fc.nat(4), fc.boolean()), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 10 }), steps, (events, changes) => {
      const listed = new Map<string, ReturnType<typeof readProviderUrl>>();
      const empty: RegistryEvent = { registry: 'hz', kind: 'providers', interface: 'A', listed };
      const single = changes.map(([app, host, isThere]): RegistryEvent => {
        const { id, read } = nodeOf(app, host);
        return { registry: 'hz', kind: 'provider', interface: 'A', id, read: isThere ? read : null };
      });
      const all = new Map(listed);
      for (const [app, host, isThere] of changes) {
        const { id, read } = nodeOf(app, host);
        if (isThere) all.set(id, read);
        else all.delete(id);
      }
      const whole: RegistryEvent = { ...empty, listed: all };
      assert.deepEqual(view(worldOf([...events, empty, ...single])), view(worldOf([...events, whole])));
    }),
  );
  const { id, read } = nodeOf('pay', 1);
  const joined: RegistryEvent = { registry: 'hz', kind: 'provider', interface: 'A', id, read };
  assert.deepEqual([...world.apply(joined)], ['pay']);
  assert.deepEqual([...world.apply(joined)], []);
  assert.deepEqual([...world.apply({ ...joined, read: null })], ['pay']);
});

test('an event tells which applications may have changed, and the same event again tells none', () => {
  const world = new World(REGISTRIES);
  assert.deepEqual([...world.apply(instance('pay', 1, 'r1', null))], ['pay']);
  assert.deepEqual([...world.apply(instance('pay', 1, 'r1', null))], []);
  assert.deepEqual([...world.apply(instance('pay', 1, 'r2', null))], ['pay']);
});

test('what could not be read says nothing of a node that is known, alone and in a listing, also an older one', () => {
  const kept = { fault: { code: 'no-access', place: '/x', what: 'x' } } as const;
  const [one, two] = [instance('pay', 1, 'r1', null), instance('pay', 2, 'r1', null)];
  const known = worldOf([one, two]);
  const ids = ['10.0.0.1:20880', '10.0.0.2:20880'] as const;
  const before = view(known);
  const ofPay = { registry: 'hz', app: 'pay' } as const;
  assert.deepEqual([...known.apply({ ...ofPay, kind: 'instance', id: ids[0], read: kept })], []);
  const listed = new Map([[ids[0], kept]]);
  const unread = new Set([ids[1], '10.0.0.3:20880']);
  assert.deepEqual([...known.apply({ ...ofPay, kind: 'instances', listed, unread })], []);
  assert.deepEqual([...known.apply({ ...ofPay, kind: 'instances', listed, unread, isOlder: true })], []);
  assert.deepEqual([view(known), known.olderLoss('pay'), [...known.faults()]], [before, null, []]);
  assert.deepEqual([...known.apply({ ...ofPay, kind: 'instances', listed: new Map(), unread })], ['pay']);
  assert.deepEqual(
    [...known.instancesOf('pay')].map(({ node }) => node.address),
    ['10.0.0.2'],
  );
});

test('nodes that are there and were never read are known by their names, until they are read or gone', () => {
  const kept = { fault: { code: 'no-access', place: '/x', what: 'x' } } as const;
  const world = worldOf([instance('pay', 1, 'r1', null)]);
  const ofPay = { registry: 'hz', app: 'pay' } as const;
  const names = () => [...world.unreadOf('pay')].toSorted();
  const [one, two, three] = [1, 2, 3].map((host) => `10.0.0.${host}:20880`) as [string, string, string];
  world.apply({ ...ofPay, kind: 'instances', listed: new Map([[two, kept]]), unread: new Set([one, three]) });
  assert.deepEqual(names(), [two, three]);
  world.apply({ ...ofPay, kind: 'instance', id: three, read: null });
  assert.deepEqual(names(), [two]);
  world.apply(instance('pay', 2, 'r1', null));
  assert.deepEqual(names(), []);
  world.apply({ ...ofPay, kind: 'instances', listed: new Map(), unread: new Set([three]) });
  world.apply({ ...ofPay, kind: 'instances', listed: new Map() });
  assert.deepEqual([names(), [...world.unreadOf('stock')]], [[], []]);
});

test('the services of a revision stay known when nobody can tell them again', () => {
  const text = JSON.stringify({ services: { A: { name: 'A', protocol: 'dubbo' } } });
  const read = readRevisionMetadata('/m', 'pay', 'r1', text);
  const world = worldOf([instance('pay', 1, 'r1', null)]);
  const told: RegistryEvent = { registry: 'hz', kind: 'metadata', app: 'pay', revision: 'r1', read: null };
  assert.deepEqual([...world.apply(told)], ['pay']);
  assert.deepEqual([...world.apply({ ...told, read })], ['pay']);
  assert.deepEqual([...world.apply(told)], []);
  assert.deepEqual(
    [...(world.revisionOf('pay', 'r1')?.services ?? [])].map(({ key }) => key.interface),
    ['A'],
  );
});

test('an instance whose revision could not be read offers nothing that is known', () => {
  const world = worldOf([instance('pay', 1, 'r1', null)]);
  assert.deepEqual(
    endpointsOf(world, 'pay', null).map(({ services }) => services),
    [null],
  );
});

test('a port that speaks several protocols is read as none of them', () => {
  const world = new World(['hz']);
  const value = (ports: readonly string[]) => {
    const endpoints = ports.map((protocol) => ({ port: 20_880, protocol }));
    return JSON.stringify({
      address: '10.0.0.1',
      port: 20_880,
      payload: { metadata: { 'dubbo.endpoints': JSON.stringify(endpoints) } },
    });
  };
  const straight = (...ports: readonly string[]) => {
    const read = readInstanceNode('/services/pay/a', 'pay', value(ports));
    world.apply({ registry: 'hz', kind: 'instance', app: 'pay', id: 'a', read });
    return endpointsOf(world, 'pay', null).map((one) => one.straight);
  };
  assert.deepEqual(straight('dubbo'), [null]);
  const why = 'the protocols dubbo and tri on one port';
  assert.deepEqual(straight('dubbo', 'tri'), [why, why]);
});
