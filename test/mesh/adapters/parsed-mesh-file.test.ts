/** The parsed mesh.yaml in the state directory. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseOnce } from '../../../src/mesh/adapters/parsed-mesh-file.ts';
import { loadMeshConfigOnce } from '../../../src/mesh/compose.ts';
import { EXAMPLE_MESH_YAML } from '../../../src/mesh/example-mesh.ts';
import type { ParseMesh } from '../../../src/mesh/load-mesh.ts';
import { MINIMAL_MESH_YAML } from '../../../src/mesh/minimal-mesh.ts';
import { parseMeshConfig } from '../../../src/mesh/parse-mesh.ts';
import { runNode } from '../../run-weir.ts';

const isRoot = process.geteuid?.() === 0;

interface Kept {
  readonly stateDir: string;
  readonly file: string;
  /** Reads a text, as a build of weir; resolves to whether it had to be parsed. */
  parses(source: string, build?: string): Promise<boolean>;
}

function keptIn(context: TestContext): Kept {
  const stateDir = mkdtempSync(join(tmpdir(), 'weir-parsed-'));
  context.after(() => rmSync(stateDir, { recursive: true, force: true }));
  return {
    stateDir,
    file: join(stateDir, 'mesh.parsed'),
    async parses(source, build = 'one') {
      let count = 0;
      const parse: ParseMesh = async (...asked) => {
        count += 1;
        return parseMeshConfig(...asked);
      };
      const answer = await parseOnce(stateDir, build, parse)(source, 'mesh.yaml');
      assert.deepEqual(answer, parseMeshConfig(source, 'mesh.yaml'));
      return count > 0;
    },
  };
}

test('a text is parsed once, and again when it, or the build of weir, has changed', async (context) => {
  const { parses, stateDir } = keptIn(context);
  assert.equal(await parses(EXAMPLE_MESH_YAML), true);
  assert.equal(await parses(EXAMPLE_MESH_YAML), false);
  assert.equal(await parses(EXAMPLE_MESH_YAML.replace('3s', '4s')), true);
  assert.equal(await parses(EXAMPLE_MESH_YAML), true);
  assert.equal(await parses(EXAMPLE_MESH_YAML, 'two'), true);
  assert.equal(await parses(EXAMPLE_MESH_YAML, 'two'), false);
  assert.deepEqual(readdirSync(stateDir), ['mesh.parsed']);
});

test('mistakes are found anew each time, and keep nothing', async (context) => {
  const { parses, file } = keptIn(context);
  assert.equal(await parses('apps: 1'), true);
  assert.equal(await parses('apps: 1'), true);
  assert.equal(existsSync(file), false);
});

test('what is damaged, a link, of others or open to others is not believed', async (context) => {
  const { parses, file, stateDir } = keptIn(context);
  await parses(EXAMPLE_MESH_YAML);
  const good = readFileSync(file, 'utf8');

  writeFileSync(file, good.slice(0, -20));
  assert.equal(await parses(EXAMPLE_MESH_YAML), true);
  assert.equal(readFileSync(file, 'utf8'), good);

  chmodSync(file, 0o666);
  assert.equal(await parses(EXAMPLE_MESH_YAML), true);

  rmSync(file);
  writeFileSync(join(stateDir, 'elsewhere'), good);
  symlinkSync(join(stateDir, 'elsewhere'), file);
  assert.equal(await parses(EXAMPLE_MESH_YAML), true);
  assert.equal(await parses(EXAMPLE_MESH_YAML), false);

  if (!isRoot) return;
  chownSync(file, 20_001, 20_001);
  assert.equal(await parses(EXAMPLE_MESH_YAML), true);
});

test('a state directory that is not there is not made, and one that takes no file costs nothing but time', async (context) => {
  const { stateDir } = keptIn(context);
  const parse: ParseMesh = async (...asked) => parseMeshConfig(...asked);
  const absent = join(stateDir, 'absent');
  assert.ok('config' in (await parseOnce(absent, 'one', parse)(EXAMPLE_MESH_YAML, 'mesh.yaml')));
  assert.equal(existsSync(absent), false);
  // A folder in the place of each file.
  mkdirSync(join(stateDir, 'mesh.parsed', 'x'), { recursive: true });
  assert.ok('config' in (await parseOnce(stateDir, 'one', parse)(EXAMPLE_MESH_YAML, 'mesh.yaml')));
  rmSync(join(stateDir, 'mesh.parsed'), { recursive: true });
  mkdirSync(join(stateDir, 'mesh.parsed.new'));
  assert.ok('config' in (await parseOnce(stateDir, 'one', parse)(EXAMPLE_MESH_YAML, 'mesh.yaml')));
  assert.deepEqual(readdirSync(stateDir), ['mesh.parsed.new']);
});

test('accounts are looked up each time: they change while the file does not', async (context) => {
  const { stateDir, file } = keptIn(context);
  const mesh = join(stateDir, 'mesh.yaml');
  const unknown = MINIMAL_MESH_YAML.replaceAll(/user: \w+/g, (text) => `${text}-nobody-has`);
  writeFileSync(mesh, unknown);
  for (const look of [1, 2]) {
    await assert.rejects(loadMeshConfigOnce(mesh, { stateDir, build: 'one' }), { code: 'WEIR1020' }, `look ${look}`);
  }
  assert.equal(existsSync(file), true);
});

test('a file that was parsed before loads neither the parser nor the schemas', async (context) => {
  const { stateDir } = keptIn(context);
  const mesh = join(stateDir, 'mesh.yaml');
  writeFileSync(mesh, MINIMAL_MESH_YAML.replaceAll(/user: \w+/g, 'user: 7').replace('user: 7', 'user: 8'));
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { loadMeshConfigOnce } = await import(${JSON.stringify(new URL('../../../src/mesh/compose.ts', import.meta.url).href)});
    const { apps } = await loadMeshConfigOnce(${JSON.stringify(mesh)}, { stateDir: ${JSON.stringify(stateDir)}, build: 'one' });
    const heavy = loaded.filter((url) => /node_modules\\/(?:yaml|zod)\\/|parse-mesh|mesh-schema/.test(url)).length;
    process.stdout.write(apps.size + ' ' + (heavy > 0));
  `;
  const run = () => runNode(['--input-type=module', '-e', script]);
  assert.equal((await run()).stdout, '1 true');
  const again = await run();
  assert.equal(again.stdout, '1 false', again.stderr);
});
