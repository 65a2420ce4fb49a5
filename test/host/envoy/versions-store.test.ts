import assert from 'node:assert/strict';
import { lstat, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPairStore } from '../../../src/host/envoy/versions-store.ts';

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
