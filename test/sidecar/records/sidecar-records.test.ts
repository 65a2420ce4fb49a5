/** Records of a sidecar on disk: weir reads older ones, refuses newer ones as newer, and names damaged ones. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type RecordKind, readText } from '../../../src/platform/record.ts';
import { openEnvoyProcesses, recordedStarts } from '../../../src/sidecar/adapters/envoy-processes.ts';
import { readProcessStat } from '../../../src/sidecar/adapters/process-identity.ts';
import { readSettled } from '../../../src/sidecar/adapters/settled-file.ts';
import { openPairStore } from '../../../src/sidecar/adapters/versions-store.ts';
import {
  JOURNAL_ENTRY,
  LAUNCH_FILE,
  PAIR_FILE,
  PRINTED_SPEC,
  SETTLED_FILE,
} from '../../../src/sidecar/records/sidecar-records.ts';
import { SUPERVISE_TASK } from '../../../src/sidecar/records/supervise-task.ts';
import { FAKE_SPEC } from '../../fakes/fake-sidecar-lab.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weir-records-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

// As weir wrote them before there were versions.
const OLD_LAUNCH = {
  ...{ generation: { id: 1, epoch: 0, variant: 1, pair: 'abc' }, concurrency: 2, drainMs: 15_000, logOffset: 0 },
};
const OLD_PAIR = {
  ...{ id: 'abc', binarySha256: '1', bootstrapSha256: '2', version: '1.39.3', hotRestartVersion: '11.104' },
  bootstrapName: 'bootstrap.json',
};
const OLD_STATE = {
  ...{ at: '2026-01-01T00:00:00.000Z', kind: 'state', state: 'draining', epoch: 1, drainEndMs: 1_700_000_000_000 },
  upgrade: {
    request: { id: '1-1', pair: 'abc', initTimeoutMs: 60_000, drainMs: 15_000, dryRun: false },
    ...{ from: 'def', warnings: ['w'], returning: true },
  },
};
const OLD_NOTE = { upgrade: null, problem: 'no binary', atMs: 5, by: { pid: 7, startTicks: '9' } };
const { ports: _, ...OLD_SPEC } = FAKE_SPEC;
const PRINTED = { spec: OLD_SPEC, apps: ['payment'] };
const TASK = {
  ...{ name: 'main', config: '/etc/weir/mesh.yaml', runDir: '/run/weir', stateDir: '/var/lib/weir', netns: '' },
  ...{ json: false, verbose: false, metricsFile: null, role: 'alone', sidecar: PRINTED, weirVersion: '0.1.0' },
};

const KINDS: readonly (readonly [RecordKind<unknown>, object])[] = [
  [LAUNCH_FILE, OLD_LAUNCH],
  [PAIR_FILE, OLD_PAIR],
  [JOURNAL_ENTRY, OLD_STATE],
  [SETTLED_FILE, OLD_NOTE],
  [PRINTED_SPEC, PRINTED],
  [SUPERVISE_TASK, TASK],
];

for (const [kind, old] of KINDS) {
  test(`a ${kind.name} from before versions is read, a newer one is newer, and every cut of it is damaged`, () => {
    const text = JSON.stringify(old);
    assert.equal(readText(kind, text).state, 'read', JSON.stringify(readText(kind, text)));
    assert.deepEqual(readText(kind, JSON.stringify({ ...old, schemaVersion: kind.version + 1 })), {
      state: 'newer',
      version: kind.version + 1,
    });
    for (let length = 0; length < text.length; length++) {
      assert.equal(readText(kind, text.slice(0, length)).state, 'damaged', text.slice(0, length));
    }
  });

  test(`a ${kind.name} with any field replaced is read or damaged, never anything else`, () => {
    const mutants = fc.tuple(fc.constantFrom(...Object.keys(old)), fc.jsonValue());
    fc.assert(
      fc.property(mutants, ([field, value]) =>
        ['read', 'damaged'].includes(readText(kind, JSON.stringify({ ...old, [field]: value })).state),
      ),
    );
  });
}

test('what an older weir did not note gets the value that it had then', () => {
  const launch = readText(LAUNCH_FILE, JSON.stringify(OLD_LAUNCH));
  assert.equal(launch.state === 'read' && launch.value.spec, null);
  const entry = readText(JOURNAL_ENTRY, JSON.stringify(OLD_STATE));
  assert.ok(entry.state === 'read' && entry.value.kind === 'state');
  const { returning, mayEndEarly, request } = entry.value.upgrade ?? {};
  assert.deepEqual([returning, mayEndEarly], ['the new process did not hold every listener', false]);
  assert.deepEqual([request?.accept, request?.check, request?.bakeMs], [[], null, 0]);
});

/** A folder of keepers in which process 1 is this very process, with the given record. */
async function keptFolder(t: TestContext, record: string): Promise<string> {
  const dir = await folder(t);
  const { startTicks } = (await readProcessStat(process.pid)) ?? { startTicks: '' };
  await writeFile(join(dir, 'g1.pid'), `${process.pid} ${startTicks} 1\n`);
  await writeFile(join(dir, 'g1.launch'), record);
  return dir;
}

