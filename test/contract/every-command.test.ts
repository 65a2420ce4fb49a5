/** Promises that every command keeps: help, unknown flags, no node_modules. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT, runNode, runWeirBin } from '../run-weir.ts';
import { parseEnvelope } from './envelope-schema.ts';

const { commands } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'oclif.manifest.json'), 'utf8'));
const names = Object.keys(commands).map((id) => id.split(':'));

test('every command answers an unknown flag under --json with one envelope and exit 2', async () => {
  assert.ok(names.length > 0);
  for (const name of names) {
    const { code, stdout, stderr } = await runWeirBin([...name, '--no-such-flag', '--json']);
    assert.equal(code, 2, `${name.join(' ')}: ${stdout}${stderr}`);
    assert.equal(parseEnvelope(stdout).error?.code, 'WEIR1001', name.join(' '));
    assert.equal(stderr, '', name.join(' '));
  }
});

test('every command has help with its summary, by both ways', async () => {
  for (const name of names) {
    const [byFlag, byTopic] = await Promise.all([runWeirBin([...name, '--help']), runWeirBin(['help', ...name])]);
    assert.equal(byFlag.code, 0, name.join(' '));
    assert.ok(byFlag.stdout.startsWith(commands[name.join(':')].summary), name.join(' '));
    assert.equal(byFlag.stdout, byTopic.stdout);
  }
});

test('the files of the package run without any node_modules', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-package-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const part of ['package.json', 'oclif.manifest.json', 'bin', 'dist']) {
    cpSync(join(PROJECT_ROOT, part), join(folder, part), { recursive: true });
  }
  for (const name of names) {
    const { code, stdout } = await runNode([join(folder, 'bin/run.js'), ...name, '--no-such-flag', '--json']);
    assert.equal(code, 2, stdout);
    assert.equal(parseEnvelope(stdout).error?.code, 'WEIR1001', name.join(' '));
  }
});
