/** A world whose registry lists an older state of places that it knew better. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { World } from '../../../src/discovery/world/world.ts';

const NAME = 'com.acme.Stock';
const urlOf = (app: string, host: number, more = '') =>
  encodeURIComponent(`dubbo://10.0.0.${host}:20880/${NAME}?application=${app}${more}`);
const read = (url: string) => readProviderUrl(`/dubbo/${NAME}/providers`, NAME, url);

function providers(urls: readonly string[], isOlder?: true): RegistryEvent {
  const listed = new Map(urls.map((url) => [url, read(url)]));
  return { registry: 'hz', kind: 'providers', interface: NAME, listed, ...(isOlder ? { isOlder } : {}) };
}

const hosts = (world: World, app: string) => endpointsOf(world, app, null).map(({ address }) => address.slice(7));

test('an older listing of an interface changes nobody, and is believed an application at a time', () => {
  const world = new World(['hz']);
  world.apply(providers([urlOf('stock', 1), urlOf('stock', 2), urlOf('pay', 3)]));
  const changed = world.apply(providers([urlOf('stock', 2), urlOf('stock', 4), urlOf('pay', 5)], true));
  assert.deepEqual([...changed].toSorted(), ['pay', 'stock']);
  assert.deepEqual([hosts(world, 'stock'), hosts(world, 'pay')], [['1', '2'], ['3']]);
  assert.deepEqual([world.olderLoss('stock'), world.olderLoss('pay'), world.olderLoss('other')], [1, 1, null]);
  world.believeOlder('stock');
  assert.deepEqual([hosts(world, 'stock'), hosts(world, 'pay')], [['2', '4'], ['3']]);
  assert.deepEqual([world.olderLoss('stock'), world.olderLoss('pay')], [null, 1]);
});

test('an address that another node of the older state has is not lost', () => {
  const world = new World(['hz']);
  world.apply(providers([urlOf('stock', 1, '&timestamp=2'), urlOf('stock', 2)]));
  world.apply(providers([urlOf('stock', 1, '&timestamp=1'), urlOf('stock', 2)], true));
  assert.equal(world.olderLoss('stock'), 0);
});

test('a provider that comes or goes speaks for itself, and a listing of the newest state for all', () => {
  const world = new World(['hz']);
  world.apply(providers([urlOf('stock', 1), urlOf('stock', 2)]));
  world.apply(providers([urlOf('stock', 9)], true));
  const one = (host: number, isThere: boolean): RegistryEvent => {
    const id = urlOf('stock', host);
    return { registry: 'hz', kind: 'provider', interface: NAME, id, read: isThere ? read(id) : null };
  };
  assert.deepEqual([...world.apply(one(1, true))], ['stock']);
  world.apply(one(9, false));
  assert.deepEqual([hosts(world, 'stock'), world.olderLoss('stock')], [['1', '2'], 1]);
  assert.deepEqual([...world.apply(providers([urlOf('stock', 1), urlOf('stock', 2)]))], ['stock']);
  assert.equal(world.olderLoss('stock'), null);
});

test('who offered an interface goes on to do so when an older mapping does not name it', () => {
  const world = new World(['hz']);
  const mapping = (apps: readonly string[], isOlder?: true): RegistryEvent => ({
    ...{ registry: 'hz', kind: 'mapping', interface: NAME, apps },
    ...(isOlder ? { isOlder } : {}),
  });
  world.apply(mapping(['pay', 'stock']));
  world.apply(mapping(['pay', 'old'], true));
  assert.deepEqual([...world.appsOf(NAME)].toSorted(), ['old', 'pay', 'stock']);
  world.apply(mapping(['pay']));
  assert.deepEqual([...world.appsOf(NAME)], ['pay']);
});
