/** Reading of mesh.yaml from disk. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { MAX_CONFIG_BYTES } from '../../../src/mesh/adapters/config-file.ts';
import { loadMeshConfig, readMeshConfig } from '../../../src/mesh/compose.ts';
import { EXAMPLE_MESH_YAML } from '../../../src/mesh/example-mesh.ts';
import { MINIMAL_MESH_YAML } from '../../../src/mesh/minimal-mesh.ts';
import { appsOf } from '../mistakes/documents.ts';

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'weir-config-'));
  context.after(() => rmSync(path, { recursive: true }));
  return path;
}

function meshFile(context: TestContext, content: string | Uint8Array): string {
  const file = join(folder(context), 'mesh.yaml');
  writeFileSync(file, content);
  return file;
}

async function failure(promise: Promise<unknown>): Promise<WeirError> {
  const error = await promise.then(
    () => assert.fail('no error'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof WeirError, String(error));
  assert.equal(error.exit, 2);
  return error;
}

const everybody = async () => ({ user: () => 5_000, group: () => 6_000 });
const nobody = async () => ({ user: () => undefined, group: () => undefined });

test('a valid file becomes a config with numbers', async (context) => {
  const names: unknown[] = [];
  const lookup = async (asked: unknown) => {
    names.push(asked);
    return { user: (name: string) => (name === 'envoy' ? 990 : 1_001), group: () => undefined };
  };
  const config = await loadMeshConfig(meshFile(context, EXAMPLE_MESH_YAML), lookup);
  assert.equal(config.sidecars.get('main')?.user?.id, 990);
  assert.deepEqual(names, [{ users: ['envoy', 'payment'], groups: [] }]);
});

test('a file is read without asking the host when its accounts are not wanted', async (context) => {
  const config = await readMeshConfig(meshFile(context, EXAMPLE_MESH_YAML));
  assert.equal(config.sidecars.get('main')?.user?.kind, 'name');
});

test('mistakes become one error: message and location of the first, details of all', async (context) => {
  const file = meshFile(
    context,
    appsOf('a: {select: {user: 7001}, sidecar: man}\nb: {select: {user: 7002}, sidecar: main, lease: 3}'),
  );
  const error = await failure(loadMeshConfig(file, everybody));
  assert.equal(error.code, 'WEIR1020');
  assert.equal(error.message, `${file}:5:38: apps.a.sidecar: there is no sidecar "man" (and 1 more problem)`);
  assert.deepEqual(error.location, { file, line: 5, column: 38 });
  assert.deepEqual([error.why, error.hint], ['the sidecars are main', 'did you mean main?']);
  const { problems, total } = error.details as {
    problems: { line: number; column: number; what: string }[];
    total: number;
  };
  assert.equal(total, 2);
  assert.deepEqual(
    problems.map(({ line, column, what }) => [line, column, what]),
    [
      [5, 38, 'apps.a.sidecar: there is no sidecar "man"'],
      [6, 51, 'apps.b.lease: 3 is not a duration here'],
    ],
  );
});

test('a single mistake is not counted', async (context) => {
  const file = meshFile(context, 'apiVersion: weir.dev/v1\n');
  assert.equal((await failure(loadMeshConfig(file))).message, `${file}:1:1: sidecars is missing`);
});

test('names that the host does not know are mistakes of the file', async (context) => {
  const file = meshFile(context, MINIMAL_MESH_YAML);
  const error = await failure(loadMeshConfig(file, nobody));
  assert.equal(
    error.message,
    `${file}:4:11: sidecars.main.user: there is no user envoy on this host (and 1 more problem)`,
  );
  const { problems } = error.details as { problems: { source: string }[] };
  assert.deepEqual(
    problems.map(({ source }) => source),
    ['    user: envoy', '    select: {user: payment}'],
  );
});

test('an error lists two hundred problems at most and counts all', async (context) => {
  const file = meshFile(
    context,
    `apiVersion: weir.dev/v1\nsidecars: {}\napps:\n${Array.from({ length: 300 }, (_, index) => `  a${index}: 5\n`).join('')}`,
  );
  const { problems, total } = (await failure(loadMeshConfig(file))).details as { problems: unknown[]; total: number };
  assert.deepEqual([problems.length, total], [200, 300]);
});

test('a missing file is told with a small one to begin with', async (context) => {
  for (const file of [join(folder(context), 'mesh.yaml'), join(meshFile(context, ''), 'mesh.yaml')]) {
    const error = await failure(loadMeshConfig(file));
    assert.deepEqual([error.code, error.message], ['WEIR1021', `there is no ${file}`]);
    assert.ok(error.hint.endsWith(MINIMAL_MESH_YAML));
    assert.match(error.hint, /--config/);
  }
});

test('a directory is not read', async (context) => {
  const error = await failure(loadMeshConfig(folder(context)));
  assert.deepEqual([error.code, error.why], ['WEIR1022', 'it is a directory']);
});

test('a pipe that nobody writes to is refused at once, and so is a device', async (context) => {
  const pipe = join(folder(context), 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const file of [pipe, '/dev/zero']) {
    const error = await failure(loadMeshConfig(file));
    assert.deepEqual([error.code, error.why], ['WEIR1022', 'it is not a regular file']);
  }
});

test('links that lead in a circle are told as such', async (context) => {
  const link = join(folder(context), 'mesh.yaml');
  symlinkSync(link, link);
  const error = await failure(loadMeshConfig(link));
  assert.deepEqual([error.code, error.why], ['WEIR1022', 'its symbolic links lead in a circle']);
});

test('a file without read permission is told with the user who lacks it', async (context) => {
  const parent = folder(context);
  const file = join(parent, 'mesh.yaml');
  writeFileSync(file, MINIMAL_MESH_YAML);
  chmodSync(file, 0);
  chmodSync(parent, 0o755);
  // Root may read everything: the effective user is somebody else meanwhile.
  const before = process.geteuid?.() ?? 0;
  if (before === 0) process.seteuid?.(65_534);
  try {
    const error = await failure(loadMeshConfig(file));
    assert.equal(error.code, 'WEIR1022');
    assert.match(error.why, /^user \d+ has no permission to read it$/);
  } finally {
    process.seteuid?.(before);
  }
});

test('a file of one MiB is read, and one byte more is refused', async (context) => {
  const padding = `${MINIMAL_MESH_YAML}#`;
  const full = padding.padEnd(MAX_CONFIG_BYTES, 'x');
  assert.equal((await readMeshConfig(meshFile(context, full))).apps.size, 1);
  const error = await failure(readMeshConfig(meshFile(context, `${full}x`)));
  assert.equal(error.code, 'WEIR1023');
  assert.match(error.message, /mesh\.yaml is too large$/);
});

test('a file that is not UTF-8 is told with the first wrong byte', async (context) => {
  const latin1 = Buffer.concat([
    Buffer.from('apiVersion: weir.dev/v1\n# é€: '),
    Buffer.from([0xe9, 0x20]),
    Buffer.from('\nx: 1\n'),
  ]);
  const file = meshFile(context, latin1);
  const error = await failure(readMeshConfig(file));
  assert.deepEqual([error.code, error.message], ['WEIR1023', `${file}:2:7: the file is not UTF-8 text`]);
  const utf16 = meshFile(context, Buffer.from(`\uFEFF${MINIMAL_MESH_YAML}`, 'utf16le'));
  assert.deepEqual((await failure(readMeshConfig(utf16))).location, { file: utf16, line: 1, column: 1 });
  const cut = meshFile(context, Buffer.from('a: é').subarray(0, 4));
  assert.deepEqual((await failure(readMeshConfig(cut))).location, { file: cut, line: 1, column: 4 });
});
