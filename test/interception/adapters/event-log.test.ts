/** The event log on disk. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openEventLog } from '../../../src/interception/adapters/event-log.ts';

const entry = (app: string) => ({
  at: '2026-01-01T00:00:00.000Z',
  app,
  from: 'on',
  to: 'off',
  by: 'weir off',
  reason: 'incident\n"42"',
});

async function makeStateDir(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-journal-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'state');
}

test('entries are read back in order, one line each, whatever their text holds', async (t) => {
  const dir = await makeStateDir(t);
  const journal = openEventLog(dir);
  assert.deepEqual(await journal.read(), []);
  await journal.append(entry('a'));
  await journal.append(entry('b'));
  assert.deepEqual(await journal.read(), [entry('a'), entry('b')]);
  assert.equal((await stat(join(dir, 'journal.jsonl'))).mode & 0o777, 0o600);
});

test('a line that a crash cut off is skipped and does not swallow the next one', async (t) => {
  const dir = await makeStateDir(t);
  const journal = openEventLog(dir);
  await journal.append(entry('a'));
  await appendFile(join(dir, 'journal.jsonl'), '{"at":"2026-01-01T00:0');
  await journal.append(entry('b'));
  assert.deepEqual(await journal.read(), [entry('a'), entry('b')]);
});

test('a full journal is put away once, so that the log stays bounded and the newest entries are kept', async (t) => {
  const dir = await makeStateDir(t);
  const journal = openEventLog(dir, 1000);
  for (let index = 0; index < 100; index += 1) await journal.append(entry(`app${index}`));
  assert.deepEqual((await readdir(dir)).sort(), ['journal.jsonl', 'journal.jsonl.1']);
  for (const name of await readdir(dir)) assert.ok((await stat(join(dir, name))).size < 1200);
  const kept = await journal.read();
  assert.ok(kept.length >= 7 && kept.length <= 20, String(kept.length));
  assert.equal(kept.at(-1)?.app, 'app99');
  assert.equal(Number(kept.at(-1)?.app.slice(3)) - Number(kept[0]?.app.slice(3)), kept.length - 1);
});

test('entries of many writers at once do not mix', async (t) => {
  const dir = await makeStateDir(t);
  const journals = Array.from({ length: 5 }, () => openEventLog(dir));
  await Promise.all(journals.flatMap((journal, index) => [0, 1, 2].map((n) => journal.append(entry(`${index}-${n}`)))));
  assert.equal((await journals[0]?.read())?.length, 15);
});
