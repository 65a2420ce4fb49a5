/** Completion scripts of all shells. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { buildCompletionTree } from '../../src/cli/completion/command-tree.ts';
import { cleanEnvironment, PROJECT_ROOT, runWeirBin } from '../run-weir.ts';

type Tree = Parameters<typeof buildCompletionTree>[0];
const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'oclif.manifest.json'), 'utf8'));
const tree = buildCompletionTree({ commands: Object.values(manifest.commands), topics: [] } as unknown as Tree);

/** What bash offers after Tab at the end of `words`. */
async function completeInBash(script: string, words: readonly string[]): Promise<string[]> {
  const setup = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const child = spawn('bash', ['-c', `${script}\n${setup}`, 'bash', ...words], {
    // Not the names of a weir that this machine has.
    env: { ...cleanEnvironment(), WEIR_CONFIG: '/none', WEIR_STATE_DIR: '/none' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash completes every command, every flag, and fixed values', async () => {
  const { stdout: script } = await runWeirBin(['completion', 'bash']);
  for (const { path, next, flags } of tree) {
    const words = ['weir', ...path.split('/').slice(1)];
    assert.deepEqual(
      await completeInBash(script, [...words, '']),
      next.map(({ word }) => word),
      path,
    );
    assert.deepEqual(
      await completeInBash(script, [...words, '--']),
      flags.map(({ name }) => `--${name}`),
      path,
    );
  }
  assert.deepEqual(await completeInBash(script, ['weir', 'completion', 'z']), ['zsh']);
  assert.deepEqual(await completeInBash(script, ['weir', 'help', '--config', '']), []);
});

test('commands that take applications or sidecars look their names up', () => {
  const of = (kind: string) => tree.filter(({ names }) => names === kind).map(({ path }) => path);
  for (const name of ['on', 'off', 'confirm', 'status', 'plan', 'verify'])
    assert.ok(of('apps').includes(`/${name}`), name);
  const sidecar = tree.filter(({ path, next }) => path.startsWith('/sidecar/') && next.length === 0);
  assert.deepEqual(
    of('sidecars'),
    sidecar.map(({ path }) => path),
  );
});

test('the scripts of all shells name every command and every flag', async () => {
  for (const shell of ['bash', 'fish', 'zsh']) {
    const { code, stdout } = await runWeirBin(['completion', shell]);
    assert.equal(code, 0);
    for (const { path, flags } of tree) {
      assert.ok(stdout.includes(path), `${shell}: ${path}`);
      const dash = shell === 'fish' ? '-l ' : '--';
      for (const { name } of flags) assert.ok(stdout.includes(`${dash}${name}`), `${shell}: ${path} --${name}`);
    }
  }
});

test('the tree knows topics, hides what is hidden, and knows fixed values of flags and arguments', () => {
  const commands = [
    {
      id: 'config:check',
      summary: 'Check.',
      args: { level: { options: ['low', 'high'] } },
      flags: {
        backend: { type: 'option', options: ['nft', 'auto'], char: 'b', summary: 'Which.' },
        secret: { type: 'boolean', hidden: true },
      },
    },
    { id: 'internal', hidden: true, args: {}, flags: {} },
  ];
  const topics = [{ name: 'config', description: 'About mesh.yaml.\nMore.' }];
  const help = { name: 'help', char: undefined, summary: 'Show the help.', takesValue: false, values: [] };
  assert.deepEqual(buildCompletionTree({ commands, topics } as unknown as Tree), [
    { path: '', next: [{ word: 'config', summary: 'About mesh.yaml.' }], flags: [help] },
    { path: '/config', next: [{ word: 'check', summary: 'Check.' }], flags: [help] },
    {
      path: '/config/check',
      next: [
        { word: 'low', summary: '' },
        { word: 'high', summary: '' },
      ],
      flags: [{ name: 'backend', char: 'b', summary: 'Which.', takesValue: true, values: ['nft', 'auto'] }, help],
    },
  ]);
});
