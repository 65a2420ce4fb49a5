/** Endpoints out of a real registry with real registrations. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runWeirBin } from '../../run-weir.ts';
import { DubboProvider } from './dubbo-provider.ts';
import { ZooKeeperLab, type ZooKeeperWriter } from './zookeeper.ts';

interface FixtureNode {
  readonly path: string;
  readonly ephemeral: boolean;
  readonly value: string;
}

let lab: ZooKeeperLab;
let writer: ZooKeeperWriter;
const folder = mkdtempSync(join(tmpdir(), 'weir-discovery-'));

before(async () => {
  lab = await ZooKeeperLab.open();
  writer = await lab.client();
});

after(async () => {
  writer?.close();
  await lab?.close();
  rmSync(folder, { recursive: true });
});

/** Puts what a real registration wrote below roots of its own; resolves to a mesh.yaml for it. */
async function register(fixture: string, more = ''): Promise<string> {
  const nodes: FixtureNode[] = JSON.parse(
    readFileSync(new URL(`../../fixtures/zookeeper/${fixture}.json`, import.meta.url), 'utf8'),
  );
  for (const { path, value } of nodes) if (path !== '/') await writer.put(`/${fixture}${path}`, value);
  return meshOf(fixture, more);
}

function meshOf(fixture: string, more = ''): string {
  return meshAt(`/${fixture}/dubbo`, `/${fixture}/services`, more);
}

function meshAt(root: string, services: string, more = ''): string {
  const file = join(folder, 'mesh.yaml');
  writeFileSync(
    file,
    `apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:${lab.port}"], root: ${root}, services: ${services}}}
discovery: {registries: [hz]${more}}
sidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock"}}
apps: {shop: {select: {user: 1001}, sidecar: main, consumes: {apps: [demo-provider]}}}
`,
  );
  return file;
}

async function endpoints(config: string, ...args: string[]) {
  const { code, stdout, stderr } = await runWeirBin(['discovery', 'endpoints', ...args, '--json', '--config', config]);
  assert.equal(code, 0, `${stdout}${stderr}`);
  return JSON.parse(stdout).result.endpoints as {
    readonly app: string;
    readonly address: string;
    readonly port: number;
    readonly labels: Record<string, string>;
    readonly weight: number;
    readonly layouts: string[];
    readonly unit: string | null;
  }[];
}

test('the interface-level layout of a real registration gives an endpoint a provider, with the parameters of its URL', async () => {
  const found = await endpoints(await register('znodes-interface'));
  assert.deepEqual(
    found.map(({ app, address, port, layouts, weight, unit }) => ({ app, address, port, layouts, weight, unit })),
    [20881, 20882].map((port) => ({
      ...{ app: 'demo-provider', address: '10.77.0.1', port, layouts: ['interface'], weight: 100, unit: null },
    })),
  );
  assert.deepEqual(
    found.map(({ labels }) => labels.lab),
    ['app-a', 'app-b'],
  );
});

test('the application-level layout with remote metadata gives the labels of the revision', async () => {
  const config = await register('znodes-instance-remote-metadata', ', unit: {label: lab, own: app-a}');
  const found = await endpoints(config);
  assert.deepEqual(
    found.map(({ port, layouts, unit, labels }) => [port, layouts, unit, labels.tag]),
    [
      [20881, ['application'], 'app-a', 'a'],
      [20882, ['application'], 'app-b', 'b'],
    ],
  );
  assert.deepEqual(await endpoints(config, 'demo.DemoService'), found);
  assert.deepEqual(await endpoints(config, 'demo.DemoService', '--layout', 'interface'), []);
});

test('both layouts of one address are one endpoint', async () => {
  const found = await endpoints(await register('znodes-all'));
  assert.deepEqual(
    found.map(({ port, layouts }) => [port, layouts]),
    [
      [20881, ['application', 'interface']],
      [20882, ['application', 'interface']],
    ],
  );
});

test('an unknown name is an empty list and no error', async () => {
  assert.deepEqual(await endpoints(await register('znodes-all'), 'nobody'), []);
});

test('a node that cannot be read costs itself only', async () => {
  const config = await register('znodes-instance-remote-metadata');
  const services = '/znodes-instance-remote-metadata/services/demo-provider';
  for (const [id, value] of Object.entries({
    'not-json': 'x',
    list: '[]',
    host: '{"address":"host.example","port":1}',
    port: '{"address":"10.0.0.1","port":0}',
    large: JSON.stringify({ address: '10.0.0.2', port: 1, pad: 'x'.repeat(70_000) }),
    binary: '\u0000\u0001',
  })) {
    await writer.put(`${services}/${id}`, value);
  }
  assert.deepEqual(
    (await endpoints(config)).map(({ port }) => port),
    [20881, 20882],
  );
});

test('a registry that does not answer ends with 3, and nothing is concluded about its instances', async () => {
  const config = meshOf('znodes-all');
  writeFileSync(config, readFileSync(config, 'utf8').replace(`127.0.0.1:${lab.port}`, '127.0.0.1:1'));
  const { code, stdout } = await runWeirBin(['discovery', 'endpoints', '--json', '--config', config]);
  assert.equal(code, 3, stdout);
  assert.equal(JSON.parse(stdout).error.code, 'WEIR6002');
});

for (const metadata of ['local', 'remote'] as const) {
  test(`a real Dubbo provider with ${metadata} metadata is found by its interface, with its parameters`, async () => {
    const port = 20_900 + (metadata === 'local' ? 1 : 2);
    const provider = await DubboProvider.start({ zookeeperPort: lab.port, port, mode: 'instance', metadata });
    try {
      const config = meshAt('/dubbo', '/services', ', unit: {label: unit, own: hz-1}');
      const found = await endpoints(config, 'DubboProvider$Orders');
      assert.deepEqual(
        found.map((one) => [one.app, one.port, one.layouts, one.weight, one.unit, one.labels.zone]),
        [['orders', port, ['application'], 40, 'hz-1', 'east']],
      );
      const { code, stdout } = await runWeirBin(['discovery', 'diff', 'orders', '--json', '--config', config]);
      assert.equal(code, 1);
      const [difference] = JSON.parse(stdout).result.differences;
      assert.deepEqual([difference.code, difference.place], ['only-application', `${found[0]?.address}:${port}`]);
    } finally {
      await provider.stop();
    }
  });
}

test('a provider that registers in both layouts is one endpoint without differences', async () => {
  const provider = await DubboProvider.start({ zookeeperPort: lab.port, port: 20_903, mode: 'all', metadata: 'local' });
  try {
    const config = meshAt('/dubbo', '/services');
    const found = await endpoints(config, 'orders');
    assert.deepEqual(
      found.map(({ port, layouts }) => [port, layouts]),
      [[20_903, ['application', 'interface']]],
    );
    const { code, stdout } = await runWeirBin(['discovery', 'diff', 'orders', '--config', config]);
    assert.deepEqual([code, stdout], [0, 'both layouts say the same\n']);
  } finally {
    await provider.stop();
  }
});
