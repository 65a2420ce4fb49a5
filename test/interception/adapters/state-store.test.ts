/** The state file on disk. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openEventLog } from '../../../src/interception/adapters/event-log.ts';
import { createStateStore, type StateWriteStep } from '../../../src/interception/adapters/state-store.ts';
import { sampleState } from './stored-state-sample.ts';

async function makeStateDir(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-state-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'state');
}

const permissions = async (path: string) => (await stat(path)).mode & 0o777;

test('without a file there is no state and no problem', async (t) => {
  assert.deepEqual(await createStateStore(await makeStateDir(t)).read(), { state: null, problem: null });
});

test('what was written is read back, from a file that only its owner may read', async (t) => {
  const dir = await makeStateDir(t);
  const store = createStateStore(dir);
  await store.write(sampleState('first'));
  await store.write(sampleState('second'));
  assert.deepEqual(await store.read(), { state: sampleState('second'), problem: null });
  assert.deepEqual(await readdir(dir), ['state.json']);
  assert.equal(await permissions(join(dir, 'state.json')), 0o600);
  assert.equal(await permissions(dir), 0o755);
});

test('a damaged file is a problem to readers, and the next writer moves it aside with its text', async (t) => {
  const dir = await makeStateDir(t);
  await mkdir(dir);
  const store = createStateStore(dir);
  for (const [text, why] of [
    ['{"version":1,', /state\.json is damaged: /],
    [JSON.stringify({ ...sampleState(), version: 'two' }), /damaged: .*version/],
    [`"${'x'.repeat(5_000_000)}"`, /damaged: it has \d+ bytes/],
    [JSON.stringify({ ...sampleState(), apps: [{ name: 'x' }] }), /damaged: .*apps\.0\.slot: /],
    ['', /damaged/],
  ] as const) {
    await writeFile(join(dir, 'state.json'), text);
    const { state, problem } = await store.read();
    assert.equal(state, null);
    assert.match(problem ?? '', why);
    assert.equal(await readFile(join(dir, 'state.json'), 'utf8'), text);
    await store.write(sampleState());
    assert.deepEqual((await store.read()).state, sampleState());
    const aside = (await readdir(dir)).filter((name) => name.startsWith('state.json.damaged-'));
    assert.equal(aside.length, 1);
    assert.match(aside[0] ?? '', /^state\.json\.damaged-\d{8}T\d{6}\.\d{3}Z$/);
    assert.equal(await readFile(join(dir, aside[0] ?? ''), 'utf8'), text);
    await rm(join(dir, aside[0] ?? ''));
  }
});

test('a file that a later weir wrote is neither damaged, nor replaced, nor removed', async (t) => {
  const dir = await makeStateDir(t);
  await mkdir(dir);
  const text = JSON.stringify({ version: 2, applications: {} });
  await writeFile(join(dir, 'state.json'), text);
  const store = createStateStore(dir);
  const { state, problem } = await store.read();
  assert.equal(state, null);
  assert.match(
    problem ?? '',
    /written by a newer weir: this state file has version 2, and this weir reads versions up to 1/,
  );
  await assert.rejects(store.write(sampleState()), { code: 'WEIR2025', exit: 3 });
  await assert.rejects(store.remove(), { code: 'WEIR2025' });
  assert.deepEqual(await readdir(dir), ['state.json']);
  assert.equal(await readFile(join(dir, 'state.json'), 'utf8'), text);
});

test('fields of a later weir are dropped, not refused', async (t) => {
  const dir = await makeStateDir(t);
  await mkdir(dir);
  await writeFile(join(dir, 'state.json'), JSON.stringify({ ...sampleState(), colour: 'red' }));
  assert.deepEqual((await createStateStore(dir).read()).state, sampleState());
});

test('a directory that is a file, or lies below one, is a problem to readers and an error to writers', async (t) => {
  const dir = await makeStateDir(t);
  await writeFile(dir, 'not a directory');
  const store = createStateStore(dir);
  const { state, problem } = await store.read();
  assert.equal(state, null);
  assert.match(problem ?? '', /ENOTDIR/);
  await assert.rejects(store.write(sampleState()), { code: 'WEIR2023', exit: 3 });
  assert.equal(await readFile(dir, 'utf8'), 'not a directory');
});

test('removing takes every file of weir, keeps what others put there, and may be done twice', async (t) => {
  const dir = await makeStateDir(t);
  const store = createStateStore(dir);
  await store.write(sampleState());
  await openEventLog(dir).append({
    at: new Date(0).toISOString(),
    app: 'a',
    from: 'on',
    to: 'off',
    by: 'x',
    reason: null,
  });
  await writeFile(join(dir, '.state.json.4194999.tmp'), 'half');
  await writeFile(join(dir, 'notes'), 'of an operator');
  await store.remove();
  assert.deepEqual(await readdir(dir), ['notes']);
  await rm(join(dir, 'notes'));
  await store.remove();
  await assert.rejects(stat(dir), { code: 'ENOENT' });
  await store.remove();
});

test('a kill after any step of a write leaves the old state or the new one, and no later write trips over the rest', async (t) => {
  const steps: StateWriteStep[] = ['opened', 'written', 'synced', 'renamed', 'folder-synced'];
  for (const step of steps) {
    const dir = await makeStateDir(t);
    const store = createStateStore(dir);
    await store.write(sampleState('old'));
    assert.equal(await writeAndDie(dir, step), 'SIGKILL');
    const { state, problem } = await store.read();
    assert.equal(problem, null);
    const expected = ['renamed', 'folder-synced'].includes(step) ? 'new' : 'old';
    assert.equal(state?.apps[0]?.reason, expected, step);
    await store.write(sampleState('later'));
    assert.deepEqual(await readdir(dir), ['state.json'], step);
  }
});

test('a kill after a damaged file was moved aside loses nothing', async (t) => {
  const dir = await makeStateDir(t);
  await mkdir(dir);
  await writeFile(join(dir, 'state.json'), 'damaged');
  assert.equal(await writeAndDie(dir, 'set-aside'), 'SIGKILL');
  assert.deepEqual(await createStateStore(dir).read(), { state: null, problem: null });
  const [aside = ''] = await readdir(dir);
  assert.equal(await readFile(join(dir, aside), 'utf8'), 'damaged');
});

/** Writes a new state in another process, which kills itself after `step`; resolves to the signal it ended by. */
async function writeAndDie(dir: string, step: StateWriteStep): Promise<NodeJS.Signals | null> {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const source = `
    import { createStateStore } from ${module('../../../src/interception/adapters/state-store.ts')};
    import { sampleState } from ${module('./stored-state-sample.ts')};
    const store = createStateStore(${JSON.stringify(dir)}, (step) => {
      if (step === ${JSON.stringify(step)}) process.kill(process.pid, 'SIGKILL');
    });
    await store.write(sampleState('new'));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' });
  const [, signal] = await once(child, 'exit');
  return signal;
}
