/** Processes that outlive the program that started them. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readKeptExit, startKept } from '../../../src/sidecar/adapters/keeper.ts';
import { isAlive, isStopped, signalProcess } from '../../../src/sidecar/adapters/process-identity.ts';
import { until } from '../../until.ts';

describe('a kept process', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-keeper-'));
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  async function untilExit(name: string): Promise<string> {
    for (;;) {
      const exit = await readKeptExit(folder, name);
      if (exit !== null) return exit;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('leaves its exit code in a file', async () => {
    await startKept(folder, 'a', ['sh', '-c', 'exit 3']);
    assert.equal(await untilExit('a'), 'exit code 3');
  });

  it('is known by number and start time, through SIGSTOP and to its end by a signal', async () => {
    const { identity, keeperPid } = await startKept(folder, 'b', ['sleep', '60']);
    assert.ok(keeperPid > 0 && keeperPid !== identity.pid);
    assert.equal(await isAlive(identity), true);
    assert.equal(await isAlive({ ...identity, startTicks: '1' }), false);
    await signalProcess(identity, 'SIGSTOP');
    await until('the process to be stopped', () => isStopped(identity));
    await signalProcess(identity, 'SIGKILL');
    assert.equal(await untilExit('b'), 'signal 9');
    assert.equal(await isAlive(identity), false);
    assert.equal(await signalProcess(identity, 'SIGKILL'), false);
  });

  it('goes on when its keeper is told to end', async () => {
    const { identity, keeperPid } = await startKept(folder, 'c', ['sleep', '60']);
    process.kill(keeperPid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await isAlive(identity), true);
    await signalProcess(identity, 'SIGKILL');
    assert.equal(await untilExit('c'), 'signal 9');
  });
});
