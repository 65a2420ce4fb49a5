/** Two units with a registry each: who is called from one of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runWeirBin } from '../../run-weir.ts';
import { ZooKeeperLab } from './zookeeper.ts';

const SERVICE = 'com.acme.Pay';
let hz: ZooKeeperLab;
let sh: ZooKeeperLab;
let folder: string;

/** Registers a provider of the interface-level layout. */
async function register(lab: ZooKeeperLab, app: string, host: string, unit: string | null): Promise<void> {
  const writer = await lab.client();
  const labels = unit === null ? '' : `&unit=${unit}`;
  const url = `dubbo://${host}:20880/${app}.${SERVICE}?application=${app}${labels}`;
  await writer.put(`/dubbo/${app}.${SERVICE}/providers/${encodeURIComponent(url)}`);
  writer.close();
}

before(async () => {
  [hz, sh] = await Promise.all([ZooKeeperLab.open(), ZooKeeperLab.open()]);
  folder = mkdtempSync(join(tmpdir(), 'weir-units-'));
  await register(hz, 'pay', '10.1.0.1', 'hz-1');
  await register(hz, 'pay', '10.1.0.2', 'hz-1');
  await register(hz, 'pay', '10.1.0.9', null);
  await register(sh, 'pay', '10.2.0.1', 'sh-1');
  // In both registries: one address, one endpoint.
  await register(sh, 'pay', '10.1.0.1', 'hz-1');
  await register(sh, 'account', '10.2.0.7', 'sh-1');
});

after(async () => {
  await Promise.all([hz?.close(), sh?.close()]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** Asks weir with this unit. */
async function weir(unit: object, ...args: string[]) {
  const config = join(folder, 'mesh.yaml');
  const mesh = {
    apiVersion: 'weir.dev/v1',
    registries: { hz: { zookeeper: [`127.0.0.1:${hz.port}`] }, sh: { zookeeper: [`127.0.0.1:${sh.port}`] } },
    discovery: { registries: ['hz', 'sh'], unit: { label: 'unit', own: 'hz-1', ...unit } },
    sidecars: { main: { user: 1337, outbound: 15_001, admin: `unix:${join(folder, 'admin.sock')}` } },
    apps: { shop: { select: { user: 2000 }, sidecar: 'main', consumes: { apps: ['pay', 'account'] } } },
  };
  writeFileSync(config, JSON.stringify(mesh));
  const ran = await runWeirBin(['discovery', ...args, '--config', config, '--json']);
  return { code: ran.code, result: JSON.parse(ran.stdout).result };
}

/** The members of the exported clusters of an application: `priority address`. */
async function membersOf(unit: object, app: string): Promise<string[]> {
  const { code, result } = await weir(unit, 'export', '--out', folder);
  assert.equal(code, 0);
  const { static_resources: resources } = JSON.parse(readFileSync(result.file, 'utf8'));
  const clusters = resources.clusters.filter(({ name }: { name: string }) => name.startsWith(`${app}|`));
  return clusters.flatMap((cluster: Cluster) =>
    cluster.load_assignment.endpoints.flatMap(({ priority = 0, lb_endpoints: members }) =>
      members.map(({ endpoint }) => `${priority} ${endpoint.address.socket_address.address}`),
    ),
  );
}

interface Cluster {
  readonly load_assignment: {
    readonly endpoints: readonly {
      readonly priority?: number;
      readonly lb_endpoints: readonly {
        readonly endpoint: { readonly address: { readonly socket_address: { readonly address: string } } };
      }[];
    }[];
  };
}

describe('a host of the unit hz-1', () => {
  it('sees all units with their registries, an address once', async () => {
    const { result } = await weir({ mode: 'closed' }, 'endpoints', 'pay');
    const seen = result.endpoints.map((one: Record<string, unknown>) => [one.address, one.unit, one.registries]);
    assert.deepEqual(seen, [
      ['10.1.0.1', 'hz-1', ['hz', 'sh']],
      ['10.1.0.2', 'hz-1', ['hz']],
      ['10.1.0.9', null, ['hz']],
      ['10.2.0.1', 'sh-1', ['sh']],
    ]);
  });

  it('calls nobody outside when the unit is closed, but the centre', async () => {
    const closed = { mode: 'closed', center: ['account'] };
    assert.deepEqual(await membersOf(closed, 'pay'), ['0 10.1.0.1', '0 10.1.0.2']);
    assert.deepEqual(await membersOf(closed, 'account'), ['0 10.2.0.7']);
    assert.deepEqual(await membersOf({ mode: 'closed' }, 'account'), []);
  });

  it('calls others last when it prefers its own, without a gap where it has none', async () => {
    const members = await membersOf({ mode: 'prefer' }, 'pay');
    assert.deepEqual(members.toSorted(), ['0 10.1.0.1', '0 10.1.0.2', '1 10.1.0.9', '1 10.2.0.1']);
    assert.deepEqual(await membersOf({ mode: 'prefer' }, 'account'), ['0 10.2.0.7']);
  });

  it('is told of instances without a unit', async () => {
    const { code, result } = await weir({ mode: 'closed' }, 'lint');
    assert.equal(code, 1);
    assert.deepEqual(
      result.findings.map((one: Record<string, unknown>) => [one.code, one.place]),
      [['no-unit', '10.1.0.9:20880']],
    );
  });
});
