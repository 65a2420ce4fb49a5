import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../run-weir.ts';

const FORBIDDEN = [
  { file: 'src/intercept/leak.ts', from: 'node:fs' },
  { file: 'src/intercept/deep/leak.ts', from: 'node:child_process' },
  { file: 'src/upgrade/leak.ts', from: 'node:net' },
  { file: 'src/routing/groovy/leak.ts', from: 'execa' },
  { file: 'src/routing/leak.ts', from: '../host/exec.ts' },
  { file: 'src/errors/leak.ts', from: '@oclif/core' },
  { file: 'src/config/leak.ts', from: 'ink' },
  { file: 'src/usecases/leak.ts', from: 'node:fs/promises' },
  { file: 'src/usecases/leak.ts', from: '../host/exec.ts' },
  { file: 'src/usecases/leak.ts', from: '@oclif/core/flags' },
  { file: 'src/host/leak.ts', from: '../usecases/turn-on.ts' },
  { file: 'src/host/leak.ts', from: 'chalk' },
  { file: 'src/commands/leak.ts', from: 'execa' },
  { file: 'src/commands/leak.ts', from: 'node:child_process' },
  { file: 'src/present/leak.ts', from: 'react' },
  { file: 'src/present/leak.ts', from: '../commands/status.ts' },
  { file: 'src/present/ui/leak.ts', from: '@oclif/core' },
] as const;

const ALLOWED = [
  { file: 'src/host/good.ts', from: 'node:child_process' },
  { file: 'src/host/good.ts', from: '../usecases/ports.ts' },
  { file: 'src/usecases/good.ts', from: '../intercept/policy.ts' },
  { file: 'src/commands/good.ts', from: '@oclif/core/flags' },
  { file: 'src/present/ui/good.ts', from: 'ink' },
] as const;

/** Lints one file with a single import in a copy of the project's layout and tells what the linter said about it. */
function lintImport(file: string, from: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-layers-'));
  try {
    cpSync(join(PROJECT_ROOT, 'biome.json'), join(folder, 'biome.json'));
    const source = join(folder, file);
    mkdirSync(dirname(source), { recursive: true });
    writeFileSync(source, `import * as foreign from '${from}';\n\nexport const used = foreign;\n`);
    const biome = join(PROJECT_ROOT, 'node_modules', '.bin', 'biome');
    const args = ['lint', '--vcs-enabled=false', '--only=style/noRestrictedImports', '--reporter=json', file];
    const { stdout, stderr } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' });
    const { diagnostics } = JSON.parse(stdout.trim() || '{}');
    assert.ok(Array.isArray(diagnostics), `no report from the linter: ${stdout}${stderr}`);
    return diagnostics.map(({ category }: { category: string }) => category).join(',');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('an import against the layers is an error of the linter', () => {
  for (const { file, from } of FORBIDDEN) {
    assert.equal(lintImport(file, from), 'lint/style/noRestrictedImports', `${file} importing ${from}`);
  }
});

test('an import along the layers is none', () => {
  for (const { file, from } of ALLOWED) assert.equal(lintImport(file, from), '', `${file} importing ${from}`);
});
