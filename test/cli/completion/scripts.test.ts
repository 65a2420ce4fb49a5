/** Completion scripts of a small command line: each shell reads its own, and texts cannot break out of their quotes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { renderBashCompletion } from '../../../src/cli/completion/bash.ts';
import type { CompletionNode } from '../../../src/cli/completion/command-tree.ts';
import { renderFishCompletion } from '../../../src/cli/completion/fish.ts';
import { renderZshCompletion } from '../../../src/cli/completion/zsh.ts';

const HELP = { name: 'help', char: 'h', summary: "Show weir's help.", takesValue: false, values: [] };
const BACKEND = { name: 'backend', char: undefined, summary: 'Which.', takesValue: true, values: ['nft', 'auto'] };
const CONFIG = { name: 'config', char: undefined, summary: 'The file.', takesValue: true, values: [] };
const NODES: readonly CompletionNode[] = [
  {
    path: '',
    next: [
      { word: 'on', summary: "Divert an app's traffic." },
      { word: 'rules', summary: 'Rules.' },
    ],
    flags: [HELP],
  },
  { path: '/on', next: [], flags: [BACKEND, CONFIG, HELP] },
  { path: '/rules', next: [{ word: 'lint', summary: '' }], flags: [HELP] },
  { path: '/rules/lint', next: [], flags: [HELP] },
];

function inBash(...words: string[]): string[] {
  const setup = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const script = `${renderBashCompletion('weir', NODES)}\n${setup}`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion in bash', () => {
  it('offers the words of the place', () => {
    assert.deepEqual(inBash('weir', ''), ['on', 'rules']);
    assert.deepEqual(inBash('weir', 'r'), ['rules']);
    assert.deepEqual(inBash('weir', 'rules', ''), ['lint']);
    assert.deepEqual(inBash('weir', 'rules', 'lint', '--'), ['--help']);
  });

  it('offers flags behind a dash, also after a value that is no word of its own', () => {
    assert.deepEqual(inBash('weir', 'on', '--'), ['--backend', '--config', '--help']);
    assert.deepEqual(inBash('weir', 'on', 'payment', '--c'), ['--config']);
  });

  it('offers fixed values, and leaves other values to file names', () => {
    assert.deepEqual(inBash('weir', 'on', '--backend', ''), ['nft', 'auto']);
    assert.deepEqual(inBash('weir', 'on', '--backend', 'n'), ['nft']);
    assert.deepEqual(inBash('weir', 'on', '--config', ''), []);
  });

  it('does not break where there is nothing to offer', () => {
    const empty = renderBashCompletion('weir', [{ path: '', next: [], flags: [] }]);
    const { status, stderr } = spawnSync('bash', ['-n', '-c', empty], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
  });
});

describe('completion in fish', () => {
  const script = renderFishCompletion('weir', NODES);
  const linesOf = (path: string) => script.split('\n').filter((line) => line.includes(`= ${JSON.stringify(path)}'`));

  it('has a line for each word and flag of a place', () => {
    assert.equal(linesOf('/on').length, 3);
    assert.ok(linesOf('').some((line) => line.endsWith("-f -a rules -d 'Rules.'")));
    assert.ok(linesOf('/on').some((line) => line.endsWith("-l backend -x -a 'nft auto' -d 'Which.'")));
    assert.ok(linesOf('/on').some((line) => line.endsWith("-l config -r -d 'The file.'")));
  });

  it('keeps quotes of a summary inside', () => {
    assert.ok(linesOf('').some((line) => line.endsWith("-l help -s h -d 'Show weir\\'s help.'")));
    assert.match(script, /case \/on \/rules \/rules\/lint$/m);
  });
});

describe('completion in zsh', () => {
  const script = renderZshCompletion('weir', NODES);

  it('has the words and flags of a place with their summaries', () => {
    assert.match(script, /^ {4}\('\/rules'\) next=\('lint:'\) flags=\(/m);
    assert.match(script, /^ {4}\('\/on --backend'\) compadd -- nft auto; return ;;$/m);
    assert.match(script, /\(\*' '\(--backend\|--config\)\) _files; return ;;/);
    assert.match(script, /^#compdef weir\n/);
  });

  it('keeps quotes of a summary inside', () => {
    assert.ok(script.includes(`'on:Divert an app'\\''s traffic.'`));
  });
});
