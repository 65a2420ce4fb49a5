/** What is said of registries that were read once: endpoints, differences of layouts, findings, a bootstrap. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Paint } from '../../../src/cli/paint.ts';
import { planClusters } from '../../../src/discovery/resources/plan-clusters.ts';
import { endpointsText } from '../../../src/discovery/text/endpoints-text.ts';
import { exportText } from '../../../src/discovery/text/export-text.ts';
import { findingsText } from '../../../src/discovery/text/findings-text.ts';
import { requireDiscovery } from '../../../src/discovery/usecases/discovery-mesh.ts';
import { exportBootstrap } from '../../../src/discovery/usecases/export-bootstrap.ts';
import { findDifferences } from '../../../src/discovery/usecases/find-differences.ts';
import { lintRegistries } from '../../../src/discovery/usecases/lint-registries.ts';
import { listEndpoints } from '../../../src/discovery/usecases/list-endpoints.ts';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { World } from '../../../src/discovery/world/world.ts';
import { discoveryMesh, instance, mapping, meshConfig, metadata, providers, readerOf } from './registry-stage.ts';

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

  it('are found by the key of a service, as it is registered', async () => {
    const blue = metadata('com.acme.Stock', {}, { group: 'blue', version: '1.0' });
    const find = async (name: string) =>
      addresses(await listEndpoints(MESH, { name, layout: 'both' }, readerOf(instance(1), blue, mapping())));
    for (const name of ['com.acme.Stock', 'blue/com.acme.Stock:1.0']) assert.deepEqual(await find(name), ['10.0.0.1']);
    for (const name of ['blue/com.acme.Stock', 'com.acme.Stock:1.0', 'green/com.acme.Stock:1.0'])
      assert.deepEqual(await find(name), []);
  });

  it('have all that their instance registered as labels, also what Dubbo writes for itself, and the parameters', async () => {
    const written = {
      'dubbo.endpoints': '[{"port":20880,"protocol":"dubbo"}]',
      'dubbo.metadata.revision': 'r1',
      'dubbo.metadata.storage-type': 'local',
      'dubbo.metadata-service.url-params': '{"port":"20880"}',
      'dubbo.metadata-service.urls': '[]',
      'dubbo.metadata.cluster': 'c',
      'meta-v': '1.0.0',
      timestamp: '1790000000000',
      zone: 'a',
    };
    const events = [
      instance(1, written),
      instance(2, { timestamp: 'rubbish' }),
      metadata('com.acme.Stock', { retries: '0' }),
    ];
    const found = await listEndpoints(MESH, { name: null, layout: 'both' }, readerOf(...events, providers(1)));
    const params = { retries: '0', application: 'stock' };
    assert.deepEqual(
      found.map(({ labels }) => labels),
      [
        { ...written, ...params },
        { 'dubbo.metadata.revision': 'r1', timestamp: 'rubbish', retries: '0' },
      ],
    );
  });

  it('say which of their services nobody is to call: an instance or a service that is registered as disabled', async () => {
    const look = async (...events: readonly RegistryEvent[]) =>
      (await listEndpoints(MESH, { name: 'com.acme.Stock', layout: 'both' }, readerOf(...events))).map(
        ({ port, disabled }) => [port, ...disabled],
      );
    const offers = (params: Readonly<Record<string, string>>) => [metadata('com.acme.Stock', params), mapping()];
    const off = [[20_880, 'com.acme.Stock']];
    assert.deepEqual(await look(instance(1), ...offers({})), [[20_880]]);
    assert.deepEqual(await look(instance(1), ...offers({ disabled: 'true' })), off);
    assert.deepEqual(await look(instance(1, { disabled: 'TRUE' }), ...offers({})), off);
    assert.deepEqual(await look(instance(1), ...offers({ enabled: 'false' })), off);
    assert.deepEqual(await look(instance(1), ...offers({ disabled: 'false', enabled: 'false' })), [[20_880]]);
    const all = await listEndpoints(
      MESH,
      { name: 'stock', layout: 'both' },
      readerOf(instance(1, { disabled: 'true' }), ...offers({})),
    );
    assert.match(endpointsText(all, PAINT), /application +~disabled: com\.acme\.Stock$/m);
  });

  it('are a table with their number', async () => {
    assert.equal(endpointsText([], PAINT), 'no endpoints');
    const lines = endpointsText(await list(null), PAINT).split('\n');
    assert.match(lines[0] ?? '', /^APPLICATION +ADDRESS +PROTOCOL +UNIT +WEIGHT +LAYOUT$/);
    assert.match(lines[1] ?? '', /^stock +10\.0\.0\.1:20880 +dubbo +- +100 +both$/);
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

  it('name an address that several nodes register, and an application that only a mapping names', async () => {
    const { id, ...again } = { ...instance(1), id: 'other' };
    assert.deepEqual(await lint(MESH, instance(1), { ...again, id } as RegistryEvent, metadata()), [
      'registered-twice 10.0.0.1:20880',
    ]);
    const mesh = discoveryMesh('', '{interfaces: [com.acme.Stock]}');
    const [found] = await lintRegistries(mesh, readerOf(mapping()));
    assert.match(
      `${found?.what}: ${found?.repair}`,
      /^stock .*, although a mapping names it: take it out of the mapping/,
    );
    assert.match((await lintRegistries(MESH, readerOf(instance(1))))[0]?.what ?? '', /no calls are balanced to it$/);
  });

  it('name services of which every provider is disabled or has weight 0: their calls are left alone, as Dubbo makes them', async () => {
    const weightless = metadata('com.acme.Stock', { weight: '0' });
    assert.deepEqual(await lint(MESH, instance(1), weightless), ['nobody-called stock']);
    const off = metadata('com.acme.Stock', { disabled: 'true' });
    assert.deepEqual(await lint(MESH, instance(1), off), ['nobody-called stock']);
    assert.deepEqual(await lint(MESH, instance(1), weightless, providers(2)), []);
    const world = new World(['hz']);
    for (const event of [instance(1), weightless]) world.apply(event);
    const plan = planClusters(endpointsOf(world, 'stock', null));
    assert.deepEqual([plan.services.size, plan.read.length], [0, 1]);
  });

  it('are told with their repair and their number', async () => {
    const found = await lintRegistries(MESH, readerOf());
    const words = { none: 'nothing', noun: 'finding' };
    const text = findingsText(found, words, PAINT);
    assert.match(text, /^~stock has no instance in any registry \[no-instances\]/);
    assert.match(text, /next: see whether/);
    assert.match(text, /1 finding$/);
    const one = { code: 'c', place: 'hz:/a/b', what: 'a node is bad', repair: 'do this '.repeat(20).trim() };
    const lines = findingsText([one, { ...one, what: 'hz:/a/b is bad' }], { none: '', noun: 'finding' }, PAINT).split(
      '\n',
    );
    assert.deepEqual(lines.slice(0, 3), ['~a node is bad [c]', '  at:   hz:/a/b', '~hz:/a/b is bad [c]']);
    assert.match(lines[3] ?? '', /^ {2}next: do this/);
    // What goes on stands below its first word.
    assert.match(lines[4] ?? '', /^ {8}(?:do|this) /);
    for (const line of lines) assert.ok(line.length <= 81, line);
    assert.equal(findingsText([], words, PAINT), 'nothing');
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
