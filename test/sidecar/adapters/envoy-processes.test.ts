/** Envoy processes: the records of those that have ended stay bounded; which one the kernel is to end first. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEnvoyProcesses } from '../../../src/sidecar/adapters/envoy-processes.ts';

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
