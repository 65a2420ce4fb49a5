/** The program that `weir sidecar run` goes on as, where it cannot start. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { programFile } from '../../src/platform/process/programs.ts';
import { recordText } from '../../src/platform/record.ts';
import { SUPERVISE_TASK, type SuperviseTask } from '../../src/sidecar/records/supervise-task.ts';
import { parseEnvelope } from '../contract/envelope-schema.ts';
import { KEEP_COMPILED, runNode } from '../run-weir.ts';

function taskIn(t: TestContext, change: Partial<SuperviseTask> = {}): SuperviseTask {
  const folder = mkdtempSync(join(tmpdir(), 'weir-program-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'mesh.yaml'),
    'apiVersion: weir.dev/v1\nsidecars: {main: {user: 1, outbound: 15001, admin: "unix:/a.sock", binary: /none/envoy, bootstrap: /none}}\napps: {}\n',
  );
  const spec = {
    ...{ name: 'main', uid: null, gid: null, readyPath: '/ready', binary: join(folder, 'none'), bootstrap: '/none' },
    ...{ admin: { kind: 'unix', path: '/none/a.sock' } as const, ports: [], concurrency: 1, drainMs: 1, notify: null },
    ...{ args: [], env: {}, capabilities: [], sha256: null, check: null, bakeMs: 0, bakeBytes: null, spreadMs: 0 },
  };
  return {
    ...{
      name: 'main',
      config: join(folder, 'mesh.yaml'),
      runDir: join(folder, 'run'),
      stateDir: join(folder, 'state'),
    },
    ...{ netns: '', json: true, verbose: false, metricsFile: null, role: 'alone', weirVersion: '0.0.0' },
    dryRun: false,
    sidecar: { spec, apps: [] },
    ...change,
  };
}

/** The last envelope of a stream. */
const lastLine = (stdout: string) => `${stdout.trim().split('\n').at(-1)}\n`;
const run = (task: string) => runNode([programFile('supervisor'), task], KEEP_COMPILED);

test('a sidecar that cannot be started ends it with the error, as every command', async (t) => {
  const { code, stdout, stderr } = await run(recordText(SUPERVISE_TASK, taskIn(t)));
  assert.equal(code, 3, stdout + stderr);
  const { error } = parseEnvelope(lastLine(stdout));
  assert.equal(error?.code, 'WEIR4003');
});

test('a file for metrics that cannot be written is said at once', async (t) => {
  const { code, stdout } = await run(recordText(SUPERVISE_TASK, taskIn(t, { metricsFile: '/none/weir.prom' })));
  const { error } = parseEnvelope(lastLine(stdout));
  assert.deepEqual([code, error?.code], [2, 'WEIR1002']);
  assert.match(error?.message ?? '', /weir\.prom/);
});

test('a task of a later weir, and one that is none, are refused', async (t) => {
  const later = JSON.stringify({ ...JSON.parse(recordText(SUPERVISE_TASK, taskIn(t))), schemaVersion: 2 });
  const { code, stderr } = await run(later);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /WEIR2025/);
  assert.match((await run('{')).stderr, /WEIR2026/);
});
