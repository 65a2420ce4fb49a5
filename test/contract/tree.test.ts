import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../run-weir.ts';

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: PROJECT_ROOT, encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(PROJECT_ROOT, file)));
const read = (file: string) => readFileSync(join(PROJECT_ROOT, file), 'utf8');
const matching = (pattern: RegExp, files: readonly string[]) =>
  files.flatMap((file) => {
    const lines = read(file).split('\n');
    return lines.flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []));
  });
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');

test('no tracked file names a path of the machine it was written on', () => {
  const own = [PROJECT_ROOT, homedir()].filter((path) => path.length > 1).map((path) => `${escaped(path)}(/|\\b)`);
  assert.deepEqual(matching(new RegExp(own.join('|')), tracked), []);
});

test('no tracked file names the host of a package registry', () => {
  const hosts = ['registry.npmjs', 'registry.yarnpkg', 'pypi', 'files.pythonhosted'].map((name) => `${name}\\.org`);
  assert.deepEqual(matching(new RegExp(hosts.join('|')), tracked), []);
});

test('no tracked file holds a mark of unfinished work', () => {
  const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
  const own = tracked.filter((file) => !file.startsWith('test/fixtures/') && file !== 'package-lock.json');
  assert.deepEqual(matching(marks, own), []);
});

test('every source file stays under 400 lines', () => {
  const sources = tracked.filter((file) => /^(src|bin|scripts)\/.*\.(ts|js)$/.test(file));
  assert.ok(sources.length > 0);
  assert.deepEqual(
    sources.filter((file) => read(file).split('\n').length > 401),
    [],
  );
});
