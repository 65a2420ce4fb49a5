/**
 * `node scripts/bench/operator.ts`: the operator on a real API server and OpenKruise's real manager, with 20 releases of ten
 * pods each. The first run builds both, for some ten minutes. It runs itself in a network namespace: the manager listens
 * on every address.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { OPERATOR_METRICS } from '../../src/fleet/metrics/fleet-families.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { KubernetesLab, podOf } from '../../test/engines/kubernetes-lab.ts';
import { runWeirBin, WEIR_BIN } from '../../test/run-weir.ts';

const [RELEASES, PODS_EACH] = [20, 10] as const;
const REST_MS = 60_000;
const LIMIT_MS = 600_000;
const ACCOUNT = 'weir-operator';

if (process.env.WEIR_BENCH_INSIDE === undefined) {
  const argv = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, import.meta.filename];
  const { status } = spawnSync('unshare', argv, { stdio: 'inherit', env: { ...process.env, WEIR_BENCH_INSIDE: '1' } });
  process.exit(status ?? 1);
}

const lab = await KubernetesLab.open();
let operator: ChildProcess | null = null;
try {
  await lab.install();
  lab.kubeconfig(ACCOUNT, await lab.tokenOf(ACCOUNT));
  const config = (name: string) => {
    const file = join(lab.folder, `${name}.yaml`);
    const kubernetes = { kubeconfig: join(lab.folder, `${name}.kubeconfig`), timeout: '20s' };
    writeFileSync(file, JSON.stringify({ apiVersion: 'weir.dev/v1', regions: { west: { kubernetes } } }));
    return file;
  };
  await lab.startKruise();
  const metrics = join(lab.folder, 'operator.prom');
  const argv = ['operator', 'run', '--region', 'west', '--fleet-config', config(ACCOUNT), '--metrics-file', metrics];
  operator = spawn(process.execPath, [WEIR_BIN, ...argv], { stdio: 'ignore' });
  const env = { WEIR_FLEET_CONFIG: config('admin') };
  await install(env);
  row('pods with a sidecar, releases done', `${RELEASES * PODS_EACH}, ${RELEASES}`);

  const before = await requests();
  await systemClock.sleep(REST_MS);
  row('requests a minute at rest', (await requests()) - before);

  let looks = histogram(metrics);
  const applied = await requests();
  await fleet(env, 'apply', releasesFile('2.0'));
  await settle(metrics, looks.count);
  row('requests for 20 new versions that move nothing', (await requests()) - applied);

  looks = histogram(metrics);
  const [from, began] = [await requests(), performance.now()];
  for (let index = 0; index < RELEASES; index += 1) await fleet(env, 'rollout', 'start', `r${index}`);
  await allDone(env, '2.0');
  const seconds = (performance.now() - began) / 1000;
  const asked = (await requests()) - from;
  const after = histogram(metrics);
  const kinds = Map.groupBy(await lab.requestLines(ACCOUNT), ({ verb, kind }) => `${verb} ${kind}`);
  const most = [...kinds].toSorted((a, b) => b[1].length - a[1].length).slice(0, 8);
  row('the most frequent ones since the start', most.map(([kind, all]) => `${all.length} ${kind}`).join(', '));
  row('20 rollouts of 2 waves side by side, 200 pods, until all are done', `${seconds.toFixed(0)} s`);
  row(
    'requests of the operator for them; a release, a pod',
    `${asked}; ${asked / RELEASES}, ${asked / (RELEASES * PODS_EACH)}`,
  );
  row(
    'looks at the rollouts meanwhile, mean',
    `${after.count - looks.count}, ${((1000 * (after.sum - looks.sum)) / (after.count - looks.count)).toFixed(0)} ms`,
  );
  row('p50 and p99 of a look, at most', `${share(looks, after, 0.5)}, ${share(looks, after, 0.99)}`);

  const restarted = await requests();
  operator.kill('SIGTERM');
  await once(operator, 'close');
  const versions = await setVersions();
  operator = spawn(process.execPath, [WEIR_BIN, ...argv], { stdio: 'ignore' });
  await systemClock.sleep(20_000);
  row('SidecarSets that a restart changes', (await setVersions()).filter((one) => !versions.includes(one)).length);
  row('requests of a restart, 20 s', (await requests()) - restarted);
  row(
    'resident memory of the operator',
    `${(Number(/resident_memory_bytes\{.*\} (\d+)/.exec(readFileSync(metrics, 'utf8'))?.[1]) / 1e6).toFixed(0)} MB`,
  );
  row('load of the machine', loadavg()[0]?.toFixed(1) ?? '');
} finally {
  operator?.kill('SIGTERM');
  await lab.close();
}
process.exit(0);

/** The first version of each release, and pods into which it is injected. */
async function install(env: NodeJS.ProcessEnv): Promise<void> {
  await fleet(env, 'apply', releasesFile('1.0'));
  for (let index = 0; index < RELEASES; index += 1) await fleet(env, 'rollout', 'start', `r${index}`);
  await lab.until('the SidecarSets are there', async () => (await setVersions()).length === RELEASES, LIMIT_MS);
  for (let index = 0; index < RELEASES * PODS_EACH; index += 1) {
    const labels = { mesh: `r${index % RELEASES}`, ...(index < RELEASES && { wave: 'a' }) };
    await lab.client.ask('POST', '/api/v1/namespaces/default/pods', podOf(`p${index}`, labels));
  }
  await allDone(env, '1.0');
}

