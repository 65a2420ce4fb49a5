/** What is said of registries that were read once: endpoints, differences of layouts, findings, a bootstrap. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { endpointsText } from '../../../src/discovery/text/endpoints-text.ts';
import { exportText } from '../../../src/discovery/text/export-text.ts';
import { findingsText } from '../../../src/discovery/text/findings-text.ts';
import { requireDiscovery } from '../../../src/discovery/usecases/discovery-mesh.ts';
import { exportBootstrap } from '../../../src/discovery/usecases/export-bootstrap.ts';
import { findDifferences } from '../../../src/discovery/usecases/find-differences.ts';
import { lintRegistries } from '../../../src/discovery/usecases/lint-registries.ts';
import { listEndpoints } from '../../../src/discovery/usecases/list-endpoints.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { discoveryMesh, instance, meshConfig, metadata, providers, readerOf } from './registry-stage.ts';

const same = (text: string) => text;
const PAINT: Paint = { good: same, caution: (text) => `~${text}`, bad: same, strong: same, faint: same };
const MESH = discoveryMesh();
const UNITS = discoveryMesh(', unit: {label: unit, own: a, mode: closed}');
const addresses = (all: readonly { readonly address: string }[]) => all.map(({ address }) => address);
const list = (name: string | null, layout: 'application' | 'interface' | 'both' = 'both') =>
  listEndpoints(MESH, { name, layout }, readerOf(instance(1), metadata(), providers(1, 2)));

describe('the endpoints of a query', () => {
  it('are those that mesh.yaml consumes, merged by address', async () => {
    const all = await list(null);
    assert.deepEqual(
      all.map(({ address, layouts, registries }) => [address, layouts, registries]),
      [
        ['10.0.0.1', ['application', 'interface'], ['hz']],
        ['10.0.0.2', ['interface'], ['hz']],
      ],
    );
    assert.equal('services' in (all[0] ?? {}), false);
  });

  it('are narrowed by layout, and by the name of an application or interface', async () => {
    assert.deepEqual(addresses(await list(null, 'application')), ['10.0.0.1']);
    assert.deepEqual(addresses(await list('stock')), ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual(addresses(await list('com.acme.Stock')), ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual(await list('com.acme.Nothing'), []);
  });

  it('are a table with their number', async () => {
    assert.equal(endpointsText([], PAINT), 'no endpoints');
    const lines = endpointsText(await list(null), PAINT).split('\n');
    assert.match(lines[0] ?? '', /^APPLICATION +ADDRESS +PROTOCOL +UNIT +WEIGHT +LAYOUT$/);
    assert.match(lines[1] ?? '', /^stock +10\.0\.0\.1:20880 +dubbo +- +100 +application\+interface$/);
    assert.equal(lines.at(-1), '2 endpoints of 1 application');
  });
});

describe('the layouts of an application', () => {
  const differ = async (...events: readonly RegistryEvent[]) =>
    (await findDifferences(MESH, 'stock', readerOf(...events))).map(({ code, place }) => `${code} ${place}`);

  it('differ where an address is in one of them only', async () => {
    assert.deepEqual(await differ(instance(1), metadata(), providers(1)), []);
    assert.deepEqual(await differ(instance(1), instance(3), metadata(), providers(1, 2)), [
      'only-interface 10.0.0.2:20880',
      'only-application 10.0.0.3:20880',
    ]);
  });

  it('cannot be compared while the services of an address are unknown', async () => {
    assert.deepEqual(await differ(instance(1)), ['services-unknown 10.0.0.1:20880']);
  });
});

describe('the findings about registries', () => {
  const lint = async (mesh: typeof MESH, ...events: readonly RegistryEvent[]) =>
    (await lintRegistries(mesh, readerOf(...events))).map(({ code, place }) => `${code} ${place}`);

  it('are none for an application that is whole', async () => {
    assert.deepEqual(await lint(MESH, instance(1), metadata()), []);
  });

  it('name an application that nobody registered, and nodes that were refused', async () => {
    assert.deepEqual(await lint(MESH), ['no-instances stock']);
    const refused = instance(300);
    assert.match((await lint(MESH, refused))[0] ?? '', /^no-literal-address hz:\/services\/stock\//);
  });

  it('name endpoints that Envoy cannot read, whose services are unknown, or that have no unit', async () => {
    const fastjson = metadata('com.acme.Stock', { serialization: 'fastjson2' });
    assert.deepEqual(await lint(MESH, instance(1), fastjson), ['straight 10.0.0.1:20880']);
    assert.deepEqual(await lint(MESH, instance(1)), ['services-unknown 10.0.0.1:20880']);
    assert.deepEqual(await lint(UNITS, instance(1), instance(2, { unit: 'a' }), metadata()), [
      'no-unit 10.0.0.1:20880',
    ]);
  });

  it('are told with their repair and their number', async () => {
    const found = await lintRegistries(MESH, readerOf());
    const text = findingsText(found, 'nothing', PAINT);
    assert.match(text, /^~stock has no instance in any registry \[no-instances\]/);
    assert.match(text, /next: see whether/);
    assert.match(text, /1 finding$/);
    assert.equal(findingsText([], 'nothing', PAINT), 'nothing');
  });
});

const NO_RULES = { readRuleFiles: async () => new Map<string, string>(), ownAddress: () => null };

describe('an exported bootstrap', () => {
  const world = readerOf(instance(1, { unit: 'a' }), instance(2, { unit: 'b' }), metadata());
  const request = { sidecar: null, ipv6: false };

  it('is that of the sidecar whose applications consume something', async () => {
    const exported = await exportBootstrap(MESH, request, world, NO_RULES);
    assert.deepEqual([exported.sidecar, exported.endpoints, exported.straight], ['main', 2, []]);
    const text = JSON.stringify(exported.bootstrap);
    for (const part of ['10.0.0.1', '10.0.0.2', '/run/weir/main/admin.sock', '15001'])
      assert.ok(text.includes(part), part);
  });

  it('leaves out other units where the own one is closed', async () => {
    const { bootstrap, endpoints } = await exportBootstrap(UNITS, request, world, NO_RULES);
    assert.equal(endpoints, 1);
    assert.equal(JSON.stringify(bootstrap).includes('10.0.0.2'), false);
    const center = discoveryMesh(', unit: {label: unit, own: a, mode: closed, center: [stock]}');
    assert.equal((await exportBootstrap(center, request, world, NO_RULES)).endpoints, 2);
  });

  it('names what passes unread', async () => {
    const fastjson = metadata('com.acme.Stock', { serialization: 'fastjson2' });
    const exported = await exportBootstrap(MESH, request, readerOf(instance(1), fastjson), NO_RULES);
    assert.deepEqual(exported.straight, [
      { app: 'stock', address: '10.0.0.1:20880', reason: 'serialization fastjson2' },
    ]);
    assert.match(
      exportText('e.yaml', exported, PAINT),
      /^wrote e\.yaml: .*\n~10\.0\.0\.1:20880 of stock passes unread: .*\nnext: envoy -c e\.yaml$/,
    );
  });

  it('is refused for a sidecar that does not exist or takes no outbound connection', async () => {
    for (const sidecar of ['none', 'bare']) {
      await assert.rejects(
        exportBootstrap(MESH, { ...request, sidecar }, world, NO_RULES),
        { code: 'WEIR6003' },
        sidecar,
      );
    }
    await assert.rejects(exportBootstrap({ ...MESH, apps: new Map() }, request, world, NO_RULES), {
      what: 'no sidecar is named',
    });
  });
});

it('a registry that cannot be read is no empty registry', async () => {
  const reader = { ...readerOf(), readRegistry: () => Promise.reject(new Error('no answer')) };
  await assert.rejects(listEndpoints(MESH, { name: null, layout: 'both' }, reader), { message: 'no answer' });
  await assert.rejects(lintRegistries(MESH, reader), { message: 'no answer' });
});

it('mesh.yaml has to name registries', () => {
  const { discovery: _, ...without } = meshConfig();
  assert.throws(() => requireDiscovery(without), { code: 'WEIR6001', exit: 2 });
  assert.deepEqual(
    requireDiscovery(meshConfig()).registries.map(({ name }) => name),
    ['hz'],
  );
});
