/** Which unit tests load which source files, by the import graph. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

/** For each source file, the unit tests that load it, the nearest first: those in the folder of its name, then the others. */
export function testsBySource(): ReadonlyMap<string, readonly string[]> {
  const loads = new Map<string, readonly string[]>();
  const importsOf = (file: string): readonly string[] => {
    const known = loads.get(file);
    if (known !== undefined) return known;
    const found = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, path = '']) =>
      normalize(join(dirname(file), path)),
    );
    loads.set(file, found);
    return found;
  };
  const tests = new Map<string, string[]>();
  // Contract tests start programs: they load the build, not the source.
  for (const test of globSync('test/**/*.test.ts', { exclude: ['test/e2e/**', 'test/contract/**'] }).sort()) {
    const seen = new Set<string>();
    const queue = [test];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (seen.has(file) || !/\.tsx?$/.test(file)) continue;
      seen.add(file);
      queue.push(...importsOf(file));
    }
    for (const file of seen) tests.set(file, [...(tests.get(file) ?? []), test]);
  }
  const nearness = (source: string, test: string) => {
    const words = source.replace(/^src\//, 'test/').split('/');
    return test.split('/').filter((word, index) => words[index] === word).length;
  };
  for (const [source, list] of tests)
    list.sort((a, b) => nearness(source, b) - nearness(source, a) || (a < b ? -1 : 1));
  return tests;
}
