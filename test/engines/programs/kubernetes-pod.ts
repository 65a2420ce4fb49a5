/** A pod with a real Envoy and real rules, on a real API server: the fleet takes its traffic off the sidecar and back, and nothing of it starts anew. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertRoute, type Stage, setStage } from '../../e2e/interception/stage.ts';
import { LAB_UIDS } from '../../e2e/lab/lab.ts';
import type { LabProcess } from '../../e2e/lab/lab-process.ts';
import { runWeirBin } from '../../run-weir.ts';
import { KubernetesLab, podOf } from '../kubernetes-lab.ts';

const POD = '/api/v1/namespaces/default/pods/pay-1';

let lab: KubernetesLab;
let stage: Stage;
let daemon: LabProcess;

before(async () => {
  lab = await KubernetesLab.open();
  await lab.install({ podNamespaces: ['default'] });
});

after(() => lab?.close());

/** The API server, at the same address, in the network namespace of the pod. */
async function bringApiServer(): Promise<void> {
  const path = join(stage.lab.folder, 'api.sock');
  const port = new URL(lab.server).port;
  const server = createServer((client) => {
    const api = connect(Number(port), '127.0.0.1');
    for (const end of [client, api]) end.on('error', () => undefined);
    client.on('close', () => api.destroy());
    api.on('close', () => client.destroy());
    client.pipe(api).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  stage.lab.onClose(() => void server.close());
  const relay = fileURLToPath(new URL('socket-relay.ts', import.meta.url));
  await stage.lab.start(stage.lab.client, [process.execPath, relay, port, path]).line(/relays/);
}

function fleetFile(account: string, more: object = {}): string {
  const file = join(stage.lab.folder, `${account}.yaml`);
  const kubernetes = { kubeconfig: join(lab.folder, `${account}.kubeconfig`), timeout: '10s' };
  writeFileSync(file, JSON.stringify({ apiVersion: 'weir.dev/v1', regions: { west: { kubernetes } }, ...more }));
  return file;
}

const weir = (...args: string[]) =>
  runWeirBin([...args, '--json'], { WEIR_FLEET_CONFIG: fleetFile('admin'), WEIR_BY: 'ops' });

/** Switches by the store and waits for the pod's own word. */
async function fleetSwitch(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await weir('fleet', ...args, '--wait', '--timeout', '90s');
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}${daemon.output()}`);
  const [region] = JSON.parse(stdout).result.regions;
  assert.deepEqual([region.hosts, region.confirmed], [['pay-1.default'], 1]);
}

test('a policy on the API server moves the packets of a running pod, and no container starts anew', {
  timeout: 400_000,
}, async (t) => {
  stage = await setStage('kubepod', { test: t, sidecar: 'envoy' });
  await bringApiServer();
  // The account of the pod itself, which `install --pods-of` lets in.
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'pay' } };
  await lab.client.ask('POST', '/api/v1/namespaces/default/serviceaccounts', account);
  lab.kubeconfig('pay', await lab.tokenOf('pay', 'default'));
  const made = await lab.client.ask('POST', '/api/v1/namespaces/default/pods', podOf('pay-1', { app: 'pay' }));
  const info = join(stage.lab.folder, 'podinfo');
  mkdirSync(info);
  const files = { name: 'pay-1', namespace: 'default', labels: 'app="pay"\n', annotations: '' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(info, name), text);
  const follow = fleetFile('pay', { host: { region: 'west', status: { ttl: '5s' } } });
  daemon = stage.weir.start(['host', 'run', '--pod', '--pod-info', info, '--fleet-config', follow]);
  await daemon.line(/follows the region/);
  await lab.until('the pod has spoken', async () => {
    const [region] = JSON.parse((await weir('fleet', 'status')).stdout).result.regions;
    return region.hosts.some(({ name }: { name: string }) => name === 'pay-1.default');
  });
  await assertRoute(stage, LAB_UIDS.app, 'direct');

  await fleetSwitch('on', 'payment');
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
  await assertRoute(stage, LAB_UIDS.other, 'direct');
  const streams = await stage.streams(LAB_UIDS.app);

  await fleetSwitch('off', 'payment');
  await assertRoute(stage, LAB_UIDS.app, 'direct');
  await assertRoute(stage, LAB_UIDS.app, 'direct', 6);
  // What goes through the sidecar already is drained, and not cut at once.
  for (const { gaps, route } of await streams.report()) assert.deepEqual([gaps, route], [0, 'proxy']);
  await fleetSwitch('on', 'payment');
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
  await fleetSwitch('off', '--all');
  await assertRoute(stage, LAB_UIDS.app, 'direct');

  const running = await Promise.race([
    Promise.all([stage.sidecar.process.ended, daemon.ended]).then(() => false),
    Promise.resolve(true),
  ]);
  assert.ok(running, daemon.output());
  const { value: pod } = (await lab.client.get(POD)) ?? {};
  assert.deepEqual(pod?.metadata.uid, made.value.metadata.uid);
  assert.deepEqual([pod?.metadata.generation, pod?.spec], [made.value.metadata.generation, made.value.spec]);
  await streams.stop();
});
