/** A stock Envoy that runs on exported resources. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { runWeirBin } from '../../run-weir.ts';
import { untilReady } from '../lab/envoy.ts';
import { LAB_ADDRESSES, LAB_UIDS, type Lab, makeLab } from '../lab/lab.ts';
import { startProgram } from '../lab/traffic.ts';
import { installWeir } from '../lab/weir.ts';
import { providerCommand } from './dubbo-provider.ts';
import { ZooKeeperLab } from './zookeeper.ts';

const ORDERS = 'DubboProvider$Orders';
const HOST = LAB_ADDRESSES.upstream.ipv4;
const PORTS = { first: 20_881, second: 20_882, fastjson: 20_883, unregistered: 20_884 };

let zookeeper: ZooKeeperLab;

before(async () => {
  zookeeper = await ZooKeeperLab.open();
});

after(async () => {
  await zookeeper?.close();
});

/** What a provider of the interface-level layout registers. */
function url(port: number, more = ''): string {
  return encodeURIComponent(`dubbo://${HOST}:${port}/${ORDERS}?application=orders&group=blue&version=1.2.0${more}`);
}

async function calls(lab: Lab, port: number, change: object = {}): Promise<string[]> {
  const options = {
    ...{
      host: HOST,
      port,
      interface: ORDERS,
      group: 'blue',
      version: '1.2.0',
      method: 'order',
      argument: 'a',
      count: 6,
    },
    ...change,
  };
  const program = startProgram(lab, lab.client, 'dubbo-caller', options, { uid: LAB_UIDS.app });
  const [, answers = ''] = await program.line(/^ANSWERS (.*)$/);
  return JSON.parse(answers);
}

test('a stock Envoy started from an export balances Dubbo by registered address; the rest goes where it wanted to go', async (t) => {
  const lab = await makeLab('export', { test: t });
  const writer = await zookeeper.client();
  for (const node of [url(PORTS.first), url(PORTS.second), url(PORTS.fastjson, '&prefer.serialization=fastjson2')]) {
    await writer.put(`/dubbo/${ORDERS}/providers/${node}`);
  }
  writer.close();
  const providers = Object.values(PORTS).map((port) => lab.start(lab.upstream, providerCommand('N/A', HOST, port)));
  await Promise.all(providers.map((provider) => provider.line(/^ready$/)));

  const weir = installWeir(lab);
  const folder = lab.makeFolder('envoy', LAB_UIDS.sidecar);
  const admin = `unix:${join(folder, 'admin.sock')}`;
  weir.configure({
    apiVersion: 'weir.dev/v1',
    registries: { hz: { zookeeper: [`127.0.0.1:${zookeeper.port}`] } },
    discovery: { registries: ['hz'] },
    sidecars: { main: { user: LAB_UIDS.sidecar, outbound: 15_001, admin } },
    apps: { shop: { select: { user: LAB_UIDS.app }, sidecar: 'main', consumes: { apps: ['orders'] } } },
  });
  const exported = await runWeirBin(['discovery', 'export', '--out', folder, '--config', weir.config, '--json']);
  assert.equal(exported.code, 0, exported.stdout);
  const { result } = JSON.parse(exported.stdout);
  assert.deepEqual([result.clusters, result.endpoints, result.file], [1, 2, join(folder, 'envoy.json')]);
  assert.deepEqual(result.straight, [
    { app: 'orders', address: `${HOST}:${PORTS.fastjson}`, reason: 'serialization fastjson2' },
  ]);

  const binary = openSync(envoyBinary('1.40.0'), 'r');
  const argv = ['/proc/self/fd/3', '-c', result.file, '--disable-hot-restart', '--concurrency', '1', '-l', 'warning'];
  const envoy = lab.start(lab.client, argv, { uid: LAB_UIDS.sidecar, inherit: binary });
  closeSync(binary);
  await untilReady(envoy, join(folder, 'admin.sock'));
  const on = await weir.json(['on', 'shop']);
  assert.equal(on.code, 0, JSON.stringify(on.json));

  const from = (answers: readonly string[]) => [...new Set(answers)].toSorted();
  assert.deepEqual(from(await calls(lab, PORTS.first)), [`a from ${PORTS.first}`, `a from ${PORTS.second}`]);
  // Another group, another version, an unknown interface: the picked address answers, whatever it says.
  assert.match((await calls(lab, PORTS.first, { group: 'green', count: 1 })).join(), /kind|status/);
  const metadata = { interface: 'org.apache.dubbo.metadata.MetadataService', group: 'orders', version: '1.0.0' };
  assert.match((await calls(lab, PORTS.second, { ...metadata, method: 'getMetadataInfo', count: 1 })).join(), /./);
  // Frames that Envoy cannot read, and an address that nobody registered, pass as they are.
  assert.deepEqual(from(await calls(lab, PORTS.fastjson)), [`a from ${PORTS.fastjson}`]);
  assert.deepEqual(from(await calls(lab, PORTS.unregistered)), [`a from ${PORTS.unregistered}`]);
  assert.ok(readFileSync(result.file, 'utf8').includes('generic_proxy'));
});
