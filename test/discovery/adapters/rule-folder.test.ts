/** Folders of rules on disk. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { readRuleFiles, ruleFolderVersion } from '../../../src/discovery/adapters/rule-folder.ts';

it('a folder of rules is read by the names of its files; its version differs when one does', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-rules-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'a.plan.json'), '{}');
  writeFileSync(join(folder, 'a.envoy.yaml'), 'a: 1');
  writeFileSync(join(folder, 'notes.txt'), 'x');
  assert.deepEqual([...(await readRuleFiles(folder)).keys()], ['a.envoy.yaml', 'a.plan.json']);
  const before = await ruleFolderVersion(folder);
  assert.equal(await ruleFolderVersion(folder), before);
  writeFileSync(join(folder, 'notes.txt'), 'longer');
  assert.equal(await ruleFolderVersion(folder), before);
  writeFileSync(join(folder, 'a.envoy.yaml'), 'a: 1234');
  assert.notEqual(await ruleFolderVersion(folder), before);
});

it('a folder that is not there is an error when it is read, and has no version', async () => {
  await assert.rejects(readRuleFiles('/nonexistent/rules'), { code: 'WEIR6021' });
  assert.equal(await ruleFolderVersion('/nonexistent/rules'), null);
});