test('a living process whose record a newer weir wrote stops whoever would start another one beside it', async (t) => {
  const newer = JSON.stringify({ schemaVersion: 2, launch: {} });
  const dir = await keptFolder(t, newer);
  const processes = openEnvoyProcesses(dir, join(dir, 'envoy.log'));
  assert.equal(await processes.isAlive(1), true);
  await assert.rejects(processes.living(), { code: 'WEIR2025' });
  await assert.rejects(processes.launchOf(1), { code: 'WEIR2025' });
  assert.equal(await processes.exitDetail(1), 'ended');
  assert.equal(await readFile(join(dir, 'g1.launch'), 'utf8'), newer);
});

test('a living process with half a record is an error that names the file; a dead one is only a number', async (t) => {
  const dir = await keptFolder(t, '{"generation":{"id":1,');
  const processes = openEnvoyProcesses(dir, join(dir, 'envoy.log'));
  await assert.rejects(processes.living(), { code: 'WEIR2026', what: new RegExp(`${dir}/g1\\.launch`) });
  await writeFile(join(dir, 'g1.pid'), '4194999 1 1\n');
  const again = openEnvoyProcesses(dir, join(dir, 'envoy.log'));
  assert.deepEqual(await again.living(), []);
  assert.deepEqual(await recordedStarts([dir]), [{ id: 1, variant: null }]);
  assert.deepEqual(await recordedStarts([join(dir, 'nowhere')]), []);
});

test('a stored pair of a newer weir is left alone, and a damaged one is stored again', async (t) => {
  const dir = await folder(t);
  const [binary, bootstrap] = [join(dir, 'envoy'), join(dir, 'bootstrap.json')];
  await writeFile(binary, '#!/bin/sh\necho "envoy version: 0/1.39.3/Clean/RELEASE"\n', { mode: 0o755 });
  await writeFile(bootstrap, '{}');
  const store = openPairStore(join(dir, 'state'), [], null);
  const { id } = await store.stage(binary, bootstrap);
  const file = join(dir, 'state', 'versions', id, 'pair.json');
  assert.equal(JSON.parse(await readFile(file, 'utf8')).schemaVersion, 1);

  await writeFile(file, '{"id":"');
  await assert.rejects(store.read(id), { code: 'WEIR2026' });
  assert.equal((await store.stage(binary, bootstrap)).id, id);
  assert.equal((await store.read(id))?.version, '1.39.3');

  const newer = JSON.stringify({ schemaVersion: 2, files: [] });
  await writeFile(file, newer);
  await assert.rejects(store.read(id), { code: 'WEIR2025' });
  await assert.rejects(store.stage(binary, bootstrap), { code: 'WEIR2025' });
  assert.equal(await readFile(file, 'utf8'), newer);
  assert.deepEqual(await readdir(join(dir, 'state', 'versions')), [id]);
});

test('a note of a settled start: none, an older one, half a one', async (t) => {
  const dir = await folder(t);
  assert.equal(await readSettled(dir), null);
  await writeFile(join(dir, 'settled.json'), JSON.stringify(OLD_NOTE));
  assert.deepEqual(await readSettled(dir), OLD_NOTE);
  await writeFile(join(dir, 'settled.json'), '{"upgrade":');
  await assert.rejects(readSettled(dir), { code: 'WEIR2026' });
  await rm(join(dir, 'settled.json'));
  await mkdir(join(dir, 'settled.json'));
  await assert.rejects(readSettled(dir), { code: 'WEIR2026' });
});

test('the task of a supervisor may leave out the flags that were not given', () => {
  const { json: _json, verbose: _verbose, ...task } = TASK;
  const reading = readText(SUPERVISE_TASK, JSON.stringify(task));
  assert.ok(reading.state === 'read', JSON.stringify(reading));
  assert.deepEqual([reading.value.json, reading.value.verbose], [false, false]);
});
