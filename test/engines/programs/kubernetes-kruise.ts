/** Releases on OpenKruise's real manager: waves, a gate that stops, undo, hangs explained, pods as they are made new; the operator at rest. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { KubernetesLab, podOf } from '../kubernetes-lab.ts';

const SETS = '/apis/apps.kruise.io/v1alpha1/sidecarsets';

let lab: KubernetesLab;
let fleet = '';
let operator: ChildProcess;
let said = '';

const weir = (...args: string[]) => runWeirBin(args, { WEIR_FLEET_CONFIG: fleet, WEIR_BY: 'ops' });

function release(version: string, extra = ''): string {
  const path = join(lab.folder, 'release.yaml');
  writeFileSync(
    path,
    `apiVersion: weir.dev/v1
kind: SidecarRelease
metadata: {name: mesh}
spec:
  sidecar: main
  pods: {selector: {mesh: "on"}, namespaces: [default]}
  version: {name: "${version}", image: "weir/envoy:${version}", emptyImage: "weir/empty:1"}
  waves: [{labels: {wave: a}}, {percent: 50}, {percent: 100}]
  gates: [{type: hosts, maxFailed: 0}]
  budget: {maxUnavailable: 2}
${extra}`,
  );
  return path;
}

function startOperator(): ChildProcess {
  const child = spawn(
    process.execPath,
    [WEIR_BIN, 'operator', 'run', '--region', 'west', '--fleet-config', join(lab.folder, 'operator.yaml')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  return child;
}

async function pods(): Promise<{ name: string; images: string[] }[]> {
  const { items } = await lab.client.list('/api/v1/namespaces/default/pods');
  return items.map(({ metadata, spec }) => ({
    name: metadata.name,
    images: spec.containers.map(({ image }: { image: string }) => image),
  }));
}

const count = (all: readonly { images: string[] }[], version: string) =>
  all.filter(({ images }) => images.includes(`weir/envoy:${version}`)).length;

interface Status {
  readonly rollouts: {
    readonly state: string;
    readonly wave: number;
    readonly reason: string | null;
    readonly waves: { readonly index: number; readonly done: number; readonly reasons?: Record<string, string> }[];
  }[];
}

async function rollout(): Promise<Status['rollouts'][number] | undefined> {
  const { stdout } = await weir('fleet', 'rollout', 'status', 'mesh', '--json');
  return (JSON.parse(stdout) as { result: Status }).result?.rollouts[0];
}

const reaches = (state: string, limitMs = 90_000) =>
  lab.until(`rollout is ${state}: ${said.slice(-1500)}`, async () => (await rollout())?.state === state, limitMs);

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
  operator = startOperator();
});

after(async () => {
  operator?.kill('SIGTERM');
  if (operator !== undefined && operator.exitCode === null)
    await new Promise((resolve) => operator.once('exit', resolve));
  await lab?.close();
});

test('a first version is injected, a second one moves in waves, and new pods get the former one meanwhile', {
  timeout: 400_000,
}, async () => {
  assert.equal((await weir('fleet', 'apply', release('1.0'))).code, 0);
  const started = await weir('fleet', 'rollout', 'start', 'mesh');
  assert.equal(started.code, 0, started.stderr);
  // OpenKruise injects by what it has in memory, which comes a moment after the SidecarSet.
  await lab.until('a pod of the release is injected', async () => {
    const path = '/api/v1/namespaces/default/pods?dryRun=All';
    const { value } = await lab.client.ask('POST', path, podOf('trial', { mesh: 'on' }));
    return value.spec.containers.some(({ image }: { image: string }) => image === 'weir/envoy:1.0');
  });
  for (let at = 0; at < 8; at += 1) {
    await lab.client.ask(
      'POST',
      '/api/v1/namespaces/default/pods',
      podOf(`p${at}`, { mesh: 'on', ...(at < 2 && { wave: 'a' }) }),
    );
  }
  const first = await pods();
  assert.ok(
    first.every(({ images }) => images.includes('weir/envoy:1.0') && images.includes('weir/empty:1')),
    JSON.stringify(first),
  );
  await reaches('done');

  assert.equal((await weir('fleet', 'apply', release('2.0'))).code, 0);
  await sleep(3_000);
  assert.equal(count(await pods(), '2.0'), 0, 'applying moves nothing');
  await weir('fleet', 'rollout', 'start', 'mesh');
  await lab.until('the first wave', async () => count(await pods(), '2.0') >= 1);
  await weir('fleet', 'rollout', 'pause', 'mesh');
  await lab.until(
    'it is paused',
    async () => (await lab.client.get(`${SETS}/mesh`))?.value.spec.updateStrategy.paused === true,
  );
  await sleep(4_000);
  const paused = await pods();
  const moved = count(paused, '2.0');
  assert.ok(moved >= 1 && moved <= 6, `${moved} moved before the pause`);
  await lab.client.ask('POST', '/api/v1/namespaces/default/pods', podOf('late', { mesh: 'on' }));
  const late = (await pods()).find(({ name }) => name === 'late');
  assert.ok(late?.images.includes('weir/envoy:1.0'), `a pod made during the waves: ${late?.images.join(' ')}`);
  await sleep(3_000);
  assert.equal(count(await pods(), '2.0'), moved, 'nothing moves while it is paused');
  await weir('fleet', 'rollout', 'resume', 'mesh');
  await reaches('done');
  assert.equal(count(await pods(), '2.0'), 9);
  process.stdout.write(`waves: ${JSON.stringify((await rollout())?.waves.map(({ index, done }) => [index, done]))}\n`);
});

test('a version that does not start is stopped by its gate, explained, and undone whole', {
  timeout: 400_000,
}, async () => {
  lab.broken.add('weir/envoy:3.0');
  assert.equal((await weir('fleet', 'apply', release('3.0'))).code, 0);
  await weir('fleet', 'rollout', 'start', 'mesh');
  await reaches('stopped');
  const stopped = await rollout();
  assert.match(stopped?.reason ?? '', /gate hosts: .*ImagePullBackOff/);
  process.stdout.write(`stopped: ${stopped?.reason}\n`);
  const [failed] = (await pods()).filter(({ images }) => images.includes('weir/envoy:3.0'));
  assert.ok(failed !== undefined);
  const explained = await weir('fleet', 'explain', `default/${failed.name}`, '--json');
  const { subject, reason, sidecars } = JSON.parse(explained.stdout).result;
  assert.deepEqual([explained.code, subject.kind, sidecars[0].state], [1, 'pod', 'failed']);
  assert.match(reason, /ImagePullBackOff/);
  process.stdout.write(`explained: ${reason}\n`);
  assert.ok(count(await pods(), '3.0') <= 2);
  await weir('fleet', 'rollout', 'undo', 'mesh');
  // OpenKruise leaves the container that never came up as it is: said with the way out, and waited for.
  await lab.until('the way out is told', async () => /delete the pod/.test((await rollout())?.reason ?? ''));
  assert.equal((await rollout())?.state, 'undoing');
  const left = (await pods()).filter(({ images }) => images.includes('weir/envoy:3.0'));
  assert.ok(left.length >= 1 && left.every(({ images }) => images.includes('weir/envoy:2.0')));
  for (const { name } of left) {
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
    await lab.client.ask('DELETE', `/api/v1/namespaces/default/pods/${name}`, options);
    await lab.until(
      'the pod is gone',
      async () => (await lab.client.get(`/api/v1/namespaces/default/pods/${name}`)) === null,
    );
    await lab.client.ask('POST', '/api/v1/namespaces/default/pods', podOf(name, { mesh: 'on', wave: 'a' }));
  }
  await reaches('undone');
  const back = await pods();
  assert.deepEqual([count(back, '3.0'), count(back, '2.0')], [0, 9]);
});

test('a hang is explained: OpenKruise is away; and afterwards it goes on', { timeout: 400_000 }, async () => {
  await lab.stopKruise();
  assert.equal((await weir('fleet', 'apply', release('4.0'))).code, 0);
  await weir('fleet', 'rollout', 'start', 'mesh');
  await lab.until(
    'the reason is told',
    async () => {
      const found = await lab.client.get('/apis/weir.dev/v1/namespaces/weir-system/sidecarreleases/mesh');
      const status = found?.value.status ?? {};
      const condition = status.conditions?.find(({ type }: { type: string }) => type === 'Synced');
      const told = `${status.reason ?? ''} ${condition?.status === 'False' ? condition.message : ''}`;
      if (!/OpenKruise|webhook/.test(told)) return false;
      process.stdout.write(`hangs: ${told.trim().slice(0, 300)}\n`);
      return true;
    },
    60_000,
  );
  const [waiting] = await pods();
  const { code, stdout } = await weir('fleet', 'explain', waiting?.name ?? '', '--json');
  assert.equal(code, 1, stdout);
  process.stdout.write(`explained: ${JSON.parse(stdout).result.reason}\n`);
  await lab.startManager();
  await reaches('done', 120_000);
  assert.equal(count(await pods(), '4.0'), 9);
});

test('the operator at rest, and killed between any two calls, changes nothing twice', {
  timeout: 400_000,
}, async () => {
  const versionOf = async () => (await lab.client.get(`${SETS}/mesh`))?.value.metadata.generation;
  const before = await versionOf();
  let told = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    const ended = new Promise((resolve) => operator.once('close', resolve));
    operator.kill('SIGKILL');
    await ended;
    told = said.length;
    operator = startOperator();
    await sleep(2_000 + turn * 500);
  }
  await lab.until('it leads again', async () => said.slice(told).includes('leads west'), 120_000);
  await sleep(5_000);
  assert.equal(await versionOf(), before);
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${operator.pid}/status`, 'utf8'))?.[1]) / 1024;
  const [from, audit] = [Date.now(), () => lab.requestsBy('weir-operator')];
  const first = await audit();
  await sleep(60_000);
  const perMinute = ((await audit()) - first) / ((Date.now() - from) / 60_000);
  process.stdout.write(`operator at rest: ${perMinute.toFixed(0)} requests a minute, ${rss().toFixed(0)} MB\n`);
  assert.ok(perMinute < 60, `${perMinute} requests a minute`);
  assert.ok(rss() < 140, `${rss()} MB`);
});
