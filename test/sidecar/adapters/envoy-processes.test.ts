/** Envoy processes: the records of those that have ended stay bounded; which one the kernel is to end first. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEnvoyProcesses } from '../../../src/sidecar/adapters/envoy-processes.ts';
import { readKept } from '../../../src/sidecar/adapters/keeper.ts';

test('any number of starts leaves the files of the last ones, and of those that live; one is the first to go if asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-starts-'));
  const own = openEnvoyProcesses(folder, join(folder, 'envoy.log'));
  const start = async (id: number, argv: readonly string[]) => {
    const generation = { id, epoch: id, variant: 0, pair: 'a' } as const;
    await own.tidy();
    await own.start({ generation, concurrency: 1, drainMs: 1000, spec: null }, argv);
  };
  try {
    await start(1, ['sleep', '60']);
    const oomPoints = async () => Number(await readFile(`/proc/${(await own.launchOf(1))?.pid}/oom_score_adj`, 'utf8'));
    const before = await oomPoints();
    await own.setExpendable(1, true);
    assert.equal(await oomPoints(), Math.min(1000, before + 500));
    await own.setExpendable(1, false);
    assert.equal(await oomPoints(), before);
    for (let id = 2; id <= 24; id++) {
      await start(id, ['false']);
      for (let tries = 0; tries < 500 && (await own.isAlive(id)); tries++) await sleep(5);
    }
    assert.equal(await own.exitDetail(24), 'exit code 1');
    await own.tidy();
    const ids = await own.ids();
    assert.deepEqual(ids, [1, 17, 18, 19, 20, 21, 22, 23, 24]);
    const others = (await readdir(folder)).filter((name) => !ids.includes(Number(/^g(\d+)\./.exec(name)?.[1])));
    assert.deepEqual(others, []);
  } finally {
    await own.signal(1, 'SIGKILL');
    for (let tries = 0; tries < 500 && (await own.isAlive(1)); tries++) await sleep(5);
    await sleep(50);
    await rm(folder, { recursive: true });
  }
});

test('how a process ended is known although its keeper has not run since, and one that nobody will tell of is not waited for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-ends-'));
  const own = openEnvoyProcesses(folder, join(folder, 'envoy.log'));
  const keepers: number[] = [];
  const start = async (id: number, argv: readonly string[]) => {
    const generation = { id, epoch: id, variant: 0, pair: 'a' } as const;
    await own.start({ generation, concurrency: 1, drainMs: 1000, spec: null }, argv);
    const keeper = (await readKept(folder, `g${id}`))?.keeperPid;
    assert.ok(keeper !== undefined);
    process.kill(keeper, 'SIGSTOP');
    keepers.push(keeper);
    return keeper;
  };
  const ended = async (id: number) => {
    for (let tries = 0; tries < 12_000 && (await own.isAlive(id)); tries++) await sleep(5);
  };
  try {
    const first = await start(1, ['sleep', '60']);
    await own.signal(1, 'SIGSEGV');
    await start(2, ['sh', '-c', 'sleep 0.3; exit 3']);
    const third = await start(3, ['sh', '-c', 'sleep 0.3']);
    await Promise.all([1, 2, 3].map(ended));
    assert.deepEqual(await Promise.all([1, 2, 3].map(own.exitDetail)), ['signal 11', 'exit code 3', 'ended']);
    // A zombie with the code 0 may be one that this process may not look at.
    assert.equal(await own.isOver(3), false);
    process.kill(third, 'SIGCONT');
    for (let tries = 0; tries < 12_000 && !(await own.isOver(3)); tries++) await sleep(5);
    assert.equal(await own.exitDetail(3), 'exit code 0');
    process.kill(first, 'SIGKILL');
    for (let tries = 0; tries < 12_000 && !(await own.isOver(1)); tries++) await sleep(5);
  } finally {
    for (const keeper of keepers) spawnSync('kill', ['-CONT', String(keeper)]);
    for (let tries = 0; tries < 12_000 && !(await own.isOver(2)); tries++) await sleep(5);
    await rm(folder, { recursive: true });
  }
});

test('a socket that a process closes is missed at once, and none that it keeps', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-closed-'));
  const own = openEnvoyProcesses(folder, join(folder, 'envoy.log'));
  const program =
    'const net = require("net"); const [a] = [1, 2].map(() => net.createServer().listen(0, "127.0.0.1")); process.on("SIGUSR2", () => a.close()); a.on("listening", () => console.log("listens"));';
  const generation = { id: 1, epoch: 1, variant: 0, pair: 'a' } as const;
  const until = async (test: () => Promise<boolean>) => {
    for (let tries = 0; tries < 6000 && !(await test()); tries++) await sleep(10);
  };
  try {
    await own.start({ generation, concurrency: 1, drainMs: 1000, spec: null }, [process.execPath, '-e', program]);
    await until(async () => (await readFile(join(folder, 'g1.out'), 'utf8').catch(() => '')).includes('listens'));
    const before = await own.inodes(1);
    assert.equal(own.hasClosed(1, before), false);
    assert.equal(own.hasClosed(2, before), null, 'nothing is known of a process that was not looked into');
    assert.equal(own.hasClosed(1, []), null, 'a process of which no socket was seen holds none for certain');
    await own.signal(1, 'SIGUSR2');
    await until(async () => own.hasClosed(1, before) === true);
    assert.equal(own.hasClosed(1, before), true);
    const after = await own.inodes(1);
    assert.equal(after.length, before.length - 1);
    assert.deepEqual([own.hasClosed(1, after), own.hasClosed(1, before)], [false, true]);
  } finally {
    await own.signal(1, 'SIGKILL');
    await until(() => own.isOver(1));
    await rm(folder, { recursive: true });
  }
});
