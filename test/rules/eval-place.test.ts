/** What `weir rules eval --rules PLACE` takes a place for. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runWeirBin } from '../run-weir.ts';

test('a folder is a folder whatever its name, and what is absent is said to be absent', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-eval-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'mesh.d'));
  writeFileSync(join(folder, 'rule.groovy'), 'return invokers\n');
  const error = async (place: string): Promise<unknown> => {
    const { stdout, code } = await runWeirBin(['rules', 'eval', '--rules', join(folder, place), '--json']);
    return [code, JSON.parse(stdout || '{}').error?.why];
  };
  assert.deepEqual(await error('mesh.d'), [2, 'it holds no file *.dubbo-mesh.yaml']);
  assert.deepEqual(await error('gone'), [2, 'there is no such folder']);
  assert.deepEqual(await error('gone.groovy'), [2, 'there is no such file']);
  assert.deepEqual(await error('rule.groovy/inner'), [2, 'it is no folder']);
});