function releasesFile(version: string): string {
  const release = (index: number) => ({
    ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: `r${index}` } },
    spec: {
      sidecar: 'main',
      pods: { selector: { mesh: `r${index}` }, namespaces: ['default'] },
      version: { name: version, image: `weir/envoy:${version}`, emptyImage: 'weir/empty:1' },
      waves: [{ labels: { wave: 'a' } }, { percent: 100 }],
      gates: [{ type: 'hosts', maxFailed: 0 }],
      budget: { maxUnavailable: 5 },
    },
  });
  const file = join(lab.folder, 'releases.yaml');
  writeFileSync(file, Array.from({ length: RELEASES }, (_, index) => JSON.stringify(release(index))).join('\n---\n'));
  return file;
}

async function fleet(env: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runWeirBin(['fleet', ...args, '--json'], env);
  if (code !== 0) throw new Error(`weir fleet ${args.join(' ')}: ${stdout}${stderr}`);
  return JSON.parse(stdout).result;
}

/** Waits until every rollout has ended and all pods have the version. */
async function allDone(env: NodeJS.ProcessEnv, version: string): Promise<void> {
  await lab.until(
    `all pods have ${version}`,
    async () => {
      const { rollouts } = await fleet(env, 'rollout', 'status');
      if (!rollouts.every(({ state }: { state: string }) => state === 'done')) return false;
      const { items } = await lab.client.list('/api/v1/namespaces/default/pods');
      const images = items.map(({ spec }) => JSON.stringify(spec.containers));
      return images.length === RELEASES * PODS_EACH && images.every((text) => text.includes(`weir/envoy:${version}`));
    },
    LIMIT_MS,
  );
}

/** Until another look has ended, and a few seconds more. */
async function settle(metrics: string, looks: number): Promise<void> {
  await lab.until('another look', async () => histogram(metrics).count > looks, LIMIT_MS);
  await systemClock.sleep(5_000);
}

async function setVersions(): Promise<string[]> {
  const { items } = await lab.client.list('/apis/apps.kruise.io/v1alpha1/sidecarsets');
  return items.map(({ metadata }) => `${metadata.name} ${metadata.generation}`);
}

async function requests(): Promise<number> {
  return await lab.requestsBy(ACCOUNT);
}

interface Looks {
  readonly count: number;
  readonly sum: number;
  readonly buckets: readonly (readonly [bound: string, count: number])[];
}

/** How long looks took so far, from the metrics file. */
function histogram(file: string): Looks {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // It is not written yet.
  }
  const { name } = OPERATOR_METRICS.step;
  const value = (suffix: string) => Number(new RegExp(`^${name}_${suffix}\\{.*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  const buckets = [...text.matchAll(new RegExp(`^${name}_bucket\\{.*le="([^"]+)"\\} (\\d+)$`, 'gm'))];
  return { count: value('count'), sum: value('sum'), buckets: buckets.map(([, le = '', n = '0']) => [le, Number(n)]) };
}

/** The bound below which a share of the looks between two states ended. */
function share(before: Looks, after: Looks, wanted: number): string {
  const total = after.count - before.count;
  const found = after.buckets.find(([, count], at) => count - (before.buckets[at]?.[1] ?? 0) >= total * wanted);
  return found === undefined ? '?' : `${found[0]} s`;
}

function row(what: string, value: string | number): void {
  process.stdout.write(`operator ${what.padEnd(66)} ${value}\n`);
}
