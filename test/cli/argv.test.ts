/** The command line before oclif reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWeirWords } from '../../src/cli/argv.ts';

test('flags in front of the command move behind it, with their values', () => {
  const { words, named, hasCommand } = readWeirWords(['--config', 'c.yaml', '--json', 'config', 'check', '--offline']);
  assert.deepEqual(words, ['config', 'check', '--offline', '--config', 'c.yaml', '--json']);
  assert.deepEqual(named, ['config', 'check']);
  assert.equal(hasCommand, true);
});

test('what stands after -- stays last and is never a flag', () => {
  const { words, wantsHelp } = readWeirWords(['--json', 'help', '--', '--help']);
  assert.deepEqual(words, ['help', '--json', '--', '--help']);
  assert.equal(wantsHelp, false);
});

test('help is asked for by --help or -h anywhere, and by naming nothing', () => {
  for (const argv of [
    [],
    ['--json'],
    ['--config', 'x'],
    ['--help'],
    ['-h'],
    ['on', 'a', '--help'],
    ['-h', 'on'],
    ['on', '-h'],
  ]) {
    assert.equal(readWeirWords(argv).wantsHelp, true, argv.join(' '));
  }
  for (const argv of [['on'], ['--version'], ['on', '--', '-h']]) {
    assert.equal(readWeirWords(argv).wantsHelp, false, argv.join(' '));
  }
});

test('--version counts only without a command', () => {
  assert.equal(readWeirWords(['--version', '--json']).wantsVersion, true);
  assert.equal(readWeirWords(['on', '--version']).wantsVersion, false);
});

test('without a command a flag that weir does not know is named', () => {
  assert.equal(readWeirWords(['--json', '--nope=1']).unknownFlag, '--nope=1');
  assert.equal(readWeirWords(['--run-dir=/x', '--config', 'c.yaml']).unknownFlag, undefined);
  assert.equal(readWeirWords(['on', '--nope']).unknownFlag, undefined);
});
