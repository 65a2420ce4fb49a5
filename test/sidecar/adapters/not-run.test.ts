/** Programs around an Envoy binary that were not run: nothing is said of the binary or of its bootstrap then. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { validateBootstrap } from '../../../src/sidecar/adapters/envoy-binary.ts';
import { copyProgram } from '../../../src/sidecar/adapters/stored-file.ts';

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-not-run-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a binary that cannot be run has not refused a bootstrap', async (t) => {
  const folder = await folderOf(t);
  const binary = join(folder, 'envoy');
  await writeFile(binary, `#!${join(folder, 'no-such-interpreter')}\n`);
  await chmod(binary, 0o755);
  const problem = await validateBootstrap(binary, '/etc/envoy.yaml', [], 30_000);
  assert.match(problem ?? '', /^its binary could not be run \(12[67]\): .*envoy/);
  await writeFile(binary, '#!/bin/sh\necho "error initializing configuration: no such field" >&2; exit 1\n');
  assert.match((await validateBootstrap(binary, '/etc/envoy.yaml', [], 30_000)) ?? '', /^error initializing/);
});

test('a copy without capabilities is made where there is no cp, and not where cp was not started', async (t) => {
  const folder = await folderOf(t);
  const [from, to] = [join(folder, 'envoy'), join(folder, 'copy')];
  await writeFile(from, 'ELF');
  const failing = (code: 'WEIR2001' | 'WEIR2002' | 'WEIR2010') => () =>
    Promise.reject(new WeirError(code, { what: 'cp', why: 'so', hint: 'mend it' }));
  for (const code of ['WEIR2002', 'WEIR2010'] as const) {
    await assert.rejects(copyProgram(from, to, failing(code)), { code });
    await assert.rejects(readFile(to), { code: 'ENOENT' });
  }
  await copyProgram(from, to, failing('WEIR2001'));
  assert.equal(await readFile(to, 'utf8'), 'ELF');
});
