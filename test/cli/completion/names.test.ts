/** Names of applications and sidecars in the shells: what a Tab offers out of mesh.yaml and the state directory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { renderBashCompletion } from '../../../src/cli/completion/bash.ts';
import type { CompletionNode } from '../../../src/cli/completion/command-tree.ts';
import { renderZshCompletion } from '../../../src/cli/completion/zsh.ts';

const flag = (name: string, names?: 'sidecars') => ({
  ...{ name, char: undefined, summary: '', takesValue: true, values: [] },
  ...(names === undefined ? {} : { names }),
});
const NODES: readonly CompletionNode[] = [
  { path: '', next: [{ word: 'off', summary: '' }], flags: [] },
  { path: '/off', next: [], flags: [flag('config'), flag('state-dir')], names: 'apps' },
  { path: '/sidecar', next: [{ word: 'stop', summary: '' }], flags: [] },
  { path: '/sidecar/stop', next: [], flags: [], names: 'sidecars' },
  { path: '/export', next: [], flags: [flag('sidecar', 'sidecars')] },
];

const MESH = `apiVersion: weir.dev/v1
# apps:
sidecars:
    main:
        user: envoy
    "edge-1": {user: 1337, admin: "unix:/a"}

apps: # all of them
  payment:
    select: {user: payment}
    outbound:
      ports: [1]
  'orders' : {select: {user: 1}}
  # old:
  $(touch pwned):
    select: {all: true}
`;

interface Place {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

function place(t: TestContext, mesh: string | null): Place {
  const folder = mkdtempSync(join(tmpdir(), 'weir names '));
  t.after(() => rmSync(folder, { recursive: true }));
  if (mesh !== null) writeFileSync(join(folder, 'mesh.yaml'), mesh);
  const env = { PATH: process.env.PATH, WEIR_CONFIG: join(folder, 'mesh.yaml'), WEIR_STATE_DIR: join(folder, 'state') };
  return { folder, env };
}

type Shell = (at: Place, ...words: readonly string[]) => string[];

function offered(argv: readonly [string, ...string[]], { folder, env }: Place): string[] {
  const [file, ...args] = argv;
  const { stdout, stderr, status } = spawnSync(file, args, { encoding: 'utf8', env, cwd: folder });
  assert.deepEqual([stderr, status], ['', 0]);
  return stdout.split('\n').filter((word) => word !== '');
}

const inBash: Shell = (at, ...words) => {
  const setup = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return offered(['bash', '--norc', '-c', `${renderBashCompletion('weir', NODES)}\n${setup}`, 'bash', ...words], at);
};

const inZsh: Shell = (at, ...words) => {
  // compadd of the completion system takes what begins with the word and, with -F, is not in the array.
  const stubs = `compdef() { : }; _files() { : }; _describe() { : }
compadd() { while [[ $1 == -* ]]; do [[ $1 == -F ]] && shift; [[ $1 == -- ]] && { shift; break }; shift; done
  local one; for one in "$@"; do [[ $one == "\${words[CURRENT]}"* ]] && (( ! \${words[(Ie)$one]} )) && print -- $one; done; true }`;
  const setup = `words=("$@"); CURRENT=$#; _weir`;
  return offered(['zsh', '-f', '-c', `${stubs}\n${renderZshCompletion('weir', NODES)}\n${setup}`, 'zsh', ...words], at);
};

const hasZsh = spawnSync('zsh', ['--version']).error === undefined;

for (const [shell, complete] of [
  ['bash', inBash],
  ['zsh', inZsh],
] as const) {
  describe(`names in ${shell}`, { skip: shell === 'zsh' && !hasZsh ? 'there is no zsh' : false }, () => {
    it('are those of mesh.yaml, each once, and nothing that a shell would run', (t) => {
      const at = place(t, MESH);
      assert.deepEqual(complete(at, 'weir', 'off', ''), ['orders', 'payment']);
      assert.deepEqual(complete(at, 'weir', 'off', 'p'), ['payment']);
      assert.deepEqual(complete(at, 'weir', 'off', 'payment', ''), ['orders']);
      assert.deepEqual(complete(at, 'weir', 'sidecar', 'stop', ''), ['edge-1', 'main']);
      assert.deepEqual(complete(at, 'weir', 'export', '--sidecar', ''), ['edge-1', 'main']);
    });

    it('are those of the host too: an application that mesh.yaml has no more can be switched off', (t) => {
      const at = place(t, MESH);
      mkdirSync(join(at.folder, 'state', 'sidecars', 'gone'), { recursive: true });
      const app = { name: 'former', slot: 1, policy: { name: 'former', mode: 'redirect' }, sidecar: { name: 'main' } };
      for (const indent of [0, 2]) {
        writeFileSync(
          join(at.folder, 'state', 'state.json'),
          JSON.stringify({ version: 1, apps: [app] }, null, indent),
        );
        assert.deepEqual(complete(at, 'weir', 'off', ''), ['former', 'orders', 'payment']);
      }
      assert.deepEqual(complete(at, 'weir', 'sidecar', 'stop', ''), ['edge-1', 'gone', 'main']);
    });

    it('come from the files that the command line names', (t) => {
      const at = place(t, null);
      writeFileSync(join(at.folder, 'other.yaml'), 'apps:\n  billing:\n');
      assert.deepEqual(complete(at, 'weir', 'off', '--config', join(at.folder, 'other.yaml'), ''), ['billing']);
    });

    it('are none, without a word, where nothing can be read', (t) => {
      assert.deepEqual(complete(place(t, null), 'weir', 'off', ''), []);
      assert.deepEqual(complete(place(t, 'apps: [\n\u0000'), 'weir', 'off', ''), []);
    });
  });
}
