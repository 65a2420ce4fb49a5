/** Imports of src/ against the arrows of ARCHITECTURE.md. */
import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROGRAMS } from '../../src/platform/process/programs.ts';
import { PROJECT_ROOT } from '../run-weir.ts';
import { type Import, readImports } from './import-graph.ts';
import { brokenArrows } from './layers.ts';

const AGAINST = [
  ['platform/leak.ts', '../interception/ports.ts'],
  ['platform/leak.ts', '../cli/paint.ts'],
  ['errors/leak.ts', '../platform/clock.ts'],
  ['cli/leak.ts', '../mesh/mesh-config.ts'],
  ['interception/rules/leak.ts', 'node:fs'],
  ['interception/rules/nft/leak.ts', 'node:child_process'],
  ['sidecar/machine/leak.ts', 'node:net'],
  ['rules/groovy/machine/leak.ts', 'execa'],
  ['rules/leak.ts', '../sidecar/ports.ts'],
  ['rules/usecases/leak.ts', '../adapters/rule-files.ts'],
  ['interception/leak.ts', './adapters/state-store.ts'],
  ['interception/leak.ts', '../sidecar/ports.ts'],
  ['interception/leak.ts', '../platform/exec.ts'],
  ['interception/leak.ts', '../platform/durable-file.ts'],
  ['interception/adapters/leak.ts', '../../sidecar/adapters/control-path.ts'],
  ['interception/adapters/leak.ts', '../../cli/paint.ts'],
  ['interception/compose.ts', '../sidecar/adapters/control-path.ts'],
  ['sidecar/leak.ts', '../interception/switch-on.ts'],
  ['sidecar/cli/leak.ts', '../adapters/open-sidecar.ts'],
  ['sidecar/cli/leak.ts', 'chalk'],
  ['mesh/leak.ts', '../interception/rules/policy.ts'],
  ['readiness/leak.ts', '@oclif/core/flags'],
  ['tour/leak.ts', 'ink'],
  ['commands/leak.ts', 'execa'],
  ['commands/leak.ts', 'node:fs/promises'],
  ['commands/leak.ts', '../mesh/adapters/accounts.ts'],
  ['commands/leak.ts', '../platform/control-socket.ts'],
  ['commands/leak.ts', './status.ts'],
  ['programs/leak.ts', '../commands/status.ts'],
] as const;

const ALONG = [
  ['interception/good.ts', '../mesh/mesh-config.ts'],
  ['interception/good.ts', '../platform/duration.ts'],
  ['interception/adapters/good.ts', 'node:child_process'],
  ['interception/adapters/good.ts', '../ports.ts'],
  ['interception/compose.ts', '../sidecar/compose-managed.ts'],
  ['interception/cli/good.ts', 'ink'],
  ['sidecar/good.ts', '../interception/supervised/ports.ts'],
  ['mesh/text/good.ts', '../../cli/wrap-text.ts'],
  ['commands/good.ts', '@oclif/core/flags'],
  ['commands/good.ts', '../sidecar/compose.ts'],
  ['programs/good.ts', '../interception/adapters/probe/probe-protocol.ts'],
] as const;

const plant = (file: string, from: string) =>
  brokenArrows(readImports({ [file]: `import * as foreign from '${from}';\nexport const used = foreign;\n` }));

test('every import of src/ goes along the arrows of ARCHITECTURE.md', () => {
  const imports = readImports();
  assert.deepEqual(brokenArrows(imports), []);
  // The graph is read from text: a file that nobody could find would mean that it is read wrongly.
  const missing = imports.filter(({ to }) => /\.tsx?$/.test(to) && !existsSync(join(PROJECT_ROOT, 'src', to)));
  assert.deepEqual(missing, []);
  assert.ok(imports.length > 2000, String(imports.length));
});

test('an import against the arrows is found, whatever the layer', () => {
  for (const [file, from] of AGAINST) assert.equal(plant(file, from).length, 1, `${file} importing ${from}`);
});

test('an import along the arrows is none', () => {
  for (const [file, from] of ALONG) assert.deepEqual(plant(file, from), [], `${file} importing ${from}`);
});

test('a late import and a re-export count as well, and a type may come from a file that does something', () => {
  const leaks = {
    'interception/late.ts': "export const late = () => import('../platform/exec.ts');\n",
    'interception/export.ts': "export { runTool } from '../platform/exec.ts';\n",
    'interception/type.ts': "import type { Run } from '../platform/exec.ts';\nexport type Used = Run;\n",
  };
  assert.deepEqual(brokenArrows(readImports(leaks)).sort(), [
    'interception/export.ts -> platform/exec.ts',
    'interception/late.ts -> platform/exec.ts',
  ]);
});

test('no files import each other in a circle, types included', () => {
  assert.deepEqual(circleOf(readImports()), []);
  const circle = { 'mesh/a.ts': "import type { B } from './b.ts';\n", 'mesh/b.ts': "import { a } from './a.ts';\n" };
  assert.deepEqual(circleOf(readImports(circle)).sort(), ['mesh/a.ts', 'mesh/b.ts']);
});

test('src/programs holds the listed programs and nothing else', () => {
  const files = globSync('*', { cwd: join(PROJECT_ROOT, 'src/programs') });
  assert.deepEqual(files.sort(), Object.values(PROGRAMS).sort());
});

/** Removes files without imports among the rest, again and again. Circles remain, with the files that need them. */
function circleOf(imports: readonly Import[]): string[] {
  let left = imports.filter(({ to }) => to.endsWith('.ts'));
  for (let before = -1; before !== left.length; ) {
    before = left.length;
    const sources = new Set(left.map(({ from }) => from));
    const targets = new Set(left.map(({ to }) => to));
    left = left.filter(({ from, to }) => sources.has(to) && targets.has(from));
  }
  return [...new Set(left.map(({ from }) => from))];
}

test('no package is imported late by its name: of a CommonJS one the bundle has no names, which no run of the sources shows', () => {
  const latePackages = (imports: readonly Import[]) =>
    imports
      .filter(({ to, isLate }) => isLate && !to.startsWith('node:') && !isOwnFile(to))
      .map(({ from, to }) => [from, to]);
  const isOwnFile = (name: string) => /[.]tsx?$/.test(name);
  assert.deepEqual(latePackages(readImports()), []);
  const planted = { 'sidecar/late.ts': "export const late = () => import('yaml');\n" };
  assert.deepEqual(latePackages(readImports(planted)), [['sidecar/late.ts', 'yaml']]);
});
