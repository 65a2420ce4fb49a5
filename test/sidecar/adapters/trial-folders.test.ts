/** Folders for the time of a trial. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { withTrialFolders } from '../../../src/sidecar/adapters/trial-folders.ts';

async function place(t: TestContext, isTaken = false) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-trial-folders-'));
  t.after(() => rm(folder, { recursive: true }));
  const [run, state] = [join(folder, 'run', 'main'), join(folder, 'state', 'sidecars', 'main')];
  let prepared = 0;
  const prepare = async () => {
    prepared += 1;
    for (const one of [run, state]) await mkdir(one, { recursive: true });
    await writeFile(join(run, 'envoy.log'), '');
  };
  return { folder, run, state, prepare, isTaken: async () => isTaken, prepared: () => prepared };
}

test('folders that a start would make are there during the trial, and gone after it, also when it fails', async (t) => {
  const at = await place(t);
  await withTrialFolders(at, async () => assert.ok(existsSync(join(at.run, 'envoy.log'))));
  assert.deepEqual(await readdir(at.folder), []);
  await assert.rejects(
    withTrialFolders(at, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  assert.deepEqual(await readdir(at.folder), []);
});

test('folders that are there stay as they are', async (t) => {
  const at = await place(t);
  await mkdir(at.run, { recursive: true });
  await withTrialFolders(at, async () => {});
  assert.equal(at.prepared(), 0);
  assert.ok(existsSync(at.run));
});

test('what somebody has begun to use in the meantime stays', async (t) => {
  const at = await place(t, true);
  await withTrialFolders(at, async () => {});
  assert.ok(existsSync(join(at.run, 'envoy.log')));
});
