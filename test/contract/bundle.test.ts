/** The libraries that a start of weir loads. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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
