/** The agent and its commands on a real registry, without an Envoy: held lists, rubbish, SIGHUP, a second agent, its end. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnvironment, runWeirBin, WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { ZooKeeperLab, type ZooKeeperWriter } from './zookeeper.ts';

const LIMIT_MS = 90_000;
const folder = mkdtempSync(join(tmpdir(), 'weir-agent-'));
const socket = join(folder, 'discovery.sock');
const config = join(folder, 'mesh.yaml');
const env = { WEIR_CONFIG: config, WEIR_RUN_DIR: join(folder, 'run'), WEIR_STATE_DIR: join(folder, 'state') };

let zookeeper: ZooKeeperLab;
let writer: ZooKeeperWriter;
let agent: ChildProcess | null = null;
let said = '';

before(async () => {
  zookeeper = await ZooKeeperLab.open();
  writer = await zookeeper.client();
  for (const app of ['pay', 'stock']) {
    const services = { x: { name: `com.acme.${app}`, protocol: 'dubbo', params: {} } };
    await writer.put(`/dubbo/metadata/${app}/r1`, JSON.stringify({ services }));
    for (const host of [1, 2]) await register(app, host);
  }
});

after(async () => {
  agent?.kill('SIGKILL');
  writer?.close();
  await zookeeper?.close();
  rmSync(folder, { recursive: true });
});

async function register(app: string, host: number): Promise<void> {
  const metadata = { 'dubbo.metadata.revision': 'r1', 'dubbo.metadata.storage-type': 'remote' };
  const value = { address: `10.0.0.${host}`, port: 20_880, payload: { metadata } };
  await writer.put(`/services/${app}/10.0.0.${host}:20880`, JSON.stringify(value));
}

function configure(consumes: string): void {
  writeFileSync(
    config,
    `apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:${zookeeper.port}"]}}
discovery: {registries: [hz], socket: "unix:${socket}", guard: {hold: 12s}}
sidecars: {main: {user: 1337, outbound: 15001, admin: "unix:${folder}/admin.sock"}}
apps: {shop: {select: {user: 1001}, sidecar: main, consumes: ${consumes}}}
`,
  );
}

function start(): ChildProcess {
  const child = spawn(process.execPath, [WEIR_BIN, 'discovery', 'run', '--json'], {
    ...{ stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment(env) },
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  return child;
}

async function ask(...args: readonly string[]) {
  const { code, stdout } = await runWeirBin([...args, '--json'], env);
  return { code, ...JSON.parse(stdout) };
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into results at will.
async function untilStatus(isWanted: (status: any) => boolean): Promise<any> {
  let last: unknown;
  const look = async () => {
    const answer = await ask('discovery', 'status');
    last = answer;
    return answer.code === 0 && isWanted(answer.result) ? answer.result : null;
  };
  return until('a status', look, { patienceMs: LIMIT_MS, tell: () => `${JSON.stringify(last)}\n${said}` });
}

test('without an agent its commands end with 3 and name the one that starts it', async () => {
  configure('{apps: [pay, stock]}');
  for (const args of [['status'], ['routes', 'shop'], ['confirm', 'pay']]) {
    const answer = await ask('discovery', ...args);
    assert.deepEqual([answer.code, answer.error.code], [3, 'WEIR6006']);
    assert.match(answer.error.hint, /weir discovery run/);
  }
});

test('an agent lists what is consumed, past rubbish, on a socket that is its sidecar’s alone', async () => {
  await writer.put('/services/pay/rubbish', '\u0000\u0001{{{');
  await writer.put('/services/pay/host', '{"address":"evil.example","port":1}');
  await writer.put('/services/pay/port', '{"address":"10.0.0.9","port":0}');
  await writer.put('/services/pay/secret', '{"address":"10.0.0.8","port":1}', { hidden: true });
  await writer.put('/dubbo/com.acme.Secret/providers', '', { hidden: true });
  agent = start();
  const status = await untilStatus(({ serving }) => serving);
  assert.deepEqual(
    status.apps.map(({ name, endpoints, held }: never) => [name, endpoints, held]),
    ['pay', 'stock'].map((name) => [name, { total: 2, byUnit: {} }, null]),
  );
  const { mode, uid } = statSync(socket);
  assert.deepEqual([mode & 0o777, uid], [0o600, 1337]);
  const { code, result } = await ask('discovery', 'lint');
  assert.equal(code, 1);
  assert.deepEqual(
    result.findings.map((one: { code: string; place: string }) => `${one.code} ${one.place}`).toSorted(),
    [
      ...['bad-port hz:/services/pay/port', 'no-access hz:/dubbo/com.acme.Secret/providers'],
      'no-access hz:/services/pay/secret',
      ...['no-literal-address hz:/services/pay/host', 'not-json hz:/services/pay/rubbish'],
    ],
  );
  const routes = await ask('discovery', 'routes', 'shop', 'com.acme.pay');
  assert.deepEqual(
    routes.result.routes.map(({ interface: name, rule, members }: never) => [name, rule, members]),
    [['com.acme.pay', null, ['10.0.0.1:20880', '10.0.0.2:20880']]],
  );
});

test('a second agent is refused, and names that nobody knows are', async () => {
  const second = await runWeirBin(['discovery', 'run', '--json'], env);
  assert.deepEqual([second.code, JSON.parse(second.stdout).error.code], [3, 'WEIR6007']);
  assert.equal((await ask('discovery', 'confirm', 'nobody')).code, 2);
  assert.equal((await ask('discovery', 'routes', 'nobody')).code, 2);
  assert.deepEqual((await ask('discovery', 'confirm', 'pay')).result, { app: 'pay', released: false });
});

test('an empty list is held, and believed after a second look', async () => {
  for (const host of [1, 2]) await writer.remove(`/services/pay/10.0.0.${host}:20880`);
  const held = await untilStatus(({ apps }) => apps[0].held !== null);
  // The first one may have been seen to go alone.
  const { total } = held.apps[0].endpoints;
  assert.ok(total > 0);
  assert.deepEqual([held.apps[0].held.reason, held.apps[0].held.wouldRemove], ['empty', total]);
  const believed = await untilStatus(({ apps }) => apps[0].held === null);
  assert.equal(believed.apps[0].endpoints.total, 0);
});

test('confirm believes a held list at once', async () => {
  for (const host of [1, 2]) await writer.remove(`/services/stock/10.0.0.${host}:20880`);
  await untilStatus(({ apps }) => apps[1].held !== null);
  assert.deepEqual((await ask('discovery', 'confirm', 'stock')).result, { app: 'stock', released: true });
  await untilStatus(({ apps }) => apps[1].endpoints.total === 0);
});

test('SIGHUP reads mesh.yaml again; a broken one changes nothing', async () => {
  for (const app of ['pay', 'stock']) await register(app, 1);
  await writer.put('/dubbo/mapping/com.acme.stock', `stock,${'x'.repeat(400)},a/b`);
  configure('{interfaces: [com.acme.stock]}');
  agent?.kill('SIGHUP');
  await untilStatus(({ apps }) => apps.length === 1 && apps[0].name === 'stock' && apps[0].endpoints.total === 1);
  writeFileSync(config, 'apiVersion: weir.dev/v1\nrubbish: 1\n');
  agent?.kill('SIGHUP');
  const deadline = Date.now() + LIMIT_MS;
  while (!said.includes('mesh.yaml was not read again') && Date.now() < deadline) await sleep(50);
  assert.match(said, /"event":"warning","text":"mesh.yaml was not read again, and nothing was changed/);
  assert.deepEqual(
    (await untilStatus(() => true)).apps.map(({ name }: never) => name),
    ['stock'],
  );
  configure('{apps: [pay, stock]}');
  agent?.kill('SIGHUP');
  await untilStatus(({ apps }) => apps.length === 2 && apps[0].endpoints.total === 1);
});

test('an agent that starts while the registry is away serves its snapshot', async () => {
  const ended = once(agent as ChildProcess, 'exit');
  agent?.kill('SIGTERM');
  assert.equal((await ended)[0], 0, said);
  assert.equal(existsSync(socket), false);
  await zookeeper.kill();
  agent = start();
  const status = await untilStatus(({ serving }) => serving);
  assert.deepEqual(
    status.apps.map(({ endpoints }: never) => (endpoints as { total: number }).total),
    [1, 1],
  );
  assert.notEqual(status.registries[0].state, 'synced');
});
