/** The journal of a sidecar on disk. */
import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSidecarJournal } from '../../../src/sidecar/adapters/sidecar-journal.ts';

const entry = (pid: number) => ({ at: '2026-01-01T00:00:00.000Z', kind: 'supervisor', pid, found: [] }) as const;

async function journalFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-sidecar-journal-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'main', 'journal.jsonl');
}

test('the first entry after a line that a crash cut off is kept, as in the event log', async (t) => {
  const file = await journalFile(t);
  const journal = openSidecarJournal(file);
  assert.equal(await journal.append(entry(1)), null);
  await appendFile(file, '{"at":"2026-01-01T00:0');
  for (const pid of [2, 3]) assert.equal(await openSidecarJournal(file).append(entry(pid)), null);
  assert.deepEqual(await journal.read(), { entries: [entry(1), entry(2), entry(3)], newer: 0 });
});

test('entries that are appended at once stand in their order', async (t) => {
  const file = await journalFile(t);
  const journal = openSidecarJournal(file);
  await Promise.all([1, 2, 3, 4, 5].map((pid) => journal.append(entry(pid))));
  assert.deepEqual(
    (await readFile(file, 'utf8')).split('\n').map((line) => line && JSON.parse(line).pid),
    [1, 2, 3, 4, 5, ''],
  );
});

test('an append that fails says why, and the next one goes on', async (t) => {
  const file = await journalFile(t);
  await mkdir(file, { recursive: true });
  const journal = openSidecarJournal(file);
  assert.match((await journal.append(entry(1))) ?? '', /EISDIR/);
  await rm(file, { recursive: true });
  assert.equal(await journal.append(entry(2)), null);
  assert.deepEqual(await journal.read(), { entries: [entry(2)], newer: 0 });
});

test('a journal that is there and cannot be read is an error, not an empty one', async (t) => {
  const file = await journalFile(t);
  await mkdir(file, { recursive: true });
  await assert.rejects(openSidecarJournal(file).read(), { code: 'EISDIR' });
});

test('entries of a weir from before versions are read, those of a later one are counted, and others are left out', async (t) => {
  const file = await journalFile(t);
  const journal = openSidecarJournal(file);
  await mkdir(dirname(file), { recursive: true });
  const old = {
    at: '2026-01-01T00:00:00.000Z',
    kind: 'state',
    state: 'draining',
    upgrade: null,
    drainEndMs: 5,
    epoch: 1,
  };
  const lines = [old, { schemaVersion: 2, at: [], kind: 'moon' }, { at: 'now', kind: 'moon' }, 7, null];
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  assert.equal(await journal.append(entry(1)), null);
  assert.deepEqual(await journal.read(), { entries: [old, entry(1)], newer: 1 });
  assert.equal(JSON.parse((await readFile(file, 'utf8')).trim().split('\n').at(-1) ?? '').schemaVersion, 1);
});
