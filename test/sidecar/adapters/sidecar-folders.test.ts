/** Folders of a sidecar on disk. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeRunFolders, makeStateFolder } from '../../../src/sidecar/adapters/sidecar-folders.ts';

test('a folder that cannot be written is the operator’s to mend, not a bug', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weir-folders-'));
  try {
    const file = join(folder, 'file');
    await writeFile(file, '');
    for (const place of [join(file, 'main'), '/proc/weir/main']) {
      const run = { code: 'WEIR2022', exit: 3 };
      await assert.rejects(makeRunFolders([place], join(place, 'envoy.log')), run);
      await assert.rejects(makeStateFolder(place, join(place, 'journal.jsonl')), { code: 'WEIR2023', exit: 3 });
    }
    await makeRunFolders([join(folder, 'run', 'main')], join(folder, 'run', 'main', 'envoy.log'));
    await makeStateFolder(join(folder, 'state'), join(folder, 'state', 'journal.jsonl'));
  } finally {
    await rm(folder, { recursive: true });
  }
});
