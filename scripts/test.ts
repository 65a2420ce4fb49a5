/**
 * The gate: set-up, build, types, lint, unused code, unit and contract tests, end-to-end tests. `--only NAME,..` does a
 * part; a word picks the test files with it in their path. A line for each stage with its seconds; the last line sums
 * the tests of all runs. Ends with 1 on any failure.
 */
import { existsSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runStage, type Stage } from './test/stage.ts';
import { addCounts, closingLines, NO_TESTS, runTests, type TestCounts, type TestRun } from './test/test-run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true } },
});
const only = values.only?.flatMap((list) => list.split(','));

// Groups run one after another, the stages of a group side by side: two cores are what a small CI machine has.
const CHECKS: readonly (readonly Stage[])[] = [
  [{ name: 'setup', argv: ['node', 'scripts/setup.ts'] }],
  [{ name: 'build', argv: ['node', 'scripts/build.ts'] }],
  [
    { name: 'types', argv: ['tsc', '--noEmit'] },
    { name: 'lint', argv: ['biome', 'ci', '--error-on-warnings', '--colors=off'] },
    { name: 'unused', argv: ['knip', '--no-progress'] },
  ],
];

const RUNS: readonly Omit<TestRun, 'words'>[] = [
  { name: 'unit', argv: ['--test-isolation=none'], include: 'test/**/*.test.ts', exclude: 'test/e2e/**' },
  {
    name: 'e2e',
    // One file at a time: they share the kernel of the machine.
    argv: ['--test-concurrency=1'],
    again: { attempts: 3, files: 'test/e2e/sidecar/**' },
    include: 'test/e2e/**/*.test.ts',
    exclude: undefined,
    skip: process.getuid?.() === 0 ? undefined : 'network namespaces and packet rules take root',
  },
];

// What a killed run left behind is no leak of this one.
const netns = '/run/netns';
process.env.WEIR_TEST_NETNS_BEFORE = existsSync(netns) ? readdirSync(netns).join(' ') : '';

const failed: string[] = [];
let counts: TestCounts = NO_TESTS;
const isWanted = ({ name }: { name: string }) => only === undefined || only.includes(name);

for (const group of CHECKS) {
  const done = await Promise.all(group.filter(isWanted).map(runStage));
  failed.push(...done.filter(({ ok }) => !ok).map(({ name }) => name));
}
for (const run of RUNS.filter(isWanted)) {
  const done = await runTests({ ...run, words: positionals });
  counts = addCounts(counts, done.counts);
  if (!done.ok) failed.push(run.name);
}

const isTestRun = only === undefined || RUNS.some(isWanted);
if (isTestRun && counts.tests === 0) failed.push('no tests were found');
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(', ')}\n`);
if (isTestRun) process.stdout.write(closingLines(counts));
process.exitCode = failed.length > 0 ? 1 : 0;
