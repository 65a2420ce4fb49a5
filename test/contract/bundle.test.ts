import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
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
  for (const output of ['dist/present/run-cli.js', 'dist/commands/help.js']) {
    const packages = packagesLoadedBy(output);
    for (const heavy of ['yaml', 'zod']) assert.ok(!packages.has(heavy), `${output}: ${heavy}`);
  }
});

test('a network namespace is entered before oclif is loaded', () => {
  assert.deepEqual([...packagesLoadedBy('dist/host/enter-netns.js')], []);
});
