/** Files with user and password. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { authFileProblem, readAuthFile } from '../../../src/discovery/adapters/auth-file.ts';

test('the first line is user and password; a file that others may read is told with its mode', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-auth-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'zk.auth');
  await assert.rejects(readAuthFile(file), { code: 'WEIR6004', exit: 2 });
  assert.equal(await authFileProblem(file), null);
  writeFileSync(file, 'weir:secret\nmore\n', { mode: 0o600 });
  assert.deepEqual([await readAuthFile(file), await authFileProblem(file)], ['weir:secret', null]);
  for (const mode of [0o640, 0o604]) {
    chmodSync(file, mode);
    assert.match((await authFileProblem(file)) ?? '', new RegExp(`has the mode 0${mode.toString(8)}`));
  }
});

test('a file that is not there has no problem; one that could not be looked at is not taken for that', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-auth-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'zk.auth');
  writeFileSync(file, 'weir:secret\n', { mode: 0o600 });
  assert.equal(await authFileProblem(join(file, 'below')), null);
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  await assert.rejects(authFileProblem(loop), { code: 'ELOOP' });
});
