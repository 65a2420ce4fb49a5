/** What weir says of a sidecar that serves, beside what its connections do: after aborts, frozen, told to fail, unwatched. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../until.ts';
import { FallbackStage, probeClock } from './fallback-stage.ts';
import { hangingClusters } from './sidecar-bootstrap.ts';
import { NEW_ENVOY } from './sidecar-lab.ts';

// Nothing here is about how soon a way changes: a few connections in a row tell which it is, and cost every process on it.
const PROBES = {
  probe: { intervalMs: 100, timeoutMs: 700 },
  reportProbe: { intervalMs: 500, timeoutMs: 700 },
} as const;
const openStage = (test: TestContext) => FallbackStage.open('nft', test, { leaseMs: 60_000, ...PROBES });

async function sidecarOf(stage: FallbackStage) {
  const { json } = await stage.weir.json(['sidecar', 'status', 'main']);
  return json.result.sidecars[0];
}

function post(stage: FallbackStage, path: string): Promise<number | undefined> {
  const socketPath = join(stage.weir.runDir, 'main', 'admin.sock');
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: 'POST' }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', reject).end();
  });
}

/** Connections go through the sidecar, so nothing that weir says may deny it. */
async function assertServing(stage: FallbackStage): Promise<void> {
  await stage.payment.until('proxy', probeClock());
  const { state, reason, next } = await stage.app('payment');
  assert.deepEqual({ state, reason, next }, { state: 'on', reason: null, next: null });
  assert.equal((await sidecarOf(stage)).state, 'live');
  const check = await stage.weir.inside(['check', 'sidecar']);
  assert.match(check.stderr, /main is ready/);
  assert.doesNotMatch(check.stderr, /main does not run|main is not ready/);
  const on = await stage.weir.json(['on', 'payment']);
  assert.equal(on.code, 0, on.stdout);
}

test('after an upgrade that was aborted the former Envoy has no admin address, and is live by every command', async (t) => {
  const stage = await openStage(t);
  const pid = await stage.envoy();
  const next = join(stage.lab.folder, 'hanging.json');
  const bootstrap = JSON.parse(await readFile(join(stage.lab.folder, 'envoy.json'), 'utf8'));
  bootstrap.node = { id: 'lab', cluster: 'lab' };
  bootstrap.static_resources.clusters.push(...hangingClusters(9, 600));
  await writeFile(next, JSON.stringify(bootstrap));
  const upgrade = stage.weir.start(['sidecar', 'upgrade', 'main', '--bootstrap', next, '--init-timeout', '10m']);
  // The new one answers at the admin address by then.
  await upgrade.line(/INITIALIZING/);
  assert.equal((await stage.weir.json(['sidecar', 'abort', 'main'])).code, 0);
  await upgrade.ended;
  await until('the end of the upgrade', async () => (await sidecarOf(stage)).upgrade === null);
  await assert.rejects(post(stage, '/ready'), { code: 'ECONNREFUSED' });
  // Whoever connected to a listener that goes by the original destination would make the Envoy connect to itself.
  const { client } = stage.lab;
  const counted = 'tcp dport { 15001, 15006 } meta skuid { 0, 1337 } tcp flags & (syn | ack) == syn counter';
  const chain = `chain out { type filter hook output priority 0; ${counted}; }`;
  await client.sh('nft -f -', `table inet lab {\n${chain}\n}\n`);
  await sleep(2000);
  const { stdout } = await client.sh('nft list table inet lab');
  assert.match(stdout, /counter packets 0 bytes 0/, 'neither weir nor Envoy itself has connected to the listeners');
  await client.sh('nft delete table inet lab');
  assert.equal(await stage.envoy(), pid, 'the former Envoy serves');
  await assertServing(stage);
});

