/** Documents of weir: of this one, of an older and a newer one, and what is none. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod/mini';
import { type RecordKind, readText, recordText, requireRecord } from '../../src/platform/record.ts';
import { readRecordFile, writeRecordFile } from '../../src/platform/record-file.ts';

const KIND: RecordKind<{ readonly name: string; readonly size: number }> = {
  name: 'box label',
  version: 2,
  schema: z.object({ name: z.string(), size: z._default(z.number(), 7) }),
};

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-record-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('what is written says its version and is read again; fields of a later weir are passed over', () => {
  const text = recordText(KIND, { name: 'box', size: 3 });
  assert.equal(text, '{"schemaVersion":2,"name":"box","size":3}');
  assert.deepEqual(readText(KIND, text), { state: 'read', value: { name: 'box', size: 3 } });
  const later = readText(KIND, '{"schemaVersion":2,"name":"box","size":3,"colour":"red"}');
  assert.deepEqual(later, { state: 'read', value: { name: 'box', size: 3 } });
});

test('a document of a weir from before versions, or of an earlier one, is read with what it has', () => {
  for (const text of ['{"name":"box"}', '{"schemaVersion":1,"name":"box"}']) {
    assert.deepEqual(readText(KIND, text), { state: 'read', value: { name: 'box', size: 7 } });
  }
});

test('a newer document is told apart before anything of it is looked at', () => {
  const reading = readText(KIND, '{"schemaVersion":3,"name":[]}');
  assert.deepEqual(reading, { state: 'newer', version: 3 });
  assert.throws(() => requireRecord(KIND, '/run/box', reading), {
    code: 'WEIR2025',
    exit: 3,
    what: '/run/box was written by a newer weir',
    why: 'this box label has version 3, and this weir reads versions up to 2',
    details: { record: 'box label', version: 3, readsUpTo: 2 },
  });
  assert.throws(() => requireRecord({ ...KIND, exit: 2 }, '/run/box', reading), { exit: 2 });
});

test('what is torn or foreign is damaged, with the reason', () => {
  const wrong = {
    '{"schemaVersion":2,"na': /JSON/,
    '': /JSON/,
    '[]': /not a JSON object/,
    null: /not a JSON object/,
    '{}': /no box label: name: /,
    '{"schemaVersion":"2","name":"box"}': /schemaVersion is "2"/,
    '{"schemaVersion":-1,"name":"box"}': /schemaVersion is -1/,
    '{"schemaVersion":1.5,"name":"box"}': /schemaVersion is 1.5/,
  };
  for (const [text, why] of Object.entries(wrong)) {
    assert.throws(
      () => requireRecord(KIND, '/run/box', readText(KIND, text)),
      { code: 'WEIR2026', exit: 3, why },
      text,
    );
  }
});

test('no text makes reading throw', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ schemaVersion: fc.jsonValue(), name: fc.jsonValue() }).map((value) => JSON.stringify(value)),
  );
  fc.assert(fc.property(texts, (text) => ['read', 'newer', 'damaged'].includes(readText(KIND, text).state)));
});

test('a file is written whole, and nothing is left beside it', async (t) => {
  const path = join(await folder(t), 'box.json');
  assert.equal(await readRecordFile(KIND, path), null);
  await writeRecordFile(KIND, path, { name: 'box', size: 1 });
  await writeRecordFile(KIND, path, { name: 'box', size: 2 });
  assert.deepEqual(await readRecordFile(KIND, path), { name: 'box', size: 2 });
  assert.deepEqual(await readdir(join(path, '..')), ['box.json']);
  await assert.rejects(writeRecordFile(KIND, join(path, 'below'), { name: 'box', size: 3 }), { code: 'ENOTDIR' });
  assert.deepEqual(await readRecordFile(KIND, path), { name: 'box', size: 2 });
});

test('a folder, a pipe and a file far too large are no records, and stay as they are', async (t) => {
  const dir = await folder(t);
  await mkdir(join(dir, 'folder'));
  assert.equal(spawnSync('mkfifo', [join(dir, 'pipe')]).status, 0);
  await writeFile(join(dir, 'huge'), `{"name":"${'x'.repeat(4_200_000)}"}`);
  await writeFile(join(dir, 'torn'), '{"name":');
  for (const name of ['folder', 'pipe', 'huge', 'torn']) {
    await assert.rejects(readRecordFile(KIND, join(dir, name)), { code: 'WEIR2026' }, name);
  }
  assert.equal(await readFile(join(dir, 'torn'), 'utf8'), '{"name":');
  assert.deepEqual((await readdir(dir)).sort(), ['folder', 'huge', 'pipe', 'torn']);
});
