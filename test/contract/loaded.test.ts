/** Every file of src/ that does something is loaded by a unit test. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { PROGRAMS } from '../../src/platform/process/programs.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

/**
 * Loaded by the end-to-end tests alone: commands, which are loaded by the tests of the built program too, and
 * compositions, which hold nothing but the choice of adapters.
 */
const BY_THE_WHOLE = /^src\/commands\/|^src\/programs\/|\/compose[^/]*\.ts$|\.d\.ts$/;

/** Files that a text imports, or names by a path of its own as what a child process loads. */
const NAMED = /['"`](\.{1,2}\/[^'"`\n]+\.tsx?)['"`]/g;
/** A program that a text starts by its name. */
const STARTED = /programFile\('(\w+)'\)/g;

/** All files that are reached from the unit tests, by their path below the project. */
function loaded(): Set<string> {
  const seen = new Set<string>();
  const queue = globSync('test/**/*.test.ts', { cwd: PROJECT_ROOT, exclude: ['test/{e2e,engines}/**'] });
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file) || !existsSync(join(PROJECT_ROOT, file))) continue;
    seen.add(file);
    const text = readFileSync(join(PROJECT_ROOT, file), 'utf8');
    const folder = dirname(join(PROJECT_ROOT, file));
    queue.push(...[...text.matchAll(NAMED)].map(([, path = '']) => relative(PROJECT_ROOT, join(folder, path))));
    const started = [...text.matchAll(STARTED)].map(([, name = '']) => PROGRAMS[name as keyof typeof PROGRAMS]);
    queue.push(...started.map((program) => `src/programs/${program}`));
  }
  return seen;
}

test('every file of src/ but commands and compositions is loaded by a unit test', () => {
  const files = loaded();
  const sources = globSync('src/**/*.{ts,tsx}', { cwd: PROJECT_ROOT });
  assert.ok(sources.length > 700, String(sources.length));
  assert.deepEqual(sources.filter((file) => !files.has(file) && !BY_THE_WHOLE.test(file)).sort(), []);
});
