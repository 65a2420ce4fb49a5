/** The program that `weir sidecar run` goes on as, where it cannot start. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
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

/** A binary that accepts its bootstrap when that does not say "bad". */
const ENVOY = `#!/bin/sh
case "$*" in
*--hot-restart-version*) echo 11.104 >&2 ;;
*--version*) echo "envoy version: a/1.2.3/b" ;;
*) while [ "$1" != -c ]; do shift; done; grep -q bad "$2" && { echo "error: bad word"; exit 1; }; exit 0 ;;
esac
`;

interface Files {
  readonly folder: string;
  readonly binary: string;
  readonly bootstrap: string;
}

/** The change of a task whose start fails, and the code of the error. */
type Fault = (files: Files) => Partial<SuperviseTask['sidecar']['spec']> | Promise<object> | undefined;

const FAULTS: readonly (readonly [name: string, code: string, fault: Fault])[] = [
  ['the binary is missing', 'WEIR4003', ({ binary }) => rmSync(binary) as undefined],
  ['the binary is a folder', 'WEIR4003', ({ folder }) => ({ binary: folder })],
  ['the binary is not executable', 'WEIR4003', ({ binary }) => writeAgain(binary, ENVOY, 0o644)],
  ['the bootstrap is missing', 'WEIR4003', ({ bootstrap }) => rmSync(bootstrap) as undefined],
  ['Envoy does not accept the bootstrap', 'WEIR4014', ({ bootstrap }) => writeAgain(bootstrap, '{"bad": 1}', 0o644)],
  ['another binary was meant', 'WEIR4003', () => ({ sha256: 'a'.repeat(64) })],
  ['the state directory is a file', 'WEIR2023', ({ folder }) => writeAgain(join(folder, 'state'), '', 0o644)],
  ['the run directory is a file', 'WEIR2022', ({ folder }) => writeAgain(join(folder, 'run'), '', 0o644)],
];

function writeAgain(file: string, text: string, mode: number): undefined {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode });
}

async function faultyTask(t: TestContext, fault: Fault): Promise<SuperviseTask> {
  const task = taskIn(t);
  const folder = dirname(task.config);
  const files = { folder, binary: join(folder, 'envoy'), bootstrap: join(folder, 'bootstrap.json') };
  writeAgain(files.binary, ENVOY, 0o755);
  writeAgain(files.bootstrap, '{}', 0o644);
  const spec = { ...task.sidecar.spec, binary: files.binary, bootstrap: files.bootstrap };
  return { ...task, sidecar: { spec: { ...spec, ...(await fault(files)) }, apps: [] } };
}

async function errorOf(task: SuperviseTask) {
  const { code, stdout, stderr } = await run(recordText(SUPERVISE_TASK, task));
  const { error } = parseEnvelope(lastLine(stdout));
  assert.ok(error !== undefined, stdout + stderr);
  return { exit: code, code: error.code, message: error.message, why: error.why, hint: error.hint };
}

describe('a dry run', () => {
  it('goes on where a start would, and leaves nothing behind', async (t) => {
    const task = { ...(await faultyTask(t, () => undefined)), dryRun: true };
    const { code, stdout, stderr } = await run(recordText(SUPERVISE_TASK, task));
    assert.equal(code, 0, stdout + stderr);
    const { result } = parseEnvelope(lastLine(stdout));
    assert.deepEqual(
      [Reflect.get(result as object, 'plan'), Reflect.get(result as object, 'version')],
      ['start', '1.2.3'],
    );
    assert.deepEqual(existsSync(task.stateDir), false);
    assert.deepEqual(readdirSync(dirname(task.config)).sort(), ['bootstrap.json', 'envoy', 'mesh.yaml']);
  });

  for (const [name, code, fault] of FAULTS) {
    it(`refuses as a start does: ${name}`, async (t) => {
      const task = await faultyTask(t, fault);
      const dry = await errorOf({ ...task, dryRun: true });
      assert.equal(dry.code, code);
      assert.doesNotMatch(dry.hint, /--(binary|bootstrap)/, 'no flag of another command');
      const real = await errorOf(task);
      // A look at a folder has other words than the attempt to make it.
      const why = code.startsWith('WEIR2') ? dry.why : real.why;
      assert.deepEqual(dry, { ...real, why });
    });
  }

  it('refuses as a start does: somebody listens where the sidecar would', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const address = `{"socket_address": {"address": "127.0.0.1", "port_value": ${port}}}`;
    const task = await faultyTask(t, ({ bootstrap }) =>
      writeAgain(bootstrap, `{"static_resources": {"listeners": [{"name": "l", "address": ${address}}]}}`, 0o644),
    );
    const dry = await errorOf({ ...task, dryRun: true });
    assert.equal(dry.code, 'WEIR4014');
    assert.deepEqual(dry, await errorOf(task));
  });
});
