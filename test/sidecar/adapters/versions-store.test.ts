/** The store of Envoy binaries. */
import assert from 'node:assert/strict';
import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPairStore } from '../../../src/sidecar/adapters/versions-store.ts';

test('a binary that is named by a symbolic link is stored as the file, not as the link', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-store-'));
  try {
    const script =
      '#!/bin/sh\n[ "$1" = --hot-restart-version ] && { echo 11.104; exit 0; }\necho "envoy version: a/1.2.3/b"\n';
    await writeFile(join(folder, 'envoy-1.2.3'), script, { mode: 0o755 });
    await symlink('envoy-1.2.3', join(folder, 'envoy'));
    await writeFile(join(folder, 'bootstrap.yaml'), '{}');
    const store = openPairStore(join(folder, 'state'), [], null);
    const pair = await store.stage(join(folder, 'envoy'), join(folder, 'bootstrap.yaml'));
    assert.ok((await lstat(pair.binary)).isFile());
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** A store with a program that says which version it is. */
async function withStore(
  use: (at: {
    store: ReturnType<typeof openPairStore>;
    binary: string;
    bootstrap: string;
    write: (version: string) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-store-'));
  try {
    const [binary, bootstrap] = [join(folder, 'envoy'), join(folder, 'bootstrap.yaml')];
    const hot = '[ "$1" = --hot-restart-version ] && { echo 11.104; exit 0; }';
    const write = (version: string) =>
      writeFile(binary, `#!/bin/sh\n${hot}\necho "envoy version: a/${version}/b"\n`, { mode: 0o755 });
    await write('1.2.3');
    await writeFile(bootstrap, '{}');
    await use({ store: openPairStore(join(folder, 'state'), [], null), binary, bootstrap, write });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a binary that is overwritten in place is not what the store has', async () => {
  await withStore(async ({ store, binary, bootstrap, write }) => {
    const first = await store.stage(binary, bootstrap);
    const before = await readFile(first.binary);
    await write('1.2.4');
    assert.deepEqual(await readFile(first.binary), before);
    assert.equal(await store.problemOf(first), null);
    const second = await store.stage(binary, bootstrap);
    assert.deepEqual([first.version, second.version], ['1.2.3', '1.2.4']);
    assert.notEqual(first.id, second.id);
  });
});

test('a stored binary that somebody damages is told, and the sound file is stored anew', async () => {
  await withStore(async ({ store, binary, bootstrap }) => {
    const pair = await store.stage(binary, bootstrap);
    await writeFile(pair.binary, 'half of');
    assert.match(String(await store.problemOf(pair)), /envoy has been changed since it was stored/);
    const again = await store.stage(binary, bootstrap);
    assert.equal(again.id, pair.id);
    assert.equal(await store.problemOf(again), null);
    await writeFile(pair.bootstrap, '{"admin": {}}');
    assert.match(String(await store.problemOf(pair)), /bootstrap\.yaml has been changed/);
  });
});

test('another Envoy behind the same script is another pair', async () => {
  await withStore(async ({ store, binary, bootstrap, write }) => {
    await write('1.2.3');
    const real = `${binary}-real`;
    await writeFile(real, await readFile(binary), { mode: 0o755 });
    await writeFile(binary, `#!/bin/sh\nexec ${real} "$@"\n`, { mode: 0o755 });
    const first = await store.stage(binary, bootstrap);
    await writeFile(real, String(await readFile(real)).replace('1.2.3', '1.2.4'));
    const second = await store.stage(binary, bootstrap);
    assert.deepEqual([first.version, second.version], ['1.2.3', '1.2.4']);
    assert.notEqual(first.id, second.id);
  });
});
