/** Creation of folders. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFolder } from '../../src/platform/make-folder.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-folder-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('a folder is made with those above it, also by several at once, and twice is no error', async () => {
  const path = join(folder, 'a', 'b', 'c');
  await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(folder, 'a', 'b', 'd'))]);
  await makeFolder(path);
  // Siblings below a parent that is not there: one of them makes it while the other looks.
  for (let round = 0; round < 20; round++) {
    const names = Array.from({ length: 16 }, (_, index) => join(folder, `round${round}`, `s${index}`));
    await Promise.all(names.map((name) => makeFolder(name)));
  }
  assert.ok((await stat(path)).isDirectory());
});

test('where no folder can be made there is an error at once, never an endless try', { timeout: 10_000 }, async () => {
  await assert.rejects(makeFolder('/proc/weir-nope'), { code: 'ENOENT' });
  await assert.rejects(makeFolder('/proc/weir-nope/state'), { code: 'ENOENT' });
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(makeFolder(join(folder, 'file')), { code: 'EEXIST' });
  await assert.rejects(makeFolder(join(folder, 'file', 'below')), { code: 'ENOTDIR' });
});
