/** The program of `weir discovery run`, on a stand-in for ZooKeeper. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentLine } from '../../src/discovery/adapters/agent-line.ts';
import { DISCOVERY_TASK, type DiscoveryTask } from '../../src/discovery/records/discovery-task.ts';
import { programFile } from '../../src/platform/process/programs.ts';
import { recordText } from '../../src/platform/record.ts';
import { FakeZooKeeper } from '../fakes/fake-zookeeper.ts';
import { cleanEnvironment, KEEP_COMPILED, runNode } from '../run-weir.ts';

const PROGRAM = programFile('discoveryAgent');
const instanceOf = (address: string) =>
  JSON.stringify({ address, port: 20_880, payload: { metadata: { 'dubbo.metadata.revision': 'r1' } } });
const METADATA = JSON.stringify({
  ...{ app: 'stock', revision: 'r1' },
  services: { 'com.acme.Stock': { name: 'com.acme.Stock', protocol: 'dubbo', params: {} } },
});

/** A registry with one instance of stock, and the task of an agent that follows it for the application payment. */
async function estate(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-agent-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const server = await FakeZooKeeper.open(t);
  server.nodes.set('/services/stock/10.0.0.1:20880', instanceOf('10.0.0.1'));
  server.nodes.set('/dubbo/metadata/stock/r1', METADATA);
  const registry = {
    ...{ kind: 'zookeeper' as const, name: 'hz', root: '/dubbo', services: '/services' },
    ...{ servers: [{ host: '127.0.0.1', port: server.port }], position: { line: 1, column: 1 } },
  };
  const task: DiscoveryTask = {
    plan: {
      registries: [registry],
      ...{ socket: join(folder, 'ads.sock'), unit: null, guard: { shrinkPercent: 50, holdMs: 60_000 }, health: null },
      sidecars: [{ name: 'main', outbound: 15_001, uid: null, gid: null }],
      consumers: [{ name: 'payment', sidecar: 'main', apps: ['stock'], interfaces: [] }],
    },
    ...{ config: join(folder, 'mesh.yaml'), runDir: join(folder, 'run'), stateDir: join(folder, 'state') },
    ...{ json: true, verbose: false, metricsFile: join(folder, 'weir.prom'), weirVersion: '0.0.0' },
  };
  return { folder, server, task };
}

/** The program at work; `until` waits for one of its events. */
function started(t: TestContext, task: DiscoveryTask) {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, recordText(DISCOVERY_TASK, task)], {
    env: cleanEnvironment(KEEP_COMPILED),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const documents: { result?: { event: string; text: string }; warnings: readonly string[] }[] = [];
  let told = Promise.withResolvers<void>();
  const tell = () => {
    told.resolve();
    told = Promise.withResolvers();
  };
  if (child.stdout === null) throw new TypeError('it has no output');
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      documents.push(JSON.parse(line));
      tell();
    })
    .on('close', tell);
  const end = once(child, 'close');
  return {
    child,
    documents,
    end,
    async until(event: string) {
      while (!documents.some(({ result }) => result?.event === event)) {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${JSON.stringify(documents)}`);
        await told.promise;
      }
    },
  };
}

test('it follows, answers people and Envoys, reads mesh.yaml again, and leaves a snapshot at its end', async (t) => {
  const { folder, task, server } = await estate(t);
  writeFileSync(
    task.config,
    `apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:${server.port}"]}}
discovery: {registries: [hz], socket: "unix:${task.plan.socket}"}
sidecars: {main: {user: 1, outbound: 15001, admin: "unix:/a.sock"}}
apps:
  payment: {select: {user: 2}, sidecar: main, consumes: {apps: [stock]}}
  report: {select: {user: 3}, sidecar: main, consumes: {apps: [stock]}}
`,
  );
  const { child, until, end } = started(t, task);
  await until('sync');
  const { ask } = agentLine(task.runDir);
  const status = await ask<'status'>({ command: 'status' });
  assert.ok(status.kind === 'result' && status.result.serving);
  assert.deepEqual(
    status.result.registries.map(({ name, state }) => `${name} ${state}`),
    ['hz synced'],
  );
  assert.deepEqual(
    status.result.apps.map(({ name, endpoints }) => `${name} ${endpoints.total}`),
    ['stock 1'],
  );
  assert.ok(existsSync(task.plan.socket));
  const routes = await ask<'routes'>({ command: 'routes', consumer: 'payment', interface: null });
  assert.ok(routes.kind === 'result' && routes.result.known);
  assert.deepEqual(await ask<'confirm'>({ command: 'confirm', app: 'nobody' }), {
    kind: 'result',
    result: { known: false, released: false },
  });
  child.kill('SIGHUP');
  let isKnown = false;
  for (let tries = 0; !isKnown; tries += 1) {
    assert.ok(tries < 600 && child.exitCode === null, 'mesh.yaml was not read again');
    await sleep(50);
    const again = await ask<'routes'>({ command: 'routes', consumer: 'report', interface: null });
    isKnown = again.kind === 'result' && again.result.known;
  }
  assert.match(readFileSync(join(folder, 'weir.prom'), 'utf8'), /^# HELP weir_/m);
  child.kill('SIGTERM');
  assert.deepEqual(await end, [0, null]);
  assert.ok(!existsSync(join(folder, 'weir.prom')));
  assert.match(readFileSync(join(task.stateDir, 'discovery', 'snapshot.json'), 'utf8'), /10\.0\.0\.1/);
  const journal = readFileSync(join(task.stateDir, 'discovery', 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n');
  assert.ok(journal.map((line) => JSON.parse(line).event).includes('sync'), journal.join());
});

test('what is held is believed by the registries that answer, while another one is away', async (t) => {
  const { task, server } = await estate(t);
  const center = await FakeZooKeeper.open(t);
  center.nodes.set('/services/other/10.0.0.9:1', instanceOf('10.0.0.9'));
  const [hz] = task.plan.registries;
  assert.ok(hz !== undefined);
  const servers = [{ host: '127.0.0.1', port: center.port }];
  const { until } = started(t, {
    ...task,
    plan: {
      ...task.plan,
      registries: [hz, { ...hz, name: 'center', servers }],
      guard: { shrinkPercent: 50, holdMs: 1_000 },
    },
  });
  await until('sync');
  center.end();
  server.remove('/services/stock/10.0.0.1:20880');
  await until('held');
  await until('believed');
});

test('of a registry that was never heard it is not said that its last word counts', { timeout: 60_000 }, async (t) => {
  const { task } = await estate(t);
  const [hz] = task.plan.registries;
  assert.ok(hz?.kind === 'zookeeper');
  // Nobody listens on the lowest port.
  const registries = [{ ...hz, servers: [{ host: '127.0.0.1', port: 1 }] }];
  const { documents, until } = started(t, { ...task, plan: { ...task.plan, registries } });
  await until('warning');
  const [first] = documents.filter(({ result }) => result?.event === 'warning');
  assert.match(first?.result?.text ?? '', /hz is away: .*; no Envoy is answered before all were heard$/);
});

test('a second agent, and a task that is none, are refused with their exit code', async (t) => {
  const { task } = await estate(t);
  const { until } = started(t, task);
  await until('sync');
  const second = await runNode([PROGRAM, recordText(DISCOVERY_TASK, task)], KEEP_COMPILED);
  assert.equal(second.code, 3, second.stdout + second.stderr);
  assert.match(second.stdout, /WEIR6007/);
  const none = await runNode([PROGRAM, '{'], KEEP_COMPILED);
  assert.match(none.stderr, /WEIR2026/);
  assert.equal(none.code, 3);
});
