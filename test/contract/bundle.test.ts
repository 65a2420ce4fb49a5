/** The libraries that a start of weir loads. */
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';
import { banner, SHORT } from '../../scripts/build/options.ts';
import { requireBuiltins } from '../../scripts/build/require-builtins.ts';
import { PROGRAMS } from '../../src/platform/process/programs.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

interface Metafile {
  readonly outputs: Readonly<
    Record<string, { entryPoint?: string; inputs: object; imports: readonly { path: string; kind: string }[] }>
  >;
}

const { outputs } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'dist/metafile.json'), 'utf8')) as Metafile;

/** Names of the npm packages that the bundle of `output` loads before its first line runs. */
function packagesLoadedBy(output: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(output)) return packages;
  seen.add(output);
  const { inputs = {}, imports = [] } = outputs[output] ?? {};
  for (const input of Object.keys(inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(input)?.[1];
    if (name !== undefined) packages.add(name);
  }
  for (const { path, kind } of imports) {
    if (kind === 'import-statement') for (const name of packagesLoadedBy(path, seen)) packages.add(name);
  }
  return packages;
}

const entries = Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint?.startsWith('src/commands/'));

test('no command loads ink, react or execa before it needs them', () => {
  assert.ok(entries.length > 0);
  for (const [output] of entries) {
    const packages = packagesLoadedBy(output);
    assert.ok(packages.has('@oclif/core'), `${output} seems not to be read right`);
    for (const heavy of ['ink', 'react', 'yoga-layout', 'execa'])
      assert.ok(!packages.has(heavy), `${output}: ${heavy}`);
  }
});

test('help and the entry load neither yaml nor zod', () => {
  for (const output of ['dist/cli/run-cli.js', 'dist/commands/help.js']) {
    const packages = packagesLoadedBy(output);
    for (const heavy of ['yaml', 'zod']) assert.ok(!packages.has(heavy), `${output}: ${heavy}`);
  }
});

test('programs that stay load no library whose work is done when they start', () => {
  const packages = packagesLoadedBy('dist/programs/discovery-agent.js');
  assert.ok(packages.has('zod'), 'the agent seems not to be read right');
  for (const heavy of ['refa', 'yaml', 'hessian.js', '@oclif/core'])
    assert.ok(!packages.has(heavy), `the discovery agent: ${heavy}`);
});

test('programs that end soon are one file each', () => {
  for (const name of SHORT) {
    const file = join(PROJECT_ROOT, 'dist/programs', PROGRAMS[name].replace(/ts$/, 'js'));
    const { staticImports, dynamicImports } = parseSync(file, readFileSync(file, 'utf8')).module;
    assert.deepEqual([staticImports.length, dynamicImports.length], [1, 0], name);
  }
});

test('a network namespace is entered before oclif is loaded', () => {
  assert.deepEqual([...packagesLoadedBy('dist/platform/enter-netns.js')], []);
});

test('the commands of a host in trouble are one file each, without ink and without oclif', () => {
  const folder = join(PROJECT_ROOT, 'dist/quick');
  const names = readdirSync(folder).filter((name) => name.startsWith('command-'));
  const commands = ['confirm', 'on', 'plan', 'status', 'uninstall', 'verify'];
  assert.deepEqual(
    names.sort(),
    commands.map((command) => `command-${command}.cjs`),
  );
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8');
    assert.doesNotMatch(text, /yoga|react-reconciler/, name);
    assert.doesNotMatch(text, /node_modules\/@oclif/, name);
    assert.doesNotMatch(text, /require\("\.\.?\//, `${name} loads no other file of weir before it is needed`);
    // One such character makes V8 keep all of the text with two bytes each.
    assert.doesNotMatch(text, /[^\0-\xff]/, name);
  }
});

test('what `off` loads before its first line has neither the library of schemas nor the crypto of Node', () => {
  for (const name of ['begin-off.cjs', 'carry-out-off.cjs']) {
    const text = readFileSync(join(PROJECT_ROOT, 'dist/quick', name), 'utf8');
    assert.match(text, /[^\w]require\("(?:node:)?child_process"\)/, `${name} seems not to be read right`);
    assert.doesNotMatch(text, /[^\w]require\("(?:node:)?crypto"\)|ZodMini|\$ZodType/, name);
  }
});

test('no file of dist but its banner imports a module of Node: an import loads all that Node keeps for later', () => {
  const files = globSync('dist/**/*.js', { cwd: PROJECT_ROOT });
  assert.ok(files.length > 100);
  for (const file of files) {
    const { staticImports } = parseSync(file, readFileSync(join(PROJECT_ROOT, file), 'utf8')).module;
    const imported = staticImports.map(({ moduleRequest }) => moduleRequest.value).filter((name) => isBuiltin(name));
    assert.deepEqual(imported, ['node:module'], file);
  }
});

test('imports of modules of Node become calls, in every form, and count before all other lines', async () => {
  const code = [
    banner,
    'export const seen = [early(), join("a", "b"), all.sep, whole.sep, own, `import {x} from "node:fs"`, "\u{1f600}"];',
    'import whole, {join, basename as base} from "node:path";',
    'import * as all from "path";',
    'import "node:os";',
    'import {own} from "data:text/javascript,export const own = 7";',
    'function early() { return base("/c/d"); }',
  ].join('\n');
  const moved = requireBuiltins('file.js', code);
  const { staticImports } = parseSync('file.js', moved).module;
  assert.deepEqual(
    staticImports.map(({ moduleRequest }) => moduleRequest.value.slice(0, 15)),
    ['node:module', 'data:text/javas'],
  );
  const folder = mkdtempSync(join(tmpdir(), 'weir-bundle-'));
  try {
    const file = join(folder, 'file.mjs');
    writeFileSync(file, moved);
    const { seen } = await import(file);
    assert.deepEqual(seen, ['d', 'a/b', '/', '/', 7, 'import {x} from "node:fs"', '\u{1f600}']);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.throws(
    () => requireBuiltins('file.js', `${banner}\nexport {join} from "node:path";`),
    /exports names of node:path/,
  );
  assert.throws(() => requireBuiltins('file.js', 'import "node:os";'), /banner/);
});
