/** Pairs of binary and bootstrap for the time of a trial. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { withTrialPairs } from '../../../src/sidecar/adapters/trial-pairs.ts';
import { openPairStore } from '../../../src/sidecar/adapters/versions-store.ts';

async function filesOf(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-trial-pairs-'));
  t.after(() => rm(folder, { recursive: true }));
  const [binary, bootstrap] = [join(folder, 'envoy'), join(folder, 'bootstrap.yaml')];
  await writeFile(binary, '#!/bin/sh\necho "envoy version: a/1.2.3/b"\n', { mode: 0o755 });
  await writeFile(bootstrap, '{}');
  return { folder, binary, bootstrap, store: { dir: join(folder, 'state', 'main'), as: [], gid: null } };
}

test('a new pair is there during the trial, as it would be stored, and gone after it', async (t) => {
  const { folder, binary, bootstrap, store } = await filesOf(t);
  const pair = await withTrialPairs(store, async (pairs) => {
    const staged = await pairs.stage(binary, bootstrap);
    assert.deepEqual(await readFile(staged.binary), await readFile(binary));
    assert.deepEqual(await pairs.read(staged.id), staged);
    assert.deepEqual(await pairs.pointers(), { current: null, previous: null });
    return staged;
  });
  assert.equal(existsSync(pair.binary), false);
  assert.deepEqual((await readdir(folder)).sort(), ['bootstrap.yaml', 'envoy']);
  const real = await openPairStore(store.dir, [], null).stage(binary, bootstrap);
  assert.deepEqual([pair.id, pair.version], [real.id, real.version]);
});

test('a pair that the store has is taken from there, and left there', async (t) => {
  const { folder, binary, bootstrap, store } = await filesOf(t);
  const real = openPairStore(store.dir, [], null);
  const stored = await real.stage(binary, bootstrap);
  await real.settle(stored.id, null);
  await withTrialPairs(store, async (pairs) => {
    assert.deepEqual(await pairs.stage(binary, bootstrap), stored);
    assert.deepEqual(await pairs.pointers(), { current: stored.id, previous: null });
    await assert.rejects(pairs.settle(stored.id, null));
    await assert.rejects(pairs.prune([]));
  });
  assert.deepEqual((await readdir(folder)).sort(), ['bootstrap.yaml', 'envoy', 'state']);
  assert.ok(existsSync(stored.binary));
});

test('a trial that fails leaves nothing either', async (t) => {
  const { folder, binary, bootstrap, store } = await filesOf(t);
  const failing = withTrialPairs(store, async (pairs) => {
    await pairs.stage(binary, bootstrap);
    throw new Error('not accepted');
  });
  await assert.rejects(failing, { message: 'not accepted' });
  assert.deepEqual((await readdir(folder)).sort(), ['bootstrap.yaml', 'envoy']);
});
