/** The container that follows the fleet beside a hot upgrade, on the real manager of OpenKruise: what restarts, when a pod has moved, what is undone. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { KubernetesLab, podOf } from '../kubernetes-lab.ts';

const SET = '/apis/apps.kruise.io/v1alpha1/sidecarsets/mesh';
const PODS = '/api/v1/namespaces/default/pods';
const LIMIT = { timeout: 400_000 };

let lab: KubernetesLab;
let fleet = '';
let said = '';
const operators: ChildProcess[] = [];

const weir = (...args: string[]) => runWeirBin(args, { WEIR_FLEET_CONFIG: fleet, WEIR_BY: 'ops' });

interface Version {
  readonly name?: string;
  readonly image: string;
  readonly host?: string;
}

function releaseFile({ name, image, host }: Version, of = 'mesh', label = 'on'): string {
  const path = join(lab.folder, `${of}.yaml`);
  const version = {
    ...{ name: name ?? image, image: `weir/envoy:${image}`, emptyImage: 'weir/empty:1' },
    ...(host !== undefined && { hostImage: `weir/host:${host}` }),
  };
  const spec = {
    ...{ sidecar: 'main', pods: { selector: { mesh: label }, namespaces: ['default'] }, version },
    ...{ waves: [{ labels: { wave: 'a' } }, { percent: 100 }], gates: [{ type: 'hosts', maxFailed: 0 }] },
    budget: { maxUnavailable: 2 },
  };
  const object = { apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: of }, spec };
  writeFileSync(path, JSON.stringify(object));
  return path;
}

async function start(version: Version, of = 'mesh', label = 'on'): Promise<void> {
  const applied = await weir('fleet', 'apply', releaseFile(version, of, label));
  assert.equal(applied.code, 0, applied.stderr);
  const started = await weir('fleet', 'rollout', 'start', of);
  assert.equal(started.code, 0, started.stderr);
}

interface Row {
  readonly state: string;
  readonly wave: number;
  readonly reason: string | null;
}

async function rollout(of = 'mesh'): Promise<Row | undefined> {
  const { stdout } = await weir('fleet', 'rollout', 'status', of, '--json');
  return (JSON.parse(stdout) as { result: { rollouts: Row[] } }).result?.rollouts[0];
}

const reaches = (state: string, of = 'mesh') =>
  lab.until(`rollout is ${state}: ${said.slice(-1_500)}`, async () => (await rollout(of))?.state === state, 120_000);

async function explain(
  pod: string,
): Promise<{ code: number | null; reason: string | null; next: string | null; text: string }> {
  const { code, stdout } = await weir('fleet', 'explain', `default/${pod}`, '--json');
  const { reason, next } = JSON.parse(stdout).result;
  return { code, reason, next, text: stdout };
}

interface Pod {
  readonly name: string;
  /** By container. */
  readonly images: Readonly<Record<string, string>>;
  readonly restarts: Readonly<Record<string, number>>;
}

async function pods(label = 'on'): Promise<readonly Pod[]> {
  const { items } = await lab.client.list(PODS, { query: `labelSelector=mesh%3D${label}` });
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    images: Object.fromEntries(spec.containers.map((one: { name: string; image: string }) => [one.name, one.image])),
    restarts: Object.fromEntries(
      (status?.containerStatuses ?? []).map((one: { name: string; restartCount: number }) => [
        one.name,
        one.restartCount,
      ]),
    ),
  }));
}

const makePod = (name: string, labels: Readonly<Record<string, string>>) =>
  lab.client.ask('POST', PODS, podOf(name, labels));

/** OpenKruise injects by what it has in memory, which comes a moment after the SidecarSet. */
const injects = (image: string, label = 'on') =>
  lab.until(`pods are injected with ${image}`, async () => {
    const { value } = await lab.client.ask('POST', `${PODS}?dryRun=All`, podOf('trial', { mesh: label }));
    return value.spec.containers.some((one: { image: string }) => one.image === image);
  });

