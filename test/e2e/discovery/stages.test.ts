/** Control planes of the three stages side by side: a real Envoy takes the same resources from each. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { freePorts } from '../../free-ports.ts';
import { cleanEnvironment, runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { ZooKeeperLab, type ZooKeeperWriter } from './zookeeper.ts';

const LIMIT_MS = 90_000;
const folder = mkdtempSync(join(tmpdir(), 'weir-stages-'));
const socket = join(folder, 'discovery.sock');
const config = join(folder, 'mesh.yaml');
const bootstrap = join(folder, 'envoy.json');
const env = { WEIR_CONFIG: config, WEIR_RUN_DIR: join(folder, 'run'), WEIR_STATE_DIR: join(folder, 'state') };
const children = new Set<ChildProcess>();
const [outbound = 0, central = 0] = await freePorts(2);
let zookeeper: ZooKeeperLab;
let writer: ZooKeeperWriter;

before(async () => {
  zookeeper = await ZooKeeperLab.open();
  writer = await zookeeper.client();
  writeFileSync(
    config,
    `apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:${zookeeper.port}"]}}
discovery: {registries: [hz], socket: "unix:${socket}"}
sidecars: {main: {user: 0, outbound: ${outbound}, admin: "unix:${folder}/admin.sock", binary: ${envoyBinary('1.40.0')}, bootstrap: ${bootstrap}}}
apps: {shop: {select: {user: 1001}, sidecar: main, consumes: {apps: [pay]}}}
`,
  );
  for (const host of [1, 2]) await register(host);
});

after(async () => {
  for (const child of children) child.kill('SIGKILL');
  writer?.close();
  await zookeeper?.close();
  rmSync(folder, { recursive: true });
});

async function register(host: number): Promise<void> {
  const url = `dubbo://10.0.0.${host}:20880/com.acme.Pay?application=pay`;
  await writer.put(`/dubbo/com.acme.Pay/providers/${encodeURIComponent(url)}`);
}

function start(file: string, args: readonly string[]): ChildProcess {
  const child = spawn(file, args, { stdio: 'ignore', env: cleanEnvironment(env) });
  children.add(child);
  return child;
}

const startWeir = (...args: readonly string[]) => start(process.execPath, [WEIR_BIN, 'discovery', ...args]);
const startEnvoy = () => start(envoyBinary('1.40.0'), ['-c', bootstrap, '--disable-hot-restart', '--concurrency', '1']);

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  children.delete(child);
}

async function init(...args: readonly string[]): Promise<void> {
  const { code, stdout } = await runWeirBin(
    ['sidecar', 'init', 'main', '--out', bootstrap, '--force', '--json', ...args],
    env,
  );
  assert.equal(code, 0, stdout);
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into results at will.
async function untilStatus(stage: string, isWanted: (status: any) => boolean): Promise<any> {
  let last = '';
  const look = async () => {
    const { code, stdout } = await runWeirBin(['discovery', 'status', '--stage', stage, '--json'], env);
    last = stdout;
    const { result } = JSON.parse(stdout);
    return code === 0 && isWanted(result) ? result : null;
  };
  return until(`a status of ${stage}`, look, { patienceMs: LIMIT_MS, tell: () => last });
}

/** An Envoy has asked for all four types and taken each. */
const isServed = ({ streams }: { streams: readonly { acked: number; nacked: readonly object[] }[] }) =>
  streams.length === 1 && (streams[0]?.acked ?? 0) >= 4 && streams[0]?.nacked.length === 0;

test('a real Envoy takes from a central control plane, as state of the world, what the agent of its host would give it', async () => {
  const server = startWeir('serve', '--stage', 'central', '--listen', `127.0.0.1:${central}`, '--protocol', 'sotw');
  await init('--server', `127.0.0.1:${central}`, '--protocol', 'sotw');
  const envoy = startEnvoy();
  const before = await untilStatus('central', isServed);
  await register(3);
  const after = await untilStatus('central', ({ sidecars }) => sidecars[0].hash !== before.sidecars[0].hash);
  assert.equal(after.apps[0].endpoints.total, 3);
  await untilStatus('central', ({ streams }) => streams[0].acked > before.streams[0].acked);
  // Whether listeners bind IPv6 depends on the host, which a central one does not know.
  const pod = startWeir('serve', '--stage', 'pod', '--listen', `unix:${socket}`, '--no-ipv6');
  const { sidecars } = await untilStatus('pod', ({ serving }) => serving);
  assert.deepEqual(sidecars, after.sidecars);
  await Promise.all([stop(envoy), stop(server), stop(pod)]);
});

test('an agent takes the socket of the control plane of a pod over, and an Envoy goes on without a response', async () => {
  const pod = startWeir('serve', '--stage', 'pod', '--listen', `unix:${socket}`);
  await untilStatus('pod', ({ serving }) => serving);
  await init('--discovery');
  startEnvoy();
  const former = await untilStatus('pod', isServed);
  start(process.execPath, [WEIR_BIN, 'discovery', 'run']);
  const own = await untilStatus('agent', ({ serving }) => serving);
  assert.deepEqual(own.sidecars, former.sidecars);
  await stop(pod);
  const { streams } = await untilStatus('agent', ({ streams: open }) => open.length === 1);
  assert.deepEqual(streams[0].nacked, []);
});
