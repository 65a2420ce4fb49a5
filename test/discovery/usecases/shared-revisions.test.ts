/** Two sets of services under one revision: what is said of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lintRegistries } from '../../../src/discovery/usecases/lint-registries.ts';
import { describedTwice } from '../../../src/discovery/world/described-twice.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { World } from '../../../src/discovery/world/world.ts';
import { discoveryMesh, instance, metadata, providers, readerOf } from './registry-stage.ts';

/** A provider of another interface of stock. */
function other(host: number): RegistryEvent {
  const name = 'com.acme.Other';
  const url = encodeURIComponent(`dubbo://10.0.0.${host}:20880/${name}?application=stock`);
  const listed = new Map([[url, readProviderUrl(`/dubbo/${name}/providers`, name, url)]]);
  return { registry: 'hz', kind: 'providers', interface: name, listed };
}

test('an instance whose URLs lack what its revision names, and others of it have, is a finding', async () => {
  const lint = async (...events: readonly RegistryEvent[]) =>
    (await lintRegistries(discoveryMesh(), readerOf(...events))).map(({ code, place }) => `${code} ${place}`);
  const both = [instance(1), instance(2), metadata()];
  assert.deepEqual(await lint(...both, providers(2), other(1)), ['revision-shared 10.0.0.1:20880']);
  // Who is at application level alone, or in a service that nobody has at interface level, says nothing against it.
  assert.deepEqual(await lint(...both, providers(2)), []);
  assert.deepEqual(await lint(...both, other(1), other(2)), []);
  assert.deepEqual(await lint(...both, providers(1, 2)), []);
});

test('a revision that is described anew with other services is said; the same again, or after nothing, is not', () => {
  const world = new World(['hz']);
  const said = (event: RegistryEvent) => {
    const text = describedTwice(world, event);
    world.apply(event);
    return text;
  };
  assert.equal(said(metadata()), null);
  assert.equal(said(metadata('com.acme.Stock', { timeout: '1' })), null);
  assert.match(
    said(metadata('com.acme.Other')) ?? '',
    /^the revision r1 of stock is described a second time .*and 1 more/,
  );
  assert.equal(said({ registry: 'hz', kind: 'metadata', app: 'stock', revision: 'r1', read: null }), null);
});
