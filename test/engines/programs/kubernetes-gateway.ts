/** A Gateway and a pod that follows its region, on a real API server with the rights of `weir operator install`. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { KubernetesLab, podOf } from '../kubernetes-lab.ts';

const OWN = '/apis/weir.dev/v1/namespaces/weir-system';
const NAME = 'weir-gateway-edge';
const OF = {
  deployment: `/apis/apps/v1/namespaces/weir-system/deployments/${NAME}`,
  service: `/api/v1/namespaces/weir-system/services/${NAME}`,
  config: `/api/v1/namespaces/weir-system/configmaps/${NAME}`,
} as const;

let lab: KubernetesLab;
let fleet = '';
let said = '';
const programs: ChildProcess[] = [];

const weir = (...args: string[]) => runWeirBin(args, { WEIR_FLEET_CONFIG: fleet, WEIR_BY: 'ops' });

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [WEIR_BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  programs.push(child);
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  return child;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

function regionFile(name: string, account: string, more = ''): string {
  const file = join(lab.folder, `${name}.yaml`);
  const kubeconfig = join(lab.folder, `${account}.kubeconfig`);
  writeFileSync(
    file,
    `apiVersion: weir.dev/v1\nregions:\n  west:\n    kubernetes: {kubeconfig: ${kubeconfig}, timeout: 10s}\n${more}`,
  );
  return file;
}

before(async () => {
  lab = await KubernetesLab.open();
  await lab.install();
  for (const account of ['weir-operator', 'weir-host']) lab.kubeconfig(account, await lab.tokenOf(account));
  fleet = regionFile('fleet', 'admin');
  start('operator', 'run', '--region', 'west', '--fleet-config', regionFile('operator', 'weir-operator'));
});

after(async () => {
  process.stdout.write(`${said.slice(-3_000)}\n`);
  for (const child of programs) await stop(child, 'SIGTERM');
  await lab?.close();
});

test('a Gateway becomes a Deployment that is ready when its pods are, and goes with all of its own', {
  timeout: 400_000,
}, async () => {
  writeFileSync(
    join(lab.folder, 'routes.yaml'),
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: ["shop.example"]
  http: [{route: [{destination: {host: shop, port: {number: 80}}}]}]
`,
  );
  const file = join(lab.folder, 'gateway.yaml');
  writeFileSync(
    file,
    `apiVersion: weir.dev/v1
kind: Gateway
metadata: {name: edge}
spec:
  listeners: [{name: shop, port: 8443, hosts: [shop.example], tls: {secret: edge-cert}}, {name: plain, port: 8080}]
  routes: [routes.yaml]
  replicas: 2
`,
  );
  const applied = await weir('fleet', 'apply', file);
  assert.equal(applied.code, 0, applied.stderr);
  const condition = async () => {
    const { value } = (await lab.client.get(`${OWN}/gateways/edge`)) ?? {};
    const all: { type: string; status: string; message: string }[] = value?.status?.conditions ?? [];
    return all.find(({ type }) => type === 'Ready');
  };
  const says = (status: string, message: RegExp) =>
    lab.until(`Ready is ${status}, ${message}: ${said.slice(-1_500)}`, async () => {
      const found = await condition();
      return found?.status === status && message.test(found.message);
    });
  await says('False', /there is no ConfigMap weir-gateway-edge/);
  const { value: deployment } = (await lab.client.get(OF.deployment)) ?? {};
  assert.equal(deployment?.spec.replicas, 2);
  assert.deepEqual(
    deployment?.spec.template.spec.containers[0].ports.map(
      ({ containerPort }: { containerPort: number }) => containerPort,
    ),
    [8443, 8080],
  );
  assert.notEqual(await lab.client.get(OF.service), null);

  const rendered = JSON.parse((await weir('fleet', 'render', file, '--image', 'weir:1', '--json')).stdout);
  lab.apply(rendered.result.documents.filter(({ kind }: { kind: string }) => kind === 'ConfigMap'));
  await says('False', /no controller has looked at it yet|0 of 2 pods are ready/);
  // What a controller and a kubelet say of two pods.
  const ready = async (count: number) => {
    const { value } = (await lab.client.get(OF.deployment)) ?? {};
    const counts = { replicas: 2, updatedReplicas: 2, readyReplicas: count, availableReplicas: count };
    const status = { observedGeneration: value?.metadata.generation, ...counts };
    await lab.client.ask('PUT', `${OF.deployment}/status`, { ...value, status });
  };
  await ready(1);
  await says('False', /1 of 2 pods are ready/);
  await ready(2);
  await says('True', /2 of 2 pods are ready/);
  process.stdout.write(`${lab.kubectl('get', 'gateways.weir.dev', '-n', 'weir-system')}\n`);

  const options = { apiVersion: 'v1', kind: 'DeleteOptions' };
  await lab.client.ask('DELETE', `${OWN}/gateways/edge`, options);
  for (const path of [`${OWN}/gateways/edge`, ...Object.values(OF)])
    await lab.until(`${path} is gone`, async () => (await lab.client.get(path)) === null, 120_000);
});

test('a pod says how it is with the rights of a host, is explained, and is forgotten when it was killed and is gone', {
  timeout: 400_000,
}, async () => {
  const folder = (name: string) => {
    const path = join(lab.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const info = folder('podinfo');
  const files = { name: 'pay-1', namespace: 'default', labels: 'app="pay"\n', annotations: '' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(info, name), text);
  const mesh = join(lab.folder, 'mesh.yaml');
  writeFileSync(
    mesh,
    JSON.stringify({
      ...{
        apiVersion: 'weir.dev/v1',
        sidecars: { main: { user: 1337, outbound: 15_001, admin: 'http://127.0.0.1:15000' } },
      },
      apps: { payment: { select: { user: 42_001 }, sidecar: 'main' } },
    }),
  );
  await lab.client.ask('POST', '/api/v1/namespaces/default/pods', podOf('pay-1', { app: 'pay' }));
  const fleetOfHost = regionFile('host', 'weir-host', 'host: {region: west, status: {ttl: 5s}}\n');
  const places = ['--run-dir', folder('run'), '--state-dir', folder('state'), '--config', mesh];
  const host = start('host', 'run', '--pod', '--pod-info', info, '--fleet-config', fleetOfHost, ...places);
  const rows = async () => {
    const { stdout } = await weir('fleet', 'status', '--json');
    const hosts: { name: string; state: string; labels: object }[] = JSON.parse(stdout).result.regions[0].hosts;
    return hosts;
  };
  const isThere = async () => (await rows()).some(({ name, state }) => name === 'pay-1.default' && state === 'ok');
  await lab.until(`the pod has spoken: ${said.slice(-1_500)}`, isThere, 90_000);
  assert.deepEqual((await rows())[0]?.labels, { app: 'pay' });

  await stop(host, 'SIGKILL');
  await lab.until('it is silent', async () => (await rows())[0]?.state === 'silent', 90_000);
  const remove = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
  await lab.client.ask('DELETE', '/api/v1/namespaces/default/pods/pay-1', remove);
  await lab.until('it is forgotten', async () => (await rows()).length === 0, 180_000);
  assert.match(said, /pay-1\.default: its pod is gone, and the host is forgotten/);
});
