/** Commands and flags beside their committed snapshot. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildManifest } from '../../scripts/build-manifest.ts';
import { commandSurface } from '../../scripts/snapshot/command-surface.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

const read = (file: string) => readFileSync(join(PROJECT_ROOT, file), 'utf8');

test('oclif.manifest.json holds exactly the commands of the build (npm run manifest)', async () => {
  assert.equal(read('oclif.manifest.json'), await buildManifest());
});

test('commands, flags, chars and aliases are those of the snapshot (npm run snapshot)', () => {
  const surface = commandSurface(JSON.parse(read('oclif.manifest.json')));
  assert.deepEqual(surface, JSON.parse(read('test/contract/commands.snapshot.json')));
});

test('every command has a summary, and every flag too', () => {
  const { commands } = JSON.parse(read('oclif.manifest.json'));
  for (const command of Object.values<{ id: string; summary?: string; flags: Record<string, { summary?: string }> }>(
    commands,
  )) {
    assert.ok(command.summary, `${command.id} has no summary`);
    for (const [name, flag] of Object.entries(command.flags)) assert.ok(flag.summary, `${command.id} --${name}`);
  }
});

test('every command takes the global flags', () => {
  const { commands } = JSON.parse(read('oclif.manifest.json'));
  for (const { id, flags } of Object.values<{ id: string; flags: object }>(commands)) {
    for (const name of ['json', 'config', 'run-dir', 'state-dir', 'verbose'])
      assert.ok(name in flags, `${id} --${name}`);
  }
});

test('what a command says of its words stands in its own class: oclif parses by nothing that is inherited', async () => {
  const files = globSync('src/commands/**/*.ts', { cwd: PROJECT_ROOT });
  assert.ok(files.length > 50);
  for (const file of files) {
    const { default: command } = await import(join(PROJECT_ROOT, file));
    if (Object.keys(command.args ?? {}).length > 0) assert.ok(Object.hasOwn(command, 'args'), `${file}: args`);
    if (command.strict === false) assert.ok(Object.hasOwn(command, 'strict'), `${file}: strict`);
  }
});