test('an upgrade beside a frozen Envoy is refused, and the Envoy is live again when it goes on', async (t) => {
  const stage = await openStage(t);
  const pid = await stage.envoy();
  process.kill(pid, 'SIGSTOP');
  await until('it to be seen', async () => (await sidecarOf(stage)).state === 'frozen');
  assert.match((await sidecarOf(stage)).detail, /stopped \(SIGSTOP\)/);
  const verify = await stage.weir.json(['verify', 'payment']);
  assert.equal(verify.code, 1, verify.stdout);
  assert.match(verify.stdout, /does not answer/);
  const dry = await stage.weir.json(['sidecar', 'upgrade', 'main', '--binary', NEW_ENVOY, '--dry-run']);
  assert.equal(dry.code, 3, dry.stdout);
  assert.match(dry.json.error?.why ?? '', /stopped \(SIGSTOP\)/);
  process.kill(pid, 'SIGCONT');
  await until('it to be live', async () => (await sidecarOf(stage)).state === 'live');
  await assertServing(stage);
});

test('an Envoy that was told to fail its health check is not frozen: what it answers is shown, and how to end it', async (t) => {
  const stage = await openStage(t);
  assert.equal(await post(stage, '/healthcheck/fail'), 200);
  await until('it to be seen', async () => (await sidecarOf(stage)).state === 'failed');
  assert.match((await sidecarOf(stage)).detail, /answered 503/);
  await stage.payment.until('proxy', probeClock());
  const { reason } = await stage.app('payment');
  assert.match(reason ?? '', /says that it is not ready: new connections may fail/);
  assert.equal(await post(stage, '/healthcheck/ok'), 200);
  await until('it to be live', async () => (await sidecarOf(stage)).state === 'live');
  await assertServing(stage);
});

test('a supervisor that does not answer is named, and its Envoy is called what it is', async (t) => {
  const stage = await openStage(t);
  const pid = await stage.envoy();
  const supervisor = (await sidecarOf(stage)).supervisorPid;
  process.kill(supervisor, 'SIGSTOP');
  const silent = await sidecarOf(stage);
  assert.deepEqual([silent.state, silent.supervisorPid], ['live', supervisor]);
  assert.match(silent.detail, new RegExp(`supervisor \\(pid ${supervisor}\\) does not answer`));
  process.kill(pid, 'SIGSTOP');
  const frozen = await sidecarOf(stage);
  assert.equal(frozen.state, 'frozen');
  const abort = stage.weir.start(['sidecar', 'abort', 'main']);
  await abort.line(new RegExp(`the supervisor of main \\(pid ${supervisor}\\) does not answer`));
  process.kill(pid, 'SIGCONT');
  process.kill(supervisor, 'SIGCONT');
  await abort.line(/no upgrade was under way/);
  await until('it to be live', async () => (await sidecarOf(stage)).state === 'live');
});

test('without mesh.yaml a supervised sidecar has its status, its history, its way back and its end', async (t) => {
  const stage = await openStage(t);
  const upgrade = await stage.weir.json(['sidecar', 'upgrade', 'main', '--binary', NEW_ENVOY, '--drain', '1s']);
  assert.equal(upgrade.code, 0, upgrade.stdout);
  stage.weir.configure('apiVersion: [');
  assert.equal((await sidecarOf(stage)).state, 'live');
  const all = await stage.weir.json(['sidecar', 'status']);
  assert.deepEqual(
    all.json.result.sidecars.map(({ name }: { name: string }) => name),
    ['main'],
  );
  const history = await stage.weir.inside(['sidecar', 'history', 'main']);
  assert.match(history.stdout, /"outcome":"settled"/);
  for (const words of [['abort'], ['reopen-logs'], ['rollback'], ['stop', '--drain', '1s']]) {
    const [command = '', ...flags] = words;
    const ended = await stage.weir.json(['sidecar', command, 'main', ...flags]);
    assert.equal(ended.code, 0, ended.stdout);
  }
  const unknown = await stage.weir.json(['sidecar', 'stop', 'other']);
  assert.equal(unknown.code, 2, unknown.stdout);
});
