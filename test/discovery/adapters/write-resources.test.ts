/** The files of an export. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeEnvoyFile } from '../../../src/discovery/adapters/write-resources.ts';

test('envoy.json is written whole into a folder that is made, readable for the sidecar', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'weir-export-'));
  t.after(() => rmSync(root, { recursive: true }));
  const file = await writeEnvoyFile(join(root, 'deep', 'out'), { node: { id: 'a' } });
  assert.equal(file, join(root, 'deep', 'out', 'envoy.json'));
  assert.equal(readFileSync(file, 'utf8'), '{\n  "node": {\n    "id": "a"\n  }\n}\n');
  assert.equal(statSync(file).mode & 0o777, 0o644);
  writeFileSync(join(root, 'taken'), '');
  await assert.rejects(writeEnvoyFile(join(root, 'taken'), {}), { code: 'WEIR6005', exit: 3 });
});