function startOperator(): ChildProcess {
  const argv = [WEIR_BIN, 'operator', 'run', '--region', 'west', '--fleet-config', join(lab.folder, 'operator.yaml')];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
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

before(async () => {
  lab = await KubernetesLab.open();
  await lab.install();
  lab.kubeconfig('weir-operator', await lab.tokenOf('weir-operator'));
  const region = (name: string) =>
    `apiVersion: weir.dev/v1\nregions:\n  west:\n    kubernetes: {kubeconfig: ${join(lab.folder, `${name}.kubeconfig`)}, timeout: 10s}\n`;
  fleet = join(lab.folder, 'fleet.yaml');
  writeFileSync(fleet, region('admin'));
  writeFileSync(join(lab.folder, 'operator.yaml'), region('weir-operator'));
  await lab.startKruise();
  operators.push(startOperator());
});

after(async () => {
  process.stdout.write(`${said.slice(-3_000)}\n`);
  for (const operator of operators) await stop(operator, 'SIGTERM');
  await lab?.close();
});

test('pods are made with it, and a new image of it restarts it alone; both images move together', LIMIT, async () => {
  await start({ name: '1', image: '1.0', host: '1' });
  await injects('weir/host:1');
  for (let at = 0; at < 4; at += 1) await makePod(`p${at}`, { mesh: 'on', ...(at < 2 && { wave: 'a' }) });
  await reaches('done');
  const made = await pods();
  for (const { images } of made) {
    const others = { app: 'app:1', 'weir-host': 'weir/host:1' };
    assert.deepEqual(images, { 'weir-main-1': 'weir/envoy:1.0', 'weir-main-2': 'weir/empty:1', ...others });
  }
  const { value: pod } = (await lab.client.get(`${PODS}/p0`)) ?? {};
  const volumes = pod?.spec.volumes.map(({ name }: { name: string }) => name);
  for (const name of ['weir-run', 'weir-state', 'weir-fleet', 'podinfo']) assert.ok(volumes.includes(name), name);

  // Under the same name, as a version of the sidecar has one: pods that are made meanwhile get the former all the same.
  lab.slow.add('weir/host:2');
  await start({ name: '1', image: '1.0', host: '2' });
  await lab.until('the first wave', async () =>
    (await pods()).some(({ images }) => images['weir-host'] === 'weir/host:2'),
  );
  await weir('fleet', 'rollout', 'pause', 'mesh');
  await lab.until('it is paused', async () => (await lab.client.get(SET))?.value.spec.updateStrategy.paused === true);
  await injects('weir/host:1');
  await makePod('late', { mesh: 'on' });
  assert.equal((await pods()).find(({ name }) => name === 'late')?.images['weir-host'], 'weir/host:1');
  lab.slow.clear();
  await weir('fleet', 'rollout', 'resume', 'mesh');
  await reaches('done');
  for (const { name, images, restarts } of await pods()) {
    const others = { app: 'app:1', 'weir-host': 'weir/host:2' };
    assert.deepEqual(images, { 'weir-main-1': 'weir/envoy:1.0', 'weir-main-2': 'weir/empty:1', ...others });
    assert.deepEqual(restarts, { app: 0, 'weir-host': 1, 'weir-main-1': 0, 'weir-main-2': 0 }, name);
  }

  await start({ name: '2', image: '2.0', host: '3' });
  await reaches('done');
  for (const { images, restarts } of await pods()) {
    const others = { app: 'app:1', 'weir-host': 'weir/host:3' };
    assert.deepEqual(images, { 'weir-main-1': 'weir/empty:1', 'weir-main-2': 'weir/envoy:2.0', ...others });
    assert.deepEqual(restarts, { app: 0, 'weir-host': 2, 'weir-main-1': 1, 'weir-main-2': 1 });
  }
});

test('a pod has moved when its kubelet runs the image, and not when OpenKruise has written it', LIMIT, async () => {
  lab.slow.add('weir/host:4');
  await start({ name: '3', image: '2.0', host: '4' });
  const moved = async () => (await pods()).filter(({ images }) => images['weir-host'] === 'weir/host:4');
  await lab.until('a pod has the image', async () => (await moved()).length > 0);
  const [first] = await moved();
  await lab.until('it is explained', async () => (await explain(first?.name ?? '')).reason !== null);
  const { code, reason } = await explain(first?.name ?? '');
  assert.deepEqual([code, reason], [0, 'container weir-host does not run its new image yet']);
  await sleep(4_000);
  assert.deepEqual([(await rollout())?.state, (await rollout())?.wave], ['running', 1]);
  lab.slow.clear();
  await reaches('done');
});

async function stopsAtHost(image: string): Promise<readonly Pod[]> {
  lab.broken.add('weir/host:bad');
  await start({ name: `bad-${image}`, image, host: 'bad' });
  await reaches('stopped');
  assert.match((await rollout())?.reason ?? '', /gate hosts: .*container weir-host: ImagePullBackOff/);
  const failed = (await pods()).filter(({ images }) => images['weir-host'] === 'weir/host:bad');
  const told = await explain(failed[0]?.name ?? '');
  assert.equal(told.code, 1);
  assert.match(told.reason ?? '', /container weir-host: ImagePullBackOff/);
  await weir('fleet', 'rollout', 'undo', 'mesh');
  return failed;
}

async function areBack(): Promise<void> {
  for (const { images } of await pods()) {
    assert.equal(images['weir-host'], 'weir/host:4');
    const both = [images['weir-main-1'], images['weir-main-2']].sort();
    assert.deepEqual(both, ['weir/empty:1', 'weir/envoy:2.0']);
  }
}

test('one that does not start stops the rollout, and is undone', LIMIT, async () => {
  const before = await pods();
  await stopsAtHost('2.0');
  await reaches('undone');
  await areBack();
  const sidecars = (all: readonly Pod[]) =>
    all.map(({ restarts }) => [restarts['weir-main-1'], restarts['weir-main-2']]);
  assert.deepEqual(sidecars(await pods()), sidecars(before));
});
