/** The panic file and its markers on disk. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createPanicFile } from '../../../src/interception/adapters/panic-file.ts';

async function makeRunDir(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-panic-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'run');
}

test('the panic file is replaced whole and executable', async (t) => {
  const runDir = await makeRunDir(t);
  const panic = createPanicFile(runDir);
  assert.equal(panic.path, join(runDir, 'off.sh'));
  await panic.write('#!/bin/sh\necho one\n');
  await panic.write('#!/bin/sh\necho two\n');
  assert.equal(await readFile(panic.path, 'utf8'), '#!/bin/sh\necho two\n');
  assert.equal((await stat(panic.path)).mode & 0o777, 0o755);
  assert.deepEqual(await readdir(runDir), ['off.sh']);
});

test('a run directory that cannot be written is an error with its own code', async (t) => {
  const runDir = await makeRunDir(t);
  await writeFile(runDir, 'a file');
  await assert.rejects(createPanicFile(runDir).write('x'), { code: 'WEIR2022' });
});

test('markers tell which applications were switched off and when, by their text or else by their age', async (t) => {
  const runDir = await makeRunDir(t);
  const panic = createPanicFile(runDir);
  assert.deepEqual(await panic.pressed(), new Map());
  await mkdir(join(runDir, 'off.d'), { recursive: true });
  await writeFile(join(runDir, 'off.d', 'payment'), '2026-01-02T03:04:05Z\n');
  await writeFile(join(runDir, 'off.d', 'orders.v2'), '');
  await utimes(join(runDir, 'off.d', 'orders.v2'), 1_767_225_600, 1_767_225_600);
  await writeFile(join(runDir, 'off.d', '.hidden'), '');
  assert.deepEqual(
    await panic.pressed(),
    new Map([
      ['orders.v2', '2026-01-01T00:00:00.000Z'],
      ['payment', '2026-01-02T03:04:05.000Z'],
    ]),
  );
  await panic.forget('payment');
  await panic.forget('payment');
  await panic.forget('../off.sh');
  assert.deepEqual([...(await panic.pressed()).keys()], ['orders.v2']);
});

test('removing takes the file, its markers and an empty run directory, but nothing of others', async (t) => {
  const runDir = await makeRunDir(t);
  const panic = createPanicFile(runDir);
  await panic.write('x');
  await mkdir(join(runDir, 'off.d'));
  await writeFile(join(runDir, 'off.d', 'payment'), '');
  await writeFile(join(runDir, 'lock'), '');
  await panic.remove();
  assert.deepEqual(await readdir(runDir), ['lock']);
  await rm(join(runDir, 'lock'));
  await panic.remove();
  await assert.rejects(stat(runDir), { code: 'ENOENT' });
  await panic.remove();
});
