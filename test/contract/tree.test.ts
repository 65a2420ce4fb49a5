/** Rules for every tracked file: paths, hosts, marks, length. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../run-weir.ts';

const tracked = trackedFiles().filter((file) =>
  statSync(join(PROJECT_ROOT, file), { throwIfNoEntry: false })?.isFile(),
);
const read = (file: string) => readFileSync(join(PROJECT_ROOT, file), 'utf8');
const matching = (pattern: RegExp, files: readonly string[]) =>
  files.flatMap((file) => {
    const lines = read(file).split('\n');
    return lines.flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []));
  });
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** What git tracks; in a copy without its history, all files but what builds and installs make. */
function trackedFiles(): string[] {
  if (existsSync(join(PROJECT_ROOT, '.git'))) {
    // The checkout may belong to another user than the one who tests.
    const args = ['-c', 'safe.directory=*', 'ls-files', '-z'];
    return execFileSync('git', args, { cwd: PROJECT_ROOT, encoding: 'utf8' }).split('\0');
  }
  const made = ['node_modules', 'dist', '.cache', 'coverage', 'sdk/dubbo/target'];
  return globSync('**/*', { cwd: PROJECT_ROOT, exclude: (file) => made.includes(file) });
}

test('no tracked file names a path of the machine it was written on', () => {
  // A checkout directly under / has a name that can stand anywhere in a text.
  const own = [PROJECT_ROOT, homedir()]
    .filter((path) => path.length > 1)
    .map((path) => `${path}/`)
    .filter((path) => path !== `/${basename(path)}/` || path === `${homedir()}/`);
  const patterns = own.map((path) => `(^|[^\\w/])${escaped(path)}`);
  assert.deepEqual(matching(new RegExp(patterns.join('|')), tracked), []);
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

test('no unit test has hooks for each test outside of a group', () => {
  // All files of a run share one process: such a hook runs around the tests of every file.
  const units = tracked.filter((file) => /^test\/(?!e2e\/|engines\/).*\.test\.ts$/.test(file));
  assert.deepEqual(matching(/^(?:beforeEach|afterEach)\(/, units), []);
});
